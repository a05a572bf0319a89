/* SPDX-License-Identifier: MIT */
/* Runs the cases that others wrote, where they lie beside this repository: truth tables of the
 * Kubernetes end-to-end suite and of the network-policy-api conformance suite, policies of real
 * projects, and inputs that must be refused. Skipped with a message where they are not. */
#include "tree.h"

#include <netpol.h>

#define FOLDER "../shared/cases/thirdparty/"

/* One line of a group's file: {name, manifests, …}. */
typedef struct group_row {
    yaml_document_t doc;
    const tree_node *root;
    const char *name;
} group_row;

static void walk(const char *group, void (*each)(group_row *row, void *ctx), void *ctx)
{
    char path[256];
    snprintf(path, sizeof path, FOLDER "%s.jsonl", group);
    size_t n;
    char *text = test_read_file_if_any(path, &n);
    if (!text) {
        print_message("%s is not here: skipped\n", path);
        skip();
    }
    for (char *line = text; *line;) {
        size_t length = strcspn(line, "\n");
        group_row row;
        assert_true(tree_read(&row.doc, line, length));
        row.root = tree_root(&row.doc);
        row.name = tree_get_text(&row.doc, row.root, "name");
        each(&row, ctx);
        yaml_document_delete(&row.doc);
        line += length + (line[length] == '\n');
    }
    free(text);
}

static const char *why_of(const netpol_diagnostics *d)
{
    const netpol_diagnostic *x = netpol_diagnostics_at(d, 0);
    return x ? x->message : "(nothing said)";
}

/* ---- loading ---- */

/* Reads one file; `.alt` files are YAML too, whatever their name. */
static netpol_status read_one(netpol_manifests *m, const char *file, netpol_diagnostics *d)
{
    char path[512];
    snprintf(path, sizeof path, FOLDER "%s", file);
    size_t n;
    char *text = test_read_file(path, &n);
    netpol_status status = netpol_manifests_read_memory(m, path, text, n, d);
    free(text);
    return status;
}

/* The file that stands for another one in the alternative form, if any. */
static const char *alternative(group_row *row, const char *file, bool use)
{
    const tree_node *alt = tree_get(&row->doc, row->root, "alternative");
    const char *replaces = tree_get_text(&row->doc, alt, "replaces");
    return use && replaces && strcmp(replaces, file) == 0 ? tree_get_text(&row->doc, alt, "file")
                                                          : file;
}

static netpol_status read_row(group_row *row, bool use_alternative, netpol_manifests *m,
                              netpol_diagnostics *d)
{
    const tree_node *files = tree_get(&row->doc, row->root, "manifests");
    netpol_status worst = NETPOL_OK;
    for (size_t i = 0; i < tree_count(files); i++) {
        const char *file = tree_text(tree_at(&row->doc, files, i));
        netpol_status status = read_one(m, alternative(row, file, use_alternative), d);
        worst = status == NETPOL_OK ? worst : status;
    }
    return worst;
}

static netpol_status compile_with(const netpol_manifests *m, const netpol_cluster_options *how,
                                  const netpol_options *options, int32_t machinery,
                                  netpol_engine **out, netpol_diagnostics *d)
{
    netpol_cluster *cluster = NULL;
    netpol_status status = netpol_cluster_new(how, options, &cluster, d);
    if (status == NETPOL_OK)
        status = netpol_cluster_put_all(cluster, m, d);
    if (status == NETPOL_OK)
        status = netpol_cluster_compile(cluster, machinery, out, d);
    netpol_cluster_free(cluster);
    return status;
}

static netpol_status compile(const netpol_manifests *m, int32_t machinery, netpol_engine **out,
                             netpol_diagnostics *d)
{
    return compile_with(m, NULL, NULL, machinery, out, d);
}

/* ---- truth tables ---- */

typedef struct tally {
    bool use_alternative;
    size_t asked;
} tally;

