/* SPDX-License-Identifier: MIT */
/* Scenarios: what a file may say, what is refused, and what cannot go wrong. */
#include "scenario.h"

#include "scenarios.h"

/* ---- what a file may say ---- */

static const struct {
    const char *why;
    const char *text;  /* behind the head */
    const char *found; /* "line:column message (hint)" of each diagnostic, one a line */
} refused[] = {
    {"a slip in a field is told with the field that was meant", "namspace: a\n",
     "3:1 a scenario has no field \"namspace\" (did you mean \"namespace\"?)\n"},
    {"a field that is near nothing has no hint", "author: me\n",
     "3:1 a scenario has no field \"author\"\n"},
    {"the same of cases", "cases:\n- {from: a, too: b, to: b, expect: deny}\n",
     "4:13 cases[0]: a case has no field \"too\" (did you mean \"to\"?)\n"},
    {"fields are not set twice", "cases:\n- {from: a, to: b, from: c, expect: deny}\n",
     "4:20 cases[0]: the field \"from\" is there twice\n"},
    {"nor in a way that a merge hides",
     "cases:\n- &a {from: a, to: b, expect: deny}\n- {<<: *a, expect: allow}\n",
     "5:12 cases[1]: the field \"expect\" is there twice\n"},
    {"what a case needs is asked for, all of it", "cases:\n- {port: 80}\n",
     "4:3 cases[0]: the field \"from\" is missing\n"
     "4:3 cases[0]: the field \"to\" is missing\n"
     "4:3 cases[0]: the field \"expect\" is missing\n"},
    {"null and an empty list are as good as nothing", "cases:\n- {from: [], to: ~, expect: deny}\n",
     "4:3 cases[0]: the field \"from\" is missing\n"
     "4:3 cases[0]: the field \"to\" is missing\n"},
    {"words are those of a list", "cases:\n- {from: a, to: b, expect: denied}\n",
     "4:28 cases[0].expect: must be one of allow, deny, not \"denied\"\n"},
    {"with the nearest one", "cases:\n- {from: a, to: b, expect: alow}\n",
     "4:28 cases[0].expect: must be one of allow, deny, not \"alow\" (did you mean \"allow\"?)\n"},
    {"presets are those that there are", "semantics: cilum\n",
     "3:12 semantics: must be one of spec, cilium, calico, ovn-kubernetes, antrea, np-guard, knp, "
     "strict, open, not \"cilum\" (did you mean \"cilium\"?)\n"},
    {"invariants are those that there are", "invariants: [dsn]\n",
     "3:14 invariants[0].ensure: must be one of default-deny, dns, no-internet, "
     "no-metadata-address, namespace-isolated, api-server, not \"dsn\" (did you mean \"dns\"?)\n"},
    {"ports have a range", "cases:\n- {from: a, to: b, port: [80, 0, 65536, -1], expect: deny}\n",
     "4:31 cases[0].port[1]: must be a number from 1 to 65535, not 0\n"
     "4:34 cases[0].port[2]: must be a number from 1 to 65535, not 65536\n"
     "4:41 cases[0].port[3]: must be a number from 1 to 65535, not -1\n"},
    {"numbers beyond all ranges are numbers",
     "cases:\n- {from: a, to: b, port: 99999999999999999999, expect: deny}\n",
     "4:26 cases[0].port: must be a text, not a number (put it in quotes)\n"},
    {"nor are halves ports", "cases:\n- {from: a, to: b, port: 80.5, expect: deny}\n",
     "4:26 cases[0].port: must be a text, not a number (put it in quotes)\n"},
    {"names are texts, and YAML takes yes for a boolean",
     "cases:\n- {from: yes, to: b, expect: deny}\n",
     "4:10 cases[0].from: must be a text, not a boolean (put it in quotes)\n"},
    {"names of fields are words", "? [a]\n: b\n",
     "3:3 a map key is a list or a map (quote a text that begins with [ or {)\n"},
    {"a map is no word", "cases:\n- {from: {a: b}, to: b, expect: deny}\n",
     "4:10 cases[0].from: must be a text or a list of texts\n"},
    {"nor is a list of lists one of words", "cases:\n- {from: [[a]], to: b, expect: deny}\n",
     "4:11 cases[0].from[0]: must be a text or a list of texts\n"},
    {"one word is wanted here", "cases:\n- {from: a, to: b, expect: [deny]}\n",
     "4:28 cases[0].expect: must be a text\n"},
    {"NUL ends no text here", "cases:\n- {from: \"a\\0b\", to: b, expect: deny}\n",
     "4:10 cases[0].from: must not hold NUL\n"},
    {"cases are a list", "cases: {from: a, to: b, expect: deny}\n",
     "3:8 cases: must be a list (begin each entry with a dash)\n"},
    {"of maps", "cases: [a, [b]]\n",
     "3:9 cases[0]: a case must be a map\n"
     "3:12 cases[1]: a case must be a map\n"},
    {"no port is not every port",
     "cases:\n- {from: a, to: b, port: [], protocol: [], expect: deny}\n",
     "4:26 cases[0].port: must not be empty (or leave it out)\n"
     "4:40 cases[0].protocol: must not be empty (or leave it out)\n"},
    {"families are two, also far off", "cases:\n- {from: a, to: b, family: 7, expect: deny}\n",
     "4:28 cases[0].family: must be one of 4, 6, not \"7\"\n"},
    {"families are two", "cases:\n- {from: a, to: b, family: 5, expect: deny}\n",
     "4:28 cases[0].family: must be one of 4, 6, not \"5\"\n"},
    {"what an invariant does not need it does not take",
     "invariants:\n- {ensure: dns, direction: both}\n- {ensure: no-internet, to: a}\n"
     "- {ensure: default-deny, port: 80}\n- {ensure: no-metadata-address, expect: deny}\n"
     "- {ensure: namespace-isolated, protocol: UDP}\n",
     "4:3 dns takes no field \"direction\"\n"
     "5:3 no-internet takes no field \"to\"\n"
     "6:3 default-deny takes no field \"port\"\n"
     "7:3 no-metadata-address takes no field \"expect\"\n"
     "8:3 namespace-isolated takes no field \"protocol\"\n"},
    {"another version is another format", "---\n", ""},
    {"one scenario a file", "---\n" HEAD,
     "4:0 there is a second scenario in this file (begin it with apiVersion: netpol/v1 and kind: "
     "Scenario)\n"},
};

