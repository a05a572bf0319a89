/* SPDX-License-Identifier: MIT */
/* Times what this machine makes of the files given. Times are those of one thread's processor, so
 * that other programs disturb them least; one read from memory is measured beside them, to compare
 * with. */
#include "netpol_bench_run.h"
#include "netpol_commands.h"
#include "netpol_input.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { FLOWS = 100000, MOST_FLOWS = 100000000 };

/* What is reported; negative: not measured. */
typedef struct figures {
    size_t documents;
    size_t bytes;
    size_t pods;
    size_t policies;
    size_t flows;
    double parse_mb_s;
    double libyaml_floor_mb_s;
    double compile_s;
    double verdict_ns_by_handle;
    double verdict_ns_by_ip;
    double batch_mverdicts_s;
    double list_s;
    double dram_read_ns;
    double engine_bytes;
    double rss_bytes;
} figures;

/* ---- how many flows ---- */

static bool read_number(const char *text, size_t *n)
{
    char *end;
    unsigned long x = strtoul(text, &end, 10);
    *n = x;
    return text[0] >= '1' && text[0] <= '9' && *end == '\0' && x <= MOST_FLOWS;
}

/* ---- reading ---- */

static size_t count_policies(const netpol_manifests *m)
{
    size_t n = 0;
    for (size_t i = 0; i < netpol_manifests_count(m); i++) {
        int32_t kind = netpol_object_kind(netpol_manifests_at(m, i));
        n += kind == NETPOL_KIND_NETWORK_POLICY ||
             (kind >= NETPOL_KIND_CLUSTER_NETWORK_POLICY &&
              kind <= NETPOL_KIND_BASELINE_ADMIN_NETWORK_POLICY);
    }
    return n;
}

static void time_reading(const input *in, figures *f)
{
    bench_texts texts;
    f->documents = netpol_manifests_document_count(in->manifests);
    f->policies = count_policies(in->manifests);
    if (!bench_texts_of(in->manifests, &texts))
        return;
    for (size_t i = 0; i < texts.n; i++)
        f->bytes += texts.at[i].n;
    f->parse_mb_s = bench_parse_mb_s(&texts, &in->options);
    f->libyaml_floor_mb_s = bench_libyaml_mb_s(&texts);
    free(texts.at);
}

/* ---- the engine ---- */

/* Listing a large cluster takes long; so many seconds are spent on it at most. */
#define LIST_SECONDS 10.0

static netpol_status drop(void *ctx, const char *p, size_t n)
{
    (void)ctx;
    (void)p;
    (void)n;
    return NETPOL_OK;
}

static bool has_time(void *start)
{
    return bench_cpu() - *(double *)start < LIST_SECONDS;
}

static double time_list(const netpol_engine *engine)
{
    double start = bench_cpu();
    netpol_sink nowhere = {drop, NULL};
    netpol_list_options how = {.size = sizeof how, .keep_going = has_time, .ctx = &start};
    netpol_status s = netpol_engine_list(engine, &how, NETPOL_FORMAT_TEXT, &nowhere, NULL);
    return s == NETPOL_OK ? bench_cpu() - start : -1;
}

static int time_verdicts(const input *in, const netpol_engine *engine, figures *f)
{
    bench_asked flows;
    if (!bench_asked_make(&flows, engine, in->manifests, f->flows))
        return say_status(NETPOL_NO_MEMORY);
    const netpol_flow *batch = flows.by_ip ? flows.by_ip : flows.by_pod;
    if (flows.by_pod)
        f->verdict_ns_by_handle = bench_verdict_ns(engine, flows.by_pod, &flows);
    if (flows.by_ip)
        f->verdict_ns_by_ip = bench_verdict_ns(engine, flows.by_ip, &flows);
    if (batch)
        f->batch_mverdicts_s = 1e3 / bench_batch_ns(engine, batch, &flows);
    bench_asked_free(&flows);
    return TOOL_YES;
}

static int time_engine(const args *a, output *out, input *in, figures *f)
{
    bench_memory memory;
    netpol_engine *engine = NULL;
    bench_memory_open(&memory);
    in->options.allocator = &memory.allocator;
    double start = bench_cpu();
    int code = input_engine(in, a, out, &engine);
    f->compile_s = bench_cpu() - start;
    f->engine_bytes = (double)memory.held;
    if (code == TOOL_YES) {
        f->pods = netpol_engine_pod_count(engine);
        code = time_verdicts(in, engine, f);
    }
    if (code == TOOL_YES)
        f->list_s = time_list(engine);
    netpol_engine_unref(engine);
    in->options.allocator = NULL;
    return code;
}

/* The most that the process has taken so far. */
static double peak_memory(void)
{
    struct rusage u;
    if (getrusage(RUSAGE_SELF, &u) != 0)
        return -1;
#ifdef __APPLE__
    return (double)u.ru_maxrss;
#else
    return (double)u.ru_maxrss * 1024;
#endif
}

/* ---- the report ---- */