static void ask(group_row *row, const tree_node *query, const netpol_engine *engine)
{
    static const char *const outcomes[] = {"deny", "allow", "mixed"};
    netpol_question q = {.size = sizeof q,
                         .src = tree_get_text(&row->doc, query, "src"),
                         .dst = tree_get_text(&row->doc, query, "dst"),
                         .protocol = tree_get_text(&row->doc, query, "proto"),
                         .port = tree_get_text(&row->doc, query, "port")};
    const char *expect = tree_get_text(&row->doc, query, "expect");
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    netpol_answer *answer = NULL;
    netpol_flow flow;
    if (netpol_engine_ask(engine, &q, &answer, d) != NETPOL_OK ||
        netpol_flow_parse(engine, q.src, q.dst, q.protocol, q.port, &flow, d) != NETPOL_OK)
        fail_msg("%s: %s to %s: %s", row->name, q.src, q.dst, why_of(d));
    const char *got = outcomes[netpol_answer_outcome(answer)];
    const char *fast = outcomes[netpol_engine_verdict(engine, &flow).allowed];
    if (strcmp(got, expect) != 0 || strcmp(fast, expect) != 0)
        fail_msg("%s: %s to %s %s %s is answered %s and judged %s, not %s", row->name, q.src, q.dst,
                 q.protocol, q.port, got, fast, expect);
    netpol_answer_free(answer);
    netpol_diagnostics_free(d);
}

static void ask_all(group_row *row, void *ctx)
{
    tally *t = ctx;
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    netpol_manifests *m;
    assert_int_equal(netpol_manifests_new(NULL, &m), NETPOL_OK);
    if (read_row(row, t->use_alternative, m, d) != NETPOL_OK)
        fail_msg("%s: %s", row->name, why_of(d));
    const tree_node *queries = tree_get(&row->doc, row->root, "queries");
    for (int32_t machinery = NETPOL_ENGINE_COMPILED; machinery <= NETPOL_ENGINE_REFERENCE;
         machinery++) {
        netpol_engine *engine = NULL;
        if (compile(m, machinery, &engine, d) != NETPOL_OK)
            fail_msg("%s: %s", row->name, why_of(d));
        for (size_t i = 0; i < tree_count(queries); i++)
            ask(row, tree_at(&row->doc, queries, i), engine);
        netpol_engine_unref(engine);
    }
    t->asked += tree_count(queries);
    netpol_manifests_free(m);
    netpol_diagnostics_free(d);
}

static void the_end_to_end_tables_are_right(void **state)
{
    (void)state;
    tally t = {false, 0};
    walk("k8s-e2e", ask_all, &t);
    assert_true(t.asked >= 84);
}

static void the_conformance_tables_are_right(void **state)
{
    (void)state;
    tally t = {false, 0};
    walk("npapi-conformance", ask_all, &t);
    assert_true(t.asked >= 40);
}

static void the_older_form_of_the_conformance_tables_is_right(void **state)
{
    (void)state;
    tally t = {true, 0};
    walk("npapi-conformance", ask_all, &t);
    assert_true(t.asked >= 40);
}

/* ---- real files ---- */

static void write_all(const netpol_manifests *m, int32_t format, test_text *out)
{
    netpol_sink to = test_text_sink(out);
    for (size_t i = 0; i < netpol_manifests_count(m); i++) {
        if (i && format == NETPOL_FORMAT_YAML)
            assert_int_equal(to.write(to.ctx, "---\n", 4), NETPOL_OK);
        assert_int_equal(netpol_object_write(netpol_manifests_at(m, i), format, 0, &to), NETPOL_OK);
    }
}

static void read_back(const char *name, const test_text *text, netpol_manifests **out)
{
    netpol_options o = {.size = sizeof o, .flags = NETPOL_KEEP_OTHERS};
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    assert_int_equal(netpol_manifests_new(&o, out), NETPOL_OK);
    if (netpol_manifests_read_memory(*out, "again", text->p, text->n, d) != NETPOL_OK)
        fail_msg("%s: written, and not readable: %s", name, why_of(d));
    netpol_diagnostics_free(d);
}