static void add_found(test_text *out, const netpol_diagnostics *d)
{
    netpol_sink to = test_text_sink(out);
    for (size_t i = 0; i < netpol_diagnostics_count(d); i++) {
        const netpol_diagnostic *x = netpol_diagnostics_at(d, i);
        char line[1024];
        int n =
            snprintf(line, sizeof line, "%u:%u %s%s%s%s\n", (unsigned)x->line, (unsigned)x->column,
                     x->message, x->hint ? " (" : "", x->hint ? x->hint : "", x->hint ? ")" : "");
        to.write(to.ctx, line, (size_t)n);
    }
}

static void mistakes_are_told_all_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        netpol_scenario *s = NULL;
        netpol_diagnostics *d = netpol_diagnostics_new(NULL);
        char *text = test_joined(HEAD, refused[i].text);
        test_text found = {0};
        netpol_status status = test_scenario_read(text, &s, d);
        add_found(&found, d);
        if (status != (*refused[i].found ? NETPOL_INVALID : NETPOL_OK) ||
            strcmp(test_text_of(&found), refused[i].found) != 0)
            fail_msg("%s: %s\ngives %s:\n%snot\n%s", refused[i].why, refused[i].text,
                     netpol_status_name(status), test_text_of(&found), refused[i].found);
        test_text_free(&found);
        free(text);
        netpol_scenario_free(s);
        netpol_diagnostics_free(d);
    }
}

