/* SPDX-License-Identifier: MIT */
/* The harness is trusted by every other test, so it is held to a few claims itself. */
#include "harness.h"

static void a_seed_repeats_itself(void **state)
{
    (void)state;
    np_rand a = np_rand_of(7);
    np_rand b = np_rand_of(7);
    np_rand c = np_rand_of(8);
    uint64_t first = np_rand_next(&a);
    assert_true(first == np_rand_next(&b));
    assert_true(first != np_rand_next(&c));
    for (int i = 0; i < 1000; i++)
        assert_true(np_rand_below(&a, 10) < 10);
}

static void memory_is_counted(void **state)
{
    (void)state;
    test_memory m;
    test_memory_ready(&m);
    netpol_allocator a = m.allocator;
    char *p = a.resize(a.ctx, NULL, 0, 10, 64);
    assert_true((uintptr_t)p % 64 == 0);
    memcpy(p, "netpol", 7);
    p = a.resize(a.ctx, p, 10, 100, 64);
    assert_string_equal(p, "netpol");
    assert_int_equal(m.live_blocks, 1);
    assert_int_equal(m.live_bytes, 100);
    assert_int_equal(m.calls, 2);
    test_memory_fail_at(&m, 1);
    assert_null(a.resize(a.ctx, p, 100, 200, 64));
    assert_true(test_memory_has_failed(&m));
    assert_null(a.resize(a.ctx, p, 100, 0, 64));
    test_memory_expect_empty(&m);
}

static netpol_status two_blocks(const netpol_options *o, void *ctx)
{
    (void)ctx;
    const netpol_allocator *a = o->allocator;
    void *first = a->resize(a->ctx, NULL, 0, 8, 8);
    void *second = first ? a->resize(a->ctx, NULL, 0, 16, 8) : NULL;
    netpol_status s = second ? NETPOL_OK : NETPOL_NO_MEMORY;
    a->resize(a->ctx, second, second ? 16 : 0, 0, 8);
    a->resize(a->ctx, first, first ? 8 : 0, 0, 8);
    return s;
}

static void every_allocation_is_made_to_fail(void **state)
{
    (void)state;
    assert_int_equal(test_every_allocation_fails(two_blocks, NULL), 2);
}

static void output_is_collected(void **state)
{
    (void)state;
    test_text t = {0};
    netpol_sink to = test_text_sink(&t);
    assert_string_equal(test_text_of(&t), "");
    assert_int_equal(to.write(to.ctx, "net", 3), NETPOL_OK);
    assert_int_equal(to.write(to.ctx, "policy", 3), NETPOL_OK);
    assert_string_equal(test_text_of(&t), "netpol");
    test_text_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_repeats_itself),
        cmocka_unit_test(memory_is_counted),
        cmocka_unit_test(every_allocation_is_made_to_fail),
        cmocka_unit_test(output_is_collected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