/* Written and read again in a format, the objects are equal and the bytes are the same. */
static void expect_fixed_point(group_row *row, const netpol_manifests *m, int32_t format)
{
    test_text first = {0};
    test_text second = {0};
    netpol_manifests *again;
    write_all(m, format, &first);
    read_back(row->name, &first, &again);
    write_all(again, format, &second);
    assert_int_equal(netpol_manifests_count(again), netpol_manifests_count(m));
    for (size_t i = 0; i < netpol_manifests_count(m); i++)
        if (!netpol_object_equal(netpol_manifests_at(m, i), netpol_manifests_at(again, i)))
            fail_msg("%s: object %zu changes when written and read", row->name, i);
    assert_string_equal(test_text_of(&first), test_text_of(&second));
    netpol_manifests_free(again);
    test_text_free(&first);
    test_text_free(&second);
}

/* ---- an independent reading of the same file ---- */

/* What the API's printer leaves out: null, and empty lists where they mean absent. An empty map is
 * kept by selectors, so maps are compared as they are. */
static bool is_nothing(const tree_node *node)
{
    const char *text = tree_text(node);
    if (text)
        return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
               (!*text || strcmp(text, "null") == 0 || strcmp(text, "~") == 0);
    return node->type == YAML_SEQUENCE_NODE && tree_count(node) == 0;
}

static bool same(yaml_document_t *da, const tree_node *a, yaml_document_t *db, const tree_node *b);

static size_t entries(yaml_document_t *doc, const tree_node *map)
{
    size_t n = 0;
    for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++)
        n += !is_nothing(yaml_document_get_node(doc, p->value));
    return n;
}

static bool same_maps(yaml_document_t *da, const tree_node *a, yaml_document_t *db,
                      const tree_node *b)
{
    if (entries(da, a) != entries(db, b))
        return false;
    for (yaml_node_pair_t *p = a->data.mapping.pairs.start; p < a->data.mapping.pairs.top; p++) {
        const tree_node *value = yaml_document_get_node(da, p->value);
        const tree_node *other = tree_get(db, b, tree_text(yaml_document_get_node(da, p->key)));
        if (!is_nothing(value) && (!other || !same(da, value, db, other)))
            return false;
    }
    return true;
}

static bool same(yaml_document_t *da, const tree_node *a, yaml_document_t *db, const tree_node *b)
{
    if (a->type != b->type)
        return false;
    if (a->type == YAML_SCALAR_NODE)
        return strcmp(tree_text(a), tree_text(b)) == 0;
    if (a->type == YAML_MAPPING_NODE)
        return same_maps(da, a, db, b);
    if (tree_count(a) != tree_count(b))
        return false;
    for (size_t i = 0; i < tree_count(a); i++)
        if (!same(da, tree_at(da, a, i), db, tree_at(db, b, i)))
            return false;
    return true;
}

/* The object as JSON, against a node of the file. */
static void expect_same_content(group_row *row, const netpol_object *object, yaml_document_t *doc,
                                const tree_node *node)
{
    test_text json = {0};
    netpol_sink to = test_text_sink(&json);
    yaml_document_t ours;
    assert_int_equal(netpol_object_write(object, NETPOL_FORMAT_JSON, 0, &to), NETPOL_OK);
    assert_true(tree_read(&ours, json.p, json.n));
    if (!same(doc, node, &ours, tree_root(&ours)))
        fail_msg("%s: read as %s", row->name, json.p);
    yaml_document_delete(&ours);
    test_text_free(&json);
}

/* Walks a file by libyaml alone, beside the objects that libnetpol made of it. */
static void expect_same_file(group_row *row, const char *file, const netpol_manifests *m,
                             size_t *next)
{
    char path[512];
    size_t n;
    snprintf(path, sizeof path, FOLDER "%s", file);
    char *text = test_read_file(path, &n);
    yaml_parser_t parser;
    yaml_document_t doc;
    assert_true(yaml_parser_initialize(&parser));
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
    while (yaml_parser_load(&parser, &doc) && tree_root(&doc)) {
        const tree_node *items = tree_get(&doc, tree_root(&doc), "items");
        size_t count = items ? tree_count(items) : !is_nothing(tree_root(&doc));
        for (size_t i = 0; i < count; i++)
            expect_same_content(row, netpol_manifests_at(m, (*next)++), &doc,
                                items ? tree_at(&doc, items, i) : tree_root(&doc));
        yaml_document_delete(&doc);
    }
    yaml_document_delete(&doc);
    yaml_parser_delete(&parser);
    free(text);
}