static const struct {
    const char *why;
    const char *text;
    netpol_status status;
    const char *message; /* of the first diagnostic, its beginning */
} no_scenarios[] = {
    {"nothing", "", NETPOL_INVALID, "the first document is no scenario"},
    {"another kind", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n", NETPOL_INVALID,
     "the first document is no scenario"},
    {"a scenario that comes second", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\n" HEAD,
     NETPOL_INVALID, "the first document is no scenario"},
    {"another version", "apiVersion: netpol/v2\nkind: Scenario\n", NETPOL_INVALID,
     "apiVersion: must be netpol/v1, not \"netpol/v2\""},
    {"no kind", "apiVersion: netpol/v1\n", NETPOL_INVALID, ""},
    {"no YAML", HEAD "cases: [\n", NETPOL_INVALID, ""},
    {"a broken object behind it", HEAD "---\nkind: Pod\napiVersion: v1\nmetadata: {nam: a}\n",
     NETPOL_INVALID, "unknown field \"metadata.nam\""},
};

static void what_is_no_scenario_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(no_scenarios); i++) {
        netpol_scenario *s = NULL;
        netpol_diagnostics *d = netpol_diagnostics_new(NULL);
        netpol_status status = test_scenario_read(no_scenarios[i].text, &s, d);
        const netpol_diagnostic *x = netpol_diagnostics_at(d, 0);
        const char *wanted = no_scenarios[i].message;
        if (status != no_scenarios[i].status || !x ||
            strncmp(x->message, wanted, strlen(wanted)) != 0)
            fail_msg("%s: %s, %s", no_scenarios[i].why, netpol_status_name(status),
                     x ? x->message : "nothing said");
        assert_null(s);
        netpol_diagnostics_free(d);
    }
}

static void files_are_read_from_their_folder(void **state)
{
    (void)state;
    netpol_scenario *s = NULL;
    netpol_engine *e = NULL;
    const char *path = "examples/db-policy/scenario.yaml";
    assert_int_equal(netpol_scenario_read(path, NULL, &s, NULL), NETPOL_OK);
    assert_string_equal(netpol_scenario_at(s, 0)->source, path);
    assert_int_equal(netpol_scenario_compile(s, NULL, NETPOL_ENGINE_COMPILED, &e, NULL), NETPOL_OK);
    assert_int_equal(netpol_engine_pod_count(e), 5);
    netpol_engine_unref(e);
    netpol_scenario_free(s);
    assert_int_equal(netpol_scenario_read("examples/db-policy", NULL, &s, NULL), NETPOL_INVALID);
    assert_int_equal(netpol_scenario_read("tests/cli/files/scenarios", NULL, &s, NULL),
                     NETPOL_INVALID);
    assert_int_equal(netpol_scenario_read("examples/nothing.yaml", NULL, &s, NULL), NETPOL_IO);
}

static const struct {
    const char *why;
    const char *manifests;
    uint32_t flags;
    netpol_status status;
} sources[] = {
    {"a folder", "examples/db-policy/1-either.yaml", 0, NETPOL_OK},
    {"what is not there", "examples/nothing.yaml", 0, NETPOL_IO},
    {"nor is it with keep-going", "examples/nothing.yaml", NETPOL_KEEP_GOING, NETPOL_IO},
    {"standard input is not for files to read", "-", 0, NETPOL_IO},
    {"a policy that is invalid", "examples/mistakes.yaml", 0, NETPOL_INVALID},
    {"which is left out with keep-going", "examples/mistakes.yaml", NETPOL_KEEP_GOING, NETPOL_OK},
    {"two policies of one name", "examples/db-policy", 0, NETPOL_INVALID},
};

static void engines_fail_closed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sources); i++) {
        netpol_scenario *s = NULL;
        netpol_engine *e = NULL;
        netpol_options o = {.size = sizeof o, .flags = sources[i].flags};
        char text[256];
        int n = snprintf(text, sizeof text, HEAD "manifests: \"%s\"\n", sources[i].manifests);
        assert_int_equal(netpol_scenario_read_memory(NULL, text, (size_t)n, &o, &s, NULL),
                         NETPOL_OK);
        netpol_status status = netpol_scenario_compile(s, NULL, NETPOL_ENGINE_COMPILED, &e, NULL);
        if (status != sources[i].status || (status == NETPOL_OK) != (e != NULL))
            fail_msg("%s: %s", sources[i].why, netpol_status_name(status));
        netpol_engine_unref(e);
        netpol_scenario_free(s);
    }
}

