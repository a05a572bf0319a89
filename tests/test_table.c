/* SPDX-License-Identifier: MIT */
#include "table.h"

#include "harness.h"

/* ---- the tables themselves ---- */

static void walk(const np_table *t, void (*look)(const np_table *t), int depth)
{
    assert_true(depth < 16);
    look(t);
    for (size_t i = 0; i < t->n_fields; i++)
        if (t->fields[i].sub)
            walk(t->fields[i].sub, look, depth + 1);
}

static void walk_all(void (*look)(const np_table *t))
{
    const np_kind *k;
    for (size_t i = 0; (k = np_kind_at(i)); i++)
        walk(k->table, look, 0);
}

static size_t slot_end(const np_field *f)
{
    size_t end = f->offset + np_field_size(f);
    size_t count = f->count + sizeof(size_t);
    return np_field_counted(f) && count > end ? count : end;
}

static void look_at_fields(const np_table *t)
{
    if (t->n_fields > 62 || t->size > NP_STRUCT_MOST)
        fail_msg("%s is too large", t->go_name);
    for (size_t i = 0; i < t->n_fields; i++) {
        const np_field *f = &t->fields[i];
        bool needs_sub = f->kind == NP_STRUCT || f->kind == NP_STRUCT_LIST || f->kind == NP_GROUP;
        if (f->name_n != strlen(f->name) || np_table_find(t, np_slice_of(f->name)) != f)
            fail_msg("%s.%s is not found by its name", t->go_name, f->name);
        if (slot_end(f) > t->size || (f->sub != NULL) != needs_sub ||
            (f->pluck != NULL) != (f->kind == NP_PLUCK_LIST) || f->since > NETPOL_VERSION)
            fail_msg("%s.%s is not sound", t->go_name, f->name);
        if (f->kind == NP_GROUP && f->sub->size != t->size)
            fail_msg("%s.%s lies in another struct", t->go_name, f->name);
    }
}

static void every_field_is_sound(void **state)
{
    (void)state;
    walk_all(look_at_fields);
}

/* All names begin with lower-case letters and differ first in letters or in length, where the
 * natural order of keys is the order of bytes. */
static void look_at_order(const np_table *t)
{
    uint64_t seen = 0;
    for (size_t i = 0; i < t->n_fields; i++) {
        seen |= (uint64_t)1 << t->sorted[i];
        if (i && strcmp(t->fields[t->sorted[i - 1]].name, t->fields[t->sorted[i]].name) >= 0)
            fail_msg("%s: %s is out of order", t->go_name, t->fields[t->sorted[i]].name);
    }
    assert_true(seen == ((uint64_t)1 << t->n_fields) - 1);
}

static void every_table_knows_its_sorted_order(void **state)
{
    (void)state;
    walk_all(look_at_order);
}

static void every_kind_has_metadata_and_is_found(void **state)
{
    (void)state;
    const np_kind *k;
    for (size_t i = 0; (k = np_kind_at(i)); i++) {
        const np_field *f = np_table_find(k->table, NP_SLICE("metadata"));
        assert_true(f && f->sub == &np_table_metadata);
        assert_ptr_equal(np_kind_of(k->id), k);
        assert_ptr_equal(np_kind_find(np_slice_of(k->api_version), np_slice_of(k->name)), k);
    }
    assert_int_equal(np_kind_of(12345)->id, NETPOL_KIND_OTHER);
    assert_null(np_kind_find(NP_SLICE("v1"), NP_SLICE("NetworkPolicy")));
}

/* ---- names ---- */

static const struct {
    const char *why;
    const char *name;
    const char *near;  /* did you mean */
    const char *owner; /* belongs inside */
} names[] = {
    {"wrong case", "podselector", "podSelector", NULL},
    {"a letter too few", "podSelectr", "podSelector", NULL},
    {"neighbours swapped", "ipBlcok", "ipBlock", NULL},
    {"nothing near", "hostNetwork", NULL, NULL},
    {"a field of a field", "cidr", NULL, "ipBlock"},
    {"a field of a selector", "matchLabels", NULL, "podSelector"},
    {"longer than any name",
     "podSelectorpodSelectorpodSelectorpodSelectorpodSelectorpodSelectorpodSelector", NULL, NULL},
    {"nothing", "", NULL, NULL},
};