/* Real files that the API server refuses too: what is wrong with them, in a part of our message. */
static const struct {
    const char *name; /* how it ends */
    const char *message;
} refused[] = {
    {"deprecated-extensions/network-policy.yaml", "in version \"extensions/v1beta1\""},
    {"matchexpressions_operator_wrong_type.yaml", "expected a string, found a list"},
    {"matchexpressions_values_wrong_form.yaml", "expected a list"},
    {"matchexpressions_wrong_type.yaml", "expected a list, found a map"},
    {"ports_wrong_keys.yaml", "unknown field \"spec.ingress[1].ports[0].podSelector\""},
    {"ports_wrong_type.yaml", "expected a list, found a map"},
    {"protocol_wrong_type.yaml", "expected a string, found a list"},
    {"spec_wrong_type.yaml", "found a list"},
    {"docs/test-runs.md.3", "unknown field \"Network policy\""},
    {"ClusterNetworkPolicy.md.0", "unknown field"},
};

static bool is_refused_rightly(group_row *row, const netpol_diagnostics *d)
{
    for (size_t i = 0; i < COUNT(refused); i++) {
        size_t n = strlen(row->name);
        size_t end = strlen(refused[i].name);
        if (n >= end && strcmp(row->name + n - end, refused[i].name) == 0)
            return strstr(why_of(d), refused[i].message) != NULL;
    }
    return false;
}

static void expect_round_trip(group_row *row, const netpol_manifests *m)
{
    expect_fixed_point(row, m, NETPOL_FORMAT_YAML);
    expect_fixed_point(row, m, NETPOL_FORMAT_JSON);
    const tree_node *files = tree_get(&row->doc, row->root, "manifests");
    size_t next = 0;
    for (size_t i = 0; i < tree_count(files); i++)
        expect_same_file(row, tree_text(tree_at(&row->doc, files, i)), m, &next);
    assert_int_equal(next, netpol_manifests_count(m));
}

static void round_trip(group_row *row, void *ctx)
{
    size_t *policies = ctx;
    netpol_options o = {.size = sizeof o, .flags = NETPOL_KEEP_OTHERS};
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    netpol_manifests *m;
    assert_int_equal(netpol_manifests_new(&o, &m), NETPOL_OK);
    netpol_status status = read_row(row, false, m, d);
    if (status == NETPOL_OK)
        expect_round_trip(row, m);
    else if (status != NETPOL_INVALID || !is_refused_rightly(row, d))
        fail_msg("%s: %s", row->name, why_of(d));
    for (size_t i = 0; i < netpol_manifests_count(m); i++)
        *policies += netpol_object_policy(netpol_manifests_at(m, i)) ||
                     netpol_object_cluster_policy(netpol_manifests_at(m, i));
    netpol_manifests_free(m);
    netpol_diagnostics_free(d);
}

static void real_files_are_read_as_they_are_and_written_as_they_are_read(void **state)
{
    (void)state;
    static const char *const groups[] = {"real-world", "recipes", "cyclonus", "policy-assistant"};
    size_t policies = 0;
    for (size_t i = 0; i < COUNT(groups); i++)
        walk(groups[i], round_trip, &policies);
    assert_true(policies >= 67);
}

/* ---- whole lists of connections ---- */

typedef struct text_lines {
    char *at[2000];
    size_t n;
} text_lines;

static int by_text(const void *a, const void *b)
{
    const char *const *x = a;
    const char *const *y = b;
    return strcmp(*x, *y);
}

/* The connections of a list, sorted. The other tool marks address ranges with a word of its own. */
static void sort_lines(char *text, text_lines *out)
{
    static const char mark[] = "[External]";
    out->n = 0;
    for (char *line = strtok(text, "\r\n"); line; line = strtok(NULL, "\r\n")) {
        char *marked = strstr(line, mark);
        if (!strstr(line, " => "))
            continue;
        if (marked)
            memmove(marked, marked + sizeof mark - 1, strlen(marked + sizeof mark - 1) + 1);
        size_t n = strlen(line);
        while (n && line[n - 1] == ' ')
            line[--n] = '\0';
        assert_true(out->n < COUNT(out->at));
        out->at[out->n++] = line;
    }
    qsort(out->at, out->n, sizeof *out->at, by_text);
}

