/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include "index_ip.h"

#define MAX_KEYS 4096

/* A small universe of addresses: near each other, for the tree, or far apart, for the hash. */
static uint32_t stride = 1;

static uint32_t nth4(uint32_t i)
{
    return 0x0a000000u + i * stride;
}

static uint32_t find4(const np_ip4_map *m, uint32_t ip)
{
    const uint8_t b[4] = {(uint8_t)(ip >> 24), (uint8_t)(ip >> 16), (uint8_t)(ip >> 8),
                          (uint8_t)ip};
    return np_ip4_find(m, b);
}

static void nth6(uint32_t i, uint8_t out[16])
{
    memset(out, 0, 16);
    out[0] = 0xfd;
    out[7] = (uint8_t)(i >> 8);
    out[14] = (uint8_t)(i >> 4);
    out[15] = (uint8_t)i;
}

/* The model is a plain array over the universe. */
static void both_families_follow_a_plain_array(bool tree)
{
    test_memory mem;
    test_memory_ready(&mem);
    np_rand r = np_rand_from_env("NETPOL_SEED");
    np_store *s = np_store_new(&mem.allocator, 0);
    np_ip4_map m4;
    np_ip6_map m6;
    assert_true(np_ip4_init(s, &m4, 0));
    assert_true(np_ip6_init(s, &m6, 0));
    static uint32_t model[MAX_KEYS];
    memset(model, 0, sizeof model);
    for (int round = 0; round < np_rounds(60000); round++) {
        uint32_t i = np_rand_below(&r, MAX_KEYS);
        uint8_t six[16];
        nth6(i, six);
        if (np_rand_once_in(&r, 3)) {
            assert_true(np_ip4_remove(s, &m4, nth4(i)) && np_ip6_remove(s, &m6, six));
            model[i] = 0;
        } else {
            model[i] = 1 + np_rand_below(&r, 1000);
            assert_true(np_ip4_put(s, &m4, nth4(i), model[i]) && np_ip6_put(s, &m6, six, model[i]));
        }
        uint32_t probe = np_rand_below(&r, MAX_KEYS);
        nth6(probe, six);
        if (find4(&m4, nth4(probe)) != model[probe] || np_ip6_find(&m6, six) != model[probe])
            fail_msg("seed %" PRIu64 " round %d address %u", r.seed, round, probe);
    }
    assert_int_equal(find4(&m4, 0), 0);
    assert_int_equal(m4.root != NULL, tree);
    np_ip4_drop(s, &m4);
    np_ip6_drop(s, &m6);
    np_store_close(s);
    test_memory_expect_empty(&mem);
}

static void addresses_near_each_other_are_in_a_tree(void **state)
{
    (void)state;
    stride = 1;
    both_families_follow_a_plain_array(true);
}

static void addresses_far_apart_are_in_a_hash(void **state)
{
    (void)state;
    stride = 0x10401;
    both_families_follow_a_plain_array(false);
}

/* A version that was published keeps its answers while the head changes. */
static void published_maps_do_not_change(void)
{
    test_memory mem;
    test_memory_ready(&mem);
    np_store *s = np_store_new(&mem.allocator, 0);
    np_ip4_map head;
    np_ip4_map old[8];
    np_version *version[8];
    assert_true(np_ip4_init(s, &head, 0));
    for (uint32_t i = 0; i < 3000; i++)
        assert_true(np_ip4_put(s, &head, nth4(i), 1));
    for (uint32_t v = 0; v < 8; v++) {
        for (uint32_t i = v; i < 3000; i += 97)
            assert_true(i % 3 ? np_ip4_put(s, &head, nth4(i), 2 + v)
                              : np_ip4_remove(s, &head, nth4(i)));
        old[v] = head;
        version[v] = np_store_publish(s);
        assert_non_null(version[v]);
    }
    np_ip4_drop(s, &head);
    np_store_close(s);
    static const uint32_t order[8] = {3, 0, 7, 1, 2, 6, 5, 4};
    for (uint32_t k = 0; k < 8; k++) {
        for (uint32_t left = k; left < 8; left++) {
            uint32_t v = order[left];
            for (uint32_t i = 0; i < 3000; i++) {
                uint32_t wave = i % 97;
                uint32_t value = wave > v ? 1 : i % 3 ? 2 + wave : 0;
                if (find4(&old[v], nth4(i)) != (wave <= v ? value : 1))
                    fail_msg("version %u address %u", v, i);
            }
        }
        np_version_release(version[order[k]]);
    }
    test_memory_expect_empty(&mem);
}