static const np_table *table_at(const char *path[], size_t n)
{
    const np_table *t = np_kind_of(NETPOL_KIND_NETWORK_POLICY)->table;
    for (size_t i = 0; i < n; i++)
        t = np_table_find(t, np_slice_of(path[i]))->sub;
    return t;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void names_are_suggested(void **state)
{
    (void)state;
    const np_table *peer = table_at((const char *[]){"spec", "ingress", "from"}, 3);
    for (size_t i = 0; i < COUNT(names); i++) {
        const char *near = np_table_near(peer, np_slice_of(names[i].name));
        const np_field *owner = np_table_owner(peer, np_slice_of(names[i].name));
        if (!same(near, names[i].near) || !same(owner ? owner->name : NULL, names[i].owner))
            fail_msg("%s: %s: %s, in %s", names[i].why, names[i].name, near,
                     owner ? owner->name : "nothing");
    }
}

static void the_lenient_search_folds_the_case_but_prefers_the_exact(void **state)
{
    (void)state;
    const np_table *spec = table_at((const char *[]){"spec"}, 1);
    assert_string_equal(np_table_find_folded(spec, NP_SLICE("PODSELECTOR"))->name, "podSelector");
    assert_string_equal(np_table_find_folded(spec, NP_SLICE("ingress"))->name, "ingress");
    assert_null(np_table_find_folded(spec, NP_SLICE("ingres")));
}

/* ---- times: checked against Go's time.Parse(time.RFC3339, …).UTC() ---- */

static const struct {
    const char *why;
    const char *text;
    const char *normal; /* NULL: no time; "": the zero time */
} times[] = {
    {"as it is", "2020-01-02T03:04:05Z", "2020-01-02T03:04:05Z"},
    {"an offset", "2020-01-01T00:30:00+01:00", "2019-12-31T23:30:00Z"},
    {"an offset to the west", "2020-12-31T23:30:00-01:30", "2021-01-01T01:00:00Z"},
    {"a fraction", "2020-01-02T03:04:05.999Z", "2020-01-02T03:04:05Z"},
    {"a fraction after a comma", "2020-01-02T03:04:05,5Z", "2020-01-02T03:04:05Z"},
    {"an hour of one digit", "2020-01-02T3:04:05Z", "2020-01-02T03:04:05Z"},
    {"a leap day", "2020-02-29T00:00:00Z", "2020-02-29T00:00:00Z"},
    {"a leap day of a century", "2000-03-01T00:00:00+00:01", "2000-02-29T23:59:00Z"},
    {"no leap day", "2100-02-29T00:00:00Z", NULL},
    {"the zero time", "0001-01-01T00:00:00Z", ""},
    {"the zero time elsewhere", "0001-01-01T01:00:00+01:00", ""},
    {"nearly the zero time", "0001-01-01T00:00:00.5Z", "0001-01-01T00:00:00Z"},
    {"the last second", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"},
    {"beyond the last year", "9999-12-31T23:59:59-00:01", NULL},
    {"before the first year", "0000-01-01T00:00:00+00:01", NULL},
    {"a word", "yesterday", NULL},
    {"nothing", "", NULL},
    {"a date", "2020-01-02", NULL},
    {"no zone", "2020-01-02T03:04:05", NULL},
    {"a small z", "2020-01-02T03:04:05z", NULL},
    {"a blank for T", "2020-01-02 03:04:05Z", NULL},
    {"a month of one digit", "2020-1-02T03:04:05Z", NULL},
    {"month 13", "2020-13-02T03:04:05Z", NULL},
    {"day 0", "2020-01-00T03:04:05Z", NULL},
    {"hour 24", "2020-01-02T24:00:00Z", NULL},
    {"second 60", "2020-01-02T03:04:60Z", NULL},
    {"a point without a fraction", "2020-01-02T03:04:05.Z", NULL},
    {"an offset without a colon", "2020-01-02T03:04:05+0100", NULL},
    {"an offset of a day and more", "2020-01-02T03:04:05+25:00", NULL},
    {"an offset of 24 hours", "2020-01-02T03:04:05+24:00", "2020-01-01T03:04:05Z"},
    {"an offset of 61 minutes", "2020-01-02T03:04:05+00:61", NULL},
    {"more after it", "2020-01-02T03:04:05Zx", NULL},
};

static void times_are_read_as_go_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(times); i++) {
        char out[NP_TIME_ROOM];
        bool good = np_time_normal(np_slice_of(times[i].text), out);
        if (!same(good ? out : NULL, times[i].normal))
            fail_msg("%s: %s: %s", times[i].why, times[i].text, good ? out : "no time");
    }
}

