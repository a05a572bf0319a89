/* SPDX-License-Identifier: MIT */
#include "write.h"

#include "harness.h"

#include "netpol/question.h"

static const char shop[] = "# the shop\n"
                           "apiVersion: networking.k8s.io/v1\n"
                           "kind: NetworkPolicy\n"
                           "metadata:\n"
                           "  name: fine\n"
                           "  namespace: shop\n"
                           "spec:\n"
                           "  podSelector: {}\n"
                           "---\n"
                           "apiVersion: networking.k8s.io/v1\n"
                           "kind: NetworkPolicy\n"
                           "metadata:\n"
                           "  name: values\n"
                           "spec:\n"
                           "  ingress:\n"
                           "  - from:\n"
                           "    - ipBlock:\n"
                           "        cidr: 10.0.0.1/8\n"
                           "    ports:\n"
                           "    - port: \"80\"\n"
                           "---\n"
                           "apiVersion: networking.k8s.io/v1\n"
                           "kind: NetworkPolicy\n"
                           "metadata:\n"
                           "  name: fields\n"
                           "  namespace: shop\n"
                           "spec:\n"
                           "  podselector: {}\n"
                           "  ingress:\n"
                           "  - from:\t[{cidr: 10.0.0.0/8}]\n"
                           "---\n"
                           "apiVersion: v1\n"
                           "kind: ConfigMap\n"
                           "metadata: {name: settings}\n"
                           "---\n"
                           "apiVersion: cilium.io/v2\n"
                           "kind: CiliumNetworkPolicy\n"
                           "metadata: {name: other}\n"
                           "---\n"
                           "apiVersion: networking.k8s.io/v1\n"
                           "kind: NetworkPolicy\n"
                           "metadata: {name: types}\n"
                           "spec: {podSelector: {matchLabels: {app: yes}}}\n"
                           "---\n"
                           "apiVersion: v1\n"
                           "kind: List\n"
                           "items:\n"
                           "- apiVersion: v1\n"
                           "  kind: Pod\n"
                           "  metadata: {name: web}\n"
                           "- apiVersion: networking.k8s.io/v1\n"
                           "  kind: NetworkPolicy\n"
                           "  metadata: {name: warned}\n"
                           "  spec: {egress: [{to: [{ipBlock: {cidr: \"FD00::/8\"}}]}]}\n"
                           "---\n"
                           "apiVersion: extensions/v1beta1\n"
                           "kind: NetworkPolicy\n"
                           "metadata: {name: old}\n";

static const char broken[] = "a: [1,\n";

static netpol_manifests *load(const netpol_options *o)
{
    netpol_manifests *m = NULL;
    if (netpol_manifests_new(o, &m) != NETPOL_OK)
        return NULL;
    netpol_status s =
        netpol_manifests_read_memory(m, "./files/shop a.yaml", shop, sizeof shop - 1, NULL);
    if (s != NETPOL_NO_MEMORY)
        s = netpol_manifests_read_memory(m, "/abs/broken.yaml", broken, sizeof broken - 1, NULL);
    if (s == NETPOL_NO_MEMORY) {
        netpol_manifests_free(m);
        return NULL;
    }
    return m;
}

static const struct {
    const char *why;
    const char *kind;
    int32_t format;
    uint32_t reading;
    uint32_t flags;
    size_t invalid;
    const char *golden;
} reports[] = {
    {"as a compiler writes", NULL, NETPOL_FORMAT_TEXT, NETPOL_KEEP_TEXT, 0, 5,
     "tests/golden/check/report.txt"},
    {"without the source", NULL, NETPOL_FORMAT_TEXT, 0, 0, 5, "tests/golden/check/plain.txt"},
    {"a line a document", NULL, NETPOL_FORMAT_JSONL, 0, 0, 5, "tests/golden/check/report.jsonl"},
    {"one object", NULL, NETPOL_FORMAT_JSON, 0, 0, 5, "tests/golden/check/report.json"},
    {"for code scanning", NULL, NETPOL_FORMAT_SARIF, 0, 0, 5, "tests/golden/check/report.sarif"},
    {"one kind alone", "NetworkPolicy", NETPOL_FORMAT_JSONL, 0, 0, 8,
     "tests/golden/check/kind.jsonl"},
    {"rules before 1.36", NULL, NETPOL_FORMAT_TEXT, NETPOL_KEEP_TEXT, NETPOL_TOLERANT_CIDR, 5,
     "tests/golden/check/tolerant.txt"},
};

static void reports_are_as_the_golden_files_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(reports); i++) {
        netpol_options o = {.size = sizeof o, .flags = reports[i].reading};
        netpol_check_options how = {
            .size = sizeof how, .kind = reports[i].kind, .flags = reports[i].flags};
        netpol_manifests *m = load(&o);
        assert_non_null(m);
        test_text out = {0};
        netpol_sink to = test_text_sink(&out);
        size_t invalid = 0;
        assert_int_equal(netpol_manifests_check(m, &how, reports[i].format, &to, &invalid),
                         NETPOL_OK);
        test_expect_golden(reports[i].golden, test_text_of(&out));
        if (invalid != reports[i].invalid)
            fail_msg("%s: %zu are invalid", reports[i].why, invalid);
        test_text_free(&out);
        netpol_manifests_free(m);
    }
}