/* Nodes of the tree go with their last address, so that a cluster whose blocks move stays small. */
static void blocks_that_are_left_give_their_nodes_back(void **state)
{
    (void)state;
    test_memory mem;
    test_memory_ready(&mem);
    np_store *s = np_store_new(&mem.allocator, 0);
    np_ip4_map m;
    assert_true(np_ip4_init(s, &m, 100));
    uint64_t empty = m.bytes;
    for (uint32_t block = 0; block < 2000; block++) {
        uint32_t first = 0x0a000000u + block * 0x10000u;
        for (uint32_t i = 0; i < 20; i++)
            assert_true(np_ip4_put(s, &m, first + i, block + i + 1));
        for (uint32_t i = 0; i < 20; i++) {
            assert_int_equal(find4(&m, first + i), block + i + 1);
            assert_true(np_ip4_remove(s, &m, first + i));
        }
        assert_int_equal(m.bytes, empty);
    }
    np_ip4_drop(s, &m);
    np_store_close(s);
    test_memory_expect_empty(&mem);
}

static void a_published_map_does_not_change(void **state)
{
    (void)state;
    stride = 1;
    published_maps_do_not_change();
    stride = 0x10401;
    published_maps_do_not_change();
}

static np_cidr block(const char *text)
{
    np_cidr c;
    if (!np_cidr_parse(np_slice_of(text), &c))
        fail_msg("not a block: %s", text);
    return c;
}

static uint32_t bits_or(void *ctx, const uint32_t *payloads, size_t n)
{
    (void)ctx;
    uint32_t all = 0;
    for (size_t i = 0; i < n; i++)
        all |= payloads[i];
    return all;
}

static uint32_t find(const np_interval_list *l, const np_ip *ip)
{
    np_u128 x = np_u128_of(ip->b);
    uint32_t payload = 0;
    for (size_t i = 0; i < l->n && !np_u128_less(x, l->at[i].first); i++)
        payload = l->at[i].payload;
    return payload;
}

static const char *const corners[] = {
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.0.0.0/9",
    "10.128.0.0/9",
    "10.1.2.3/32",
    "10.1.2.2/31",
    "0.0.0.0/32",
    "255.255.255.255/32",
    "255.0.0.0/8",
    "128.0.0.0/1",
    "::/0",
    "fd00::/8",
    "fd00::/64",
    "fd00::1/128",
    "ffff:ffff:ffff:ffff::/64",
    "8000::/1",
    "fd00:0:0:1::/64",
    "::/128",
    "fd00::2/127",
    "10.1.0.0/16",
};

static np_ip random_ip(np_rand *r)
{
    np_cidr c = block(corners[np_rand_below(r, COUNT(corners))]);
    np_ip ip = {.v4 = c.v4};
    memcpy(ip.b, c.addr, 16);
    uint32_t flip = (c.v4 ? 96 : 0) + np_rand_below(r, c.v4 ? 32 : 128);
    if (np_rand_once_in(r, 2))
        ip.b[flip / 8] = (uint8_t)(ip.b[flip / 8] ^ 0x80u >> flip % 8);
    if (np_rand_once_in(r, 4))
        memset(ip.b + 12, np_rand_once_in(r, 2) ? 0xff : 0, 4);
    return ip;
}

