/* SPDX-License-Identifier: MIT */
#include "netpol_ask.h"
#include "netpol_commands.h"
#include "netpol_lines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- a file of questions ---- */

/* Slips in keys that were told, once for all lines. */
typedef struct slips {
    char told[16][96];
    size_t n;
} slips;

static bool is_told(slips *s, const char *message)
{
    for (size_t i = 0; i < s->n; i++)
        if (strncmp(s->told[i], message, sizeof s->told[i] - 1) == 0)
            return true;
    if (s->n == sizeof s->told / sizeof *s->told)
        return true;
    snprintf(s->told[s->n++], sizeof s->told[0], "%s", message);
    return false;
}

static void say_slips(slips *s, const netpol_diagnostics *diags, const lines *l)
{
    for (size_t i = 0; i < netpol_diagnostics_count(diags); i++) {
        const netpol_diagnostic *d = netpol_diagnostics_at(diags, i);
        if (d->severity == NETPOL_WARNING && !is_told(s, d->message))
            say("warning: question in line %zu: %s", l->number, d->message);
    }
}

static int answer_line(output *out, input *in, const netpol_engine *engine, const lines *l,
                       const char *line, size_t n, slips *told)
{
    netpol_sink to = output_bytes(out);
    netpol_status status = netpol_engine_answer_line(engine, line, n, &to, in->diags);
    say_slips(told, in->diags, l);
    if (status == NETPOL_OK)
        return TOOL_YES;
    if (out->failed)
        return TOOL_FAILED;
    int code = say_status(status);
    if (code == TOOL_BAD_INPUT) {
        size_t last = netpol_diagnostics_count(in->diags);
        const netpol_diagnostic *why = last ? netpol_diagnostics_at(in->diags, last - 1) : NULL;
        say("question in line %zu: %s", l->number, why ? why->message : "no JSON object");
    }
    return code;
}

static int bad_line(const lines *l, const char *path, line_result r)
{
    if (r == LINE_TOO_LONG) {
        say("question in line %zu: longer than %d bytes", l->number, LINE_MAX_BYTES);
        return TOOL_BAD_INPUT;
    }
    if (r == LINE_ENDLESS) {
        say("question in line %zu: longer than %d bytes; nothing behind it is read", l->number,
            LINE_GIVE_UP_BYTES);
        return TOOL_BAD_INPUT;
    }
    if (r == LINE_NO_MEMORY)
        return say_status(NETPOL_NO_MEMORY);
    say("cannot read %s: %s", path, strerror(errno));
    return TOOL_BAD_INPUT;
}

static bool is_blank(const char *p, size_t n)
{
    while (n && (*p == ' ' || *p == '\t' || *p == '\r')) {
        p++;
        n--;
    }
    return n == 0;
}

static int answer_lines(const args *a, output *out, input *in, const netpol_engine *engine,
                        lines *l)
{
    int worst = TOOL_YES;
    slips told = {.n = 0};
    for (;;) {
        const char *line;
        size_t n;
        /* who asks a question and waits for its answer must get it */
        if (lines_would_wait(l) && !output_flush(out))
            return TOOL_FAILED;
        line_result r = lines_next(l, &line, &n);
        if (r == LINE_END)
            return worst;
        if (r == LINE_OK && is_blank(line, n))
            continue;
        netpol_diagnostics_clear(in->diags);
        int code = r == LINE_OK ? answer_line(out, in, engine, l, line, n, &told)
                                : bad_line(l, a->queries, r);
        if (code == TOOL_FAILED || r == LINE_FAILED || r == LINE_ENDLESS)
            return code;
        worst = code > worst ? code : worst;
    }
}

static int ask_all(const args *a, output *out, input *in, const netpol_engine *engine)
{
    lines l;
    if (!lines_open(&l, a->queries)) {
        say("cannot read %s: %s", a->queries, strerror(errno));
        return TOOL_BAD_INPUT;
    }
    int code = answer_lines(a, out, in, engine, &l);
    lines_close(&l);
    return code;
}

static int ask(const args *a, output *out, input *in, const netpol_engine *engine)
{
    return ask_one(a, out, in, engine, netpol_answer_write);
}

/* ---- the command ---- */

static int check_words(const args *a)
{
    if (a->queries && (a->from || a->to || a->port || a->protocol || a->family)) {
        say("--queries has its questions in a file: no --from, --to, --port, --protocol, --family");
        return TOOL_FAILED;
    }
    if (a->queries && a->format && strcmp(a->format, "jsonl") != 0) {
        say("--queries answers as jsonl only");
        return TOOL_FAILED;
    }
    if (a->queries && a->on_undefined && strcmp(a->on_undefined, "fail") == 0) {
        say("--on-undefined fail is for one question; with --queries look at \"depends\"");
        return TOOL_FAILED;
    }
    if (a->queries && args_all_presets(a)) {
        say("--semantics all is for one question");
        return TOOL_FAILED;
    }
    if (!a->queries && (!a->from || !a->to)) {
        say("who connects to whom? give --from SRC and --to DST, or --queries FILE");
        return TOOL_FAILED;
    }
    return ask_check(a);
}

static int run(const args *a, output *out)
{
    if (check_words(a) != TOOL_YES)
        return TOOL_FAILED;
    return input_run(a, out, a->queries ? ask_all : ask);
}

const command eval_command = {
    .name = "eval",
    .bit = COMMAND_EVAL,
    .run = run,
    .formats = "text|json|jsonl",
    .operands = OPERANDS_NONE,
    .summary = "may SRC reach DST on this port?",
    .usage = "  netpol eval -f PATH... --from SRC --to DST [--port PORT] [OPTIONS]\n"
             "  netpol eval -f PATH... --queries FILE [OPTIONS]\n",
    .about = "SRC and DST are pods (pod, ns/pod), workloads (deploy/x, ns/sts/x), selectors "
             "(ns/app=web,\n"
             "'ns/*'), addresses (10.0.0.7, [2001:db8::1]:443), services (svc:ns/name, as DST),\n"
             "nodes (node:NAME), internet, or any. The answer names the policy and the line that "
             "decided,\n"
             "and says when it hangs on the network plug-in.\n\n"
             "A line of --queries is {\"src\":…,\"dst\":…,\"proto\":…,\"port\":…}; the answer is "
             "the same line\n"
             "with \"verdict\". A policy that fails to load means no answer at all.\n",
    .examples = "  netpol eval -f manifests/ --from shop/web --to shop/db --port 3306\n"
                "  netpol eval -f manifests/ -n shop --from deploy/web --to svc:db --port mysql\n"
                "  netpol eval -f cluster.json --queries questions.jsonl > answers.jsonl\n\n"
                "Exit status: 0 allowed, 1 denied or mixed, 2 the input cannot be used or the "
                "question cannot\n"
                "be answered, 3 wrong options. With --queries: 0 unless a line is no question.\n",
};