/* ---- JSON ---- */

static const struct {
    const char *why;
    const char *text;
    const char *compact; /* NULL: not JSON */
} json[] = {
    {"a map with blanks", " { \"f:spec\" : { } , \"a\":[ 1 , -2.5e+3 ] } ",
     "{\"f:spec\":{},\"a\":[1,-2.5e+3]}"},
    {"words", "[true,false,null]", "[true,false,null]"},
    {"blanks in a string stay", "\"a  b\"", "\"a  b\""},
    {"escapes", "\"\\u00e9\\n\\\"\"", "\"\\u00e9\\n\\\"\""},
    {"UTF-8", "\"é\"", "\"é\""},
    {"nothing", "", NULL},
    {"two values", "1 2", NULL},
    {"a trailing comma", "[1,]", NULL},
    {"an open string", "\"a", NULL},
    {"a bad escape", "\"\\x\"", NULL},
    {"half an escape", "\"\\u12\"", NULL},
    {"a line feed in a string", "\"\n\"", NULL},
    {"bytes that are no UTF-8", "\"\xff\"", NULL},
    {"a leading zero", "01", NULL},
    {"a lone minus", "-", NULL},
    {"a bare word", "yes", NULL},
    {"a key that is no string", "{1:2}", NULL},
    {"an open map", "{\"a\":1", NULL},
};

static void json_is_checked_and_made_compact(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(json); i++) {
        char out[128];
        size_t n = np_json_compact(np_slice_of(json[i].text), out);
        out[n] = '\0';
        if (!same(n ? out : NULL, json[i].compact))
            fail_msg("%s: %s: %s", json[i].why, json[i].text, n ? out : "no JSON");
    }
}

static void json_nested_too_deep_is_refused(void **state)
{
    (void)state;
    char in[200];
    char out[200];
    memset(in, '[', 65);
    memset(in + 65, ']', 65);
    assert_int_equal(np_json_compact((np_slice){in + 1, 128}, out), 128);
    memset(in, '[', 66);
    memset(in + 66, ']', 66);
    assert_int_equal(np_json_compact((np_slice){in, 132}, out), 0);
}

/* ---- copies ---- */

static const netpol_label two_labels[] = {{"b", "2"}, {"a", "1"}};
static const netpol_label_selector two = {.match_labels = two_labels, .n_match_labels = 2};
static const netpol_port port_http = {
    .protocol = "", .port = &(netpol_int_or_string){.string = "http"}, .end_port = &(int32_t){-1}};
static const netpol_peer peer_two = {.pod_selector = &two, .ip_block = &(netpol_ip_block){0}};
static const netpol_rule rule = {.ports = (const netpol_port *const[]){&port_http, NULL},
                                 .n_ports = 2,
                                 .peers = (const netpol_peer *const[]){&peer_two},
                                 .n_peers = 1};
static const netpol_metadata meta = {
    .name = "p",
    .namespace_name = "",
    .labels = two_labels,
    .n_labels = 2,
    .generation = 7,
    .creation_timestamp = "2020-01-01T01:00:00+01:00",
    .deletion_grace_period_seconds = &(int64_t){0},
    .owner_references = (const netpol_owner_reference *const[]){&(netpol_owner_reference){
        .kind = "K", .controller = &(bool){false}}},
    .n_owner_references = 1,
    .finalizers = (const char *const[]){"", NULL},
    .n_finalizers = 2,
    .managed_fields =
        (const netpol_managed_fields *const[]){&(netpol_managed_fields){.fields_v1 = "{ }"}},
    .n_managed_fields = 1,
};
static const netpol_policy policy = {
    .metadata = &meta,
    .spec = &(netpol_policy_spec){.ingress = (const netpol_rule *const[]){&rule}, .n_ingress = 1}};

static const np_table *policy_table(void)
{
    return np_kind_of(NETPOL_KIND_NETWORK_POLICY)->table;
}

