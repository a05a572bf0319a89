/* SPDX-License-Identifier: MIT */
/* Laws of writing: what is written reads back the same, and what upstream printed is printed again.
 */
#include "write.h"

#include "harness.h"

#include "netpol/manifests.h"

#define CASES "../shared/cases/validation/"
#define THIRDPARTY "../shared/cases/thirdparty/"

/* ---- helpers ---- */

static netpol_manifests *read_text(const char *text, size_t n)
{
    netpol_manifests *m = NULL;
    assert_int_equal(netpol_manifests_new(NULL, &m), NETPOL_OK);
    (void)netpol_manifests_read_memory(m, "text", text, n, NULL);
    return m;
}

static void write_object(const netpol_object *x, int32_t format, uint32_t flags, np_buffer *b)
{
    np_buffer_init(b, &np_libc_allocator);
    assert_int_equal(np_write_object(b, x, format, flags), NETPOL_OK);
}

/* The law for one object and format. */
static void expect_reads_back(const char *why, const netpol_object *x, int32_t format)
{
    np_buffer once;
    np_buffer twice;
    write_object(x, format, 0, &once);
    netpol_manifests *m = read_text(once.p, once.n);
    const netpol_object *again = netpol_manifests_at(m, 0);
    if (!again || !netpol_object_equal(x, again))
        fail_msg("%s: %s:\n%.*s", why, again ? "reads back as another" : "does not read back",
                 (int)once.n, once.p);
    write_object(again, format, 0, &twice);
    if (once.n != twice.n || memcmp(once.p, twice.p, once.n) != 0)
        fail_msg("%s: written again:\n%.*s--- before:\n%.*s", why, (int)twice.n, twice.p,
                 (int)once.n, once.p);
    np_buffer_free(&twice);
    np_buffer_free(&once);
    netpol_manifests_free(m);
}

/* ---- random strings ---- */

/* Pieces that mean something to YAML somewhere. */
static const char *const pieces[] = {"a",
                                     "web",
                                     "Z",
                                     "yes",
                                     "no",
                                     "null",
                                     "~",
                                     "1",
                                     "010",
                                     "0x1F",
                                     "1e3",
                                     ".5",
                                     "1:30",
                                     "_",
                                     "2020-01-01",
                                     "-",
                                     "- ",
                                     "?",
                                     "? ",
                                     ":",
                                     ": ",
                                     "#",
                                     " #",
                                     " ",
                                     "  ",
                                     "\n",
                                     "\n\n",
                                     "\t",
                                     "\r",
                                     "'",
                                     "\"",
                                     "\\",
                                     "|",
                                     ">",
                                     "!",
                                     "&",
                                     "*",
                                     "{",
                                     "}",
                                     "[",
                                     "]",
                                     ",",
                                     "%",
                                     "@",
                                     "`",
                                     "=",
                                     "<<",
                                     "...",
                                     "---",
                                     "\x07",
                                     "\x1b",
                                     "\x7f",
                                     "\xc2\x85",
                                     "\xc2\xa0",
                                     "\xc3\xa9",
                                     "\xe2\x80\xa8",
                                     "\xe2\x80\xa9",
                                     "\xef\xbb\xbf",
                                     "\xf0\x9f\x98\x80",
                                     "\xe4\xb8\xad",
                                     "a longer text of several words "};

static const char *random_text(np_rand *r, np_arena *a)
{
    size_t n = np_rand_below(r, np_rand_once_in(r, 5) ? 40 : 6);
    np_buffer b;
    np_buffer_init(&b, &np_libc_allocator);
    for (size_t i = 0; i < n; i++)
        np_buffer_text(&b, pieces[np_rand_below(r, COUNT(pieces))]);
    const char *text = np_arena_text(a, b.n ? b.p : "", b.n);
    np_buffer_free(&b);
    return text;
}

enum { RANDOM_LABELS = 6 };

/* Keys are made different by a number. */
static const netpol_label *random_labels(np_rand *r, np_arena *a)
{
    netpol_label *labels = NP_NEW_ARRAY(a, netpol_label, RANDOM_LABELS);
    for (size_t i = 0; i < RANDOM_LABELS; i++) {
        char key[2000];
        snprintf(key, sizeof key, "%s%zu%s", random_text(r, a), i, random_text(r, a));
        labels[i] = (netpol_label){np_arena_text(a, key, strlen(key)), random_text(r, a)};
    }
    return labels;
}

