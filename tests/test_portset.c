/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include "portset.h"

enum { N_SETS = 64, N_PROBES = 64 };

/* A small universe with edges of protocols in it, so that sets meet. */
static const uint32_t keys[] = {
    NP_PORT_KEY(NP_PORT_TCP, 0),     NP_PORT_KEY(NP_PORT_TCP, 80),
    NP_PORT_KEY(NP_PORT_TCP, 81),    NP_PORT_KEY(NP_PORT_TCP, 8080),
    NP_PORT_KEY(NP_PORT_TCP, 30000), NP_PORT_KEY(NP_PORT_TCP, 32767),
    NP_PORT_KEY(NP_PORT_TCP, 65535), NP_PORT_KEY(NP_PORT_UDP, 0),
    NP_PORT_KEY(NP_PORT_UDP, 53),    NP_PORT_KEY(NP_PORT_UDP, 65535),
    NP_PORT_KEY(NP_PORT_SCTP, 1),    NP_PORT_KEY(NP_PORT_SCTP, 65535),
    NP_PORT_KEY(NP_PORT_OTHER, 0),   NP_PORT_KEY(NP_PORT_OTHER, 1),
    NP_PORT_KEY(NP_PORT_UDP, 4096),
};

static size_t random_ranges(np_rand *r, np_port_range out[8])
{
    size_t n = np_rand_below(r, 6);
    for (size_t i = 0; i < n; i++) {
        uint32_t a = keys[np_rand_below(r, COUNT(keys))];
        uint32_t b = np_rand_once_in(r, 2) ? a : keys[np_rand_below(r, COUNT(keys))];
        out[i] = a < b ? (np_port_range){a, b} : (np_port_range){b, a};
    }
    return n;
}

static size_t random_names(np_rand *r, np_port_name out[4])
{
    size_t n = np_rand_once_in(r, 2) ? np_rand_below(r, 4) : 0;
    for (size_t i = 0; i < n; i++)
        out[i] = (np_port_name){np_rand_below(r, 3),
                                np_rand_below(r, 2) ? NP_PORT_ANY : np_rand_below(r, 3)};
    return n;
}

typedef struct model {
    np_port_range ranges[64];
    np_port_name names[64];
    size_t n;
    size_t n_names;
} model;

static bool model_has(const model *m, uint32_t key, const np_port_map *map)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->ranges[i].lo <= key && key <= m->ranges[i].hi)
            return true;
    for (size_t i = 0; map && i < m->n_names; i++)
        for (uint32_t k = 0; k < map->n; k++)
            if (map->at[k].key == key && map->at[k].name == m->names[i].name &&
                (m->names[i].protocol == NP_PORT_ANY || m->names[i].protocol == key >> 16))
                return true;
    return false;
}

static const np_named_key named[] = {
    {0, NP_PORT_KEY(NP_PORT_TCP, 80)},
    {0, NP_PORT_KEY(NP_PORT_TCP, 8080)},
    {1, NP_PORT_KEY(NP_PORT_UDP, 53)},
};
static const np_port_map map = {named, COUNT(named)};

static void expect_equal(np_port_table *t, uint32_t set, const model *m, const np_rand *r)
{
    uint32_t resolved = np_port_table_resolve(t, set, &map);
    const np_ports *p = np_port_table_at(t, set);
    const np_ports *q = np_port_table_at(t, resolved);
    for (size_t i = 0; i < COUNT(keys); i++)
        for (uint32_t d = 0; d < 3; d++) {
            uint32_t key = keys[i] + d - (keys[i] > 0);
            bool has = np_ports_has(p, key);
            bool any = has || np_ports_has_named(p, key, &map);
            bool pictured = (t->note[resolved].bits & np_port_bits(key)) != 0;
            if (has != model_has(m, key, NULL) || any != model_has(m, key, &map) ||
                np_ports_has(q, key) != any || (any && !pictured))
                fail_msg("seed %" PRIu64 " set %u key %x", r->seed, set, key);
        }
}

