/* SPDX-License-Identifier: MIT */
#include "write.h"

#include "harness.h"

/* ---- helpers ---- */

static void expect_text(const char *why, const np_buffer *b, const char *expected)
{
    assert_false(b->failed);
    if (b->n != strlen(expected) || memcmp(b->p, expected, b->n) != 0)
        fail_msg("%s:\n%.*s--- expected:\n%s", why, (int)b->n, b->p, expected);
}

/* The value of a JSON text, written as a document. */
static void expect_written(const char *why, const char *json, int32_t format, const char *expected)
{
    np_arena arena;
    np_arena_init(&arena, &np_libc_allocator, 1024);
    const np_value *v = np_json_text_read(&arena, np_slice_of(json));
    if (!v)
        fail_msg("%s: %s is no JSON", why, json);
    np_buffer b;
    np_buffer_init(&b, &np_libc_allocator);
    np_write_value(&b, v, format);
    expect_text(why, &b, expected);
    np_buffer_free(&b);
    np_arena_free(&arena);
}

/* ---- strings ---- */

/* Each as the value of the key k. The right side was printed by sigs.k8s.io/yaml 1.6.0. */
static const struct {
    const char *why;
    const char *json;
    const char *yaml;
} strings[] = {
    {"a word", "web", "web"},
    {"words", "foo bar", "foo bar"},
    {"nothing", "", "\"\""},
    {"a YAML 1.1 boolean", "yes", "\"yes\""},
    {"a boolean of one letter", "y", "\"y\""},
    {"no boolean in this spelling", "yEs", "yEs"},
    {"a number", "1", "\"1\""},
    {"a hexadecimal number", "0X1F", "\"0X1F\""},
    {"an octal number", "010", "\"010\""},
    {"a float after all", "08", "\"08\""},
    {"a new octal number", "0o7", "\"0o7\""},
    {"a number with underscores", "1_000", "\"1_000\""},
    {"too large for a float", "1e400", "1e400"},
    {"a float without digits before the point", ".5", "\".5\""},
    {"no float", "._5", "._5"},
    {"a base 60 number", "1:30", "\"1:30\""},
    {"not base 60, but a colon before its end", "+:.:", "'+:.:'"},
    {"a date", "2020-01-01", "\"2020-01-01\""},
    {"null", "~", "\"~\""},
    {"a merge key is only one as a key", "<<", "<<"},
    {"the default value of YAML 1.1", "=", "="},
    {"a dash", "-", "'-'"},
    {"a list item", "- a", "'- a'"},
    {"a dash before a letter", "-a", "-a"},
    {"a complex key", "? a", "'? a'"},
    {"a map", "a: b", "'a: b'"},
    {"a colon inside", "a:b", "a:b"},
    {"a colon at the end", "a:", "'a:'"},
    {"a comment", "a #b", "'a #b'"},
    {"a hash inside", "a#b", "a#b"},
    {"a comment at once", "#a", "'#a'"},
    {"a flow map", "{}", "'{}'"},
    {"a tag", "!x", "'!x'"},
    {"an alias", "*x", "'*x'"},
    {"a reserved indicator", "@x", "'@x'"},
    {"a quote first", "'x", "'''x'"},
    {"a quote inside", "it's", "it's"},
    {"a leading blank", " a", "' a'"},
    {"a trailing blank", "a ", "'a '"},
    {"a document start", "--- a", "'--- a'"},
    {"a document end", "...", "'...'"},
    {"two dashes", "--a", "--a"},
    {"a tab", "a\\tb", "\"a\\tb\""},
    {"lines without a last line feed", "a\\nb", "|-\n  a\n  b"},
    {"lines", "a\\nb\\n", "|\n  a\n  b"},
    {"several last line feeds", "a\\nb\\n\\n", "|+\n  a\n  b\n"},
    {"a line feed", "\\n", "|2+\n"},
    {"a first line feed", "\\na", "|2-\n\n  a"},
    {"a first blank", " a\\nb", "|2-\n   a\n  b"},
    {"an indented line", "a\\n b", "|-\n  a\n   b"},
    {"a blank before a line feed", "a \\nb", "\"a \\nb\""},
    {"a blank at the end of lines", "a\\nb ", "\"a\\nb \""},
    {"a carriage return", "a\\r\\nb", "\"a\\r\\nb\""},
    {"a tab in lines", "a\\tb\\nc", "\"a\\tb\\nc\""},
    {"a letter beyond ASCII", "\xc3\xa9", "\xc3\xa9"},
    {"a character beyond the first plane", "\\ud83d\\ude00", "\"\\U0001F600\""},
    {"a byte order mark first escapes all", "\\ufeffab", "\"\\uFEFF\\x61\\x62\""},
    {"a byte order mark inside", "a\\ufeffb", "\"a\\uFEFFb\""},
    {"a line separator", "a\\u2028b", "'a\xe2\x80\xa8  b'"},
    {"control characters", "\\u0000\\u0007\\u001b", "\"\\0\\a\\e\""},
    {"a backslash", "a\\\\b", "a\\b"},
    {"folded beyond column 80",
     "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut",
     "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt\n  "
     "ut"},
    {"folded in single quotes",
     "a # lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt",
     "'a # lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor\n"
     "  incididunt'"},
    {"folded in double quotes before several blanks",
     "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempo \\tz  end",
     "\"lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempo \\tz\n"
     "  \\ end\""},
    {"never folded at several blanks",
     "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt  ut",
     "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt  ut"},
    {"columns are characters",
     "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
     " sit amet consectetur adipiscing elit sed do eiusmod temp in",
     "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
     " sit amet consectetur adipiscing elit sed do eiusmod temp in"},
    /* ours, where upstream loses data or fails: */
    {"a next-line character (upstream: a blank)", "a\\u0085b", "\"a\\Nb\""},
    {"a delete character (upstream: an error)", "a\\u007fb", "\"a\\x7Fb\""},
};

