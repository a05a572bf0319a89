/* SPDX-License-Identifier: MIT */
#include "selector.h"

#include "harness.h"

/* ---- matching ---- */

static const netpol_label web[] = {{"app", "web"}, {"empty", ""}, {"tier", "front"}};

#define REQUIREMENT(key, op, ...)                                                                  \
    &(const netpol_requirement)                                                                    \
    {                                                                                              \
        key, op, (const char *const[]){__VA_ARGS__}, COUNT(((const char *const[]){__VA_ARGS__}))   \
    }
#define PRESENCE(key, op)                                                                          \
    &(const netpol_requirement)                                                                    \
    {                                                                                              \
        key, op, NULL, 0                                                                           \
    }
#define EXPRESSION(requirement)                                                                    \
    {                                                                                              \
        .match_expressions = (const netpol_requirement *const[]){requirement},                     \
        .n_match_expressions = 1                                                                   \
    }
#define LABELS(...)                                                                                \
    {                                                                                              \
        .match_labels = (const netpol_label[]){__VA_ARGS__},                                       \
        .n_match_labels = COUNT(((const netpol_label[]){__VA_ARGS__}))                             \
    }

static const struct {
    const char *why;
    netpol_label_selector selector;
    bool matches; /* the labels of web */
} matching[] = {
    {"an empty selector selects everything", {0}, true},
    {"an equal label", LABELS({"app", "web"}), true},
    {"another value", LABELS({"app", "db"}), false},
    {"an absent key", LABELS({"zone", "a"}), false},
    {"a present empty value", LABELS({"empty", ""}), true},
    {"an absent key is not the empty value", LABELS({"zone", ""}), false},
    {"all labels must hold", LABELS({"app", "web"}, {"tier", "back"}), false},
    {"case counts", LABELS({"App", "web"}), false},
    {"In with the value", EXPRESSION(REQUIREMENT("tier", "In", "back", "front")), true},
    {"In without the value", EXPRESSION(REQUIREMENT("tier", "In", "back")), false},
    {"In and an absent key", EXPRESSION(REQUIREMENT("zone", "In", "")), false},
    {"NotIn with the value", EXPRESSION(REQUIREMENT("tier", "NotIn", "front")), false},
    {"NotIn without the value", EXPRESSION(REQUIREMENT("tier", "NotIn", "back")), true},
    {"NotIn and an absent key", EXPRESSION(REQUIREMENT("zone", "NotIn", "a")), true},
    {"Exists", EXPRESSION(PRESENCE("empty", "Exists")), true},
    {"Exists and an absent key", EXPRESSION(PRESENCE("zone", "Exists")), false},
    {"DoesNotExist", EXPRESSION(PRESENCE("app", "DoesNotExist")), false},
    {"DoesNotExist and an absent key", EXPRESSION(PRESENCE("zone", "DoesNotExist")), true},
    {"an operator is exact", EXPRESSION(REQUIREMENT("tier", "in", "front")), false},
    {"an unknown operator selects nothing", EXPRESSION(REQUIREMENT("tier", "Gt", "1")), false},
    {"no operator", EXPRESSION(PRESENCE("tier", NULL)), false},
};

static void matching_follows_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(matching); i++) {
        const netpol_label_selector *s = &matching[i].selector;
        if (netpol_label_selector_matches(s, web, COUNT(web)) != matching[i].matches)
            fail_msg("%s", matching[i].why);
        if (np_selector_matches_sorted(s, web, COUNT(web)) != matching[i].matches)
            fail_msg("sorted: %s", matching[i].why);
    }
    assert_false(netpol_label_selector_matches(NULL, web, COUNT(web)));
    assert_true(netpol_label_selector_matches(&matching[0].selector, NULL, 0));
}

static void the_last_of_equal_labels_counts(void **state)
{
    (void)state;
    const netpol_label twice[] = {{"app", "db"}, {"app", "web"}};
    netpol_label_selector s = LABELS({"app", "web"});
    assert_true(netpol_label_selector_matches(&s, twice, COUNT(twice)));
}

