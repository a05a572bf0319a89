/* SPDX-License-Identifier: MIT */
/* Reports as text, JSON and JUnit's XML. */
#include "scenario.h"

typedef struct writer {
    np_buffer b;
    uint32_t flags;
} writer;

static const char *outcome_name(int32_t outcome)
{
    static const char *const names[] = {"", "passed", "failed", "unanswered"};
    return names[outcome];
}

static size_t sum_of(const netpol_scenario_report *const *reports, size_t n, int32_t outcome)
{
    size_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += netpol_scenario_report_outcomes(reports[i], outcome);
    return sum;
}

static size_t decided_of(const netpol_scenario_report *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_rules; i++)
        n += r->rules[i].decided != 0;
    return n;
}

/* ---- text ---- */

/* Each line of a text, further to the right. */
static void indented(np_buffer *b, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        np_buffer_text(b, "        ");
        np_buffer_add(b, text, n);
        np_buffer_char(b, '\n');
        text += n + (text[n] == '\n');
    }
}

static void result_text(np_buffer *b, const netpol_scenario_result *x)
{
    static const char *const words[] = {"", "ok  ", "FAIL", "??? "};
    np_buffer_format(b, "  %s  ", words[x->outcome]);
    np_buffer_shown(b, x->name);
    if (x->outcome == NETPOL_PASSED) {
        np_buffer_char(b, '\n');
        return;
    }
    np_buffer_text(b, "  ");
    np_buffer_shown(b, x->source);
    np_buffer_format(b, ":%u\n        ", (unsigned)x->line);
    np_buffer_shown(b, x->message);
    np_buffer_char(b, '\n');
    indented(b, x->explanation);
}

static void coverage_text(np_buffer *b, const netpol_scenario_report *r)
{
    np_buffer_format(b, "  coverage: %zu of %zu rules decided in a case\n", decided_of(r),
                     r->n_rules);
    for (size_t i = 0; i < r->n_rules; i++) {
        const netpol_rule_coverage *x = &r->rules[i];
        if (x->decided)
            continue;
        np_buffer_text(b, "        never: ");
        np_policy_text(b, r->engine->snapshot, x->policy);
        if (x->rule < 0)
            np_buffer_format(b, ", that %s is isolated", np_direction_name(x->direction));
        else
            np_buffer_format(b, ", %s[%d]", np_direction_name(x->direction), (int)x->rule);
        if (x->source && x->line) {
            np_buffer_text(b, "  ");
            np_buffer_shown(b, x->source);
            np_buffer_format(b, ":%u:%u", (unsigned)x->line, (unsigned)x->column);
        }
        np_buffer_char(b, '\n');
    }
}

static void report_text(writer *w, const netpol_scenario_report *r)
{
    const np_snapshot *s = r->engine->snapshot;
    np_buffer *b = &w->b;
    np_buffer_shown(b, r->source);
    np_buffer_char(b, '\n');
    for (size_t i = 0; i < r->n; i++)
        if (!(w->flags & NETPOL_REPORT_QUIET) || r->results[i].outcome != NETPOL_PASSED)
            result_text(b, &r->results[i]);
    if (w->flags & NETPOL_REPORT_COVERAGE)
        coverage_text(b, r);
    if (s->foreign) {
        np_buffer_text(b, "  not looked at: ");
        np_buffer_count(b, s->foreign, "policy", "policies");
        np_buffer_text(b, " of other systems\n");
    }
    if (s->incomplete)
        np_buffer_text(b, "  incomplete: some of the input could not be used\n");
}

static void write_text(writer *w, const netpol_scenario_report *const *reports, size_t n)
{
    for (size_t i = 0; i < n; i++)
        report_text(w, reports[i]);
    size_t unanswered = sum_of(reports, n, NETPOL_UNANSWERED);
    np_buffer_format(&w->b, "%zu passed, %zu failed", sum_of(reports, n, NETPOL_PASSED),
                     sum_of(reports, n, NETPOL_FAILED));
    if (unanswered)
        np_buffer_format(&w->b, ", %zu without an answer", unanswered);
    np_buffer_char(&w->b, '\n');
}

/* ---- JSON ---- */

static void add_json(np_buffer *b, const char *key, const char *text)
{
    np_buffer_format(b, "\"%s\":", key);
    np_buffer_json(b, np_slice_of(text));
    np_buffer_char(b, ',');
}

static void result_json(np_buffer *b, const netpol_scenario_result *x)
{
    np_buffer_char(b, '{');
    add_json(b, "name", x->name);
    np_buffer_format(b, "\"kind\":\"%s\",\"line\":%u,\"column\":%u,\"outcome\":\"%s\",",
                     x->kind == NETPOL_ITEM_CASE ? "case" : "invariant", (unsigned)x->line,
                     (unsigned)x->column, outcome_name(x->outcome));
    add_json(b, "message", x->message);
    add_json(b, "explanation", x->explanation);
    np_buffer_format(b, "\"checks\":%zu,\"failed\":%zu,\"depends\":", x->n_checks, x->n_failed);
    np_depends_json(b, x->depends);
    np_buffer_char(b, '}');
}

static void row_json(np_buffer *b, const netpol_scenario_report *r, const netpol_rule_coverage *x)
{
    np_buffer_char(b, '{');
    np_policy_json(b, r->engine->snapshot, x->policy);
    np_buffer_format(b, ",\"direction\":\"%s\",\"rule\":", np_direction_name(x->direction));
    if (x->rule < 0)
        np_buffer_text(b, "null,");
    else
        np_buffer_format(b, "%d,", (int)x->rule);
    if (x->source)
        add_json(b, "source", x->source);
    if (x->line)
        np_buffer_format(b, "\"line\":%u,\"column\":%u,", (unsigned)x->line, (unsigned)x->column);
    np_buffer_format(b, "\"decided\":%zu}", x->decided);
}