static void strings_are_printed_as_upstream_prints_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(strings); i++) {
        char json[400];
        char yaml[400];
        snprintf(json, sizeof json, "{\"k\":\"%s\"}", strings[i].json);
        snprintf(yaml, sizeof yaml, "k: %s\n", strings[i].yaml);
        expect_written(strings[i].why, json, NETPOL_FORMAT_YAML, yaml);
    }
}

static void bytes_that_are_no_text_are_replaced(void **state)
{
    (void)state;
    np_buffer b;
    np_buffer_init(&b, &np_libc_allocator);
    np_write_yaml_string(&b, NP_SLICE("a\xff\xc3"), 2);
    expect_text("bytes that are not UTF-8", &b, "a\xef\xbf\xbd\xef\xbf\xbd");
    np_buffer_free(&b);
}

static void a_string_goes_on_where_the_line_stands(void **state)
{
    (void)state;
    np_buffer b;
    np_buffer_init(&b, &np_libc_allocator);
    np_buffer_text(&b, "first line\n");
    np_buffer_repeat(&b, '.', 75);
    np_write_yaml_string(&b, NP_SLICE("three short words"), 4);
    np_buffer_add(&b, "", 1);
    assert_string_equal(strchr(b.p, 't') ? strstr(b.p, "three") : "", "three short\n    words");
    np_buffer_free(&b);
}

/* ---- structure ---- */