static void values_are_found_by_key(void **state)
{
    (void)state;
    assert_string_equal(np_label_value(web, COUNT(web), "app"), "web");
    assert_string_equal(np_label_value(web, COUNT(web), "tier"), "front");
    assert_null(np_label_value(web, COUNT(web), "ape"));
    assert_null(np_label_value(web, COUNT(web), "zone"));
    assert_null(np_label_value(NULL, 0, "app"));
}

static void keys_are_named_by_both_lists(void **state)
{
    (void)state;
    netpol_label_selector labels = LABELS({"app", "web"});
    netpol_label_selector expressions = EXPRESSION(PRESENCE("tier", "Exists"));
    assert_true(np_selector_names_key(&labels, "app"));
    assert_false(np_selector_names_key(&labels, "web"));
    assert_true(np_selector_names_key(&expressions, "tier"));
}

/* ---- text ---- */

static const struct {
    const char *why;
    const char *text;
    const char *again; /* as written by us */
} good_texts[] = {
    {"nothing selects everything", "", ""},
    {"blanks are nothing", " \t\r\n", ""},
    {"an equal label", "app=web", "app=web"},
    {"two equal signs", "app==web", "app=web"},
    {"blanks around all words", " app = web , tier == a ", "app=web,tier=a"},
    {"unequal", "app!=web", "app notin (web)"},
    {"one of a set", "tier in (b,a)", "tier in (a,b)"},
    {"blanks in a set", "tier  in\t( a , b )", "tier in (a,b)"},
    {"no blank before a set", "tier in(a)", "tier in (a)"},
    {"none of a set", "tier notin (a)", "tier notin (a)"},
    {"doubles in a set", "tier in (a,b,a)", "tier in (a,b)"},
    {"presence", "app", "app"},
    {"absence", "!app", "!app"},
    {"absence with blanks", " ! app ", "!app"},
    {"an empty value", "app=", "app="},
    {"an empty value before a comma", "app=,tier", "app=,tier"},
    {"not empty", "app!=", "app notin ()"},
    {"a set of the empty value", "app in ()", "app in ()"},
    {"empty values in a set", "app in (,a,,)", "app in (,a)"},
    {"in as a key", "in in (in,notin)", "in in (in,notin)"},
    {"notin as a key and a value", "notin=notin", "notin=notin"},
    {"a key named in, present", "in", "in"},
    {"a prefix", "app.kubernetes.io/name=web", "app.kubernetes.io/name=web"},
    {"sorted by key", "z=1,a,!m", "a,!m,z=1"},
    {"one key again, another operation", "a=1,!a,a!=2", "a=1,!a,a notin (2)"},
    {"the same label again", "a=1,a=1", "a=1"},
    {"another value of a label selects nothing, and says so", "a=1,a=2", "a=1,a in (2)"},
};

static char *format(const netpol_label_selector *s)
{
    test_text out = {0};
    netpol_sink to = test_text_sink(&out);
    assert_int_equal(netpol_label_selector_format(s, &to), NETPOL_OK);
    char *copy = malloc(out.n + 1);
    assert_non_null(copy);
    memcpy(copy, test_text_of(&out), out.n + 1);
    test_text_free(&out);
    return copy;
}

static void good_texts_follow_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good_texts); i++) {
        netpol_selector *s = NULL;
        if (netpol_selector_parse(good_texts[i].text, NULL, &s, NULL) != NETPOL_OK)
            fail_msg("%s: %s", good_texts[i].why, good_texts[i].text);
        char *again = format(netpol_selector_tree(s));
        if (strcmp(again, good_texts[i].again) != 0)
            fail_msg("%s: %s became %s", good_texts[i].why, good_texts[i].text, again);
        free(again);
        netpol_selector_free(s);
    }
}

