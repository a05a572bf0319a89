/* SPDX-License-Identifier: MIT */
/* The whole way from text to answers with every single allocation failing: once through the
 * allocator of the options, once below everything, by standing in front of malloc, since libyaml
 * asks it itself. (Linked with --wrap and libyaml's archive, so that libyaml's calls come by here
 * too.) */
#include "harness.h"

#include <netpol.h>

/* ---- malloc and its sisters: counted, and the chosen call fails ---- */

static struct {
    size_t calls;
    size_t fail_at; /* 0: none */
    long live;
} heap;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t n);
void __real_free(void *old);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t n);
void __wrap_free(void *old);
char *__wrap_strdup(const char *text);

static bool heap_fails(void)
{
    return ++heap.calls == heap.fail_at;
}

static void *heap_counted(void *block)
{
    heap.live += block != NULL;
    return block;
}

void *__wrap_malloc(size_t n)
{
    return heap_fails() ? NULL : heap_counted(__real_malloc(n));
}

void *__wrap_calloc(size_t n, size_t size)
{
    return heap_fails() ? NULL : heap_counted(__real_calloc(n, size));
}

void *__wrap_realloc(void *old, size_t n)
{
    if (heap_fails())
        return NULL;
    void *block = __real_realloc(old, n);
    return old ? block : heap_counted(block);
}

void __wrap_free(void *old)
{
    heap.live -= old != NULL;
    __real_free(old);
}

char *__wrap_strdup(const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = __wrap_malloc(n);
    return copy ? memcpy(copy, text, n) : NULL;
}

/* ---- the works: each makes all it needs from the options, and gives it back ---- */

typedef struct input {
    const char *path;
    char *text;
    size_t n;
} input;

static input good[] = {
    {.path = "examples/db-policy/cluster.yaml"},
    {.path = "examples/db-policy/3-in-and-out.yaml"},
    {.path = "tests/fuzz/corpus/whole.yaml"},
    {.path = "tests/fuzz/corpus/cluster.yaml"},
    {.path = "tests/fuzz/corpus/block-scalars.yaml"},
    {.path = "tests/fuzz/corpus/stream-good.json"},
};

static input bad[] = {
    {.path = "tests/fuzz/corpus/anchor-and-merge.yaml"},
    {.path = "tests/fuzz/corpus/duplicate-keys.yaml"},
    {.path = "tests/fuzz/corpus/list.yaml"},
    {.path = "tests/fuzz/corpus/truncated.yaml"},
    {.path = "tests/fuzz/corpus/separators.yaml"},
    {.path = "tests/fuzz/corpus/utf16.yaml"},
    {.path = "tests/fuzz/corpus/late-kind.yaml"},
};

static netpol_status swallow(void *ctx, const char *bytes, size_t n)
{
    (void)ctx;
    (void)bytes;
    (void)n;
    return NETPOL_OK;
}
static const netpol_sink nowhere = {.write = swallow};

static netpol_status read_inputs(const netpol_options *o, const input *in, size_t n,
                                 netpol_manifests **out, netpol_diagnostics *diags)
{
    netpol_status s = netpol_manifests_new(o, out);
    for (size_t i = 0; i < n && s == NETPOL_OK; i++) {
        s = netpol_manifests_read_memory(*out, in[i].path, in[i].text, in[i].n, diags);
        if (s == NETPOL_INVALID && in >= bad && in < bad + COUNT(bad))
            s = NETPOL_OK;
    }
    return s;
}

static netpol_status selectors(const netpol_options *o, netpol_diagnostics *diags)
{
    netpol_selector *selector = NULL;
    netpol_status s = netpol_selector_parse("app=web,tier in (a,b),!legacy", o, &selector, diags);
    if (s == NETPOL_OK)
        s = netpol_label_selector_format(netpol_selector_tree(selector), &nowhere);
    netpol_selector_free(selector);
    return s;
}

static netpol_status check(const netpol_options *o, const input *in, size_t n,
                           netpol_diagnostics *diags)
{
    static const int32_t formats[] = {NETPOL_FORMAT_TEXT, NETPOL_FORMAT_JSON, NETPOL_FORMAT_JSONL,
                                      NETPOL_FORMAT_SARIF};
    netpol_manifests *m = NULL;
    netpol_status s = read_inputs(o, in, n, &m, diags);
    for (size_t i = 0; i < COUNT(formats) && s == NETPOL_OK; i++)
        s = netpol_manifests_check(m, NULL, formats[i], &nowhere, NULL);
    netpol_manifests_free(m);
    return s;
}

static netpol_status check_good(const netpol_options *o, netpol_diagnostics *diags)
{
    return check(o, good, COUNT(good), diags);
}

static netpol_status check_bad(const netpol_options *o, netpol_diagnostics *diags)
{
    return check(o, bad, COUNT(bad), diags);
}