static const struct {
    const char *why;
    const char *json;
    const char *yaml;
} structures[] = {
    {"an empty map", "{}", "{}\n"},
    {"an empty list", "[]", "[]\n"},
    {"a scalar alone", "\"a: b\"", "'a: b'\n"},
    {"a number alone", "5", "5\n"},
    {"empty values", "{\"a\":{},\"b\":[],\"c\":null}", "a: {}\nb: []\nc: null\n"},
    {"a list stands at its key's column", "{\"a\":[1,true]}", "a:\n- 1\n- true\n"},
    {"a map goes on after the dash", "{\"a\":[{\"b\":1,\"c\":2}]}", "a:\n- b: 1\n  c: 2\n"},
    {"lists in lists", "[[1,[2]],[]]", "- - 1\n  - - 2\n- []\n"},
    {"maps in maps", "{\"a\":{\"b\":{\"c\":1}}}", "a:\n  b:\n    c: 1\n"},
    {"lines in a list", "[\"a\\nb\\n\",1]", "- |\n  a\n  b\n- 1\n"},
    {"a key that needs quotes", "{\"yes\":1,\"a: b\":2,\"\":3}",
     "\"\": 3\n'a: b': 2\n\"yes\": 1\n"},
    {"a key of several lines", "{\"a\\nb\":[1,{\"c\":2}]}", "? |-\n  a\n  b\n: - 1\n  - c: 2\n"},
    {"a complex key with a map", "{\"a\\nb\\n\":{\"c\":{\"d\":1}}}",
     "? |\n  a\n  b\n: c:\n    d: 1\n"},
    {"a key of 128 characters",
     "{\"aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbb"
     "aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaa\":1}",
     "aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbb"
     "aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaa: 1\n"},
    {"a longer key",
     "{\"aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbb"
     "aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaab\":1}",
     "? aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbb"
     "aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaab\n: 1\n"},
    {"numbers", "[0,-0,-5,1.5,100000,1e5,1234567.5,0.00001,1e20,1e19,18446744073709551615]",
     "- 0\n- 0\n- -5\n- 1.5\n- 100000\n- 100000\n- 1.2345675e+06\n- 1e-05\n- 1e+20\n"
     "- 10000000000000000000\n- 18446744073709551615\n"},
    {"a block that ends in a line separator is ended by a line", "[\"a\\nb\\u2028\"]",
     "- |\n  a\n  b\xe2\x80\xa8...\n"},
};

static void structure_follows_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(structures); i++)
        expect_written(structures[i].why, structures[i].json, NETPOL_FORMAT_YAML,
                       structures[i].yaml);
}

static void json_is_compact_with_sorted_keys(void **state)
{
    (void)state;
    expect_written(
        "JSON", "{ \"b10\" : [1.0, 1e21,\"<\\u2028\\b\\u0000\"], \"b2\":{}, \"a\":null }",
        NETPOL_FORMAT_JSON, "{\"a\":null,\"b10\":[1,1e+21,\"<\\u2028\\b\\u0000\"],\"b2\":{}}\n");
}

/* ---- the order of keys ---- */

/* Each in the order in which they are written. */
static const struct {
    const char *why;
    const char *keys[8];
} orders[] = {
    {"capitals before small letters", {"A", "B", "a", "b"}},
    {"other characters before letters", {"-", "1", "a", "\xc3\xa9", "\xe4\xb8\xad"}},
    {"numbers by value", {"a1", "a2", "a10", "a100"}},
    {"a number with leading zeros after the plain one", {"a1b", "a01b"}},
    {"a prefix first", {"a", "a-", "aa", "aaa"}},
    {"zeros inside a number count", {"a10", "a100", "a101"}},
    {"signs before letters", {"\xe2\x82\xac", "\xf0\x9f\x98\x80", "z"}},
};

static void expect_order(const char *why, const np_keyed *at, const char *const *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!np_slice_is(at[i].key, keys[i]))
            fail_msg("%s: place %zu has %.*s, not %s", why, i, (int)at[i].key.n, at[i].key.p,
                     keys[i]);
}

static void keys_are_in_natural_order(void **state)
{
    (void)state;
    np_rand r = np_rand_from_env("NETPOL_SEED");
    for (size_t i = 0; i < COUNT(orders); i++) {
        np_keyed keys[16];
        size_t n = 0;
        for (; n < 8 && orders[i].keys[n]; n++)
            keys[n].key = np_slice_of(orders[i].keys[n]);
        for (size_t k = n; k > 1; k--) {
            size_t other = np_rand_below(&r, (uint32_t)k);
            np_keyed swap = keys[other];
            keys[other] = keys[k - 1];
            keys[k - 1] = swap;
        }
        np_natural_order(keys, keys + 8, n);
        expect_order(orders[i].why, keys, orders[i].keys, n);
    }
}

/* v10 < v1alpha1 < v2 < v10: whatever comes out must be the same for the same set. */
static void a_circle_of_keys_has_one_order(void **state)
{
    (void)state;
    assert_true(np_natural_less(NP_SLICE("v10"), NP_SLICE("v1alpha1")));
    assert_true(np_natural_less(NP_SLICE("v1alpha1"), NP_SLICE("v2")));
    assert_true(np_natural_less(NP_SLICE("v2"), NP_SLICE("v10")));
    expect_written("a circle", "{\"v2\":1,\"v10\":2,\"v1alpha1\":3}", NETPOL_FORMAT_YAML,
                   "v10: 2\nv1alpha1: 3\nv2: 1\n");
    expect_written("a circle", "{\"v1alpha1\":3,\"v2\":1,\"v10\":2}", NETPOL_FORMAT_YAML,
                   "v10: 2\nv1alpha1: 3\nv2: 1\n");
}