static bool print(netpol_sink *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool print(netpol_sink *to, const char *format, ...)
{
    char line[256];
    va_list list;
    va_start(list, format);
    int n = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    return n > 0 && to->write(to->ctx, line, (size_t)n) == NETPOL_OK;
}

/* What was not measured is null. */
static bool print_json(netpol_sink *to, const char *name, double x)
{
    return x < 0 ? print(to, ",\"%s\":null", name) : print(to, ",\"%s\":%.9g", name, x);
}

static bool write_json(netpol_sink *to, const figures *f)
{
    return print(to,
                 "{\"schema\":\"netpol.bench/v1\",\"documents\":%zu,\"bytes\":%zu,\"pods\":%zu,"
                 "\"policies\":%zu,\"flows\":%zu",
                 f->documents, f->bytes, f->pods, f->policies, f->flows) &&
           print_json(to, "parse_mb_s", f->parse_mb_s) &&
           print_json(to, "libyaml_floor_mb_s", f->libyaml_floor_mb_s) &&
           print_json(to, "compile_s", f->compile_s) &&
           print_json(to, "verdict_ns_by_handle", f->verdict_ns_by_handle) &&
           print_json(to, "verdict_ns_by_ip", f->verdict_ns_by_ip) &&
           print_json(to, "batch_mverdicts_s", f->batch_mverdicts_s) &&
           print_json(to, "list_s", f->list_s) && print_json(to, "dram_read_ns", f->dram_read_ns) &&
           print_json(to, "engine_bytes", f->engine_bytes) &&
           print_json(to, "rss_bytes", f->rss_bytes) && print(to, "}\n");
}

static bool print_text(netpol_sink *to, const char *name, double x, const char *unit)
{
    return x < 0 ? print(to, "%-34s -\n", name) : print(to, "%-34s %.4g %s\n", name, x, unit);
}

static bool write_text(netpol_sink *to, const figures *f)
{
    return print(to, "documents %zu, bytes %zu, pods %zu, policies %zu, flows %zu\n", f->documents,
                 f->bytes, f->pods, f->policies, f->flows) &&
           print_text(to, "reading", f->parse_mb_s, "MB/s") &&
           print_text(to, "libyaml alone, nothing kept", f->libyaml_floor_mb_s, "MB/s") &&
           print_text(to, "compiling", f->compile_s, "s") &&
           print_text(to, "verdict by pod", f->verdict_ns_by_handle, "ns") &&
           print_text(to, "verdict by address", f->verdict_ns_by_ip, "ns") &&
           print_text(to, "verdicts in a batch", f->batch_mverdicts_s, "million/s") &&
           print_text(to, "listing who can talk to whom", f->list_s, "s") &&
           print_text(to, "one read from memory", f->dram_read_ns, "ns") &&
           print_text(to, "engine", f->engine_bytes / 1e6, "MB") &&
           print_text(to, "process, at most", f->rss_bytes < 0 ? -1 : f->rss_bytes / 1e6, "MB");
}

/* ---- the command ---- */

static int run(const args *a, output *out)
{
    figures f = {.flows = FLOWS,
                 .parse_mb_s = -1,
                 .libyaml_floor_mb_s = -1,
                 .verdict_ns_by_handle = -1,
                 .verdict_ns_by_ip = -1,
                 .batch_mverdicts_s = -1,
                 .list_s = -1};
    if (a->flows && !read_number(a->flows, &f.flows)) {
        say("--flows cannot be '%s'; it is a number from 1 to %d", a->flows, MOST_FLOWS);
        return TOOL_FAILED;
    }
    if (args_all_presets(a)) {
        say("--semantics all is for one question: see netpol eval");
        return TOOL_FAILED;
    }
    input in;
    int code = input_read(&in, a, NETPOL_KEEP_TEXT);
    if (code == TOOL_YES)
        code = time_engine(a, out, &in, &f);
    if (code == TOOL_YES) {
        time_reading(&in, &f);
        f.rss_bytes = peak_memory();
        f.dram_read_ns = bench_dram_ns();
        bool json = a->format && strcmp(a->format, "json") == 0;
        netpol_sink to = json ? output_bytes(out) : output_text(out);
        if (!(json ? write_json(&to, &f) : write_text(&to, &f)))
            code = TOOL_FAILED;
    }
    input_free(&in);
    return code;
}

const command bench_command = {
    .name = "bench",
    .bit = COMMAND_BENCH,
    .run = run,
    .formats = "text|json",
    .operands = OPERANDS_PATHS,
    .summary = "how fast this machine reads, compiles and judges",
    .usage = "  netpol bench PATH... [--flows N] [OPTIONS]\n",
    .about = "Times reading, compiling, verdicts and the list for the files given, on one thread.\n"
             "Flows are random: between pods by number, between the same pods by address, one in "
             "ten\n"
             "with an address outside. Compare runs by their ratio to one read from memory.\n",
    .examples = "  netpol bench manifests/\n"
                "  kubectl get ns,po,no,svc,netpol -A -o json | netpol bench - --flows 1000000 -o "
                "json\n\n"
                "Exit status: 0 done, 2 the input cannot be used, 3 wrong options.\n",
};