static void sets_and_unions_hold_what_their_ranges_hold(void **state)
{
    (void)state;
    test_memory mem;
    test_memory_ready(&mem);
    np_rand r = np_rand_from_env("NETPOL_SEED");
    for (int round = 0; round < np_rounds(60); round++) {
        np_store *s = np_store_new(&mem.allocator, 0);
        np_port_table t;
        assert_true(np_port_table_init(&t, s));
        static model models[N_SETS];
        uint32_t sets[N_SETS];
        for (size_t i = 0; i < N_SETS; i++) {
            model *m = &models[i];
            m->n = random_ranges(&r, m->ranges);
            m->n_names = random_names(&r, m->names);
            np_port_range ranges[8];
            np_port_name names[4];
            memcpy(ranges, m->ranges, m->n * sizeof *ranges);
            memcpy(names, m->names, m->n_names * sizeof *names);
            sets[i] = np_port_table_intern(&t, ranges, m->n, names, m->n_names);
            expect_equal(&t, sets[i], m, &r);
        }
        for (size_t i = 0; i < N_SETS; i++) {
            size_t k = np_rand_below(&r, N_SETS);
            model both = models[i];
            memcpy(both.ranges + both.n, models[k].ranges, models[k].n * sizeof *both.ranges);
            memcpy(both.names + both.n_names, models[k].names,
                   models[k].n_names * sizeof *both.names);
            both.n += models[k].n;
            both.n_names += models[k].n_names;
            uint32_t u = np_port_table_union(&t, sets[i], sets[k]);
            assert_int_equal(u, np_port_table_union(&t, sets[k], sets[i]));
            expect_equal(&t, u, &both, &r);
        }
        np_port_table_drop(&t);
        np_store_close(s);
    }
    test_memory_expect_empty(&mem);
}

static void equal_sets_have_one_number(void **state)
{
    (void)state;
    np_store *s = np_store_new(&np_libc_allocator, 0);
    np_port_table t;
    assert_true(np_port_table_init(&t, s));
    np_port_range a[] = {{90, 99}, {80, 80}, {81, 89}};
    np_port_range b[] = {{80, 95}, {85, 99}};
    assert_int_equal(np_port_table_intern(&t, a, COUNT(a), NULL, 0),
                     np_port_table_intern(&t, b, COUNT(b), NULL, 0));
    np_port_range all[] = {{5, NP_PORT_KEYS - 1}, {0, 4}};
    assert_int_equal(np_port_table_intern(&t, all, COUNT(all), NULL, 0), NP_PORTS_ALL);
    np_port_table_drop(&t);
    np_store_close(s);
}

static void a_set_of_many_ranges_is_searched(void **state)
{
    (void)state;
    enum { N = 3000 };
    np_store *s = np_store_new(&np_libc_allocator, 0);
    np_port_table t;
    assert_true(np_port_table_init(&t, s));
    static np_port_range r[N];
    for (uint32_t i = 0; i < N; i++)
        r[i] = (np_port_range){(N - 1 - i) * 20, (N - 1 - i) * 20 + i % 7};
    uint32_t set = np_port_table_intern(&t, r, N, NULL, 0);
    const np_ports *p = np_port_table_at(&t, set);
    for (uint32_t key = 0; key < N * 20 + 40; key++) {
        uint32_t i = N - 1 - key / 20;
        bool in = key < N * 20 && key % 20 <= i % 7;
        if (np_ports_has(p, key) != in)
            fail_msg("key %u", key);
    }
    np_port_table_drop(&t);
    np_store_close(s);
}

static netpol_status make_some(const netpol_options *o, void *ctx)
{
    (void)ctx;
    np_store *s = np_store_new(o->allocator, 0);
    if (!s)
        return NETPOL_NO_MEMORY;
    np_port_table t;
    bool ok = np_port_table_init(&t, s);
    if (ok) {
        uint32_t sum = NP_PORTS_NONE;
        for (uint32_t i = 0; i < 40 && ok; i++) {
            np_port_range r = {i * 10, i * 10 + 1};
            np_port_name name = {i % 3, NP_PORT_ANY};
            uint32_t one = np_port_table_intern(&t, &r, 1, &name, i % 2);
            ok = one != NP_PORTS_FAILED;
            sum = ok ? np_port_table_union(&t, sum, one) : sum;
            ok = ok && sum != NP_PORTS_FAILED;
            ok = ok && np_port_table_resolve(&t, sum, &map) != NP_PORTS_FAILED;
        }
        np_port_table_drop(&t);
    }
    np_store_close(s);
    return ok ? NETPOL_OK : NETPOL_NO_MEMORY;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    test_every_allocation_fails(make_some, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_and_unions_hold_what_their_ranges_hold),
        cmocka_unit_test(equal_sets_have_one_number),
        cmocka_unit_test(a_set_of_many_ranges_is_searched),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