/* ---- hostile input ---- */

static void deep_and_large_input_is_refused_at_once(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    static const struct {
        const char *before;
        const char *repeated;
    } rows[] = {
        {HEAD "cases: ", "["},
        {HEAD "cases: ", "{a: "},
        {HEAD "cases:\n", "- "},
        {HEAD "cases: [{from: [", "[a],"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        test_text text = {0};
        netpol_sink to = test_text_sink(&text);
        to.write(to.ctx, rows[i].before, strlen(rows[i].before));
        for (size_t k = 0; k < MANY; k++)
            to.write(to.ctx, rows[i].repeated, strlen(rows[i].repeated));
        netpol_scenario *s = NULL;
        test_memory m;
        test_memory_ready(&m);
        netpol_options o = {.size = sizeof o, .allocator = &m.allocator, .max_memory = 1u << 22};
        netpol_diagnostics *d = netpol_diagnostics_new(&o);
        assert_int_not_equal(netpol_scenario_read_memory("s", text.p, text.n, &o, &s, d),
                             NETPOL_OK);
        assert_null(s);
        netpol_diagnostics_free(d);
        test_memory_expect_empty(&m);
        test_text_free(&text);
    }
}

static void aliases_cannot_blow_up(void **state)
{
    (void)state;
    netpol_scenario *s = NULL;
    static const char bomb[] =
        HEAD "resolve: [&a [x,x,x,x,x,x,x,x,x], &b [*a,*a,*a,*a,*a,*a,*a,*a,*a],\n"
             "&c [*b,*b,*b,*b,*b,*b,*b,*b,*b], &d [*c,*c,*c,*c,*c,*c,*c,*c,*c],\n"
             "&e [*d,*d,*d,*d,*d,*d,*d,*d,*d], [*e,*e,*e,*e,*e,*e,*e,*e,*e]]\n";
    assert_int_not_equal(test_scenario_read(bomb, &s, NULL), NETPOL_OK);
    assert_null(s);
}

static void entries_do_not_stand_for_too_many_questions(void **state)
{
    (void)state;
    netpol_scenario *s = NULL;
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    test_text text = {0};
    netpol_sink to = test_text_sink(&text);
    static const char head[] = HEAD "cases: [{expect: deny, from: &a [a";
    static const char tail[] = "], to: *a, protocol: *a, port: *a}]\n";
    to.write(to.ctx, head, strlen(head));
    for (size_t i = 0; i < 400; i++)
        to.write(to.ctx, ", a", 3);
    to.write(to.ctx, tail, strlen(tail));
    assert_int_equal(test_scenario_read(test_text_of(&text), &s, d), NETPOL_INVALID);
    assert_string_equal(netpol_diagnostics_at(d, 0)->message,
                        "the lists of this entry stand for more than 100000 questions");
    netpol_diagnostics_free(d);
    test_text_free(&text);
}

static void other_forms_of_yaml_are_the_same_scenario(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "\xef\xbb\xbf" HEAD "cases: [{from: a, to: b, expect: deny}]\n",
        "apiVersion: netpol/v1\r\nkind: Scenario\r\ncases:\r\n- from: a\r\n  to: b\r\n  expect: "
        "deny\r\n",
        "{\"apiVersion\":\"netpol/"
        "v1\",\"kind\":\"Scenario\",\"cases\":[{\"from\":[\"a\"],\"to\":\"b\","
        "\"expect\":\"deny\"}]}",
        "--- # one\n" HEAD
        "cases:\n  - &x\n    from: >-\n      a\n    to: 'b'\n    expect: \"deny\"\n...\n",
        HEAD "cases: [{from: \"\\x61\", to: !!str b, expect: deny}]\n",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        netpol_scenario *s = NULL;
        netpol_diagnostics *d = netpol_diagnostics_new(NULL);
        if (test_scenario_read(texts[i], &s, d) != NETPOL_OK)
            fail_msg("%s: %s", texts[i], netpol_diagnostics_at(d, 0)->message);
        assert_string_equal(netpol_scenario_at(s, 0)->name, "a => b TCP deny");
        netpol_scenario_free(s);
        netpol_diagnostics_free(d);
    }
}

