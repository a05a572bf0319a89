/* SPDX-License-Identifier: MIT */
/* Runs items: cases here, invariants in scenario_invariant.c. */
#include "scenario.h"

/* ---- questions ---- */

netpol_question np_run_question(const np_run *r, const char *src, const char *dst, const char *port,
                                const char *protocol)
{
    return (netpol_question){.size = sizeof(netpol_question),
                             .src = src,
                             .dst = dst,
                             .protocol = protocol,
                             .port = port,
                             .namespace_name = r->scenario->file->namespace_name,
                             .family = (int32_t)r->trial->family};
}

bool np_run_may_go_on(const np_run *r)
{
    const netpol_options *o = &r->scenario->options;
    return !o->keep_going || o->keep_going(o->ctx);
}

static void name_flow(np_buffer *b, const netpol_question *q)
{
    np_buffer_format(b, "%s => %s %s%s%s", q->src, q->dst, q->protocol ? q->protocol : "TCP",
                     q->port ? " " : "", q->port ? q->port : "");
}

void np_run_unanswered(np_run *r, const char *what)
{
    const netpol_diagnostic *why = netpol_diagnostics_at(r->diags, 0);
    bool first = r->message.n == 0;
    np_buffer *to = first ? &r->message : &r->text;
    r->result->outcome = NETPOL_UNANSWERED;
    r->result->n_failed++;
    if (r->result->n_failed > NP_MOST_TOLD)
        return;
    np_buffer_text(to, what);
    np_buffer_format(to, "%s%s", *what && why ? ": " : "", why ? why->message : "");
    np_buffer_text(to, first ? "" : "\n");
}

static netpol_status append(void *ctx, const char *bytes, size_t n)
{
    np_buffer *b = ctx;
    np_buffer_add(b, bytes, n);
    return b->failed ? NETPOL_NO_MEMORY : NETPOL_OK;
}

netpol_status np_run_tell(np_run *r, const netpol_answer *x)
{
    netpol_sink to = {append, &r->text};
    return netpol_answer_write(x, NETPOL_FORMAT_TEXT, &to);
}

static netpol_status note_wrong(np_run *r, const netpol_question *q, const netpol_answer *x,
                                uint32_t expect)
{
    netpol_scenario_result *result = r->result;
    result->n_failed++;
    if (result->outcome == NETPOL_PASSED)
        result->outcome = NETPOL_FAILED;
    if (r->message.n == 0) {
        np_buffer_format(&r->message,
                         "expected %s, is %s: ", expect == NP_EXPECT_ALLOW ? "allow" : "deny",
                         np_outcome_name(x->outcome));
        name_flow(&r->message, q);
    }
    return result->n_failed > NP_MOST_TOLD ? NETPOL_OK : np_run_tell(r, x);
}

static netpol_status note_unanswered(np_run *r, const netpol_question *q)
{
    np_buffer b;
    np_buffer_init(&b, &r->message.alloc);
    name_flow(&b, q);
    np_buffer_char(&b, '\0');
    netpol_status status = b.failed ? NETPOL_NO_MEMORY : NETPOL_OK;
    if (status == NETPOL_OK)
        np_run_unanswered(r, b.p);
    np_buffer_free(&b);
    return status;
}

netpol_status np_run_ask(np_run *r, const netpol_question *q, uint32_t expect, bool count,
                         bool *good)
{
    netpol_answer *x = NULL;
    netpol_diagnostics_clear(r->diags);
    r->result->n_checks++;
    netpol_status status = netpol_engine_ask(r->report->engine, q, &x, r->diags);
    *good = false;
    if (status == NETPOL_NO_MEMORY || status == NETPOL_CANCELLED)
        return status;
    if (status != NETPOL_OK)
        return note_unanswered(r, q);
    r->result->depends |= x->depends;
    *good = x->outcome == (expect == NP_EXPECT_ALLOW ? NETPOL_ALLOW : NETPOL_DENY);
    if (count && !np_coverage_count(r->report, x))
        status = NETPOL_NO_MEMORY;
    else if (!*good)
        status = note_wrong(r, q, x, expect);
    netpol_answer_free(x);
    return status;
}

/* ---- cases ---- */

/* The i-th of a list of which none means one that is not told. */
static const char *one_of(char *const *at, uint32_t n, uint32_t i)
{
    return n ? at[i] : NULL;
}

static uint32_t times(uint32_t n)
{
    return n ? n : 1;
}

netpol_status np_run_case(np_run *r)
{
    const np_trial *t = r->trial;
    uint32_t n_ends = times(t->n_ports) * times(t->n_protocols);
    uint32_t n = t->n_from * t->n_to * n_ends;
    netpol_status status = NETPOL_OK;
    for (uint32_t i = 0; i < n && status == NETPOL_OK; i++) {
        uint32_t pair = i / n_ends;
        uint32_t end = i % n_ends;
        bool good;
        netpol_question q =
            np_run_question(r, t->from[pair / t->n_to], t->to[pair % t->n_to],
                            one_of(t->ports, t->n_ports, end % times(t->n_ports)),
                            one_of(t->protocols, t->n_protocols, end / times(t->n_ports)));
        status = np_run_may_go_on(r) ? np_run_ask(r, &q, t->expect, true, &good) : NETPOL_CANCELLED;
    }
    return status;
}