/* ---- what cannot be read ---- */

static void a_missing_file_is_a_document(void **state)
{
    (void)state;
    netpol_manifests *m = load(NULL);
    assert_int_equal(netpol_manifests_read(m, "tests/golden/check/no such file", NULL), NETPOL_IO);
    test_text out = {0};
    netpol_sink to = test_text_sink(&out);
    size_t invalid = 0;
    assert_int_equal(netpol_manifests_check(m, NULL, NETPOL_FORMAT_JSONL, &to, &invalid),
                     NETPOL_OK);
    assert_int_equal(invalid, 6);
    const char *line = strstr(test_text_of(&out), "no such file");
    assert_non_null(line);
    assert_non_null(strstr(line, "\"index\":0,\"item\":null,\"apiVersion\":\"\",\"kind\":\"\","
                                 "\"name\":\"\",\"namespace\":\"\",\"valid\":false,"
                                 "\"diagnostics\":[{\"stage\":\"syntax\""));
    test_text_free(&out);
    netpol_manifests_free(m);
}

/* ---- the source line ---- */

static const struct {
    const char *why;
    const char *yaml; /* an unknown field is in it */
    const char *shown;
} lines[] = {
    {"a caret under the field", "kind: NetworkPolicy\nspec:\n  foo: 1\n",
     "    4 |   foo: 1\n      |   ^\n"},
    {"characters are counted, not bytes", "kind: NetworkPolicy\nspec: {\"\xc3\xa9\": 1}\n",
     "    3 | spec: {\"\xc3\xa9\": 1}\n      |        ^\n"},
    {"CR LF", "kind: NetworkPolicy\r\nspec:\r\n  foo: 1\r\n", "    4 |   foo: 1\n      |   ^\n"},
    {"the last line without a line feed", "kind: NetworkPolicy\nfoo: 1",
     "    3 | foo: 1\n      | ^\n"},
    {"of a long line only the part around the caret",
     "kind: NetworkPolicy\nspec: {podSelector: {}, ingress: [], egress: [], policyTypes: "
     "[Ingress, Egress, Ingress, Egress], foo: 1, more: [], other: "
     "{matchLabels: {a: b, c: d, e: f, g: h, i: j, k: l}}}\n",
     "    3 | ...es: [Ingress, Egress, Ingress, Egress], foo: 1, more: [], other: {matchLabels: "
     "{a: b, c: d, e: f, g:...\n"
     "      |                                            ^\n"},
};

static void the_source_line_is_shown(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        netpol_options o = {.size = sizeof o, .flags = NETPOL_KEEP_TEXT};
        netpol_manifests *m = NULL;
        char yaml[400];
        int n = snprintf(yaml, sizeof yaml, "apiVersion: networking.k8s.io/v1\n%s", lines[i].yaml);
        assert_int_equal(netpol_manifests_new(&o, &m), NETPOL_OK);
        (void)netpol_manifests_read_memory(m, "a", yaml, (size_t)n, NULL);
        test_text out = {0};
        netpol_sink to = test_text_sink(&out);
        assert_int_equal(netpol_manifests_check(m, NULL, NETPOL_FORMAT_TEXT, &to, NULL), NETPOL_OK);
        if (!strstr(test_text_of(&out), lines[i].shown))
            fail_msg("%s:\n%s--- expected:\n%s", lines[i].why, test_text_of(&out), lines[i].shown);
        test_text_free(&out);
        netpol_manifests_free(m);
    }
}

/* ---- machines ---- */

/* Law: what is JSON is JSON, in whatever format. */
static void reports_for_machines_are_json(void **state)
{
    (void)state;
    static const int32_t formats[] = {NETPOL_FORMAT_JSON, NETPOL_FORMAT_JSONL, NETPOL_FORMAT_SARIF};
    netpol_manifests *m = load(NULL);
    for (size_t i = 0; i < COUNT(formats); i++) {
        test_text out = {0};
        netpol_sink to = test_text_sink(&out);
        assert_int_equal(netpol_manifests_check(m, NULL, formats[i], &to, NULL), NETPOL_OK);
        const char *at = test_text_of(&out);
        for (const char *feed; (feed = strchr(at, '\n')); at = feed + 1) {
            np_arena arena;
            np_arena_init(&arena, &np_libc_allocator, 1024);
            assert_non_null(np_json_text_read(&arena, (np_slice){at, (size_t)(feed - at)}));
            np_arena_free(&arena);
        }
        assert_string_equal(at, "");
        test_text_free(&out);
    }
    netpol_manifests_free(m);
}