static void any_character_comes_through(void **state)
{
    (void)state;
    netpol_scenario *s = NULL;
    static const char text[] = HEAD
        "cases:\n- {name: \"\\x7f\\x85\\u2028\\ufeff\\t\\n\\\"\\\\ \\U0001F600\", from: a, to: b, "
        "expect: deny}\n";
    assert_int_equal(test_scenario_read(text, &s, NULL), NETPOL_OK);
    assert_string_equal(netpol_scenario_at(s, 0)->name,
                        "\x7f\xc2\x85\xe2\x80\xa8\xef\xbb\xbf\t\n\"\\ \xf0\x9f\x98\x80");
    netpol_scenario_free(s);
}

/* ---- libcyaml ---- */

/* Our own pass lets nothing through that the schema refuses; should the two ever differ, libcyaml's
 * word counts. */
static void the_schema_has_the_last_word(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        {"{\"cases\":[{}]}", "Load: Missing required mapping field: line"},
        {"{\"nothing\":1}", "Load: Unexpected key: nothing"},
        {"{\"cases\":[{\"line\":1,\"column\":1,\"from\":[],\"to\":[],\"expect\":\"perhaps\"}]}",
         "Load: Invalid ENUM value: perhaps"},
        {"{\"manifests\":[&a \"x\",*a]}", NULL},
    };
    test_memory m;
    test_memory_ready(&m);
    netpol_options o = {.size = sizeof o, .allocator = &m.allocator};
    for (size_t i = 0; i < COUNT(rows); i++) {
        np_scenario_file *file = NULL;
        netpol_diagnostics *d = netpol_diagnostics_new(&o);
        assert_int_equal(np_scenario_bind(&m.allocator, np_slice_of(rows[i].text), "s", &file, d),
                         NETPOL_INVALID);
        assert_null(file);
        if (rows[i].message)
            assert_string_equal(netpol_diagnostics_at(d, 0)->message, rows[i].message);
        netpol_diagnostics_free(d);
        test_memory_expect_empty(&m);
    }
}

static void mutate(np_rand *r, char *text, size_t *n, size_t room)
{
    static const char *const pieces[] = {
        "[", "]",   "{",  "}",      ": ", "- ", "\n", "\n  ",   "~",     "80",  "yes", "\"",
        "'", "&a ", "*a", "<<: *a", "#",  ",",  "? ", "!!int ", "name:", "|\n", "1.5", "\xff"};
    size_t at = np_rand_below(r, (uint32_t)*n);
    if (np_rand_once_in(r, 3)) {
        size_t cut = 1 + np_rand_below(r, 8);
        cut = cut < *n - at ? cut : *n - at;
        memmove(text + at, text + at + cut, *n - at - cut);
        *n -= cut;
    } else {
        const char *piece = pieces[np_rand_below(r, COUNT(pieces))];
        size_t more = strlen(piece);
        if (*n + more > room)
            return;
        memmove(text + at + more, text + at, *n - at);
        memcpy(text + at, piece, more);
        *n += more;
    }
}