static netpol_status use_object(const netpol_object *x, netpol_diagnostics *diags)
{
    netpol_object *changed = NULL;
    if (!netpol_object_policy(x))
        return NETPOL_OK;
    netpol_status s = netpol_object_validate(x, NULL, NULL, diags);
    if (s == NETPOL_OK)
        s = netpol_object_write(x, NETPOL_FORMAT_YAML, NETPOL_WRITE_DEFAULTS, &nowhere);
    if (s == NETPOL_OK)
        s = netpol_object_write(x, NETPOL_FORMAT_JSON, 0, &nowhere);
    if (s == NETPOL_OK)
        s = netpol_object_with(x, "metadata.labels", "{team: shop}", &changed, diags);
    netpol_object_unref(changed);
    return s;
}

static netpol_status objects(const netpol_options *o, netpol_diagnostics *diags)
{
    netpol_manifests *m = NULL;
    netpol_status s = read_inputs(o, good, COUNT(good), &m, diags);
    for (size_t i = 0; s == NETPOL_OK && i < netpol_manifests_count(m); i++)
        s = use_object(netpol_manifests_at(m, i), diags);
    netpol_manifests_free(m);
    return s;
}

/* Edits of every kind, on a text with comments; then the text is led to another object. */
static netpol_status edit(netpol_document *text, netpol_diagnostics *diags)
{
    const netpol_edit edits[] = {
        {.action = NETPOL_EDIT_SET, .path = "spec.ingress[0].ports[0].port", .value = "3307"},
        {.action = NETPOL_EDIT_ADD, .path = "spec.ingress[0].from", .value = "{podSelector: {}}"},
        {.action = NETPOL_EDIT_RENAME,
         .path = "spec.podSelector.matchLabels.role",
         .value = "part"},
        {.action = NETPOL_EDIT_DELETE, .path = "spec.egress[0]"},
    };
    return netpol_document_edit(text, 0, edits, COUNT(edits), diags);
}

static netpol_status edit_back(netpol_document *text, const input *in, const netpol_options *o,
                               netpol_diagnostics *diags)
{
    netpol_manifests *m = NULL;
    netpol_status s = read_inputs(o, in, 1, &m, diags);
    if (s == NETPOL_OK)
        s = netpol_document_update(text, 0, netpol_manifests_at(m, 0), diags);
    netpol_manifests_free(m);
    return s;
}

static netpol_status documents(const netpol_options *o, netpol_diagnostics *diags)
{
    const input *in = &good[1];
    netpol_document *text = NULL;
    netpol_status s = netpol_document_new(in->path, in->text, in->n, o, &text, diags);
    if (s == NETPOL_OK)
        s = edit(text, diags);
    if (s == NETPOL_OK)
        s = edit_back(text, in, o, diags);
    netpol_document_free(text);
    return s;
}

static netpol_status ask(const netpol_engine *e, netpol_diagnostics *diags)
{
    const netpol_question q = {
        .size = sizeof q, .src = "default/web", .dst = "default/db", .port = "3306"};
    netpol_answer *answer = NULL;
    netpol_status s = netpol_engine_ask(e, &q, &answer, diags);
    if (s == NETPOL_OK)
        s = netpol_answer_write(answer, NETPOL_FORMAT_TEXT, &nowhere);
    if (s == NETPOL_OK)
        s = netpol_answer_write(answer, NETPOL_FORMAT_JSON, &nowhere);
    netpol_answer_free(answer);
    return s;
}

static netpol_status explain(const netpol_engine *e, netpol_diagnostics *diags)
{
    netpol_flow flow;
    netpol_explanation *why = NULL;
    netpol_status s =
        netpol_flow_parse(e, "default/web", "default/db", "TCP", "3306", &flow, diags);
    if (s == NETPOL_OK)
        s = netpol_engine_explain(e, &flow, &why, diags);
    netpol_explanation_free(why);
    return s;
}

static netpol_status use_engine(netpol_cluster *c, int32_t machinery, netpol_diagnostics *diags)
{
    netpol_engine *e = NULL;
    netpol_status s = netpol_cluster_compile(c, machinery, &e, diags);
    if (s == NETPOL_OK)
        s = explain(e, diags);
    if (s == NETPOL_OK)
        s = ask(e, diags);
    if (s == NETPOL_OK)
        s = netpol_engine_list(e, NULL, NETPOL_FORMAT_JSON, &nowhere, diags);
    netpol_engine_unref(e);
    return s;
}