/* Law: the table says for every address what testing block after block says. */
static void intervals_agree_with_testing_each_block(void **state)
{
    (void)state;
    test_memory mem;
    test_memory_ready(&mem);
    np_rand r = np_rand_from_env("NETPOL_SEED");
    for (int round = 0; round < np_rounds(4000); round++) {
        np_cidr holes[8][4];
        np_interval_block blocks[8];
        size_t n = np_rand_below(&r, 9);
        for (size_t i = 0; i < n; i++) {
            blocks[i] =
                (np_interval_block){.block = block(corners[np_rand_below(&r, COUNT(corners))]),
                                    .exceptions = holes[i],
                                    .n_exceptions = np_rand_below(&r, 5),
                                    .payload = 1u << np_rand_below(&r, 6)};
            for (uint32_t k = 0; k < blocks[i].n_exceptions; k++)
                holes[i][k] = block(corners[np_rand_below(&r, COUNT(corners))]);
        }
        np_interval_list lists[2] = {{.alloc = mem.allocator}, {.alloc = mem.allocator}};
        for (int v4 = 0; v4 < 2; v4++)
            assert_int_equal(np_intervals_make(&lists[v4], v4, blocks, n, bits_or, NULL),
                             NP_INTERVALS_OK);
        for (int probe = 0; probe < 40; probe++) {
            np_ip ip = random_ip(&r);
            uint32_t expected = 0;
            for (size_t i = 0; i < n; i++) {
                bool in = np_cidr_contains(&blocks[i].block, &ip);
                for (uint32_t k = 0; k < blocks[i].n_exceptions; k++)
                    in = in && !np_cidr_contains(&holes[i][k], &ip);
                expected |= in ? blocks[i].payload : 0;
            }
            if (find(&lists[ip.v4], &ip) != expected)
                fail_msg("seed %" PRIu64 " round %d", r.seed, round);
        }
        np_release(&mem.allocator, lists[0].at, lists[0].room * sizeof *lists[0].at);
        np_release(&mem.allocator, lists[1].at, lists[1].room * sizeof *lists[1].at);
    }
    test_memory_expect_empty(&mem);
}

static void too_many_overlaps_are_refused_and_leave_nothing(void **state)
{
    (void)state;
    test_memory mem;
    test_memory_ready(&mem);
    enum { N = 3000 };
    np_interval_block *blocks = calloc(N, sizeof *blocks);
    assert_non_null(blocks);
    for (uint32_t i = 0; i < N; i++) {
        blocks[i].block = block("10.0.0.0/8");
        blocks[i].block.addr[13] = (uint8_t)(i >> 4);
        blocks[i].block.bits = 112;
        blocks[i].payload = i + 1;
        if (i % 2)
            blocks[i].block = block("0.0.0.0/0");
    }
    np_interval_list l = {.alloc = mem.allocator};
    assert_int_equal(np_intervals_make(&l, true, blocks, N, bits_or, NULL), NP_INTERVALS_OK);
    for (uint32_t i = 0; i < N; i += 2) {
        blocks[i].block.addr[14] = (uint8_t)(i << 4);
        blocks[i].block.bits = 120;
    }
    assert_int_equal(np_intervals_make(&l, true, blocks, N, bits_or, NULL), NP_INTERVALS_TANGLED);
    np_release(&mem.allocator, l.at, l.room * sizeof *l.at);
    free(blocks);
    test_memory_expect_empty(&mem);
}

static netpol_status fill_and_drop(const netpol_options *o, void *ctx)
{
    (void)ctx;
    netpol_status status = NETPOL_NO_MEMORY;
    np_store *s = np_store_new(o->allocator, 0);
    if (!s)
        return status;
    np_ip4_map m;
    if (np_ip4_init(s, &m, 0)) {
        bool ok = true;
        for (uint32_t i = 0; i < 700 && ok; i++)
            ok = np_ip4_put(s, &m, nth4(i), i + 1);
        np_version *v = ok ? np_store_publish(s) : NULL;
        ok = v && np_ip4_remove(s, &m, nth4(7)) && np_ip4_put(s, &m, nth4(2000), 5);
        np_ip4_drop(s, &m);
        np_version_release(v);
        status = ok ? NETPOL_OK : NETPOL_NO_MEMORY;
    }
    np_store_close(s);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    stride = 1;
    test_every_allocation_fails(fill_and_drop, NULL);
    stride = 0x10401;
    test_every_allocation_fails(fill_and_drop, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_near_each_other_are_in_a_tree),
        cmocka_unit_test(addresses_far_apart_are_in_a_hash),
        cmocka_unit_test(blocks_that_are_left_give_their_nodes_back),
        cmocka_unit_test(a_published_map_does_not_change),
        cmocka_unit_test(intervals_agree_with_testing_each_block),
        cmocka_unit_test(too_many_overlaps_are_refused_and_leave_nothing),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