static netpol_object *random_object(np_rand *r, np_arena *a)
{
    const netpol_metadata metadata = {.name = random_text(r, a),
                                      .annotations = random_labels(r, a),
                                      .n_annotations = RANDOM_LABELS};
    const char *const values[] = {random_text(r, a), random_text(r, a)};
    const netpol_requirement requirement = {
        .key = random_text(r, a), .op = random_text(r, a), .values = values, .n_values = 2};
    const netpol_label_selector selector = {.match_labels = random_labels(r, a),
                                            .n_match_labels = RANDOM_LABELS,
                                            .match_expressions =
                                                (const netpol_requirement *const[]){&requirement},
                                            .n_match_expressions = 1};
    const netpol_policy_spec spec = {
        .pod_selector = &selector, .policy_types = values, .n_policy_types = 2};
    const netpol_policy policy = {&metadata, &spec};
    netpol_object *x = NULL;
    assert_int_equal(netpol_object_from_policy(&policy, NETPOL_VERSION, NULL, &x, NULL), NETPOL_OK);
    return x;
}

static void any_text_reads_back(void **state)
{
    (void)state;
    np_rand r = np_rand_from_env("NETPOL_SEED");
    char why[64];
    for (int round = 0; round < np_rounds(3000); round++) {
        np_arena a;
        np_arena_init(&a, &np_libc_allocator, 4096);
        netpol_object *x = random_object(&r, &a);
        snprintf(why, sizeof why, "seed %" PRIu64 " round %d", r.seed, round);
        expect_reads_back(why, x, NETPOL_FORMAT_YAML);
        expect_reads_back(why, x, NETPOL_FORMAT_JSON);
        netpol_object_unref(x);
        np_arena_free(&a);
    }
}

/* ---- what upstream printed: the visible validation cases ---- */

static const np_value *field(const np_value *map, const char *key)
{
    for (size_t i = 0; map && map->type == NP_VALUE_MAP && i < map->n; i++)
        if (np_slice_is(map->as.map[i].key, key))
            return map->as.map[i].value;
    return NULL;
}

/* Of the document with the number and item of a result. NULL: there is none. */
static const netpol_object *object_of(const netpol_manifests *m, const np_value *result)
{
    const np_value *item = field(result, "item");
    for (size_t i = 0; i < netpol_manifests_document_count(m); i++) {
        const netpol_document_info *d = netpol_manifests_document_at(m, i);
        if (d->document == field(result, "index")->as.integer &&
            d->item == (item ? item->as.integer : -1))
            return d->object;
    }
    return NULL;
}

/* As the cases were saved: characters beyond ASCII are escaped. */
static void escape_json(np_buffer *b)
{
    np_buffer escaped;
    np_buffer_init(&escaped, &np_libc_allocator);
    for (size_t i = 0; i < b->n;) {
        uint32_t r = 0;
        size_t n = np_utf8_read(b->p + i, b->n - i, &r);
        uint32_t over = r < 0x10000 ? 0 : r - 0x10000;
        if (r < 0x80)
            np_buffer_char(&escaped, b->p[i]);
        else if (!over)
            np_buffer_format(&escaped, "\\u%04x", (unsigned)r);
        else
            np_buffer_format(&escaped, "\\u%04x\\u%04x", 0xd800 + (unsigned)(over >> 10),
                             0xdc00 + (unsigned)(over & 0x3ff));
        i += n;
    }
    np_buffer_free(b);
    *b = escaped;
}

static void expect_same(np_slice name, const netpol_object *x, int32_t format, uint32_t flags,
                        np_slice expected)
{
    np_buffer b;
    write_object(x, format, flags, &b);
    if (format == NETPOL_FORMAT_JSON)
        escape_json(&b);
    if (!np_slice_equal(expected, (np_slice){b.p, b.n}))
        fail_msg("%.*s:\n%.*s--- expected:\n%.*s", (int)name.n, name.p, (int)b.n, b.p,
                 (int)expected.n, expected.p);
    np_buffer_free(&b);
}

/* The JSON of a line from `at` on that belongs to the next result, with a line feed; moves on. No
 * string holds these keys, since its quotes are escaped. */
static np_slice next_defaulted(char **at)
{
    char *from = strstr(*at, "\"defaulted\":") + strlen("\"defaulted\":");
    char *to = strstr(from, ",\"yaml\":");
    *to = '\n';
    *at = to + 1;
    return (np_slice){from, (size_t)(to + 1 - from)};
}

