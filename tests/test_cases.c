/* SPDX-License-Identifier: MIT */
/* Runs tests/cases/: files that hold a cluster, its policies, and a document of kind Case with
 * questions and the answers that the specification gives. See tests/cases/README.md. */
#include "tree.h"

#include <netpol.h>

#include <dirent.h>

enum { MOST_FILES = 200, NAME_ROOM = 256 };

typedef struct case_file {
    const char *path;
    char *text;
    yaml_document_t doc; /* of kind Case */
    const tree_node *root;
    netpol_manifests *manifests;
    size_t wrong; /* answers that are not as written */
} case_file;

/* ---- finding the files and the Case document ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static size_t list_cases(char names[][NAME_ROOM])
{
    size_t n = 0;
    DIR *dir = opendir("tests/cases");
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        size_t length = strlen(e->d_name);
        if (length > 5 && strcmp(e->d_name + length - 5, ".yaml") == 0 && n < MOST_FILES)
            snprintf(names[n++], NAME_ROOM, "tests/cases/%.200s", e->d_name);
    }
    closedir(dir);
    qsort(names, n, NAME_ROOM, by_name);
    return n;
}

/* The text behind the last line "---". */
static const char *last_document(const char *text)
{
    const char *last = text;
    for (const char *at = text; (at = strstr(at, "\n---\n")); at += 4)
        last = at + 5;
    return last;
}

static void open_case(case_file *f, const char *path)
{
    size_t n;
    *f = (case_file){.path = path, .text = test_read_file(path, &n)};
    const char *last = last_document(f->text);
    if (!tree_read(&f->doc, last, strlen(last)))
        fail_msg("%s: the last document is no YAML", path);
    f->root = tree_root(&f->doc);
    const char *kind = tree_get_text(&f->doc, f->root, "kind");
    if (!kind || strcmp(kind, "Case") != 0)
        fail_msg("%s: the last document is no Case", path);
}

static void close_case(case_file *f)
{
    netpol_manifests_free(f->manifests);
    yaml_document_delete(&f->doc);
    free(f->text);
}

static const tree_node *of_case(case_file *f, const char *key)
{
    return tree_get(&f->doc, f->root, key);
}

static bool is_true(case_file *f, const char *key)
{
    const char *text = tree_text(of_case(f, key));
    return text && strcmp(text, "true") == 0;
}

/* ---- the engine of a case ---- */

typedef struct texts {
    const char *at[16];
    size_t n;
} texts;

static texts texts_of(case_file *f, const char *key)
{
    texts t = {.n = tree_count(of_case(f, key))};
    assert_true(t.n <= COUNT(t.at));
    for (size_t i = 0; i < t.n; i++)
        t.at[i] = tree_text(tree_at(&f->doc, of_case(f, key), i));
    return t;
}

static const char *first_message(const netpol_diagnostics *d)
{
    const netpol_diagnostic *x = netpol_diagnostics_at(d, 0);
    return x ? x->message : "(nothing said)";
}

static netpol_status compile(case_file *f, const char *preset, int32_t machinery,
                             netpol_engine **out, netpol_diagnostics *d)
{
    netpol_options options = {.size = sizeof options,
                              .flags = is_true(f, "keepGoing") ? NETPOL_KEEP_GOING : 0};
    texts nodes = texts_of(f, "nodeAddresses");
    texts names = texts_of(f, "resolve");
    netpol_semantics semantics = {.size = sizeof semantics};
    assert_int_equal(netpol_semantics_preset(preset, &semantics), NETPOL_OK);
    netpol_cluster_options how = {.size = sizeof how,
                                  .semantics = &semantics,
                                  .default_namespace = tree_text(of_case(f, "namespace")),
                                  .node_addresses = nodes.at,
                                  .n_node_addresses = nodes.n,
                                  .resolve = names.at,
                                  .n_resolve = names.n};
    netpol_cluster *cluster = NULL;
    netpol_status status = netpol_cluster_new(&how, &options, &cluster, d);
    if (status == NETPOL_OK)
        status = netpol_cluster_put_all(cluster, f->manifests, d);
    if (status == NETPOL_OK)
        status = netpol_cluster_compile(cluster, machinery, out, d);
    netpol_cluster_free(cluster);
    return status;
}

/* ---- one question ---- */

typedef struct asked {
    case_file *file;
    const tree_node *row;
    const netpol_engine *engine;
    const char *preset;
    int32_t machinery;
} asked;

static const char *of_row(const asked *q, const char *key)
{
    return tree_get_text(&q->file->doc, q->row, key);
}

