/* SPDX-License-Identifier: MIT */
#include "netpol_commands.h"
#include "netpol_input.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Scenario files, and what came of them. */
typedef struct run {
    const args *a;
    output *out;
    input in; /* what -f gave; its diagnostics serve all of the run */
    netpol_scenario_report **reports;
    size_t n;
    size_t room;
    int code; /* the worst so far */
} run;

static void worsen(run *r, int code)
{
    r->code = code > r->code ? code : r->code;
}

static bool make_room(run *r)
{
    if (r->n < r->room)
        return true;
    size_t more = r->room ? 2 * r->room : 16;
    netpol_scenario_report **bigger = realloc(r->reports, more * sizeof *bigger);
    if (!bigger) {
        worsen(r, say_status(NETPOL_NO_MEMORY));
        return false;
    }
    r->reports = bigger;
    r->room = more;
    return true;
}

/* ---- one file ---- */

static netpol_status run_scenario(run *r, const netpol_scenario *s, netpol_scenario_report **report)
{
    int32_t machinery = r->a->engine && strcmp(r->a->engine, "reference") == 0
                            ? NETPOL_ENGINE_REFERENCE
                            : NETPOL_ENGINE_COMPILED;
    netpol_engine *engine = NULL;
    netpol_status status =
        netpol_scenario_compile(s, r->in.manifests, machinery, &engine, r->in.diags);
    if (status == NETPOL_OK)
        status = netpol_scenario_run(s, engine, NETPOL_ALL_ITEMS, report);
    netpol_engine_unref(engine);
    return status;
}

static void run_file(run *r, const char *path)
{
    netpol_scenario *s = NULL;
    netpol_scenario_report *report = NULL;
    if (!make_room(r))
        return;
    netpol_diagnostics_clear(r->in.diags);
    netpol_status status = netpol_scenario_read(path, &r->in.options, &s, r->in.diags);
    bool empty = status == NETPOL_OK && netpol_scenario_count(s) == 0;
    if (status == NETPOL_OK)
        status = run_scenario(r, s, &report);
    say_diagnostics(r->out, r->in.diags);
    netpol_scenario_free(s);
    if (status != NETPOL_OK) {
        say("%s was not run", path);
        worsen(r, say_status(status));
        return;
    }
    r->reports[r->n++] = report;
    if (empty) {
        say("%s has no cases and no invariants: it tests nothing", path);
        worsen(r, TOOL_BAD_INPUT);
    }
    if (netpol_scenario_report_outcomes(report, NETPOL_FAILED))
        worsen(r, TOOL_NO);
    if (netpol_scenario_report_outcomes(report, NETPOL_UNANSWERED))
        worsen(r, TOOL_BAD_INPUT);
}

/* ---- folders ---- */

static bool is_folder(const char *path)
{
    struct stat is;
    return stat(path, &is) == 0 && S_ISDIR(is.st_mode);
}

static bool begins_scenario(const netpol_document_info *d)
{
    return d->document == 0 && d->item < 0 && strcmp(d->kind, "Scenario") == 0 &&
           strncmp(d->api_version, "netpol/", 7) == 0;
}

/* Every scenario of a folder and of those in it. What is none and broken is no matter here. */
static void run_folder(run *r, const char *path)
{
    netpol_manifests *all = NULL;
    size_t n = 0;
    if (netpol_manifests_new(&r->in.options, &all) != NETPOL_OK) {
        worsen(r, say_status(NETPOL_NO_MEMORY));
        return;
    }
    netpol_status status = netpol_manifests_read(all, path, NULL);
    if (status == NETPOL_IO || status == NETPOL_NO_MEMORY) {
        say("%s cannot be read", path);
        worsen(r, status == NETPOL_IO ? TOOL_BAD_INPUT : TOOL_FAILED);
    }
    for (size_t i = 0; i < netpol_manifests_document_count(all); i++) {
        const netpol_document_info *d = netpol_manifests_document_at(all, i);
        if (!begins_scenario(d))
            continue;
        n++;
        run_file(r, d->source);
    }
    netpol_manifests_free(all);
    if (n == 0) {
        say("there is no scenario in %s", path);
        worsen(r, TOOL_BAD_INPUT);
    }
}

/* ---- the command ---- */

static int32_t format_of(const args *a)
{
    if (!a->format || strcmp(a->format, "text") == 0)
        return NETPOL_FORMAT_TEXT;
    return strcmp(a->format, "json") == 0 ? NETPOL_FORMAT_JSON : NETPOL_FORMAT_JUNIT;
}

static void write_reports(run *r)
{
    const args *a = r->a;
    int32_t format = format_of(a);
    uint32_t flags =
        (a->coverage ? NETPOL_REPORT_COVERAGE : 0u) | (a->quiet ? NETPOL_REPORT_QUIET : 0u);
    netpol_sink to = format == NETPOL_FORMAT_TEXT ? output_text(r->out) : output_bytes(r->out);
    netpol_status status = netpol_scenario_write((const netpol_scenario_report *const *)r->reports,
                                                 r->n, format, flags, &to);
    if (status != NETPOL_OK)
        worsen(r, r->out->failed ? TOOL_FAILED : say_status(status));
}

static void run_all(run *r)
{
    const words *paths = &r->a->operands;
    for (size_t i = 0; i < paths->n; i++) {
        if (is_folder(paths->at[i]))
            run_folder(r, paths->at[i]);
        else
            run_file(r, paths->at[i]);
    }
    if (r->n || format_of(r->a) != NETPOL_FORMAT_TEXT)
        write_reports(r);
}

static size_t count_stdin(const words *paths)
{
    size_t n = 0;
    for (size_t i = 0; i < paths->n; i++)
        n += strcmp(paths->at[i], "-") == 0;
    return n;
}

static bool check_words(const args *a)
{
    if (a->operands.n == 0)
        say("which scenarios? give files, or folders that hold some");
    else if (count_stdin(&a->operands) + count_stdin(&a->files) > 1)
        say("standard input (-) can be read once only");
    else
        return true;
    return false;
}

static int test(const args *a, output *out)
{
    if (!check_words(a))
        return TOOL_FAILED;
    run r = {.a = a, .out = out};
    r.code = input_read_more(&r.in, a, out);
    if (r.code == TOOL_YES)
        run_all(&r);
    for (size_t i = 0; i < r.n; i++)
        netpol_scenario_report_free(r.reports[i]);
    free(r.reports);
    input_free(&r.in);
    return r.code;
}

const command test_command = {
    .name = "test",
    .bit = COMMAND_TEST,
    .run = test,
    .formats = "text|json|junit",
    .operands = OPERANDS_WORDS,
    .summary = "run scenarios: policies tested like code",
    .usage = "  netpol test FILE... [-f PATH...] [--coverage] [OPTIONS]\n",
    .about =
        "A scenario is a file that names manifests, says which connections must be allowed and "
        "which\n"
        "denied, and which invariants hold: default-deny, dns, no-internet, no-metadata-address,\n"
        "namespace-isolated, api-server. In a folder every file that begins with kind: Scenario is "
        "run.\n"
        "What fails is shown with the policy, the rule and the line that decided.\n\n"
        "Objects given with -f are added to those of each scenario, and replace those of the same\n"
        "name: a change, or the cluster as it is, held against the same scenarios.\n",
    .examples = "  netpol test tests/*.yaml\n"
                "  netpol test policies/ --coverage\n"
                "  helm template . | netpol test tests/ -f - -o junit > report.xml\n\n"
                "Exit status: 0 all passed, 1 something failed, 2 a scenario cannot be run or an "
                "item cannot\n"
                "be answered, 3 wrong options.\n",
};