static void report_json(np_buffer *b, const netpol_scenario_report *r)
{
    const np_snapshot *s = r->engine->snapshot;
    np_buffer_char(b, '{');
    add_json(b, "source", r->source);
    np_buffer_format(
        b, "\"semantics\":\"%s\",\"ignored_policies\":%zu,\"incomplete\":%s,\"items\":[",
        np_semantics_name(&r->engine->semantics), s->foreign, s->incomplete ? "true" : "false");
    for (size_t i = 0; i < r->n; i++) {
        np_buffer_text(b, i ? "," : "");
        result_json(b, &r->results[i]);
    }
    np_buffer_format(b, "],\"coverage\":{\"rules\":%zu,\"decided\":%zu,\"rows\":[", r->n_rules,
                     decided_of(r));
    for (size_t i = 0; i < r->n_rules; i++) {
        np_buffer_text(b, i ? "," : "");
        row_json(b, r, &r->rules[i]);
    }
    np_buffer_text(b, "]}}");
}

static void write_json(writer *w, const netpol_scenario_report *const *reports, size_t n)
{
    np_buffer_format(&w->b,
                     "{\"schema\":\"netpol.test/v1\",\"summary\":{\"passed\":%zu,\"failed\":%zu,"
                     "\"unanswered\":%zu},\"reports\":[",
                     sum_of(reports, n, NETPOL_PASSED), sum_of(reports, n, NETPOL_FAILED),
                     sum_of(reports, n, NETPOL_UNANSWERED));
    for (size_t i = 0; i < n; i++) {
        np_buffer_text(&w->b, i ? "," : "");
        report_json(&w->b, reports[i]);
    }
    np_buffer_text(&w->b, "]}\n");
}

/* ---- JUnit ---- */

/* XML 1.0 has no form at all for most control characters: they become U+FFFD. */
static void add_xml(np_buffer *b, const char *text, bool in_attribute)
{
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '\n' && !in_attribute)
            np_buffer_char(b, *p);
        else if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\n' || c == '\t')
            np_buffer_format(b, "&#%u;", c);
        else if (c < 0x20)
            np_buffer_text(b, "\xef\xbf\xbd");
        else
            np_buffer_char(b, *p);
    }
}

static void attribute(np_buffer *b, const char *name, const char *value)
{
    np_buffer_format(b, " %s=\"", name);
    add_xml(b, value, true);
    np_buffer_char(b, '"');
}

static void counts_xml(np_buffer *b, const netpol_scenario_report *const *reports, size_t n)
{
    size_t all = 0;
    for (size_t i = 0; i < n; i++)
        all += reports[i]->n;
    np_buffer_format(b, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"", all,
                     sum_of(reports, n, NETPOL_FAILED), sum_of(reports, n, NETPOL_UNANSWERED));
}

static void result_xml(np_buffer *b, const netpol_scenario_result *x)
{
    const char *element = x->outcome == NETPOL_FAILED ? "failure" : "error";
    np_buffer_text(b, "    <testcase");
    attribute(b, "classname", x->source);
    attribute(b, "name", x->name);
    attribute(b, "file", x->source);
    np_buffer_format(b, " line=\"%u\"", (unsigned)x->line);
    if (x->outcome == NETPOL_PASSED) {
        np_buffer_text(b, "/>\n");
        return;
    }
    np_buffer_format(b, ">\n      <%s", element);
    attribute(b, "message", x->message);
    np_buffer_char(b, '>');
    add_xml(b, x->explanation, false);
    np_buffer_format(b, "</%s>\n    </testcase>\n", element);
}

static void write_junit(writer *w, const netpol_scenario_report *const *reports, size_t n)
{
    np_buffer *b = &w->b;
    np_buffer_text(b,
                   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"netpol test\"");
    counts_xml(b, reports, n);
    np_buffer_text(b, ">\n");
    for (size_t i = 0; i < n; i++) {
        np_buffer_text(b, "  <testsuite");
        attribute(b, "name", reports[i]->source);
        counts_xml(b, &reports[i], 1);
        np_buffer_text(b, ">\n");
        for (size_t k = 0; k < reports[i]->n; k++)
            result_xml(b, &reports[i]->results[k]);
        np_buffer_text(b, "  </testsuite>\n");
    }
    np_buffer_text(b, "</testsuites>\n");
}

static bool is_usable(const netpol_scenario_report *const *reports, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!reports || !reports[i])
            return false;
    return true;
}

netpol_status netpol_scenario_write(const netpol_scenario_report *const *reports, size_t n,
                                    int32_t format, uint32_t flags, const netpol_sink *to)
{
    if (!is_usable(reports, n) || !to || !to->write ||
        flags & ~(uint32_t)(NETPOL_REPORT_COVERAGE | NETPOL_REPORT_QUIET) ||
        (format != NETPOL_FORMAT_TEXT && format != NETPOL_FORMAT_JSON &&
         format != NETPOL_FORMAT_JUNIT))
        return NETPOL_MISUSE;
    writer w = {.flags = flags};
    np_buffer_init(&w.b, n ? &reports[0]->arena.alloc : &np_libc_allocator);
    if (format == NETPOL_FORMAT_TEXT)
        write_text(&w, reports, n);
    else if (format == NETPOL_FORMAT_JSON)
        write_json(&w, reports, n);
    else
        write_junit(&w, reports, n);
    netpol_status status = np_buffer_flush(&w.b, to);
    np_buffer_free(&w.b);
    return status;
}
