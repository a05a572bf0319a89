/* SPDX-License-Identifier: MIT */
/* Which labels does a selector select?
 *
 *     selector SELECTOR [KEY=VALUE...]
 *     selector 'app=web,tier in (a,b),!legacy' app=web tier=a
 *
 * Exits with 0 if it matches, 1 if it does not, 2 if the selector cannot be read. */
#include <netpol.h>

#include <stdio.h>
#include <string.h>

enum { MOST_LABELS = 64 };

/* Cuts "key=value" in two, in place. */
static netpol_label label_of(char *text)
{
    char *equals = strchr(text, '=');
    if (!equals)
        return (netpol_label){text, ""};
    *equals = '\0';
    return (netpol_label){text, equals + 1};
}

static netpol_status to_stdout(void *ctx, const char *bytes, size_t n)
{
    (void)ctx;
    return fwrite(bytes, 1, n, stdout) == n ? NETPOL_OK : NETPOL_IO;
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc - 2 > MOST_LABELS) {
        fprintf(stderr, "usage: selector SELECTOR [KEY=VALUE...]\n");
        return 2;
    }
    netpol_label labels[MOST_LABELS];
    size_t n = 0;
    for (int i = 2; i < argc; i++)
        labels[n++] = label_of(argv[i]);

    netpol_diagnostics *diags = netpol_diagnostics_new(NULL);
    netpol_selector *selector = NULL;
    if (netpol_selector_parse(argv[1], NULL, &selector, diags) != NETPOL_OK) {
        for (size_t i = 0; i < netpol_diagnostics_count(diags); i++) {
            const netpol_diagnostic *d = netpol_diagnostics_at(diags, i);
            fprintf(stderr, "column %u: %s\n", d->column, d->message);
        }
        netpol_diagnostics_free(diags);
        return 2;
    }
    const netpol_sink out = {.write = to_stdout};
    const netpol_label_selector *tree = netpol_selector_tree(selector);
    bool matches = netpol_label_selector_matches(tree, labels, n);
    netpol_label_selector_format(tree, &out);
    printf(": %s\n", matches ? "matches" : "does not match");

    netpol_selector_free(selector);
    netpol_diagnostics_free(diags);
    return matches ? 0 : 1;
}
