/* SPDX-License-Identifier: MIT */
#include "netpol_commands.h"
#include "netpol_comments.h"
#include "netpol_input.h"

#include <string.h>

static bool is_json(const args *a)
{
    return a->format && strcmp(a->format, "json") == 0;
}

static uint32_t write_flags(const args *a)
{
    uint32_t flags = a->defaults ? NETPOL_WRITE_DEFAULTS : 0u;
    /* kubectl shows them in JSON and hides them in YAML */
    if (!is_json(a) && !a->show_managed_fields)
        flags |= NETPOL_WRITE_HIDE_MANAGED_FIELDS;
    return flags;
}

static netpol_status write_all(const args *a, const input *in, const netpol_sink *to)
{
    netpol_status status = NETPOL_OK;
    size_t n = netpol_manifests_count(in->manifests);
    for (size_t i = 0; i < n && status == NETPOL_OK; i++) {
        if (i && !is_json(a))
            status = to->write(to->ctx, "---\n", 4);
        if (status == NETPOL_OK)
            status = netpol_object_write(netpol_manifests_at(in->manifests, i),
                                         is_json(a) ? NETPOL_FORMAT_JSON : NETPOL_FORMAT_YAML,
                                         write_flags(a), to);
    }
    return status;
}

/* Canonical output has no comments, and whoever overwrites a file with it must know. Documents that
 * are passed through keep theirs. */
static void say_comments(const input *in)
{
    const char *last = NULL;
    size_t n = netpol_manifests_document_count(in->manifests);
    for (size_t i = 0; i < n; i++) {
        const netpol_document_info *d = netpol_manifests_document_at(in->manifests, i);
        size_t length;
        const char *text = netpol_manifests_text(in->manifests, d->source, &length);
        if (d->state != NETPOL_DOCUMENT_OK || !text || (last && strcmp(last, d->source) == 0))
            continue;
        last = d->source;
        if (has_comments(text, length))
            say("the comments of %s are not kept", d->source);
    }
}

static int convert(const args *a, output *out, const input *in)
{
    say_diagnostics(out, netpol_manifests_diagnostics(in->manifests));
    bool broken = input_is_broken(in);
    if (broken && !a->keep_going) {
        say("nothing is written, for not all of the input could be loaded; --keep-going writes "
            "the rest");
        return TOOL_BAD_INPUT;
    }
    if (a->fail_on_foreign && netpol_manifests_foreign(in->manifests)) {
        say("nothing is written, for there are policies of another system (--fail-on-foreign)");
        return TOOL_BAD_INPUT;
    }
    say_comments(in);
    netpol_sink to = output_bytes(out);
    netpol_status status = write_all(a, in, &to);
    if (status != NETPOL_OK)
        return out->failed ? TOOL_FAILED : say_status(status);
    return broken ? TOOL_BAD_INPUT : TOOL_YES;
}

static int run(const args *a, output *out)
{
    input in;
    int code = input_read(&in, a, NETPOL_KEEP_TEXT | (a->only_known ? 0u : NETPOL_KEEP_OTHERS));
    if (code == TOOL_YES)
        code = input_refuse_barren(&in);
    if (code == TOOL_YES)
        code = convert(a, out, &in);
    input_free(&in);
    return code;
}

const command convert_command = {
    .name = "convert",
    .bit = COMMAND_CONVERT,
    .run = run,
    .formats = "yaml|json",
    .operands = OPERANDS_PATHS,
    .summary = "canonical YAML or JSON, as kubectl prints it",
    .usage = "  netpol convert PATH... [-o yaml|json] [OPTIONS]\n",
    .about =
        "Writes every document canonically: byte for byte what kubectl get -o yaml prints of the\n"
        "object. Comments are not kept. YAML documents are joined by ---; JSON is one document a\n"
        "line. If a document is broken nothing is written.\n",
    .examples = "  netpol convert policy.yaml\n"
                "  netpol convert --defaults -o json manifests/ > policies.jsonl\n\n"
                "Exit status: 0 done, 2 something could not be read, is broken, or holds no\n"
                "manifests, 3 wrong options or output that cannot be written.\n",
};
