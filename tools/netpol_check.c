/* SPDX-License-Identifier: MIT */
#include "netpol_commands.h"
#include "netpol_input.h"

#include <stdio.h>
#include <string.h>

enum { STRICT_CIDR_SINCE = 36 }; /* Kubernetes 1.36 */

/* "1.31", "v1.31", "v1.31.4": the minor number, or -1. */
static int minor_version(const char *text)
{
    int major = 0;
    int minor = 0;
    int used = 0;
    text += *text == 'v';
    if (sscanf(text, "%2d.%3d%n", &major, &minor, &used) != 2 || major != 1 || minor < 0)
        return -1;
    return text[used] == '\0' || text[used] == '.' ? minor : -1;
}

static int32_t format_of(const char *name)
{
    if (!name || strcmp(name, "text") == 0)
        return NETPOL_FORMAT_TEXT;
    if (strcmp(name, "json") == 0)
        return NETPOL_FORMAT_JSON;
    return strcmp(name, "jsonl") == 0 ? NETPOL_FORMAT_JSONL : NETPOL_FORMAT_SARIF;
}

/* Not even YAML or JSON, or beyond a limit: worse than invalid. */
static bool is_undecodable(const input *in, const netpol_document_info *d)
{
    const netpol_diagnostics *all = netpol_manifests_diagnostics(in->manifests);
    for (size_t i = 0; d->state == NETPOL_DOCUMENT_BROKEN && i < d->n_diagnostics; i++) {
        const netpol_diagnostic *x = netpol_diagnostics_at(all, d->first_diagnostic + i);
        if (x && x->severity == NETPOL_ERROR && x->stage == NETPOL_STAGE_SYNTAX)
            return true;
    }
    return false;
}

typedef struct tally {
    size_t documents; /* a file that could not be read counts as one */
    size_t invalid;
    size_t skipped;
    size_t foreign;
    bool undecodable;
} tally;

static tally count_documents(const input *in, bool one_kind)
{
    size_t n = netpol_manifests_document_count(in->manifests);
    tally t = {.documents = n + netpol_manifests_broken(in->manifests)};
    for (size_t i = 0; i < n; i++) {
        const netpol_document_info *d = netpol_manifests_document_at(in->manifests, i);
        t.documents -= d->state == NETPOL_DOCUMENT_BROKEN;
        t.undecodable |= is_undecodable(in, d);
        t.skipped += !one_kind && d->state == NETPOL_DOCUMENT_SKIPPED;
        t.foreign += !one_kind && d->state == NETPOL_DOCUMENT_FOREIGN;
    }
    return t;
}

/* The text says this by itself; machines want nothing between their lines. */
static void print_summary(const tally *t)
{
    fprintf(stderr, "%zu document%s: %zu valid, %zu invalid, %zu skipped", t->documents,
            t->documents == 1 ? "" : "s", t->documents - t->invalid - t->skipped - t->foreign,
            t->invalid, t->skipped);
    if (t->foreign)
        fprintf(stderr, ", %zu of another policy system", t->foreign);
    fputc('\n', stderr);
}

static int verdict(const args *a, const input *in, const tally *t)
{
    if (in->unreadable || t->undecodable)
        return TOOL_BAD_INPUT;
    bool foreign = t->foreign && a->fail_on_foreign;
    if (foreign)
        say("there are policies of another system (--fail-on-foreign)");
    return (t->invalid || foreign) && !a->exit_zero ? TOOL_NO : TOOL_YES;
}

static int check(const args *a, output *out, const netpol_check_options *how, const input *in)
{
    bool text = format_of(a->format) == NETPOL_FORMAT_TEXT;
    netpol_sink to = text ? output_text(out) : output_bytes(out);
    tally t = count_documents(in, a->kind != NULL);
    netpol_status status =
        netpol_manifests_check(in->manifests, how, format_of(a->format), &to, &t.invalid);
    if (status != NETPOL_OK)
        return out->failed ? TOOL_FAILED : say_status(status);
    if (a->summary && !text)
        print_summary(&t);
    return verdict(a, in, &t);
}

static int run(const args *a, output *out)
{
    netpol_check_options how = {.size = sizeof how, .kind = a->kind};
    int minor = a->kubernetes_version ? minor_version(a->kubernetes_version) : STRICT_CIDR_SINCE;
    if (minor < 0) {
        say("--kubernetes-version cannot be '%s'; write 1.31, for instance", a->kubernetes_version);
        return TOOL_FAILED;
    }
    if (minor < STRICT_CIDR_SINCE)
        how.flags |= NETPOL_TOLERANT_CIDR;
    if (a->channel && strcmp(a->channel, "standard") == 0)
        how.flags |= NETPOL_STANDARD_CHANNEL;
    input in;
    int code = input_read(&in, a, NETPOL_KEEP_TEXT | how.flags);
    if (code == TOOL_YES)
        code = check(a, out, &how, &in);
    if (code != TOOL_FAILED && input_refuse_barren(&in) != TOOL_YES)
        code = TOOL_BAD_INPUT;
    input_free(&in);
    return code;
}

const command check_command = {
    .name = "check",
    .bit = COMMAND_CHECK,
    .run = run,
    .formats = "text|json|jsonl|sarif",
    .operands = OPERANDS_PATHS,
    .summary = "everything the API server would say of each document",
    .usage = "  netpol check PATH... [OPTIONS]\n",
    .about =
        "Reads YAML and JSON (several documents, Lists, directories) as strictly as the API "
        "server,\n"
        "and reports all errors and warnings of all documents with file, line and column.\n"
        "Kinds that netpol does not use are skipped; policies of other systems are warned about.\n",
    .examples =
        "  netpol check manifests/\n"
        "  netpol check -o sarif manifests/ > netpol.sarif\n"
        "  netpol check --kind NetworkPolicy --kubernetes-version 1.31 policy.yaml\n"
        "  kubectl get netpol -A -o yaml | netpol check -\n\n"
        "Exit status: 0 all valid, 1 some document is invalid, 2 something could not be read, is\n"
        "no YAML or JSON, or holds no manifests, 3 wrong options.\n",
};
