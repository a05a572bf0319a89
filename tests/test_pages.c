/* SPDX-License-Identifier: MIT */
/* Versions of arrays and tables that share their pages: each stays as it was published, and what no
 * version has is given back. */
#include "harness.h"

#include "pages.h"

enum { N_NUMBERS = 3000, N_VERSIONS = 8 };

/* What a version must say: by key its number, 0: none. */
typedef struct model {
    uint32_t of[N_NUMBERS];
} model;

typedef struct moment {
    np_version *version;
    np_tree tree;
    np_dict dict;
    model model;
} moment;

/* Few different hashes, so that leaves are full of equal ones. */
static uint32_t hash_of(uint32_t key)
{
    return key % 7 == 0 ? 5 : key * 0x9E3779B1u;
}

static bool same(const void *context, const void *key, uint32_t number)
{
    (void)context;
    return number % N_NUMBERS == *(const uint32_t *)key;
}

static void expect(const moment *m, uint32_t key, const np_rand *r)
{
    uint32_t want = m->model.of[key];
    uint32_t got = np_dict_find(&m->dict, hash_of(key), same, NULL, &key);
    uint32_t there = key < m->tree.n ? *(const uint32_t *)np_tree_at(&m->tree, key) : 0;
    if (got != (want ? want : UINT32_MAX) || there != want)
        fail_msg("seed %" PRIu64 ": key %u is %u and %u, not %u", r->seed, key, got, there, want);
}

/* A number that belongs to the key and is never 0. */
static uint32_t number_for(uint32_t key, np_rand *r)
{
    return key + N_NUMBERS * (1 + np_rand_below(r, 1000));
}

static void change(np_store *s, moment *now, uint32_t key, uint32_t to)
{
    uint32_t *had = &now->model.of[key];
    if (*had)
        assert_true(np_dict_remove(s, &now->dict, hash_of(key), *had));
    if (to)
        assert_true(np_dict_add(s, &now->dict, hash_of(key), to));
    assert_true(np_tree_grow(s, &now->tree, key + 1));
    uint32_t *at = np_tree_edit(s, &now->tree, key);
    assert_non_null(at);
    *at = *had = to;
}

static void every_version_stays_as_it_was(void **state)
{
    (void)state;
    np_rand r = np_rand_from_env("NETPOL_SEED");
    np_store *s = np_store_new(&np_libc_allocator, 0);
    static moment kept[N_VERSIONS];
    static moment now;
    now = (moment){.tree = NP_TREE(uint32_t, 4)};
    memset(kept, 0, sizeof kept);
    for (int round = 0; round < np_rounds(400); round++) {
        for (int i = 0; i < 50; i++) {
            uint32_t key = np_rand_below(&r, N_NUMBERS);
            change(s, &now, key, np_rand_once_in(&r, 3) ? 0 : number_for(key, &r));
        }
        moment *m = &kept[np_rand_below(&r, N_VERSIONS)];
        np_version_release(m->version);
        *m = now;
        m->version = np_store_publish(s);
        assert_non_null(m->version);
        for (int i = 0; i < 200; i++) {
            const moment *any = &kept[np_rand_below(&r, N_VERSIONS)];
            if (any->version)
                expect(any, np_rand_below(&r, N_NUMBERS), &r);
        }
    }
    np_tree_drop(s, &now.tree);
    np_dict_drop(s, &now.dict);
    for (int i = 0; i < N_VERSIONS; i++)
        np_version_release(kept[i].version);
    assert_int_equal(np_store_held(s), 0);
    np_store_close(s);
}

typedef struct guest {
    int *left;
} guest;

static void say_goodbye(void *block)
{
    ++*((guest *)block)->left;
}

static void a_record_leaves_with_its_last_version(void **state)
{
    (void)state;
    int left = 0;
    np_store *s = np_store_new(&np_libc_allocator, 0);
    guest *g = np_store_record(s, sizeof *g, say_goodbye);
    assert_non_null(g);
    g->left = &left;
    np_version *first = np_store_publish(s);
    np_version *second = np_store_publish(s);
    np_store_drop(s, g);
    np_version_release(first);
    assert_int_equal(left, 0);
    np_version_release(second);
    assert_int_equal(left, 1);
    np_store_close(s);
}

static netpol_status fill(const netpol_options *o, void *ctx)
{
    (void)ctx;
    np_store *s = np_store_new(o->allocator, 0);
    if (!s)
        return NETPOL_NO_MEMORY;
    np_tree t = NP_TREE(uint32_t, 2);
    np_dict d = {0};
    np_version *v = NULL;
    bool good = true;
    for (uint32_t i = 0; good && i < 120; i++) {
        good = np_dict_add(s, &d, hash_of(i), i) && np_tree_grow(s, &t, i + 1) &&
               np_tree_edit(s, &t, i / 2);
        if (good && i == 60)
            good = (v = np_store_publish(s)) != NULL;
        good = good && np_dict_remove(s, &d, hash_of(i / 3), i / 3);
    }
    np_tree_drop(s, &t);
    np_dict_drop(s, &d);
    np_version_release(v);
    np_store_close(s);
    return good ? NETPOL_OK : NETPOL_NO_MEMORY;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    test_every_allocation_fails(fill, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version_stays_as_it_was),
        cmocka_unit_test(a_record_leaves_with_its_last_version),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
