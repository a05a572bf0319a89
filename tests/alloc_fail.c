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

/* ---- the work ---- */

typedef struct input {
    const char *path;
    char *text;
    size_t n;
} input;

static const char *const good[] = {
    "examples/db-policy/cluster.yaml",      "examples/db-policy/3-in-and-out.yaml",
    "tests/fuzz/corpus/whole.yaml",         "tests/fuzz/corpus/cluster.yaml",
    "tests/fuzz/corpus/block-scalars.yaml", "tests/fuzz/corpus/stream-good.json",
};

static const char *const bad[] = {
    "tests/fuzz/corpus/anchor-and-merge.yaml",
    "tests/fuzz/corpus/duplicate-keys.yaml",
    "tests/fuzz/corpus/list.yaml",
    "tests/fuzz/corpus/truncated.yaml",
    "tests/fuzz/corpus/separators.yaml",
    "tests/fuzz/corpus/utf16.yaml",
};

static netpol_status swallow(void *ctx, const char *bytes, size_t n)
{
    (void)ctx;
    (void)bytes;
    (void)n;
    return NETPOL_OK;
}
static const netpol_sink nowhere = {.write = swallow};

/* Broken documents are what some inputs are for. */
static netpol_status expected(netpol_status s)
{
    return s == NETPOL_INVALID ? NETPOL_OK : s;
}

static netpol_status write_object(const netpol_object *x)
{
    netpol_status s = netpol_object_write(x, NETPOL_FORMAT_YAML, NETPOL_WRITE_DEFAULTS, &nowhere);
    return s == NETPOL_OK ? netpol_object_write(x, NETPOL_FORMAT_JSON, 0, &nowhere) : s;
}

static netpol_status use_object(const netpol_object *x, netpol_diagnostics *diags)
{
    netpol_object *changed = NULL;
    netpol_status s = expected(netpol_object_validate(x, NULL, NULL, diags));
    if (s == NETPOL_OK && netpol_object_policy(x))
        s = write_object(x);
    if (s == NETPOL_OK && netpol_object_policy(x))
        s = netpol_object_with(x, "metadata.labels.team", "shop", &changed, diags);
    netpol_object_unref(changed);
    return s;
}

static netpol_status read_inputs(const netpol_options *o, const input *in, size_t n,
                                 netpol_manifests **out, netpol_diagnostics *diags)
{
    netpol_status s = netpol_manifests_new(o, out);
    for (size_t i = 0; i < n && s == NETPOL_OK; i++)
        s = expected(netpol_manifests_read_memory(*out, in[i].path, in[i].text, in[i].n, diags));
    for (size_t i = 0; s == NETPOL_OK && i < netpol_manifests_count(*out); i++)
        s = use_object(netpol_manifests_at(*out, i), diags);
    if (s == NETPOL_OK)
        s = netpol_manifests_check(*out, NULL, NETPOL_FORMAT_JSONL, &nowhere, NULL);
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

static netpol_status judge(netpol_cluster *c, int32_t machinery, netpol_diagnostics *diags)
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

static netpol_status judge_all(const netpol_options *o, const netpol_manifests *m,
                               netpol_diagnostics *diags)
{
    netpol_cluster *c = NULL;
    netpol_status s = netpol_cluster_new(NULL, o, &c, diags);
    if (s == NETPOL_OK)
        s = netpol_cluster_put_all(c, m, diags);
    if (s == NETPOL_OK)
        s = judge(c, NETPOL_ENGINE_REFERENCE, diags);
    if (s == NETPOL_OK)
        s = judge(c, NETPOL_ENGINE_COMPILED, diags);
    if (s == NETPOL_OK)
        s = netpol_cluster_remove(c, NETPOL_KIND_POD, NULL, "web");
    if (s == NETPOL_OK)
        s = netpol_cluster_put_all(c, m, diags);
    netpol_cluster_free(c);
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

static netpol_status whole_way(const netpol_options *o, void *ctx)
{
    const input *in = ctx;
    netpol_manifests *m = NULL;
    netpol_manifests *broken = NULL;
    netpol_diagnostics *diags = netpol_diagnostics_new(o);
    netpol_status s = diags ? selectors(o, diags) : NETPOL_NO_MEMORY;
    if (s == NETPOL_OK)
        s = read_inputs(o, in, COUNT(good), &m, diags);
    if (s == NETPOL_OK)
        s = judge_all(o, m, diags);
    if (s == NETPOL_OK)
        s = read_inputs(o, in + COUNT(good), COUNT(bad), &broken, diags);
    netpol_manifests_free(broken);
    netpol_manifests_free(m);
    netpol_diagnostics_free(diags);
    return s;
}

/* ---- the two runs ---- */

static input inputs[COUNT(good) + COUNT(bad)];

static void through_the_allocator(void **state)
{
    (void)state;
    size_t n = test_every_allocation_fails(whole_way, inputs);
    print_message("%zu allocations\n", n);
    assert_true(n > 100);
}

static netpol_status whole_way_on_heap(size_t fail_at)
{
    const netpol_options o = {.size = sizeof o};
    heap.calls = 0;
    heap.fail_at = fail_at;
    heap.live = 0;
    netpol_status s = whole_way(&o, inputs);
    heap.fail_at = 0;
    if (heap.live != 0)
        fail_msg("malloc %zu failed and %ld blocks leaked", fail_at, heap.live);
    return s;
}

static void below_everything(void **state)
{
    (void)state;
    assert_int_equal(whole_way_on_heap(0), NETPOL_OK);
    size_t total = heap.calls;
    for (size_t n = 1; n <= total; n += test_stride()) {
        netpol_status s = whole_way_on_heap(n);
        if (s != NETPOL_OK && s != NETPOL_NO_MEMORY)
            fail_msg("malloc %zu failed and the status is %s", n, netpol_status_name(s));
    }
    print_message("%zu allocations\n", total);
}

static int read_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(inputs); i++) {
        inputs[i].path = i < COUNT(good) ? good[i] : bad[i - COUNT(good)];
        inputs[i].text = test_read_file(inputs[i].path, &inputs[i].n);
    }
    return 0;
}

static int free_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(inputs); i++)
        free(inputs[i].text);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(through_the_allocator),
        cmocka_unit_test(below_everything),
    };
    return cmocka_run_group_tests(tests, read_files, free_files);
}
