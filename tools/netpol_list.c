/* SPDX-License-Identifier: MIT */
#include "netpol_commands.h"
#include "netpol_input.h"

#include <string.h>

static int list(const args *a, output *out, input *in, const netpol_engine *engine)
{
    netpol_list_options how = {
        .size = sizeof how, .focus = a->focus, .pods = a->pods, .self = a->self};
    bool json = a->format && strcmp(a->format, "json") == 0;
    netpol_sink to = json ? output_bytes(out) : output_text(out);
    progress_begin(&in->progress, "listing");
    netpol_status status = netpol_engine_list(
        engine, &how, json ? NETPOL_FORMAT_JSON : NETPOL_FORMAT_TEXT, &to, in->diags);
    progress_end(&in->progress);
    say_diagnostics(out, in->diags);
    if (status == NETPOL_OK)
        return TOOL_YES;
    return out->failed ? TOOL_FAILED : say_status(status);
}

static int run(const args *a, output *out)
{
    if (args_all_presets(a)) {
        say("--semantics all is for one question: see netpol eval");
        return TOOL_FAILED;
    }
    return input_run(a, out, list);
}

const command list_command = {
    .name = "list",
    .bit = COMMAND_LIST,
    .run = run,
    .formats = "text|json",
    .operands = OPERANDS_PATHS,
    .summary = "who can talk to whom",
    .usage = "  netpol list PATH... [--focus NS/NAME] [OPTIONS]\n",
    .about =
        "Lists every allowed connection between workloads, and with addresses outside the "
        "cluster,\n"
        "as SRC => DST : PORTS. What is not listed is denied, but for nodes, which are not "
        "listed:\n"
        "ask netpol eval about node:NAME.\n\n"
        "--focus takes ns/name, name (of the namespace of -n, or the only one so called), or what "
        "netpol\n"
        "eval takes as a source that stands for pods.\n",
    .examples = "  netpol list manifests/\n"
                "  netpol list manifests/ --focus shop/db\n"
                "  kubectl get ns,po,no,svc,netpol -A -o json | netpol list - -o json\n\n"
                "Exit status: 0 done, 2 the input cannot be used, 3 wrong options.\n",
};