/* Law: however many keys, each is written once, and neighbours are in order. */
static void many_keys_are_put_in_order(void **state)
{
    (void)state;
    np_rand r = np_rand_from_env("NETPOL_SEED");
    for (size_t n = 1; n < 200; n += 7) {
        char names[200][16];
        np_keyed keys[400];
        for (size_t i = 0; i < n; i++) {
            snprintf(names[i], sizeof names[i], "k%" PRIu32 "-%zu", np_rand_below(&r, 500), i);
            keys[i] = (np_keyed){np_slice_of(names[i]), names[i]};
        }
        np_natural_order(keys, keys + 200, n);
        for (size_t i = 1; i < n; i++)
            if (!np_natural_less(keys[i - 1].key, keys[i].key))
                fail_msg("seed %" PRIu64 ": %.*s after %.*s", r.seed, (int)keys[i - 1].key.n,
                         keys[i - 1].key.p, (int)keys[i].key.n, keys[i].key.p);
    }
}

/* ---- typed objects ---- */

#define LIST(type, ...) ((const type *const[]){__VA_ARGS__})
#define TEXTS(...) ((const char *const[]){__VA_ARGS__})

static const bool yes = true;
static const int32_t last_port = 32768;
static const int64_t grace = 30;

static const netpol_label many_labels[] = {
    {"app", "yes"}, {"v1", "a"}, {"v10", "b"}, {"v2", "c"}, {"x.example/zone", "eu west"}};

static const netpol_metadata full_metadata = {
    .name = "db-policy",
    .namespace_name = "default",
    .labels = many_labels,
    .n_labels = COUNT(many_labels),
    .annotations = (const netpol_label[]){{"note", "two\nlines\n"}},
    .n_annotations = 1,
    .generate_name = "db-",
    .self_link = "/x",
    .uid = "0",
    .resource_version = "12",
    .generation = 3,
    .creation_timestamp = "2020-01-01T00:00:00Z",
    .deletion_timestamp = "2020-01-02T00:00:00Z",
    .deletion_grace_period_seconds = &grace,
    .owner_references =
        LIST(netpol_owner_reference,
             &(const netpol_owner_reference){
                 .api_version = "v1", .kind = "Pod", .name = "x", .uid = "y", .controller = &yes}),
    .n_owner_references = 1,
    .finalizers = TEXTS("a.example/b"),
    .n_finalizers = 1,
    .managed_fields = LIST(
        netpol_managed_fields,
        &(const netpol_managed_fields){
            .manager = "kubectl",
            .operation = "Apply",
            .api_version = "v1",
            .time = "2020-01-01T00:00:00Z",
            .fields_type = "FieldsV1",
            .fields_v1 = "{\"f:spec\":{\"f:podSelector\":{},\".\":{},\"k:{\\\"a\\\":1}\":{}}}"}),
    .n_managed_fields = 1,
};

static const netpol_label_selector empty_selector = {0};
static const netpol_label_selector chosen = {
    .match_labels = (const netpol_label[]){{"role", "frontend"}},
    .n_match_labels = 1,
    .match_expressions =
        LIST(netpol_requirement,
             &(const netpol_requirement){
                 .key = "tier", .op = "In", .values = TEXTS("a", "1"), .n_values = 2},
             &(const netpol_requirement){.key = "gone", .op = "DoesNotExist"},
             &(const netpol_requirement){0}),
    .n_match_expressions = 3,
};

static const netpol_rule full_rule = {
    .ports = LIST(netpol_port,
                  &(const netpol_port){.protocol = "TCP",
                                       .port = &(const netpol_int_or_string){.number = 32000},
                                       .end_port = &last_port},
                  &(const netpol_port){.port = &(const netpol_int_or_string){.string = "80"}},
                  &(const netpol_port){.protocol = ""}),
    .n_ports = 3,
    .peers = LIST(
        netpol_peer,
        &(const netpol_peer){.pod_selector = &chosen, .namespace_selector = &empty_selector},
        &(const netpol_peer){.ip_block =
                                 &(const netpol_ip_block){.cidr = "172.17.0.0/16",
                                                          .exceptions = TEXTS("172.17.1.0/24"),
                                                          .n_exceptions = 1}},
        &(const netpol_peer){.ip_block = &(const netpol_ip_block){0}}, &(const netpol_peer){0}),
    .n_peers = 4,
};

