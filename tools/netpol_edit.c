/* SPDX-License-Identifier: MIT */
#include "netpol_commands.h"
#include "netpol_diff.h"
#include "netpol_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- words ---- */

static int32_t action_of(const char *word)
{
    static const char *const names[] = {"", "set", "add", "delete", "rename"};
    for (int32_t i = NETPOL_EDIT_SET; i <= NETPOL_EDIT_RENAME; i++)
        if (strcmp(word, names[i]) == 0)
            return i;
    return 0;
}

/* FILE, then set PATH VALUE, add PATH VALUE, delete PATH, rename PATH KEY, as often as wanted. */
static int read_edits(const words *w, netpol_edit *edits, size_t *n)
{
    *n = 0;
    for (size_t i = 1; i < w->n;) {
        const char *word = w->at[i++];
        int32_t action = action_of(word);
        size_t needs = action == NETPOL_EDIT_DELETE ? 1 : 2;
        if (!action) {
            say("'%s' is no edit; set, add, delete and rename are", word);
            return TOOL_FAILED;
        }
        if (i + needs > w->n) {
            say("%s needs a path%s", word, needs == 2 ? " and a value" : "");
            return TOOL_FAILED;
        }
        edits[(*n)++] = (netpol_edit){
            .action = action, .path = w->at[i], .value = needs == 2 ? w->at[i + 1] : NULL};
        i += needs;
    }
    return TOOL_YES;
}

/* Which document is meant; -1: said what is wrong. */
static long document_index(const args *a, const netpol_document *d)
{
    size_t n = netpol_document_count(d);
    if (!a->document && n > 1) {
        say("%s holds %zu documents; say which with --document 0 to %zu", a->operands.at[0], n,
            n - 1);
        return -1;
    }
    char *end = NULL;
    long index = a->document ? strtol(a->document, &end, 10) : 0;
    if (end && (*end || end == a->document || index < 0)) {
        say("--document cannot be '%s'; it is a number from 0", a->document);
        return -1;
    }
    return index;
}

/* ---- what the API server would refuse ---- */

static netpol_status to_stderr(void *ctx, const char *bytes, size_t n)
{
    (void)ctx;
    return fwrite(bytes, 1, n, stderr) == n ? NETPOL_OK : NETPOL_IO;
}

static netpol_status to_nobody(void *ctx, const char *bytes, size_t n)
{
    (void)ctx;
    (void)bytes;
    (void)n;
    return NETPOL_OK;
}

/* The edit was asked for and is made; that the result is refused must not come as a surprise. */
static void say_findings(const char *name, const char *p, size_t n)
{
    static const netpol_sink nowhere = {.write = to_nobody};
    netpol_options o = {.size = sizeof o, .flags = NETPOL_KEEP_TEXT};
    netpol_manifests *m = NULL;
    size_t invalid = 0;
    if (netpol_manifests_new(&o, &m) == NETPOL_OK &&
        netpol_manifests_read_memory(m, name, p, n, NULL) != NETPOL_NO_MEMORY &&
        netpol_manifests_check(m, NULL, NETPOL_FORMAT_TEXT, &nowhere, &invalid) == NETPOL_OK &&
        invalid) {
        say("warning: 'netpol check' refuses the result:");
        (void)netpol_manifests_check(m, NULL, NETPOL_FORMAT_TEXT,
                                     &(netpol_sink){.write = to_stderr}, NULL);
    }
    netpol_manifests_free(m);
}

/* ---- the command ---- */

static int show(const args *a, output *out, const file_bytes *before, const netpol_document *d)
{
    size_t n;
    const char *p = netpol_document_text(d, &n);
    netpol_status status = NETPOL_OK;
    if (a->diff)
        status = diff_write(out, a->operands.at[0], before->p, before->n, p, n);
    if (!a->diff && !a->write) {
        netpol_sink to = output_bytes(out);
        status = to.write(to.ctx, p, n);
    }
    if (status != NETPOL_OK)
        return out->failed ? TOOL_FAILED : say_status(status);
    say_findings(a->operands.at[0], p, n);
    return a->write ? file_replace(a->operands.at[0], before, p, n) : TOOL_YES;
}

static int edit(const args *a, output *out, const file_bytes *before, const netpol_edit *edits,
                size_t n)
{
    netpol_diagnostics *diags = netpol_diagnostics_new(NULL);
    netpol_document *d = NULL;
    netpol_status status =
        netpol_document_new(a->operands.at[0], before->p, before->n, NULL, &d, diags);
    long index = status == NETPOL_OK ? document_index(a, d) : 0;
    if (status == NETPOL_OK && index >= 0)
        status = netpol_document_edit(d, (size_t)index, edits, n, diags);
    say_diagnostics(out, diags);
    int code = index < 0             ? TOOL_FAILED
               : status == NETPOL_OK ? show(a, out, before, d)
                                     : say_status(status);
    netpol_document_free(d);
    netpol_diagnostics_free(diags);
    return code;
}

static int run(const args *a, output *out)
{
    if (a->operands.n < 3) {
        say("which file, and what to do with it? netpol edit FILE set PATH VALUE");
        return TOOL_FAILED;
    }
    if (a->write && strcmp(a->operands.at[0], "-") == 0) {
        say("standard input cannot be written to (-w)");
        return TOOL_FAILED;
    }
    netpol_edit *edits = calloc(a->operands.n, sizeof *edits);
    size_t n = 0;
    file_bytes before = {0};
    int code = edits ? read_edits(&a->operands, edits, &n) : say_status(NETPOL_NO_MEMORY);
    if (code == TOOL_YES)
        code = file_read(a->operands.at[0], &before);
    if (code == TOOL_YES)
        code = edit(a, out, &before, edits, n);
    free(before.p);
    free(edits);
    return code;
}

const command edit_command = {
    .name = "edit",
    .bit = COMMAND_EDIT,
    .run = run,
    .operands = OPERANDS_WORDS,
    .summary = "change a file and keep its comments",
    .usage = "  netpol edit FILE set PATH VALUE [OPTIONS]\n"
             "  netpol edit FILE add PATH VALUE [OPTIONS]\n"
             "  netpol edit FILE delete PATH [OPTIONS]\n"
             "  netpol edit FILE rename PATH KEY [OPTIONS]\n",
    .about = "Changes the text and nothing else in it: comments, order, quotes and line ends stay. "
             "PATH is\n"
             "as errors print it, spec.ingress[0].ports[0].port; VALUE is YAML or JSON. add "
             "appends to a\n"
             "list, or inserts before list[i]. Several edits may follow each other; all are made "
             "or none.\n"
             "What cannot be changed without changing more is refused.\n\n"
             "The new text is written to standard output, or into the file with -w, which keeps its "
             "owner,\n"
             "permissions and links. If 'netpol check' refuses it, a warning says why, and the exit "
             "status is 0\n"
             "all the same: the edit was made.\n",
    .examples = "  netpol edit db.yaml set 'spec.ingress[0].ports[0].port' 3307 --diff\n"
                "  netpol edit -w db.yaml add 'spec.ingress[0].from' '{podSelector: {matchLabels: "
                "{app: etl}}}'\n"
                "  netpol edit -w db.yaml delete 'spec.ingress[1]' rename metadata.labels.app "
                "app.kubernetes.io/name\n\n"
                "Exit status: 0 done, 2 the file or an edit is refused and nothing has changed, 3 "
                "wrong options\n"
                "or a file that cannot be written.\n",
};