static void expect_same_list(group_row *row, const char *file, const netpol_engine *engine)
{
    static text_lines want;
    static text_lines got;
    char path[512];
    size_t n;
    snprintf(path, sizeof path, FOLDER "%s", file);
    char *expected = test_read_file(path, &n);
    test_text ours = {0};
    netpol_sink to = test_text_sink(&ours);
    assert_int_equal(netpol_engine_list(engine, NULL, NETPOL_FORMAT_TEXT, &to, NULL), NETPOL_OK);
    sort_lines(expected, &want);
    sort_lines(ours.p, &got);
    for (size_t i = 0; i < want.n && i < got.n; i++)
        if (strcmp(want.at[i], got.at[i]) != 0)
            fail_msg("%s: %s\n  and not %s", row->name, got.at[i], want.at[i]);
    if (want.n != got.n)
        fail_msg("%s: %zu connections, not %zu", row->name, got.n, want.n);
    test_text_free(&ours);
    free(expected);
}

/* Some of these files leave selectors out that the API server demands: the other tool goes on, and
 * so do we when asked to. */
static void compare_lists(group_row *row, void *ctx)
{
    size_t *n = ctx;
    const tree_node *lists =
        tree_get(&row->doc, tree_get(&row->doc, row->root, "expected"), "connlist");
    const char *file = tree_count(lists) ? tree_text(tree_at(&row->doc, lists, 0)) : NULL;
    if (!file || strcmp(file + strlen(file) - 4, ".txt") != 0)
        return;
    netpol_semantics semantics = {.size = sizeof semantics};
    netpol_cluster_options how = {.size = sizeof how, .semantics = &semantics};
    netpol_options options = {.size = sizeof options, .flags = NETPOL_KEEP_GOING};
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    netpol_manifests *m;
    netpol_engine *engine = NULL;
    assert_int_equal(netpol_semantics_preset("np-guard", &semantics), NETPOL_OK);
    assert_int_equal(netpol_manifests_new(NULL, &m), NETPOL_OK);
    if (read_row(row, false, m, d) != NETPOL_OK ||
        compile_with(m, &how, &options, NETPOL_ENGINE_COMPILED, &engine, d) != NETPOL_OK)
        fail_msg("%s: %s", row->name, why_of(d));
    expect_same_list(row, file, engine);
    netpol_engine_unref(engine);
    netpol_manifests_free(m);
    netpol_diagnostics_free(d);
    ++*n;
}

static void lists_of_another_tool_come_out_the_same(void **state)
{
    (void)state;
    size_t n = 0;
    walk("np-guard-np", compare_lists, &n);
    walk("np-guard-admin", compare_lists, &n);
    assert_true(n >= 16);
}

/* ---- inputs to refuse ---- */

static void expect_refused(group_row *row, void *ctx)
{
    size_t *n = ctx;
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    netpol_manifests *m;
    netpol_engine *engine = NULL;
    assert_int_equal(netpol_manifests_new(NULL, &m), NETPOL_OK);
    netpol_status status = read_row(row, false, m, d);
    if (status == NETPOL_OK)
        status = compile(m, NETPOL_ENGINE_COMPILED, &engine, d);
    if (status != NETPOL_INVALID || netpol_diagnostics_count(d) == 0)
        fail_msg("%s is accepted: %s", row->name, netpol_status_name(status));
    netpol_engine_unref(engine);
    netpol_manifests_free(m);
    netpol_diagnostics_free(d);
    ++*n;
}

static void bad_inputs_are_refused(void **state)
{
    (void)state;
    size_t n = 0;
    walk("np-guard-bad", expect_refused, &n);
    assert_true(n >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_to_end_tables_are_right),
        cmocka_unit_test(the_conformance_tables_are_right),
        cmocka_unit_test(the_older_form_of_the_conformance_tables_is_right),
        cmocka_unit_test(real_files_are_read_as_they_are_and_written_as_they_are_read),
        cmocka_unit_test(lists_of_another_tool_come_out_the_same),
        cmocka_unit_test(bad_inputs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
