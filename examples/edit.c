/* SPDX-License-Identifier: MIT */
/* Changes one field of a manifest and leaves every other byte alone, comments too.
 *
 *     edit FILE PATH VALUE > CHANGED
 *     edit db-policy/1-either.yaml 'spec.ingress[0].ports[0].port' 3307 */
#include <netpol.h>

#include <stdio.h>
#include <stdlib.h>

/* The whole file; the caller frees it. NULL: it cannot be read. */
static char *read_file(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    char *bytes = NULL;
    if (f && fseek(f, 0, SEEK_END) == 0) {
        *n = (size_t)ftell(f);
        rewind(f);
        bytes = malloc(*n + 1);
        if (bytes && fread(bytes, 1, *n, f) != *n) {
            free(bytes);
            bytes = NULL;
        }
    }
    if (f)
        fclose(f);
    return bytes;
}

static netpol_status change(netpol_document *document, const char *path, const char *value,
                            netpol_diagnostics *diags)
{
    const netpol_edit edit = {.action = NETPOL_EDIT_SET, .path = path, .value = value};
    size_t n;
    netpol_status s = netpol_document_edit(document, 0, &edit, 1, diags);
    if (s != NETPOL_OK)
        return s;
    const char *text = netpol_document_text(document, &n);
    return fwrite(text, 1, n, stdout) == n ? NETPOL_OK : NETPOL_IO;
}

int main(int argc, char **argv)
{
    size_t n = 0;
    char *bytes = argc == 4 ? read_file(argv[1], &n) : NULL;
    if (!bytes) {
        fprintf(stderr, argc == 4 ? "the file cannot be read\n" : "usage: edit FILE PATH VALUE\n");
        return 2;
    }
    netpol_diagnostics *diags = netpol_diagnostics_new(NULL);
    netpol_document *document = NULL;
    netpol_status s = netpol_document_new(argv[1], bytes, n, NULL, &document, diags);
    if (s == NETPOL_OK)
        s = change(document, argv[2], argv[3], diags);
    for (size_t i = 0; i < netpol_diagnostics_count(diags); i++)
        fprintf(stderr, "%s\n", netpol_diagnostics_at(diags, i)->message);

    netpol_document_free(document);
    netpol_diagnostics_free(diags);
    free(bytes);
    return s == NETPOL_OK ? 0 : 1;
}