/* Law: what our own pass lets through, libcyaml binds; and what it does not is told. */
static void what_is_let_through_is_bound(void **state)
{
    (void)state;
    enum { ROOM = 4096, MUTATIONS = 2 };
    static const char whole[] =
        HEAD "semantics: spec\nnamespace: a\nmanifests: [x, z]\nresolve: [a=192.0.2.1]\n"
             "nodeAddresses: 10.0.0.1\ncases:\n"
             "- {name: n1, from: a, to: [b, c], port: 80, protocol: [TCP, 17], expect: allow}\n"
             "- from: 10.0.0.1\n  to: b\n  port: [http, 81]\n  family: 4\n  expect: deny\n"
             "invariants:\n- dns\n- {ensure: default-deny, namespaces: a, except: [b], direction: "
             "both}\n"
             "- ensure: api-server\n  to: a\n  port: 6443\n  protocol: TCP\n  expect: deny\n";
    np_rand r = np_rand_from_env("NETPOL_SEED");
    size_t good = 0;
    int rounds = np_rounds(20000);
    for (int round = 0; round < rounds; round++) {
        char text[ROOM];
        size_t n = sizeof whole - 1;
        memcpy(text, whole, n);
        for (uint32_t i = 1 + np_rand_below(&r, MUTATIONS); i > 0; i--)
            mutate(&r, text, &n, sizeof text);
        netpol_scenario *s = NULL;
        netpol_diagnostics *d = netpol_diagnostics_new(NULL);
        netpol_status status = netpol_scenario_read_memory("s", text, n, NULL, &s, d);
        bool told = np_diag_errors(d, 0) > 0;
        for (size_t i = 0; i < netpol_diagnostics_count(d); i++)
            told &= netpol_diagnostics_at(d, i)->code != NP_CODE_SCENARIO_SCHEMA;
        if (status == NETPOL_OK ? told : !told)
            fail_msg("seed %" PRIu64 " round %d: %s\n%.*s", r.seed, round,
                     netpol_status_name(status), (int)n, text);
        good += status == NETPOL_OK;
        netpol_scenario_free(s);
        netpol_diagnostics_free(d);
    }
    print_message("%zu of %d mutants are scenarios\n", good, rounds);
    assert_true(good > 0);
}

/* ---- memory, cancelling, misuse ---- */

static netpol_status everything(const netpol_options *o, void *ctx)
{
    static const int32_t formats[] = {NETPOL_FORMAT_TEXT, NETPOL_FORMAT_JSON, NETPOL_FORMAT_JUNIT};
    const char *text = ctx;
    netpol_scenario *s = NULL;
    netpol_engine *e = NULL;
    netpol_scenario_report *r = NULL;
    netpol_diagnostics *d = netpol_diagnostics_new(o);
    netpol_status status =
        d ? netpol_scenario_read_memory("s", text, strlen(text), o, &s, d) : NETPOL_NO_MEMORY;
    if (status == NETPOL_OK)
        status = netpol_scenario_compile(s, NULL, NETPOL_ENGINE_COMPILED, &e, d);
    if (status == NETPOL_OK)
        status = netpol_scenario_run(s, e, NETPOL_ALL_ITEMS, &r);
    for (size_t i = 0; i < COUNT(formats) && status == NETPOL_OK; i++) {
        test_text out = {0};
        netpol_sink to = test_text_sink(&out);
        status = netpol_scenario_write((const netpol_scenario_report *const *)&r, 1, formats[i],
                                       NETPOL_REPORT_COVERAGE, &to);
        test_text_free(&out);
    }
    netpol_scenario_report_free(r);
    netpol_engine_unref(e);
    netpol_scenario_free(s);
    netpol_diagnostics_free(d);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    char *text =
        test_joined(HEAD "namespace: shop\n"
                         "cases:\n- {from: [web, nobody], to: [db, open/any], port: [80, http], "
                         "expect: allow}\n"
                         "invariants: [{ensure: default-deny, except: open/any}, dns, "
                         "no-internet, no-metadata-address, namespace-isolated, api-server]\n",
                    test_scenario_cluster);
    assert_true(test_every_allocation_fails(everything, text) > 100);
    free(text);
}

static bool stop(void *ctx)
{
    return (*(int *)ctx)-- > 0;
}

