/* SPDX-License-Identifier: MIT */
/* Runs the golden files of the verdict oracle where they lie beside this repository: clusters with
 * questions and the letters that a second, independent reading of the API gives. Column "ref" is
 * what the defaults must answer, column "policy" the preset "knp". */
#include "harness.h"
#include "write.h"

#include <netpol.h>

#define FOLDER "../shared/oracle/verdict/"

/* One line of a golden file. */
typedef struct scenario {
    const char *file;
    size_t line;
    np_arena arena;
    const np_value *root;
} scenario;

static const np_value *get(const np_value *map, const char *key)
{
    for (size_t i = 0; map && map->type == NP_VALUE_MAP && i < map->n; i++)
        if (np_slice_is(map->as.map[i].key, key))
            return map->as.map[i].value;
    return NULL;
}

static const np_value *element(const np_value *list, size_t i)
{
    return list && list->type == NP_VALUE_LIST && i < list->n ? list->as.list[i] : NULL;
}

static size_t count(const np_value *list)
{
    return list && list->type == NP_VALUE_LIST ? list->n : 0;
}

/* The value of a key in the canonical JSON form, or another text if it is absent. */
static void put(np_buffer *b, const np_value *map, const char *key, const char *absent)
{
    const np_value *v = get(map, key);
    if (!v) {
        np_buffer_text(b, absent);
        return;
    }
    np_write_value(b, v, NETPOL_FORMAT_JSON);
    b->n--; /* the line feed */
}

static void put_name(np_buffer *b, const np_value *x, const char *kind)
{
    np_buffer_format(b, "{\"apiVersion\":\"v1\",\"kind\":\"%s\",\"metadata\":{\"name\":", kind);
    put(b, x, "name", "\"\"");
    if (get(x, "namespace")) {
        np_buffer_text(b, ",\"namespace\":");
        put(b, x, "namespace", "");
    }
    np_buffer_text(b, ",\"labels\":");
    put(b, x, "labels", "{}");
    np_buffer_char(b, '}');
}

static void put_addresses(np_buffer *b, const np_value *x, const char *before)
{
    for (size_t i = 0; i < count(get(x, "ips")); i++) {
        const np_value *ip = element(get(x, "ips"), i);
        np_buffer_format(b, "%s%s\"%.*s\"}", i ? "," : "", before, (int)ip->as.text.n,
                         ip->as.text.p);
    }
}

static void put_node(np_buffer *b, const np_value *x)
{
    put_name(b, x, "Node");
    np_buffer_text(b, ",\"status\":{\"addresses\":[");
    put_addresses(b, x, "{\"type\":\"InternalIP\",\"address\":");
    np_buffer_text(b, "]}}");
}

/* Each port in a container of its own: where names are equal, any counts. */
static void put_pod(np_buffer *b, const np_value *x)
{
    put_name(b, x, "Pod");
    np_buffer_text(b, ",\"spec\":{\"nodeName\":");
    put(b, x, "node", "\"\"");
    np_buffer_text(b, ",\"hostNetwork\":");
    put(b, x, "hostNetwork", "false");
    np_buffer_text(b, ",\"containers\":[");
    for (size_t i = 0; i < count(get(x, "ports")); i++) {
        const np_value *port = element(get(x, "ports"), i);
        np_buffer_format(b, "%s{\"name\":\"c%zu\",\"ports\":[{\"name\":", i ? "," : "", i);
        put(b, port, "name", "\"\"");
        np_buffer_text(b, ",\"protocol\":");
        put(b, port, "protocol", "\"TCP\"");
        np_buffer_text(b, ",\"containerPort\":");
        put(b, port, "containerPort", "0");
        np_buffer_text(b, "}]}");
    }
    np_buffer_text(b, "]},\"status\":{\"phase\":\"Running\",\"podIPs\":[");
    put_addresses(b, x, "{\"ip\":");
    np_buffer_text(b, "]}}");
}

static void put_namespace(np_buffer *b, const np_value *x)
{
    put_name(b, x, "Namespace");
    np_buffer_char(b, '}');
}

static void put_policy(np_buffer *b, const np_value *x)
{
    np_write_value(b, x, NETPOL_FORMAT_JSON);
}

/* The scenario as kubectl would take it. */
static void put_list(np_buffer *b, const scenario *s)
{
    static const struct {
        const char *key;
        void (*put)(np_buffer *b, const np_value *x);
    } parts[] = {
        {"namespaces", put_namespace},
        {"nodes", put_node},
        {"pods", put_pod},
        {"policies", put_policy},
        {"clusterNetworkPolicies", put_policy},
        {"adminNetworkPolicies", put_policy},
        {"baselineAdminNetworkPolicies", put_policy},
    };
    const char *before = "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[";
    for (size_t p = 0; p < COUNT(parts); p++)
        for (size_t i = 0; i < count(get(s->root, parts[p].key)); i++) {
            np_buffer_text(b, before);
            parts[p].put(b, element(get(s->root, parts[p].key), i));
            before = ",";
        }
    np_buffer_text(b, "]}");
    assert_false(b->failed);
}

static const char *first_message(const netpol_diagnostics *d)
{
    const netpol_diagnostic *x = netpol_diagnostics_at(d, 0);
    return x ? x->message : "(nothing said)";
}