static void a_copy_is_what_reading_would_have_made(void **state)
{
    (void)state;
    np_arena arena;
    np_arena_init(&arena, &np_libc_allocator, 0);
    const char *why;
    const netpol_policy *c = np_tree_copy(policy_table(), &policy, NETPOL_VERSION, &arena, &why);
    assert_non_null(c);
    assert_null(c->metadata->namespace_name);
    assert_string_equal(c->metadata->labels[0].key, "a");
    assert_string_equal(c->metadata->creation_timestamp, "2020-01-01T00:00:00Z");
    assert_string_equal(c->metadata->finalizers[1], "");
    assert_string_equal(c->metadata->managed_fields[0]->fields_v1, "{}");
    assert_int_equal(*c->metadata->deletion_grace_period_seconds, 0);
    assert_non_null(c->spec->pod_selector);
    assert_string_equal(c->spec->ingress[0]->ports[0]->protocol, "");
    assert_non_null(c->spec->ingress[0]->ports[1]);
    assert_null(c->spec->ingress[0]->ports[1]->protocol);
    assert_null(c->spec->ingress[0]->peers[0]->namespace_selector);
    const netpol_policy *again = np_tree_copy(policy_table(), c, NETPOL_VERSION, &arena, &why);
    assert_true(np_tree_equal(policy_table(), c, again));
    np_arena_free(&arena);
}

/* A caller with an older header has a shorter struct, whose missing fields are not looked at. */
static void fields_newer_than_the_callers_header_are_not_read(void **state)
{
    (void)state;
    np_arena arena;
    np_arena_init(&arena, &np_libc_allocator, 0);
    const char *why;
    const netpol_policy *c = np_tree_copy(policy_table(), &policy, 0x000001, &arena, &why);
    assert_non_null(c);
    assert_null(c->metadata->name);
    assert_int_equal(c->spec->n_ingress, 0);
    np_arena_free(&arena);
}

static const netpol_label twice[] = {{"a", "1"}, {"b", "2"}, {"a", "3"}};
static const netpol_label no_key[] = {{NULL, "1"}};
static const netpol_label no_value[] = {{"a", NULL}};
static const netpol_label no_text[] = {{"a", "\xc3("}};

static const struct {
    const char *why;
    netpol_metadata tree;
    const char *says; /* NULL: fine */
} trees[] = {
    {"nothing at all", {0}, NULL},
    {"a label without value", {.labels = no_value, .n_labels = 1}, NULL},
    {"a label key twice", {.labels = twice, .n_labels = 3}, "a label key is there twice"},
    {"a label without key", {.labels = no_key, .n_labels = 1}, "a label has no key"},
    {"a value that is no UTF-8", {.labels = no_text, .n_labels = 1}, "a string is not valid UTF-8"},
    {"a name that is no UTF-8", {.name = "\x80"}, "a string is not valid UTF-8"},
    {"a count without elements", {.n_finalizers = 1}, "a list has a count but no elements"},
    {"a count without labels", {.n_labels = 1}, "a list has a count but no elements"},
    {"a time that is none",
     {.deletion_timestamp = "soon"},
     "a time is not in the form of RFC 3339, 2006-01-02T15:04:05Z"},
    {"JSON that is none",
     {.managed_fields =
          (const netpol_managed_fields *const[]){&(netpol_managed_fields){.fields_v1 = "{"}},
      .n_managed_fields = 1},
     "managedFields.fieldsV1 is not JSON"},
};

static void trees_that_cannot_be_copied_are_refused_with_a_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(trees); i++) {
        np_arena arena;
        np_arena_init(&arena, &np_libc_allocator, 0);
        const char *why;
        bool good = np_tree_copy(&np_table_metadata, &trees[i].tree, NETPOL_VERSION, &arena, &why);
        if (good != !trees[i].says || !same(why, trees[i].says))
            fail_msg("%s: %s", trees[i].why, why);
        np_arena_free(&arena);
    }
}

/* ---- equality ---- */

static const netpol_peer peers[] = {
    {0},
    {.pod_selector = &(netpol_label_selector){0}},
    {.namespace_selector = &(netpol_label_selector){0}},
    {.ip_block = &(netpol_ip_block){0}},
    {.ip_block = &(netpol_ip_block){.cidr = "10.0.0.0/8"}},
    {.ip_block = &(netpol_ip_block){.exceptions = (const char *const[]){""}, .n_exceptions = 1}},
};
static const netpol_port ports[] = {
    {0},
    {.protocol = ""},
    {.protocol = "TCP"},
    {.port = &(netpol_int_or_string){0}},
    {.port = &(netpol_int_or_string){.number = 1}},
    {.port = &(netpol_int_or_string){.string = "", .number = 1}},
    {.port = &(netpol_int_or_string){.string = "a"}},
    {.end_port = &(int32_t){0}},
    {.end_port = &(int32_t){1}},
};