static void a_list_without_its_end_says_so(void **state)
{
    (void)state;
    static const struct {
        int32_t format;
        const char *says;
    } rows[] = {
        {NETPOL_FORMAT_TEXT, "more findings are not shown: too many to keep\n"},
        {NETPOL_FORMAT_JSON, "\"dropped_diagnostics\":"},
        {NETPOL_FORMAT_SARIF, "more findings are not shown: too many to keep\"}}]}]"},
    };
    netpol_options o = {.size = sizeof o, .max_diagnostics = 1};
    netpol_manifests *few = load(&o);
    netpol_manifests *all = load(NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        test_text out = {0};
        test_text whole = {0};
        netpol_sink to = test_text_sink(&out);
        netpol_sink to_whole = test_text_sink(&whole);
        assert_int_equal(netpol_manifests_check(few, NULL, rows[i].format, &to, NULL), NETPOL_OK);
        assert_int_equal(netpol_manifests_check(all, NULL, rows[i].format, &to_whole, NULL),
                         NETPOL_OK);
        if (!strstr(test_text_of(&out), rows[i].says))
            fail_msg("format %d lacks '%s': %s", (int)rows[i].format, rows[i].says,
                     test_text_of(&out));
        assert_null(strstr(test_text_of(&whole), rows[i].says));
        test_text_free(&out);
        test_text_free(&whole);
    }
    netpol_manifests_free(few);
    netpol_manifests_free(all);
}

static void names_stay_on_their_line(void **state)
{
    (void)state;
    netpol_options o = {.size = sizeof o, .flags = NETPOL_KEEP_TEXT};
    netpol_manifests *m = NULL;
    test_text out = {0};
    netpol_sink to = test_text_sink(&out);
    static const char text[] = "kind: \"\\e[31m\x9b\" # \x1b[0m";
    assert_int_equal(netpol_manifests_new(&o, &m), NETPOL_OK);
    (void)netpol_manifests_read_memory(m, "a\nb\x1b\xff.yaml", text, sizeof text - 1, NULL);
    assert_int_equal(netpol_manifests_check(m, NULL, NETPOL_FORMAT_TEXT, &to, NULL), NETPOL_OK);
    assert_int_equal(strncmp(test_text_of(&out), "a\\x0ab\\x1b\\xff.yaml:", 18), 0);
    for (const char *at = test_text_of(&out); *at; at++)
        assert_true((unsigned char)*at >= ' ' || *at == '\n');
    test_text_free(&out);
    netpol_manifests_free(m);
}

/* ---- sinks, misuse, memory ---- */

static netpol_status refuse(void *ctx, const char *bytes, size_t n)
{
    (void)ctx;
    (void)bytes;
    (void)n;
    return NETPOL_IO;
}

static void misuse_and_sinks_are_told(void **state)
{
    (void)state;
    netpol_manifests *m = load(NULL);
    netpol_sink bad = {refuse, NULL};
    netpol_check_options newer = {.size = 3};
    size_t invalid = 77;
    assert_int_equal(netpol_manifests_check(m, NULL, NETPOL_FORMAT_TEXT, &bad, &invalid),
                     NETPOL_IO);
    assert_int_equal(netpol_manifests_check(m, NULL, NETPOL_FORMAT_YAML, &bad, &invalid),
                     NETPOL_MISUSE);
    assert_int_equal(netpol_manifests_check(NULL, NULL, NETPOL_FORMAT_TEXT, &bad, &invalid),
                     NETPOL_MISUSE);
    assert_int_equal(netpol_manifests_check(m, NULL, NETPOL_FORMAT_TEXT, NULL, &invalid),
                     NETPOL_MISUSE);
    assert_int_equal(netpol_manifests_check(m, &newer, NETPOL_FORMAT_TEXT, &bad, &invalid),
                     NETPOL_MISUSE);
    assert_int_equal(invalid, 77);
    netpol_manifests_free(m);
}

static netpol_status check_all(const netpol_options *o, void *ctx)
{
    (void)ctx;
    netpol_manifests *m = load(o);
    if (!m)
        return NETPOL_NO_MEMORY;
    test_text out = {0};
    netpol_sink to = test_text_sink(&out);
    netpol_status s = netpol_manifests_check(m, NULL, NETPOL_FORMAT_TEXT, &to, NULL);
    if (s == NETPOL_OK)
        s = netpol_manifests_check(m, NULL, NETPOL_FORMAT_SARIF, &to, NULL);
    test_text_free(&out);
    netpol_manifests_free(m);
    return s;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(test_every_allocation_fails(check_all, NULL) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_are_as_the_golden_files_say),
        cmocka_unit_test(a_missing_file_is_a_document),
        cmocka_unit_test(the_source_line_is_shown),
        cmocka_unit_test(reports_for_machines_are_json),
        cmocka_unit_test(a_list_without_its_end_says_so),
        cmocka_unit_test(names_stay_on_their_line),
        cmocka_unit_test(misuse_and_sinks_are_told),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