static netpol_engine *engine_of(const scenario *s, const char *preset, int32_t machinery)
{
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    netpol_semantics semantics = {.size = sizeof semantics};
    netpol_cluster_options how = {.size = sizeof how, .semantics = &semantics};
    netpol_manifests *m = NULL;
    netpol_cluster *c = NULL;
    netpol_engine *e = NULL;
    np_buffer b;
    np_buffer_init(&b, &np_libc_allocator);
    put_list(&b, s);
    assert_int_equal(netpol_semantics_preset(preset, &semantics), NETPOL_OK);
    assert_int_equal(netpol_manifests_new(NULL, &m), NETPOL_OK);
    netpol_status status = netpol_manifests_read_memory(m, s->file, b.p, b.n, d);
    if (status == NETPOL_OK)
        status = netpol_cluster_new(&how, NULL, &c, d);
    if (status == NETPOL_OK)
        status = netpol_cluster_put_all(c, m, d);
    if (status == NETPOL_OK)
        status = netpol_cluster_compile(c, machinery, &e, d);
    if (status != NETPOL_OK)
        fail_msg("%s line %zu: %s", s->file, s->line, first_message(d));
    np_buffer_free(&b);
    netpol_cluster_free(c);
    netpol_manifests_free(m);
    netpol_diagnostics_free(d);
    return e;
}

static void text_of(const np_value *query, const char *key, char out[128])
{
    const np_value *v = get(query, key);
    out[0] = '\0';
    if (v && v->type == NP_VALUE_STRING)
        snprintf(out, 128, "%.*s", (int)v->as.text.n, v->as.text.p);
    else if (v && v->type == NP_VALUE_INT)
        snprintf(out, 128, "%" PRId64, v->as.integer);
}

static netpol_flow flow_of(const scenario *s, const netpol_engine *e, const np_value *query)
{
    char src[128];
    char dst[128];
    char protocol[128];
    char port[128];
    char family[128];
    netpol_flow flow;
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    text_of(query, "src", src);
    text_of(query, "dst", dst);
    text_of(query, "protocol", protocol);
    text_of(query, "port", port);
    text_of(query, "family", family);
    if (netpol_flow_parse(e, src, dst, protocol, port, &flow, d) != NETPOL_OK)
        fail_msg("%s line %zu: %s", s->file, s->line, first_message(d));
    if (flow.src_kind == NETPOL_BY_POD && *family)
        flow.src[4] = (uint8_t)(*family - '0');
    if (flow.dst_kind == NETPOL_BY_POD && *family)
        flow.dst[4] = (uint8_t)(*family - '0');
    netpol_diagnostics_free(d);
    return flow;
}

static void expect_column(const scenario *s, const char *column, const char *preset,
                          int32_t machinery)
{
    netpol_engine *e = engine_of(s, preset, machinery);
    const np_value *queries = get(s->root, "queries");
    np_slice letters = get(get(s->root, "expect"), column)->as.text;
    assert_int_equal(letters.n, count(queries));
    for (size_t i = 0; i < letters.n; i++) {
        netpol_flow flow = flow_of(s, e, element(queries, i));
        char got = netpol_engine_verdict(e, &flow).allowed ? 'A' : 'D';
        if (got != letters.p[i])
            fail_msg("%s line %zu query %zu, %s: %c, not %c", s->file, s->line, i, preset, got,
                     letters.p[i]);
    }
    netpol_engine_unref(e);
}

static void run_line(const char *file, size_t number, np_slice text)
{
    static const int32_t machines[] = {NETPOL_ENGINE_REFERENCE, NETPOL_ENGINE_COMPILED};
    scenario s = {.file = file, .line = number};
    np_arena_init(&s.arena, &np_libc_allocator, 1 << 16);
    s.root = np_json_text_read(&s.arena, text);
    assert_non_null(s.root);
    for (size_t i = 0; i < COUNT(machines); i++) {
        expect_column(&s, "ref", "spec", machines[i]);
        expect_column(&s, "policy", "knp", machines[i]);
    }
    np_arena_free(&s.arena);
}

static void run_file(const char *file)
{
    size_t n;
    size_t number = 0;
    char *text = test_read_file_if_any(file, &n);
    if (!text) {
        print_message("%s is not here: skipped\n", file);
        skip();
    }
    for (char *line = text; *line; number++) {
        size_t length = strcspn(line, "\n");
        run_line(file, number + 1, (np_slice){line, length});
        line += length + (line[length] == '\n');
    }
    assert_true(number > 0);
    free(text);
}

static void network_policies_agree_with_the_oracle(void **state)
{
    (void)state;
    run_file(FOLDER "golden-np.jsonl");
}

static void cluster_policies_agree_with_the_oracle(void **state)
{
    (void)state;
    run_file(FOLDER "golden-cnp.jsonl");
}

static void admin_policies_agree_with_the_oracle(void **state)
{
    (void)state;
    run_file(FOLDER "golden-anp.jsonl");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(network_policies_agree_with_the_oracle),
        cmocka_unit_test(cluster_policies_agree_with_the_oracle),
        cmocka_unit_test(admin_policies_agree_with_the_oracle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