/* ---- reports ---- */

static bool keep_texts(np_run *r)
{
    netpol_scenario_result *result = r->result;
    np_arena *arena = &r->report->arena;
    bool told_one = r->trial->ensure == 0;
    if (told_one && result->n_failed > 1)
        np_buffer_format(&r->message, ", and %zu more of %zu", result->n_failed - 1,
                         result->n_checks);
    if (!told_one && result->n_failed > NP_MOST_TOLD)
        np_buffer_format(&r->message, ", and %zu more", result->n_failed - NP_MOST_TOLD);
    if (result->n_failed > NP_MOST_TOLD)
        np_buffer_format(&r->text, "and %zu more\n", result->n_failed - NP_MOST_TOLD);
    if (r->message.failed || r->text.failed)
        return false;
    result->message = np_arena_text(arena, r->message.p, r->message.n);
    result->explanation = np_arena_text(arena, r->text.p, r->text.n);
    return result->message && result->explanation;
}

static bool begin_result(np_run *r, size_t item)
{
    const netpol_scenario_item *it = &r->scenario->items[item];
    *r->result = (netpol_scenario_result){
        .item = item,
        .name = np_arena_text(&r->report->arena, it->name, strlen(it->name)),
        .source = r->report->source,
        .kind = it->kind,
        .line = it->line,
        .column = it->column,
        .outcome = NETPOL_PASSED,
    };
    return r->result->name != NULL;
}

static netpol_status run_item(netpol_scenario_report *report, const netpol_scenario *s, size_t item)
{
    np_run r = {.report = report,
                .scenario = s,
                .trial = np_scenario_trial(s, item),
                .result = &report->results[report->n++],
                .diags = netpol_diagnostics_new(&s->options)};
    np_buffer_init(&r.message, &report->arena.alloc);
    np_buffer_init(&r.text, &report->arena.alloc);
    netpol_status status = r.diags && begin_result(&r, item) ? NETPOL_OK : NETPOL_NO_MEMORY;
    if (status == NETPOL_OK)
        status = r.trial->ensure ? np_run_invariant(&r) : np_run_case(&r);
    if (status == NETPOL_OK && !keep_texts(&r))
        status = NETPOL_NO_MEMORY;
    np_buffer_free(&r.message);
    np_buffer_free(&r.text);
    netpol_diagnostics_free(r.diags);
    return status;
}

static netpol_scenario_report *new_report(const netpol_scenario *s, const netpol_engine *engine,
                                          size_t n)
{
    netpol_scenario_report *r = np_resize(&s->alloc, NULL, 0, sizeof *r);
    if (!r)
        return NULL;
    *r = (netpol_scenario_report){.engine = netpol_engine_ref(engine)};
    np_arena_init(&r->arena, &s->alloc, 1024);
    np_index_init(&r->rule_index, &s->alloc);
    r->source = np_arena_text(&r->arena, s->source, strlen(s->source));
    r->results = NP_NEW_ARRAY(&r->arena, netpol_scenario_result, n);
    if (r->source && r->results && np_coverage_make(r))
        return r;
    netpol_scenario_report_free(r);
    return NULL;
}

netpol_status netpol_scenario_run(const netpol_scenario *s, const netpol_engine *engine,
                                  size_t item, netpol_scenario_report **out)
{
    if (!s || !engine || !out || (item != NETPOL_ALL_ITEMS && item >= s->n))
        return NETPOL_MISUSE;
    size_t first = item == NETPOL_ALL_ITEMS ? 0 : item;
    size_t end = item == NETPOL_ALL_ITEMS ? s->n : item + 1;
    netpol_scenario_report *r = new_report(s, engine, end - first);
    netpol_status status = r ? NETPOL_OK : NETPOL_NO_MEMORY;
    for (size_t i = first; i < end && status == NETPOL_OK; i++)
        status = run_item(r, s, i);
    if (status == NETPOL_OK)
        *out = r;
    else
        netpol_scenario_report_free(r);
    return status;
}

void netpol_scenario_report_free(netpol_scenario_report *r)
{
    if (!r)
        return;
    netpol_allocator alloc = r->arena.alloc;
    np_index_free(&r->rule_index);
    np_arena_free(&r->arena);
    netpol_engine_unref(r->engine);
    np_release(&alloc, r, sizeof *r);
}

size_t netpol_scenario_report_count(const netpol_scenario_report *r)
{
    return r ? r->n : 0;
}

const netpol_scenario_result *netpol_scenario_report_at(const netpol_scenario_report *r, size_t i)
{
    return r && i < r->n ? &r->results[i] : NULL;
}

size_t netpol_scenario_report_outcomes(const netpol_scenario_report *r, int32_t outcome)
{
    size_t n = 0;
    for (size_t i = 0; r && i < r->n; i++)
        n += r->results[i].outcome == outcome;
    return n;
}

size_t netpol_scenario_report_rule_count(const netpol_scenario_report *r)
{
    return r ? r->n_rules : 0;
}

const netpol_rule_coverage *netpol_scenario_report_rule_at(const netpol_scenario_report *r,
                                                           size_t i)
{
    return r && i < r->n_rules ? &r->rules[i] : NULL;
}