static const struct {
    const char *why;
    const char *text;
    uint32_t line;
    uint32_t column;
    const char *message;
} bad_texts[] = {
    {"a comma at the end", "app,", 1, 5, "found the end, expected a label key"},
    {"a comma at the start", ",app", 1, 1, "found \",\", expected a label key"},
    {"two keys", "app tier", 1, 5,
     "found \"tier\", expected a comma, '=', '==', '!=', 'in' or 'notin'"},
    {"in without a set", "app in web", 1, 8, "found \"web\", expected '('"},
    {"a set that does not end", "app in (a,", 1, 11, "found the end, expected a value or ')'"},
    {"a set without commas", "app in (a b)", 1, 11, "found \"b\", expected a comma or ')'"},
    {"an absent key with a value", "!app=web", 1, 5, "found \"=\", expected a comma or the end"},
    {"three equal signs", "app===web", 1, 6, "found \"=\", expected a value"},
    {"a comparison", "level>3", 1, 6, "\">\" is not supported in the selectors of policies"},
    {"a comparison after a line feed", "app,\n level < 3", 2, 8,
     "\"<\" is not supported in the selectors of policies"},
    {"columns count characters", "app=ü,b c", 1, 5,
     "\"ü\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' "
     "or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
     "'my_value',  or '12345', regex used for validation is "
     "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"},
    {"a key that no label has", "/app=web", 1, 1, "\"/app\": prefix part must be non-empty"},
    {"quotes are no part of the form", "app='web'", 1, 5, NULL},
};

static void bad_texts_are_refused_at_their_column(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_texts); i++) {
        netpol_diagnostics *diags = netpol_diagnostics_new(NULL);
        netpol_selector *s = NULL;
        netpol_status status = netpol_selector_parse(bad_texts[i].text, NULL, &s, diags);
        if (status != NETPOL_INVALID || s || netpol_diagnostics_count(diags) != 1)
            fail_msg("%s: status %d", bad_texts[i].why, status);
        const netpol_diagnostic *d = netpol_diagnostics_at(diags, 0);
        if (d->line != bad_texts[i].line || d->column != bad_texts[i].column)
            fail_msg("%s: at %u:%u", bad_texts[i].why, d->line, d->column);
        if (bad_texts[i].message && strcmp(d->message, bad_texts[i].message) != 0)
            fail_msg("%s: %s", bad_texts[i].why, d->message);
        netpol_diagnostics_free(diags);
    }
}

static const struct {
    const char *why;
    netpol_label_selector selector;
} unwritable[] = {
    {"an unknown operator", EXPRESSION(REQUIREMENT("app", "Gt", "1"))},
    {"no operator", EXPRESSION(PRESENCE("app", NULL))},
    {"no key", EXPRESSION(PRESENCE(NULL, "Exists"))},
    {"In without values", EXPRESSION(PRESENCE("app", "In"))},
    {"Exists with values", EXPRESSION(REQUIREMENT("app", "Exists", "web"))},
    {"a value that would read as two", LABELS({"app", "a,b"})},
    {"a key that would read as two", LABELS({"a,b", "web"})},
};

static void what_the_api_refuses_is_not_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(unwritable); i++) {
        test_text out = {0};
        netpol_sink to = test_text_sink(&out);
        netpol_status status = netpol_label_selector_format(&unwritable[i].selector, &to);
        if (status != NETPOL_INVALID || out.n != 0)
            fail_msg("%s: status %d", unwritable[i].why, status);
        test_text_free(&out);
    }
}

static netpol_status refuse_write(void *ctx, const char *bytes, size_t n)
{
    (void)ctx;
    (void)bytes;
    (void)n;
    return NETPOL_IO;
}