static void expect_all_different(const np_table *t, const char *first, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (np_tree_equal(t, first + i * t->size, first + j * t->size) != (i == j))
                fail_msg("%s: %zu and %zu", t->go_name, i, j);
}

static void presence_makes_a_difference_where_it_has_a_meaning(void **state)
{
    (void)state;
    const np_table *rule_table = table_at((const char *[]){"spec", "ingress"}, 2);
    expect_all_different(np_table_find(rule_table, NP_SLICE("from"))->sub, (const char *)peers,
                         COUNT(peers));
    expect_all_different(np_table_find(rule_table, NP_SLICE("ports"))->sub, (const char *)ports,
                         COUNT(ports));
}

static void absent_and_empty_are_one_thing_elsewhere(void **state)
{
    (void)state;
    const netpol_policy empty = {0};
    const netpol_policy filled = {
        .metadata = &(netpol_metadata){.name = "", .labels = two_labels},
        .spec = &(netpol_policy_spec){.pod_selector = &(netpol_label_selector){0}}};
    assert_true(np_tree_equal(policy_table(), &empty, &filled));
    assert_true(np_tree_equal(policy_table(), &filled, &empty));
    assert_true(np_tree_equal(policy_table(), NULL, &filled));
    assert_false(np_tree_equal(policy_table(), &empty, &policy));
}

static void clearing_makes_a_field_absent(void **state)
{
    (void)state;
    np_arena arena;
    np_arena_init(&arena, &np_libc_allocator, 0);
    const char *why;
    void *c = np_tree_copy(&np_table_metadata, &meta, NETPOL_VERSION, &arena, &why);
    for (size_t i = 0; i < np_table_metadata.n_fields; i++)
        np_field_clear(&np_table_metadata.fields[i], c);
    assert_true(np_tree_equal(&np_table_metadata, c, NULL));
    np_arena_free(&arena);
}

/* ---- laws ---- */

/* Law: sorting labels puts keys in byte order and keeps equal keys in the order they had. */
static void labels_are_sorted_stably(void **state)
{
    (void)state;
    np_rand r = np_rand_from_env("NETPOL_SEED");
    static const char *const keys[] = {"a", "a.b", "a/b", "b", "B", "", "zz", "z", "é"};
    for (int round = 0; round < np_rounds(2000); round++) {
        netpol_label at[100];
        char values[100][12];
        size_t n = np_rand_below(&r, 100);
        for (size_t i = 0; i < n; i++) {
            (void)snprintf(values[i], sizeof values[i], "%03zu", i);
            at[i] = (netpol_label){keys[np_rand_below(&r, COUNT(keys))], values[i]};
        }
        np_arena arena;
        np_arena_init(&arena, &np_libc_allocator, 0);
        assert_true(np_labels_sort(at, n, &arena));
        np_arena_free(&arena);
        for (size_t i = 1; i < n; i++) {
            int c = strcmp(at[i - 1].key, at[i].key);
            if (c > 0 || (c == 0 && strcmp(at[i - 1].value, at[i].value) >= 0))
                fail_msg("seed %" PRIu64 " round %d", r.seed, round);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_sound),
        cmocka_unit_test(every_table_knows_its_sorted_order),
        cmocka_unit_test(every_kind_has_metadata_and_is_found),
        cmocka_unit_test(names_are_suggested),
        cmocka_unit_test(the_lenient_search_folds_the_case_but_prefers_the_exact),
        cmocka_unit_test(times_are_read_as_go_does),
        cmocka_unit_test(json_is_checked_and_made_compact),
        cmocka_unit_test(json_nested_too_deep_is_refused),
        cmocka_unit_test(a_copy_is_what_reading_would_have_made),
        cmocka_unit_test(fields_newer_than_the_callers_header_are_not_read),
        cmocka_unit_test(trees_that_cannot_be_copied_are_refused_with_a_reason),
        cmocka_unit_test(presence_makes_a_difference_where_it_has_a_meaning),
        cmocka_unit_test(absent_and_empty_are_one_thing_elsewhere),
        cmocka_unit_test(clearing_makes_a_field_absent),
        cmocka_unit_test(labels_are_sorted_stably),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