/* Twice, with a change between, for an engine may be made from the one before. */
static netpol_status judge(const netpol_options *o, int32_t machinery, netpol_diagnostics *diags)
{
    netpol_manifests *m = NULL;
    netpol_cluster *c = NULL;
    netpol_status s = read_inputs(o, good, COUNT(good), &m, diags);
    if (s == NETPOL_OK)
        s = netpol_cluster_new(NULL, o, &c, diags);
    if (s == NETPOL_OK)
        s = netpol_cluster_put_all(c, m, diags);
    if (s == NETPOL_OK)
        s = use_engine(c, machinery, diags);
    if (s == NETPOL_OK)
        s = netpol_cluster_remove(c, NETPOL_KIND_POD, "prod", "report");
    if (s == NETPOL_OK)
        s = use_engine(c, machinery, diags);
    netpol_cluster_free(c);
    netpol_manifests_free(m);
    return s;
}

static netpol_status judge_by_reference(const netpol_options *o, netpol_diagnostics *diags)
{
    return judge(o, NETPOL_ENGINE_REFERENCE, diags);
}

static netpol_status judge_compiled(const netpol_options *o, netpol_diagnostics *diags)
{
    return judge(o, NETPOL_ENGINE_COMPILED, diags);
}

/* libcyaml takes its memory from the options, and libyaml below it from malloc. */
static netpol_status scenarios(const netpol_options *o, netpol_diagnostics *diags)
{
    netpol_scenario *x = NULL;
    netpol_engine *e = NULL;
    netpol_scenario_report *r = NULL;
    netpol_status s = netpol_scenario_read("examples/db-policy/scenario.yaml", o, &x, diags);
    if (s == NETPOL_OK)
        s = netpol_scenario_compile(x, NULL, NETPOL_ENGINE_COMPILED, &e, diags);
    if (s == NETPOL_OK)
        s = netpol_scenario_run(x, e, NETPOL_ALL_ITEMS, &r);
    if (s == NETPOL_OK)
        s = netpol_scenario_write((const netpol_scenario_report *const *)&r, 1,
                                  NETPOL_FORMAT_JSON, 0, &nowhere);
    netpol_scenario_report_free(r);
    netpol_engine_unref(e);
    netpol_scenario_free(x);
    return s;
}

/* ---- the two ways of failing ---- */

typedef netpol_status work(const netpol_options *o, netpol_diagnostics *diags);

static netpol_status with_diagnostics(const netpol_options *o, void *ctx)
{
    work *const *w = ctx;
    netpol_diagnostics *diags = netpol_diagnostics_new(o);
    netpol_status s = diags ? (*w)(o, diags) : NETPOL_NO_MEMORY;
    netpol_diagnostics_free(diags);
    return s;
}

static void through_the_allocator(work *w)
{
    size_t n = test_every_allocation_fails(with_diagnostics, &w);
    print_message("%zu allocations of the library\n", n);
    assert_true(n > 0);
}

static netpol_status on_heap(work *w, size_t fail_at)
{
    const netpol_options o = {.size = sizeof o};
    heap.calls = 0;
    heap.fail_at = fail_at;
    heap.live = 0;
    netpol_status s = with_diagnostics(&o, &w);
    heap.fail_at = 0;
    if (heap.live != 0)
        fail_msg("malloc %zu failed and %ld blocks leaked", fail_at, heap.live);
    return s;
}

static void below_everything(work *w)
{
    assert_int_equal(on_heap(w, 0), NETPOL_OK);
    size_t total = heap.calls;
    for (size_t n = 1; n <= total; n += test_stride()) {
        netpol_status s = on_heap(w, n);
        if (s != NETPOL_OK && s != NETPOL_NO_MEMORY)
            fail_msg("malloc %zu failed and the status is %s", n, netpol_status_name(s));
    }
    print_message("%zu allocations in all\n", total);
}

static void survives(void **state)
{
    work *const *w = *state;
    through_the_allocator(*w);
    below_everything(*w);
}

/* ---- */

static void read_files(input *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        in[i].text = test_read_file(in[i].path, &in[i].n);
}

static void free_files(input *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(in[i].text);
}

static int begin(void **state)
{
    (void)state;
    read_files(good, COUNT(good));
    read_files(bad, COUNT(bad));
    return 0;
}

static int end(void **state)
{
    (void)state;
    free_files(good, COUNT(good));
    free_files(bad, COUNT(bad));
    return 0;
}

int main(void)
{
    static struct {
        const char *name;
        work *work;
    } claims[] = {
        {"selectors survive", selectors},
        {"checking survives", check_good},
        {"checking broken documents survives", check_bad},
        {"objects survive", objects},
        {"edits survive", documents},
        {"the reference survives", judge_by_reference},
        {"the compiled engine survives", judge_compiled},
        {"scenarios survive", scenarios},
    };
    struct CMUnitTest tests[COUNT(claims)];
    for (size_t i = 0; i < COUNT(claims); i++)
        tests[i] = (struct CMUnitTest){
            .name = claims[i].name, .test_func = survives, .initial_state = &claims[i].work};
    return cmocka_run_group_tests(tests, begin, end);
}