/* Says what is wrong with an answer; the other answers are looked at all the same. */
static void wrong(const asked *q, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void wrong(const asked *q, const char *format, ...)
{
    char text[1024];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    print_error("%s: %s (%s to %s %s, %s, %s): %s\n", q->file->path,
                of_row(q, "why") ? of_row(q, "why") : "?", of_row(q, "src"), of_row(q, "dst"),
                of_row(q, "port") ? of_row(q, "port") : "all ports", q->preset,
                q->machinery == NETPOL_ENGINE_REFERENCE ? "reference" : "compiled", text);
    q->file->wrong++;
}

static const char *outcome_name(int32_t outcome)
{
    return outcome == NETPOL_ALLOW ? "allow" : outcome == NETPOL_DENY ? "deny" : "mixed";
}

static netpol_question question_of(const asked *q)
{
    const char *family = of_row(q, "family");
    return (netpol_question){.size = sizeof(netpol_question),
                             .src = of_row(q, "src"),
                             .dst = of_row(q, "dst"),
                             .protocol = of_row(q, "proto"),
                             .port = of_row(q, "port"),
                             .family = family ? family[0] - '0' : 0};
}

/* Exactly the marks that the case lists, in any order. */
static void expect_depends(const asked *q, uint32_t got)
{
    const tree_node *list = tree_get(&q->file->doc, q->row, "depends");
    uint32_t want = 0;
    for (size_t i = 0; i < tree_count(list); i++)
        for (uint32_t bit = 1; netpol_depends_name(bit); bit <<= 1)
            if (strcmp(netpol_depends_name(bit), tree_text(tree_at(&q->file->doc, list, i))) == 0)
                want |= bit;
    for (uint32_t bit = 1; netpol_depends_name(bit); bit <<= 1)
        if ((want ^ got) & bit)
            wrong(q, "mark %s is %s", netpol_depends_name(bit),
                  got & bit ? "not expected" : "missing");
}

static void expect_refusal(const asked *q, netpol_status status, const netpol_diagnostics *d)
{
    const char *word = of_row(q, "error");
    if (status == NETPOL_OK)
        wrong(q, "answered, but the question is wrong");
    if (word && !strstr(first_message(d), word))
        wrong(q, "the error should say '%s': %s", word, first_message(d));
}

static void expect_answer(const asked *q, const char *verdict, bool with_depends)
{
    netpol_question question = question_of(q);
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    netpol_answer *answer = NULL;
    netpol_status status = netpol_engine_ask(q->engine, &question, &answer, d);
    if (strcmp(verdict, "error") == 0) {
        expect_refusal(q, status, d);
    } else if (status != NETPOL_OK) {
        wrong(q, "%s: %s", netpol_status_name(status), first_message(d));
    } else {
        const char *got = outcome_name(netpol_answer_outcome(answer));
        if (strcmp(got, verdict) != 0)
            wrong(q, "%s, not %s", got, verdict);
        if (with_depends)
            expect_depends(q, netpol_answer_depends(answer));
    }
    netpol_answer_free(answer);
    netpol_diagnostics_free(d);
}

/* The same question as a line of a query file. */
static void expect_line(const asked *q, const char *verdict)
{
    static const char *const keys[] = {"src", "dst", "proto", "port"};
    char line[1024] = "{\"note\":7";
    char want[64];
    if (of_row(q, "family"))
        return; /* lines ask for every family */
    for (size_t i = 0; i < COUNT(keys); i++)
        if (of_row(q, keys[i]))
            snprintf(line + strlen(line), sizeof line - strlen(line), ",\"%s\":\"%s\"", keys[i],
                     of_row(q, keys[i]));
    strcat(line, "}");
    snprintf(want, sizeof want, "\"verdict\":\"%s\"", verdict);
    test_text out = {0};
    netpol_sink to = test_text_sink(&out);
    netpol_status status = netpol_engine_answer_line(q->engine, line, strlen(line), &to, NULL);
    if (status != NETPOL_OK || !strstr(test_text_of(&out), want))
        wrong(q, "%s gives %s", line, test_text_of(&out));
    if (!strstr(test_text_of(&out), "\"note\":7"))
        wrong(q, "other keys are lost: %s", test_text_of(&out));
    test_text_free(&out);
}

/* ---- reasons ---- */

static void expect_number(const asked *q, const tree_node *want, const char *key, int64_t got)
{
    const char *text = tree_get_text(&q->file->doc, want, key);
    if (text && strtoll(text, NULL, 10) != got)
        wrong(q, "%s is %" PRId64 ", not %s", key, got, text);
}

static void policy_name(const netpol_object *policy, char text[NAME_ROOM])
{
    const char *ns = policy ? netpol_object_namespace(policy) : NULL;
    snprintf(text, NAME_ROOM, "%s%s%s", ns ? ns : "", ns ? "/" : "",
             policy ? netpol_object_name(policy) : "none");
}

static void expect_decision(const asked *q, const char *side, const netpol_decision *got)
{
    static const char *const tiers[] = {"none", "admin", "network-policy", "baseline"};
    char policy[NAME_ROOM];
    const tree_node *want = tree_get(&q->file->doc, q->row, side);
    const char *reason = tree_get_text(&q->file->doc, want, "reason");
    const char *name = tree_get_text(&q->file->doc, want, "policy");
    const char *tier = tree_get_text(&q->file->doc, want, "tier");
    policy_name(got->policy, policy);
    if (reason && strcmp(reason, got->reason) != 0)
        wrong(q, "%s reason is %s, not %s", side, got->reason, reason);
    if (name && strcmp(name, policy) != 0)
        wrong(q, "%s policy is %s, not %s", side, policy, name);
    if (tier && strcmp(tier, tiers[got->tier & 3]) != 0)
        wrong(q, "%s tier is %s, not %s", side, tiers[got->tier & 3], tier);
    expect_number(q, want, "rule", got->rule);
    expect_number(q, want, "peer", got->peer);
    expect_number(q, want, "port", got->port);
    expect_number(q, want, "line", got->line);
    expect_number(q, want, "isolating", (int64_t)got->n_isolating);
}

static void expect_reasons(const asked *q, const char *verdict)
{
    netpol_flow flow;
    netpol_explanation *x = NULL;
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    if (netpol_flow_parse(q->engine, of_row(q, "src"), of_row(q, "dst"), of_row(q, "proto"),
                          of_row(q, "port"), &flow, d) != NETPOL_OK)
        wrong(q, "%s", first_message(d));
    assert_int_equal(netpol_engine_explain(q->engine, &flow, &x, d), NETPOL_OK);
    bool allowed = netpol_engine_verdict(q->engine, &flow).allowed;
    if (allowed != (strcmp(verdict, "allow") == 0) ||
        allowed != netpol_explanation_verdict(x).allowed)
        wrong(q, "verdict, explanation and answer differ");
    expect_decision(q, "egress", netpol_explanation_decision(x, NETPOL_EGRESS));
    expect_decision(q, "ingress", netpol_explanation_decision(x, NETPOL_INGRESS));
    netpol_explanation_free(x);
    netpol_diagnostics_free(d);
}

/* ---- all questions of a file ---- */

static void ask_row(asked *q)
{
    const char *verdict = of_row(q, "verdict");
    assert_non_null(verdict);
    expect_answer(q, verdict, true);
    expect_line(q, verdict);
    if (tree_get(&q->file->doc, q->row, "egress") || tree_get(&q->file->doc, q->row, "ingress"))
        expect_reasons(q, verdict);
}

/* What a question gives under other presets: {cilium: deny, …}. */
static void ask_preset(asked *q, const char *preset)
{
    const tree_node *rows = of_case(q->file, "questions");
    netpol_engine *engine = NULL;
    assert_int_equal(compile(q->file, preset, q->machinery, &engine, NULL), NETPOL_OK);
    for (size_t i = 0; i < tree_count(rows); i++) {
        asked other = *q;
        other.row = tree_at(&q->file->doc, rows, i);
        other.engine = engine;
        other.preset = preset;
        const char *verdict =
            tree_get_text(&q->file->doc, tree_get(&q->file->doc, other.row, "presets"), preset);
        if (verdict)
            expect_answer(&other, verdict, false);
    }
    netpol_engine_unref(engine);
}

static void ask_all(case_file *f, int32_t machinery)
{
    const char *preset = tree_text(of_case(f, "semantics"));
    asked q = {.file = f, .preset = preset ? preset : "spec", .machinery = machinery};
    netpol_engine *engine = NULL;
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    netpol_status status = compile(f, q.preset, machinery, &engine, d);
    const char *refused = tree_text(of_case(f, "refused"));
    if (refused) {
        if (status != NETPOL_INVALID || !strstr(first_message(d), refused))
            fail_msg("%s: should be refused for '%s': %s", f->path, refused, first_message(d));
    } else if (status != NETPOL_OK) {
        fail_msg("%s: %s: %s", f->path, netpol_status_name(status), first_message(d));
    }
    netpol_diagnostics_free(d);
    const tree_node *rows = of_case(f, "questions");
    for (size_t i = 0; engine && i < tree_count(rows); i++) {
        q.row = tree_at(&f->doc, rows, i);
        q.engine = engine;
        ask_row(&q);
    }
    const char *name;
    for (size_t i = 0; engine && (name = netpol_semantics_preset_name(i)); i++)
        ask_preset(&q, name);
    netpol_engine_unref(engine);
}

/* How many answers are not as written. */
static size_t run_case(const char *path)
{
    case_file f;
    open_case(&f, path);
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    assert_int_equal(netpol_manifests_new(NULL, &f.manifests), NETPOL_OK);
    netpol_status status = netpol_manifests_read(f.manifests, path, d);
    if (status != NETPOL_OK && !of_case(&f, "refused") && !is_true(&f, "keepGoing"))
        fail_msg("%s: %s: %s", path, netpol_status_name(status), first_message(d));
    netpol_diagnostics_free(d);
    ask_all(&f, NETPOL_ENGINE_REFERENCE);
    ask_all(&f, NETPOL_ENGINE_COMPILED);
    size_t n = f.wrong;
    close_case(&f);
    return n;
}

static void every_case_is_answered_as_written(void **state)
{
    (void)state;
    static char names[MOST_FILES][NAME_ROOM];
    size_t n = list_cases(names);
    assert_true(n > 0);
    size_t bad = 0;
    for (size_t i = 0; i < n; i++)
        bad += run_case(names[i]);
    if (bad)
        fail_msg("%zu answers are not as written", bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_case_is_answered_as_written)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
