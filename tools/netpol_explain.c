/* SPDX-License-Identifier: MIT */
#include "netpol_ask.h"
#include "netpol_commands.h"

/* SRC and DST may stand as words, too. */
static int take_words(args *a)
{
    const words *w = &a->operands;
    if ((w->n && (a->from || a->to)) || w->n > 2) {
        say("netpol explain takes SRC and DST once: as two words, or with --from and --to");
        return TOOL_FAILED;
    }
    if (w->n > 0)
        a->from = w->at[0];
    if (w->n > 1)
        a->to = w->at[1];
    if (a->from && a->to)
        return ask_check(a);
    say("who connects to whom? give --from SRC and --to DST");
    return TOOL_FAILED;
}

static int explain(const args *a, output *out, input *in, const netpol_engine *engine)
{
    return ask_one(a, out, in, engine, netpol_answer_explain);
}

static int run(const args *given, output *out)
{
    args a = *given;
    if (take_words(&a) != TOOL_YES)
        return TOOL_FAILED;
    return input_run(&a, out, explain);
}

const command explain_command = {
    .name = "explain",
    .bit = COMMAND_EXPLAIN,
    .run = run,
    .formats = "text|json|jsonl",
    .operands = OPERANDS_WORDS,
    .summary = "why may SRC reach DST, or why not?",
    .usage = "  netpol explain -f PATH... --from SRC --to DST [--port PORT] [OPTIONS]\n"
             "  netpol why -f PATH... SRC DST [--port PORT] [OPTIONS]\n",
    .about =
        "The answer of netpol eval and what lies behind it: for each direction the policy and the\n"
        "line that decided, the rule that came nearest and what it lacked, and the smallest edit\n"
        "that would make it otherwise; last, the network plug-ins that would answer otherwise.\n"
        "SRC and DST are as for netpol eval.\n\n"
        "An edit that allows opens this flow alone, but rules cannot name ICMP: for a protocol\n"
        "without ports the edit opens every protocol and port between the two. One that denies\n"
        "takes a rule away, and with it what else that rule allowed.\n",
    .examples = "  netpol explain -f manifests/ --from shop/web --to shop/db --port 3306\n"
                "  netpol why -f manifests/ -n shop deploy/web svc:db -p mysql\n\n"
                "Exit status: 0 allowed, 1 denied or mixed, 2 the input cannot be used or the "
                "question cannot\n"
                "be answered, 3 wrong options.\n",
};