static const netpol_policy full_policy = {
    .metadata = &full_metadata,
    .spec = &(const netpol_policy_spec){.pod_selector = &chosen,
                                        .ingress = LIST(netpol_rule, &(const netpol_rule){0}),
                                        .n_ingress = 1,
                                        .egress = LIST(netpol_rule, &full_rule),
                                        .n_egress = 1},
};
static const netpol_policy empty_policy = {0};

static const struct {
    const char *why;
    const netpol_policy *tree;
    int32_t format;
    uint32_t flags;
    const char *golden;
} policies[] = {
    {"every field", &full_policy, NETPOL_FORMAT_YAML, 0, "tests/golden/write/full.yaml"},
    {"every field as JSON", &full_policy, NETPOL_FORMAT_JSON, 0, "tests/golden/write/full.json"},
    {"what kubectl shows", &full_policy, NETPOL_FORMAT_YAML,
     NETPOL_WRITE_DEFAULTS | NETPOL_WRITE_HIDE_MANAGED_FIELDS, "tests/golden/write/defaulted.yaml"},
    {"what the server keeps", &full_policy, NETPOL_FORMAT_JSON, NETPOL_WRITE_DEFAULTS,
     "tests/golden/write/defaulted.json"},
    {"no field", &empty_policy, NETPOL_FORMAT_YAML, 0, "tests/golden/write/empty.yaml"},
    {"no field, defaulted", &empty_policy, NETPOL_FORMAT_YAML, NETPOL_WRITE_DEFAULTS,
     "tests/golden/write/empty_defaulted.yaml"},
    {"no field, defaulted, as JSON", &empty_policy, NETPOL_FORMAT_JSON, NETPOL_WRITE_DEFAULTS,
     "tests/golden/write/empty_defaulted.json"},
};

static void policies_are_written_as_the_golden_files_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(policies); i++) {
        np_buffer b;
        np_buffer_init(&b, &np_libc_allocator);
        np_write_tree(&b, np_kind_of(NETPOL_KIND_NETWORK_POLICY), policies[i].tree,
                      policies[i].format, policies[i].flags);
        np_buffer_char(&b, '\0');
        assert_false(b.failed);
        test_expect_golden(policies[i].golden, b.p);
        np_buffer_free(&b);
    }
}

/* ---- objects, sinks, memory ---- */

static netpol_status refuse(void *ctx, const char *bytes, size_t n)
{
    (void)bytes;
    *(size_t *)ctx += n;
    return NETPOL_IO;
}

static netpol_object *object_of(const netpol_policy *tree, const netpol_options *o)
{
    netpol_object *x = NULL;
    netpol_status s = netpol_object_from_policy(tree, NETPOL_VERSION, o, &x, NULL);
    return s == NETPOL_OK ? x : NULL;
}

static void what_the_sink_says_comes_back(void **state)
{
    (void)state;
    netpol_object *x = object_of(&full_policy, NULL);
    assert_non_null(x);
    size_t seen = 0;
    netpol_sink bad = {refuse, &seen};
    assert_int_equal(netpol_object_write(x, NETPOL_FORMAT_YAML, 0, &bad), NETPOL_IO);
    assert_true(seen > 100);
    netpol_object_unref(x);
}

