/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L /* strcasecmp */
#include "netpol_ask.h"

#include <string.h>
#include <strings.h>

static int outcome_code(const netpol_answer *answer)
{
    return netpol_answer_outcome(answer) == NETPOL_ALLOW ? TOOL_YES : TOOL_NO;
}

/* --on-undefined fail: an answer that hangs on the network plug-in is none. */
static bool is_undefined(const args *a, const netpol_answer *answer)
{
    uint32_t depends = netpol_answer_depends(answer);
    if (!depends || !a->on_undefined || strcmp(a->on_undefined, "fail") != 0)
        return false;
    for (uint32_t bit = 1; bit; bit <<= 1)
        if (depends & bit)
            say("no answer, for it depends on the network plug-in: %s (--on-undefined fail)",
                netpol_depends_name(bit));
    return true;
}

static int write_answer(const args *a, output *out, const netpol_answer *answer,
                        answer_writer write)
{
    if (is_undefined(a, answer))
        return TOOL_BAD_INPUT;
    bool text = !a->format || strcmp(a->format, "text") == 0;
    int32_t format = text                             ? NETPOL_FORMAT_TEXT
                     : strcmp(a->format, "json") == 0 ? NETPOL_FORMAT_JSON
                                                      : NETPOL_FORMAT_JSONL;
    netpol_sink to = text ? output_text(out) : output_bytes(out);
    netpol_status status = write(answer, format, &to);
    if (status != NETPOL_OK)
        return out->failed ? TOOL_FAILED : say_status(status);
    return outcome_code(answer);
}

/* Whether a protocol is one of those without ports; one that cannot be read is no matter here. */
static bool has_no_ports(const char *protocol)
{
    static const char *const with[] = {"tcp", "udp", "sctp", "6", "17", "132"};
    for (size_t i = 0; i < sizeof with / sizeof *with; i++)
        if (strcasecmp(protocol, with[i]) == 0)
            return false;
    return strncasecmp(protocol, "icmp", 4) == 0 || !protocol[strspn(protocol, "0123456789")];
}

int ask_check(const args *a)
{
    if (!a->port || !a->protocol || !has_no_ports(a->protocol))
        return TOOL_YES;
    say("--protocol %s has no ports: leave out --port %s", a->protocol, a->port);
    return TOOL_FAILED;
}

int ask_one(const args *a, output *out, input *in, const netpol_engine *engine, answer_writer write)
{
    netpol_question question = {.size = sizeof question,
                                .src = a->from,
                                .dst = a->to,
                                .protocol = a->protocol,
                                .port = a->port,
                                .namespace_name = a->namespace_name,
                                .family = a->family ? a->family[0] - '0' : 0,
                                .all_presets =
                                    args_all_presets(a) || write == netpol_answer_explain};
    netpol_answer *answer = NULL;
    netpol_status status = netpol_engine_ask(engine, &question, &answer, in->diags);
    say_diagnostics(out, in->diags);
    int code = status == NETPOL_OK ? write_answer(a, out, answer, write) : say_status(status);
    netpol_answer_free(answer);
    return code;
}