/* Returns how many objects were compared. */
static size_t run_case(char *line)
{
    np_arena a;
    np_arena_init(&a, &np_libc_allocator, 4096);
    const np_value *c = np_json_text_read(&a, np_slice_of(line));
    assert_non_null(c);
    np_slice text = field(c, "yaml")->as.text;
    netpol_manifests *m = read_text(text.p, text.n);
    const np_value *expect = field(c, "expect");
    char *at = line;
    size_t compared = 0;
    for (size_t i = 0; i < expect->n; i++) {
        const np_value *result = expect->as.list[i];
        const np_value *yaml = field(result, "yaml");
        if (!yaml)
            continue;
        np_slice defaulted = next_defaulted(&at);
        const netpol_object *x = object_of(m, result);
        if (!x)
            continue; /* no apiVersion or kind: the server takes them from the request */
        if (x->kind->crd && !field(result, "valid")->as.boolean)
            continue; /* its empty lists, which are why it is refused, are not kept apart */
        np_slice name = field(c, "name")->as.text;
        expect_same(name, x, NETPOL_FORMAT_YAML,
                    NETPOL_WRITE_DEFAULTS | NETPOL_WRITE_HIDE_MANAGED_FIELDS, yaml->as.text);
        expect_same(name, x, NETPOL_FORMAT_JSON, NETPOL_WRITE_DEFAULTS, defaulted);
        expect_reads_back("a case", x, NETPOL_FORMAT_YAML);
        compared++;
    }
    netpol_manifests_free(m);
    np_arena_free(&a);
    return compared;
}

static void expect_cases(const char *path, size_t least)
{
    size_t n;
    char *text = test_read_file_if_any(path, &n);
    if (!text)
        skip();
    size_t compared = 0;
    for (char *line = text, *feed; (feed = strchr(line, '\n')); line = feed + 1) {
        *feed = '\0';
        compared += run_case(line);
    }
    free(text);
    assert_true(compared >= least);
}

static void policies_are_printed_as_upstream_printed_them(void **state)
{
    (void)state;
    expect_cases(CASES "cases.jsonl", 300);
}

static void cluster_policies_are_printed_as_upstream_printed_them(void **state)
{
    (void)state;
    expect_cases(CASES "cnp.jsonl", 40);
}

/* ---- third-party manifests ---- */

/* Some are there to be refused, and then have no object. */
static void expect_manifest(const np_value *c, np_slice file)
{
    char path[512];
    snprintf(path, sizeof path, THIRDPARTY "%.*s", (int)file.n, file.p);
    netpol_manifests *m = NULL;
    assert_int_equal(netpol_manifests_new(NULL, &m), NETPOL_OK);
    netpol_status status = netpol_manifests_read(m, path, NULL);
    int64_t policies = 0;
    for (size_t i = 0; i < netpol_manifests_document_count(m); i++) {
        const netpol_object *x = netpol_manifests_document_at(m, i)->object;
        if (netpol_object_kind(x) != NETPOL_KIND_NETWORK_POLICY)
            continue;
        expect_reads_back(path, x, NETPOL_FORMAT_YAML);
        expect_reads_back(path, x, NETPOL_FORMAT_JSON);
        policies++;
    }
    if (status == NETPOL_OK && policies != field(c, "policies")->as.integer)
        fail_msg("%s: %" PRId64 " policies", path, policies);
    netpol_manifests_free(m);
}

static void expect_group(const char *path)
{
    char *text = test_read_file_if_any(path, NULL);
    if (!text)
        skip();
    for (char *line = text, *feed; (feed = strchr(line, '\n')); line = feed + 1) {
        np_arena a;
        np_arena_init(&a, &np_libc_allocator, 4096);
        const np_value *c = np_json_text_read(&a, (np_slice){line, (size_t)(feed - line)});
        const np_value *files = field(c, "manifests");
        assert_int_equal(files->n, 1);
        expect_manifest(c, files->as.list[0]->as.text);
        np_arena_free(&a);
    }
    free(text);
}

static void third_party_manifests_read_back(void **state)
{
    (void)state;
    expect_group(THIRDPARTY "real-world.jsonl");
    expect_group(THIRDPARTY "recipes.jsonl");
    expect_group(THIRDPARTY "cyclonus.jsonl");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_text_reads_back),
        cmocka_unit_test(policies_are_printed_as_upstream_printed_them),
        cmocka_unit_test(cluster_policies_are_printed_as_upstream_printed_them),
        cmocka_unit_test(third_party_manifests_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