static void misuse_is_told(void **state)
{
    (void)state;
    netpol_object *x = object_of(&empty_policy, NULL);
    test_text out = {0};
    netpol_sink to = test_text_sink(&out);
    netpol_sink none = {NULL, NULL};
    assert_int_equal(netpol_object_write(NULL, NETPOL_FORMAT_YAML, 0, &to), NETPOL_MISUSE);
    assert_int_equal(netpol_object_write(x, NETPOL_FORMAT_SARIF, 0, &to), NETPOL_MISUSE);
    assert_int_equal(netpol_object_write(x, NETPOL_FORMAT_YAML, 0, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_object_write(x, NETPOL_FORMAT_YAML, 1u << 31, &to), NETPOL_MISUSE);
    assert_int_equal(netpol_object_write(x, NETPOL_FORMAT_YAML, 0, &none), NETPOL_MISUSE);
    netpol_object_unref(x);
    const netpol_pod pod = {0};
    assert_int_equal(netpol_object_from_pod(&pod, NETPOL_VERSION, NULL, &x, NULL), NETPOL_OK);
    assert_int_equal(netpol_object_write(x, NETPOL_FORMAT_YAML, 0, &to), NETPOL_MISUSE);
    netpol_object_unref(x);
    assert_string_equal(test_text_of(&out), "");
    test_text_free(&out);
}

static netpol_status write_both(const netpol_options *o, void *ctx)
{
    (void)ctx;
    netpol_object *x = object_of(&full_policy, o);
    if (!x)
        return NETPOL_NO_MEMORY;
    test_text out = {0};
    netpol_sink to = test_text_sink(&out);
    netpol_status s = netpol_object_write(x, NETPOL_FORMAT_YAML, NETPOL_WRITE_DEFAULTS, &to);
    if (s == NETPOL_OK)
        s = netpol_object_write(x, NETPOL_FORMAT_JSON, 0, &to);
    else
        assert_string_equal(test_text_of(&out), "");
    netpol_object_unref(x);
    test_text_free(&out);
    return s;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(test_every_allocation_fails(write_both, NULL) > 2);
}

/* An object of a kind without a complete table, as reading keeps it. */
static netpol_object *other_object(np_slice text, const char *json)
{
    bool over = false;
    netpol_object *x =
        np_object_new(&np_libc_allocator, np_kind_of(NETPOL_KIND_OTHER), 1024, 0, &over);
    assert_non_null(x);
    x->text = text;
    x->value = json ? np_json_text_read(&x->arena, np_slice_of(json)) : NULL;
    return x;
}

static const struct {
    const char *why;
    const char *text;
    const char *json;
    int32_t format;
    netpol_status status;
    const char *expected;
} others[] = {
    {"a document stays as it was", "b: 1 # why\na: 2\n", "{\"a\":2,\"b\":1}", NETPOL_FORMAT_YAML,
     NETPOL_OK, "b: 1 # why\na: 2\n"},
    {"with a last line feed", "b: 1", "{\"b\":1}", NETPOL_FORMAT_YAML, NETPOL_OK, "b: 1\n"},
    {"JSON is made of the value", "b: 1 # why\na: 2\n", "{\"a\":2,\"b\":1}", NETPOL_FORMAT_JSON,
     NETPOL_OK, "{\"a\":2,\"b\":1}\n"},
    {"an item of a list has no text of its own", "", "{\"b\":[1]}", NETPOL_FORMAT_YAML, NETPOL_OK,
     "b:\n- 1\n"},
    {"what was not kept cannot be written", "", NULL, NETPOL_FORMAT_YAML, NETPOL_MISUSE, ""},
};

static void other_kinds_follow_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(others); i++) {
        netpol_object *x = other_object(np_slice_of(others[i].text), others[i].json);
        test_text out = {0};
        netpol_sink to = test_text_sink(&out);
        netpol_status s = netpol_object_write(x, others[i].format, NETPOL_WRITE_DEFAULTS, &to);
        if (s != others[i].status || strcmp(test_text_of(&out), others[i].expected) != 0)
            fail_msg("%s: status %d\n%s", others[i].why, s, test_text_of(&out));
        test_text_free(&out);
        netpol_object_unref(x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_printed_as_upstream_prints_them),
        cmocka_unit_test(bytes_that_are_no_text_are_replaced),
        cmocka_unit_test(a_string_goes_on_where_the_line_stands),
        cmocka_unit_test(structure_follows_the_table),
        cmocka_unit_test(json_is_compact_with_sorted_keys),
        cmocka_unit_test(keys_are_in_natural_order),
        cmocka_unit_test(a_circle_of_keys_has_one_order),
        cmocka_unit_test(many_keys_are_put_in_order),
        cmocka_unit_test(policies_are_written_as_the_golden_files_say),
        cmocka_unit_test(what_the_sink_says_comes_back),
        cmocka_unit_test(misuse_is_told),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(other_kinds_follow_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