static void misuse_and_sinks_are_told(void **state)
{
    (void)state;
    netpol_selector *s = NULL;
    netpol_label_selector all = {0};
    netpol_label_selector one = LABELS({"app", "web"});
    netpol_options odd = {.size = 1};
    netpol_sink bad = {refuse_write, NULL};
    assert_int_equal(netpol_selector_parse(NULL, NULL, &s, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_selector_parse("a", NULL, NULL, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_selector_parse("a", &odd, &s, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_label_selector_format(NULL, &bad), NETPOL_MISUSE);
    assert_int_equal(netpol_label_selector_format(&all, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_label_selector_format(&one, &bad), NETPOL_IO);
    assert_null(netpol_selector_tree(NULL));
    netpol_selector_free(NULL);
}

static netpol_status parse_twice(const netpol_options *o, void *ctx)
{
    netpol_selector *s = NULL;
    netpol_status status = netpol_selector_parse(ctx, o, &s, NULL);
    netpol_selector_free(s);
    return status == NETPOL_INVALID ? NETPOL_OK : status;
}

#define TIMES_4(text) text text text text
#define TIMES_64(text) TIMES_4(TIMES_4(TIMES_4(text)))

static void no_memory_is_clean(void **state)
{
    (void)state;
    char good[] = "a=1,b in (x,y,,z),!c,d notin (q),e,f,g,h,i,j,k";
    char bad[] = "a=1,b in (x,y z)";
    char odd[] = "a=1,/b";
    char grows[] = TIMES_64("k=v,in in (a,bb,ccc,dddd),!x.io/y,") "end";
    test_every_allocation_fails(parse_twice, grows);
    test_every_allocation_fails(parse_twice, good);
    test_every_allocation_fails(parse_twice, bad);
    test_every_allocation_fails(parse_twice, odd);
}

/* ---- laws ---- */

static const char *const words[] = {"app", "a", "in", "notin", "b-1", "x.io/y", "Z_9", ""};

static const char *random_word(np_rand *r)
{
    return words[np_rand_below(r, COUNT(words))];
}

/* A text of the grammar's tokens, often wrong. */
static void random_text(np_rand *r, char *text, size_t room)
{
    static const char *const tokens[] = {"=", "==",  "!=",   "!",        ",", ",", "(", ")",
                                         " ", "in ", " in ", " notin (", "a", "b", "é", ">"};
    size_t n = 0;
    for (uint32_t k = np_rand_below(r, 12); k > 0; k--) {
        const char *token =
            np_rand_once_in(r, 3) ? random_word(r) : tokens[np_rand_below(r, COUNT(tokens))];
        n += (size_t)snprintf(text + n, room - n, "%s", token);
    }
    text[n] = '\0';
}

/* Law: what is written is read back as the same selector, and is then written as it was. */
static void reading_undoes_writing(void **state)
{
    (void)state;
    np_rand r = np_rand_from_env("NETPOL_SEED");
    for (int round = 0; round < np_rounds(20000); round++) {
        char text[256];
        random_text(&r, text, sizeof text);
        netpol_selector *first = NULL;
        if (netpol_selector_parse(text, NULL, &first, NULL) != NETPOL_OK)
            continue;
        char *written = format(netpol_selector_tree(first));
        netpol_selector *second = NULL;
        netpol_status status = netpol_selector_parse(written, NULL, &second, NULL);
        char *again = status == NETPOL_OK ? format(netpol_selector_tree(second)) : NULL;
        if (!again || strcmp(written, again) != 0)
            fail_msg("seed %" PRIu64 " round %d: '%s' '%s'", r.seed, round, text, written);
        netpol_selector_free(first);
        netpol_selector_free(second);
        free(written);
        free(again);
    }
}

/* Law: the binary search agrees with looking at every label. */
static void sorted_and_unsorted_agree(void **state)
{
    (void)state;
    np_rand r = np_rand_from_env("NETPOL_SEED");
    const netpol_label sorted[] = {{"Z_9", "1"}, {"a", "b"}, {"app", ""}, {"in", "in"}};
    const netpol_label mixed[] = {{"in", "in"}, {"app", ""}, {"Z_9", "1"}, {"a", "b"}};
    for (int round = 0; round < np_rounds(20000); round++) {
        char text[256];
        random_text(&r, text, sizeof text);
        netpol_selector *s = NULL;
        if (netpol_selector_parse(text, NULL, &s, NULL) != NETPOL_OK)
            continue;
        const netpol_label_selector *tree = netpol_selector_tree(s);
        if (np_selector_matches_sorted(tree, sorted, COUNT(sorted)) !=
            netpol_label_selector_matches(tree, mixed, COUNT(mixed)))
            fail_msg("seed %" PRIu64 " round %d: %s", r.seed, round, text);
        netpol_selector_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matching_follows_the_table),
        cmocka_unit_test(the_last_of_equal_labels_counts),
        cmocka_unit_test(values_are_found_by_key),
        cmocka_unit_test(keys_are_named_by_both_lists),
        cmocka_unit_test(good_texts_follow_the_table),
        cmocka_unit_test(bad_texts_are_refused_at_their_column),
        cmocka_unit_test(what_the_api_refuses_is_not_written),
        cmocka_unit_test(misuse_and_sinks_are_told),
        cmocka_unit_test(no_memory_is_clean),
        cmocka_unit_test(reading_undoes_writing),
        cmocka_unit_test(sorted_and_unsorted_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