static void runs_can_be_cancelled(void **state)
{
    (void)state;
    int left = 1000000;
    netpol_options o = {.size = sizeof o, .keep_going = stop, .ctx = &left};
    char *text =
        test_joined(HEAD "cases: [{from: shop/web, to: shop/db, port: [1, 2], expect: deny}]\n"
                         "invariants: [dns]\n",
                    test_scenario_cluster);
    netpol_scenario *s = NULL;
    netpol_engine *e = NULL;
    netpol_scenario_report *r = NULL;
    assert_int_equal(netpol_scenario_read_memory("s", text, strlen(text), &o, &s, NULL), NETPOL_OK);
    assert_int_equal(netpol_scenario_compile(s, NULL, NETPOL_ENGINE_COMPILED, &e, NULL), NETPOL_OK);
    for (int n = 0; n < 3; n++) {
        left = n;
        assert_int_equal(netpol_scenario_run(s, e, NETPOL_ALL_ITEMS, &r), NETPOL_CANCELLED);
        assert_null(r);
    }
    netpol_engine_unref(e);
    netpol_scenario_free(s);
    free(text);
}

static void misuse_is_told(void **state)
{
    (void)state;
    netpol_scenario *s = NULL;
    netpol_engine *e = NULL;
    netpol_scenario_report *r = NULL;
    test_text out = {0};
    netpol_sink to = test_text_sink(&out);
    const netpol_options unknown = {.size = sizeof unknown, .flags = 1u << 31};
    assert_int_equal(netpol_scenario_read(NULL, NULL, &s, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_scenario_read("s", &unknown, &s, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_scenario_read_memory("s", NULL, 1, NULL, &s, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_scenario_read_memory("s", HEAD, strlen(HEAD), NULL, &s, NULL),
                     NETPOL_OK);
    assert_int_equal(netpol_scenario_compile(NULL, NULL, 0, &e, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_scenario_compile(s, NULL, 7, &e, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_scenario_compile(s, NULL, 0, &e, NULL), NETPOL_OK);
    assert_int_equal(netpol_scenario_run(s, NULL, NETPOL_ALL_ITEMS, &r), NETPOL_MISUSE);
    assert_int_equal(netpol_scenario_run(s, e, 0, &r), NETPOL_MISUSE);
    assert_int_equal(netpol_scenario_run(s, e, NETPOL_ALL_ITEMS, &r), NETPOL_OK);
    const netpol_scenario_report *const nothing[] = {NULL};
    const netpol_scenario_report *const some[] = {r};
    assert_int_equal(netpol_scenario_write(nothing, 1, NETPOL_FORMAT_JSON, 0, &to), NETPOL_MISUSE);
    assert_int_equal(netpol_scenario_write(some, 1, NETPOL_FORMAT_YAML, 0, &to), NETPOL_MISUSE);
    assert_int_equal(netpol_scenario_write(some, 1, NETPOL_FORMAT_JSON, 8, &to), NETPOL_MISUSE);
    assert_int_equal(netpol_scenario_write(some, 1, NETPOL_FORMAT_JSON, 0, NULL), NETPOL_MISUSE);
    assert_null(netpol_scenario_at(s, 0));
    assert_null(netpol_scenario_report_at(r, 0));
    assert_int_equal(netpol_scenario_count(NULL), 0);
    assert_int_equal(netpol_scenario_report_count(NULL), 0);
    assert_int_equal(netpol_scenario_report_rule_count(NULL), 0);
    assert_int_equal(netpol_scenario_report_outcomes(NULL, NETPOL_PASSED), 0);
    netpol_scenario_report_free(NULL);
    netpol_scenario_free(NULL);
    netpol_scenario_report_free(r);
    netpol_engine_unref(e);
    netpol_scenario_free(s);
    test_text_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_told_all_at_once),
        cmocka_unit_test(what_is_no_scenario_is_refused),
        cmocka_unit_test(files_are_read_from_their_folder),
        cmocka_unit_test(engines_fail_closed),
        cmocka_unit_test(deep_and_large_input_is_refused_at_once),
        cmocka_unit_test(aliases_cannot_blow_up),
        cmocka_unit_test(entries_do_not_stand_for_too_many_questions),
        cmocka_unit_test(other_forms_of_yaml_are_the_same_scenario),
        cmocka_unit_test(any_character_comes_through),
        cmocka_unit_test(the_schema_has_the_last_word),
        cmocka_unit_test(what_is_let_through_is_bound),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(runs_can_be_cancelled),
        cmocka_unit_test(misuse_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
