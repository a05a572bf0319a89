/* SPDX-License-Identifier: MIT */
/* Texts are cut into documents, and documents give events. */
#include "shown.h"

/* ---- documents ---- */

static const test_shown_case cutting[] = {
    {"nothing", "", ""},
    {"blank lines", "\n\n  \n\r\n", ""},
    {"a comment", "# only\n", ""},
    {"a null", "null\n", ""},
    {"an empty value with an anchor", "&a\n", ""},
    {"a tagged null", "!!null ''\n", ""},
    {"separators alone", "---\n---\n", ""},
    {"one document", "a: 1\n", "{ a 1 }"},
    {"no line feed at the end", "a: 1", "{ a 1 }"},
    {"two documents", "a\n---\nb\n", "a ; b"},
    {"a separator first and last", "---\na\n---\nb\n---\n", "a ; b"},
    {"a separator without line feed", "a\n---", "a"},
    {"blank documents do not count", "a\n---\n\n---\n# c\n---\nnull\n---\nb\n", "a ; b"},
    {"blanks after a separator", "a\n--- \t\nb\n", "a ; b"},
    {"a comment after a separator", "a\n--- # c\nb\n", "a ; b"},
    {"a comment that touches a separator", "a\n---#c\nb\n", "a ; b"},
    {"upstream's blanks after a separator", "a\n---\xc2\xa0\v\nb\n", "a ; b"},
    {"a touching comment on a first separator is content", "---#c\na: b\n",
     "---#c a error NP0100 2:2"},
    {"an indented separator is none", "a:\n  b\n ---\n", "{ a b --- }"},
    {"CRLF", "a: 1\r\n---\r\nb: 2\r\n", "{ a 1 } ; { b 2 }"},
    {"a lone CR ends a line of YAML", "a: 1\rb: 2\r", "{ a 1 b 2 }"},
    {"a separator after a lone CR is text", "a: 1\r---\rb: 2\r", "{ a 1 } error NP0104 2:1"},
    {"text after a separator ends the text", "a\n--- b\nc\n---\nd\n", "error NP0103 2:5"},
    {"four dashes", "a\n---\nb\n----\nc\n", "a ; error NP0103 4:4"},
    {"text after a first separator", "--- a\nb\n", "error NP0103 1:5"},
    {"a separator inside quotes", "a: 'b\n---\nc'\n", "{ a error NP0108 1:4 ; c'"},
    {"the end marker", "a: 1\n...\n", "{ a 1 }"},
    {"end markers and comments", "a: 1\n... # x\n\n# y\n...\n", "{ a 1 }"},
    {"text after the end marker", "a: 1\n...\nb: 2\n---\nc\n", "{ a 1 } error NP0104 3:1 ; c"},
    {"text after a document that ended", "[a]\nb\n", "[ a ] error NP0104 2:1"},
    {"less indentation than the first line", "  a: 1\nb: 2\n", "{ a 1 } error NP0104 2:1"},
    {"a directive after the document", "a: 1\n%TAG ! x\n", "{ a 1 } error NP0104 2:1"},
    {"an end marker alone", "...\n", "error NP0100 1:1"},
    {"an end marker after a separator", "---\n...\n", ""},
    {"a directive is a document of its own", "%YAML 1.1\n---\na\n", "error NP0105 1:1 ; a"},
    {"a directive after a comment", "# c\n%TAG ! x\n---\na\n", "error NP0105 2:1 ; a"},
    {"a byte order mark",
     "\xef\xbb\xbf"
     "a: 1\n",
     "{ a 1 }"},
    {"a byte order mark before a separator", "\xef\xbb\xbf---\na: 1\n", "{ a 1 }"},
    {"a byte order mark in a later document",
     "a\n---\n\xef\xbb\xbf"
     "b: [\n",
     "a ; { b [ error NP0108 4:1"},
    {"a byte order mark in the middle",
     "a: 1\n\xef\xbb\xbf"
     "b: 2\n",
     "error NP0102 2:1"},
    {"a byte order mark alone", "\xef\xbb\xbf", ""},
    {"a line feed is added for a block text", "a: |\n  b", "{ a |b\n| }"},
};

static void texts_are_cut_as_kubectl_cuts_them(void **state)
{
    (void)state;
    test_expect_shown(cutting, COUNT(cutting), NULL);
}

static const test_shown_case json_streams[] = {
    {"one value", "{\"a\":1}", "{ \"a\" 1 }"},
    {"blanks around it", " \t\r\n{\"a\":1}\n\n", "{ \"a\" 1 }"},
    {"values one after another", "{}{}\n{}", "{ } ; { } ; { }"},
    {"any value after the first", "{} [1] \"x\" 5 null true", "{ } ; [ 1 ] ; \"x\" ; 5 ; true"},
    {"YAML after one value", "{}\n---\na: 1\n", "{ } ; { a 1 }"},
    {"a value on the line of the first", "{} x: 1\n", "{ } ; { x 1 }"},
    {"JSON that is YAML only", "{a: 1, \"b\": [2,],}\n", "{ a 1 \"b\" [ 2 ] }"},
    {"a comment in JSON", "{\"a\": 1} # c\n", "{ \"a\" 1 }"},
    {"neither", "{\"a\": }}\n", "{ \"a\" ~ } error NP0104 1:8"},
    {"after two values it stays JSON", "{}{} x", "{ } ; { } ; error NP0115 1:6"},
    {"the end in the middle of the third", "{}{}\n{\"a\":", "{ } ; { } ; error NP0115 2:6"},
    {"YAML goes on where JSON ended", "{}\n{\"a\":1,}\n---\nb\n", "{ } ; { \"a\" 1 } ; b"},
    {"an array is no JSON stream", "[{\"a\":1}]", "[ { \"a\" 1 } ]"},
    {"a byte order mark makes it YAML", "\xef\xbb\xbf{\"a\":1}", "{ \"a\" 1 }"},
};

static void json_values_follow_one_another(void **state)
{
    (void)state;
    test_expect_shown(json_streams, COUNT(json_streams), NULL);
}

static const test_shown_case lenient[] = {
    {"a directive belongs to its document", "%YAML 1.1\n---\na: 1\n---\nb\n", "{ a 1 } ; b"},
    {"a tag directive works", "%TAG !e! tag:e,1:\n---\n!e!x a\n", "(tag:e,1:x)a"},
    {"a directive for nothing", "%YAML 1.1\n---\n# c\n", ""},
    {"a directive without separator", "%YAML 1.1\na\n", "error NP0104 2:1"},
    {"a directive at the end", "a\n---\n%YAML 1.1\n", "a ; error NP0104 4:1"},
};

static void directives_are_read_leniently_only(void **state)
{
    (void)state;
    const netpol_options o = {.size = sizeof o, .flags = NETPOL_LENIENT};
    test_expect_shown(lenient, COUNT(lenient), &o);
}

/* ---- events ---- */

static const test_shown_case events[] = {
    {"all styles", "[a, 'b', \"c\", ~]\n", "[ a 'b' \"c\" ~ ]"},
    {"block texts", "a: |\n  x\nb: >-\n  y\n  z\n", "{ a |x\n| b >y z> }"},
    {"empty values", "a:\nb: ''\n", "{ a ~ b '' }"},
    {"tags", "!!str 1\n", "(tag:yaml.org,2002:str)1"},
    {"a tag of a map", "!!map {a: b}\n", "(tag:yaml.org,2002:map){ a b }"},
    {"the tag ! stays", "! \"80\"\n", "(!)\"80\""},
    {"a pair in a list", "[a: b]\n", "[ { a b } ]"},
    {"keys without values", "{a, b}\n", "{ a ~ b ~ }"},
    {"an explicit key", "? a\n: b\n", "{ a b }"},
    {"characters beyond ASCII", "\xc3\xa9: \"\\u00fc\"\n", "{ \xc3\xa9 \"\xc3\xbc\" }"},
    {"a list as a key", "[a]: b\n", "{ error NP0114 1:1"},
    {"a map as a key", "? {a: b}\n: c\n", "{ error NP0114 1:3"},
};

static const test_shown_case aliases[] = {
    {"a scalar", "[&x a, *x]\n", "[ a a ]"},
    {"an empty one", "[&x , *x]\n", "[ ~ ~ ]"},
    {"a map", "a: &x {b: [c]}\nd: *x\n", "{ a { b [ c ] } d { b [ c ] } }"},
    {"a key", "a: &x b\n*x : c\n", "{ a b b c }"},
    {"a map as a key", "a: &x {}\n*x : c\n", "{ a { } error NP0114 2:1"},
    {"inside of an anchored node", "[&x [&y a, *y], *x, *y]\n", "[ [ a a ] [ a a ] a ]"},
    {"of an alias inside", "[&x a, &y [*x, *x], *y]\n", "[ a [ a a ] [ a a ] ]"},
    {"a redefined anchor", "[&x a, *x, &x b, *x]\n", "[ a a b b ]"},
    {"keeps its old meaning inside", "[&x a, &y [*x], &x b, *y]\n", "[ a [ a ] b [ a ] ]"},
    {"redefined inside itself", "&x [&x a, *x]\n", "[ a a ]"},
    {"keeps tag and style", "[&x !!str 'a', *x]\n",
     "[ (tag:yaml.org,2002:str)'a' (tag:yaml.org,2002:str)'a' ]"},
    {"unknown", "[a, *x]\n", "[ a error NP0111 1:5"},
    {"defined later", "[*x, &x a]\n", "[ error NP0111 1:2"},
    {"of another document", "&x a\n---\n*x\n", "a ; error NP0111 3:1"},
    {"of itself", "&x [*x]\n", "[ error NP0112 1:5"},
    {"of what is around it", "a: &x\n  b: {c: *x}\n", "{ a { b { c error NP0112 2:10"},
    {"quoted", "['*x', \"&y\"]\n", "[ '*x' \"&y\" ]"},
};

static const test_shown_case merges[] = {
    {"a map", "{<<: {a: b}, c: d}\n", "{ <a b c d }"},
    {"an alias", "{x: &x {a: b}, y: {<<: *x}}\n", "{ x { a b } y { <a b } }"},
    {"at the end", "{c: d, <<: {a: b}}\n", "{ c d <a b }"},
    {"an empty map", "{<<: {}, c: d}\n", "{ c d }"},
    {"nested maps are not merged keys", "{<<: {a: {b: c}}}\n", "{ <a { b c } }"},
    {"a merge in a merge", "{<<: {<<: {a: b}, c: d}, e: f}\n", "{ <a b <c d e f }"},
    {"a list, the last first", "{<<: [{a: 1}, {a: 2, b: 3}], c: 4}\n", "{ <a 2 <b 3 <a 1 c 4 }"},
    {"a list of aliases", "[&x {a: 1}, &y {b: 2}, {<<: [*x, *y]}]\n",
     "[ { a 1 } { b 2 } { <b 2 <a 1 } ]"},
    {"an empty list", "{<<: [], a: b}\n", "{ a b }"},
    {"a list in a merged map", "{<<: [{<<: [{a: 1}, {b: 2}]}, {c: 3}]}\n", "{ <c 3 <b 2 <a 1 }"},
    {"an anchor inside a list", "[{<<: [&x {a: 1}]}, *x]\n", "[ { <a 1 } { a 1 } ]"},
    {"a merge inside of an anchor", "[&x {<<: [{a: 1}, {b: 2}]}, *x]\n",
     "[ { <b 2 <a 1 } { <b 2 <a 1 } ]"},
    {"twice", "{<<: {a: 1}, <<: {b: 2}}\n", "{ <a 1 <b 2 }"},
    {"the tag of merge keys", "{!!merge '<<': {a: b}}\n", "{ <a b }"},
    {"the tag ! says nothing", "{! <<: {a: b}}\n", "{ <a b }"},
    {"a quoted key is ordinary", "{'<<': {a: b}}\n", "{ '<<' { a b } }"},
    {"a tagged key is ordinary", "{!!str <<: 1}\n", "{ (tag:yaml.org,2002:str)<< 1 }"},
    {"a value is ordinary", "[<<, {a: <<}]\n", "[ << { a << } ]"},
    {"a scalar", "{<<: a}\n", "{ error NP0113 1:6"},
    {"nothing", "{<<: }\n", "{ error NP0113 1:6"},
    {"a list of scalars", "{<<: [a]}\n", "{ error NP0113 1:7"},
    {"a list of lists", "{<<: [[{a: b}]]}\n", "{ error NP0113 1:7"},
    {"a list through an alias", "[&x [{a: b}], {<<: *x}]\n", "[ [ { a b } ] { error NP0113 1:20"},
    {"a scalar through an alias", "[&x a, {<<: *x}]\n", "[ a { error NP0113 1:13"},
    {"a key that is no scalar", "{<<: {[a]: b}}\n", "{ error NP0114 1:7"},
    {"in JSON it is ordinary", "{\"<<\":{\"a\":1}}", "{ \"<<\" { \"a\" 1 } }"},
};

static void events_say_what_stands_there(void **state)
{
    (void)state;
    test_expect_shown(events, COUNT(events), NULL);
}

static void aliases_give_their_anchors_events(void **state)
{
    (void)state;
    test_expect_shown(aliases, COUNT(aliases), NULL);
}

static void merged_entries_stand_in_the_map(void **state)
{
    (void)state;
    test_expect_shown(merges, COUNT(merges), NULL);
}

/* ---- places ---- */

typedef struct place_case {
    const char *why;
    const char *text;
    const char *value; /* of a scalar whose place is looked at */
    uint32_t line, column;
} place_case;

static const place_case places[] = {
    {"the first", "x: 1", "x", 1, 1},
    {"a value", "a: x", "x", 1, 4},
    {"a later line", "a: 1\n\nb:\n  - x\n", "x", 4, 5},
    {"a later document", "a\n---\n# c\n--- # d\n  x\n", "x", 5, 3},
    {"characters count, not bytes", "\xc3\xa9\xc3\xa9: x", "x", 1, 5},
    {"a byte order mark does not", "\xef\xbb\xbfx: 1", "x", 1, 1},
    {"CRLF is one line end", "a: 1\r\nb: x\r\n", "x", 2, 4},
    {"after a JSON value", "{} x", "x", 1, 4},
    {"JSON", "{\"a\":\n \"x\"}", "x", 2, 2},
    {"JSON characters", "{\"\xc3\xa9\": \"x\"}", "x", 1, 7},
    {"a second JSON value", "{}\n  {\"x\":1}", "x", 2, 4},
    {"an alias has its anchor's place", "[&a y, {<<: {k: *a}}, x]", "x", 1, 23},
};

static void places_are_lines_and_characters(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(places); i++) {
        const place_case *c = &places[i];
        netpol_options o;
        assert_true(np_options_read(NULL, &o));
        np_text *t = NULL;
        np_document doc;
        assert_int_equal(np_text_open(&t, &o, "in", c->text, strlen(c->text), NULL), NETPOL_OK);
        bool found = false;
        while (!found && np_text_next(t, &doc) == NETPOL_OK)
            while (!found && np_text_peek(t)->type < NP_EVENT_END) {
                const np_event *e = np_text_peek(t);
                found = e->type == NP_EVENT_SCALAR && np_slice_is(e->value, c->value);
                if (found && (e->line != c->line || e->column != c->column))
                    fail_msg("%s: %u:%u", c->why, e->line, e->column);
                np_text_take(t);
            }
        if (!found)
            fail_msg("%s: not found", c->why);
        np_text_close(t);
    }
}

static void a_document_knows_its_text_and_line(void **state)
{
    (void)state;
    static const char text[] = "# c\n---\na: 1\n--- # d\n\n\nb: 2\n---\nc: [\n";
    netpol_options o;
    assert_true(np_options_read(NULL, &o));
    np_text *t = NULL;
    np_document d;
    assert_int_equal(np_text_open(&t, &o, "in", text, sizeof text - 1, NULL), NETPOL_OK);
    assert_int_equal(np_text_next(t, &d), NETPOL_OK);
    assert_true(np_slice_is(d.text, "a: 1\n"));
    assert_int_equal(d.line, 3);
    assert_int_equal(np_text_next(t, &d), NETPOL_OK);
    assert_true(np_slice_is(d.text, "\n\nb: 2\n"));
    assert_int_equal(d.line, 7);
    assert_int_equal(np_text_next(t, &d), NETPOL_OK);
    assert_int_equal(d.index, 2);
    assert_int_equal(np_text_next(t, &d), NETPOL_NOT_FOUND);
    np_text_close(t);
}

/* ---- UTF-16 ---- */

static const struct {
    const char *why;
    const char *bytes;
    size_t n;
    const char *shown;
} utf16[] = {
#define BYTES(s) s, sizeof(s) - 1
    {"little-endian",
     BYTES("\xff\xfe"
           "a\0:\0 \0\xe9\0\n\0"),
     "{ a \xc3\xa9 }"},
    {"big-endian", BYTES("\xfe\xff\0a\0:\0 \0\xe9"), "{ a \xc3\xa9 }"},
    {"a surrogate pair", BYTES("\xff\xfe\x3d\xd8\x00\xde"), "\xf0\x9f\x98\x80"},
    {"a lone surrogate",
     BYTES("\xff\xfe"
           "a\0:\0 \0\x3d\xd8"),
     "error NP0102 1:4"},
    {"a surrogate cut off",
     BYTES("\xff\xfe"
           "a\0\x00\xde"),
     "error NP0102 1:2"},
    {"an odd byte",
     BYTES("\xff\xfe"
           "a\0b"),
     "error NP0102 1:2"},
    {"a mark alone", BYTES("\xff\xfe"), ""},
    {"JSON", BYTES("\xff\xfe{\0\"\0a\0\"\0:\0001\0}\0"), "{ \"a\" 1 }"},
    {"documents", BYTES("\xfe\xff\0a\0\n\0-\0-\0-\0\n\0b"), "a ; b"},
    {"a mark of UTF-16 later is no mark",
     BYTES("a\n---\n\xff\xfe"
           "b\0"),
     "a ; error NP0102 3:1"},
};

static void utf16_is_read_with_a_mark(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(utf16); i++) {
        test_reading r = test_read_shown(utf16[i].bytes, utf16[i].n, NULL);
        if (strcmp(r.shown.p, utf16[i].shown) != 0)
            fail_msg("%s: %s", utf16[i].why, r.shown.p);
        test_reading_free(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_cut_as_kubectl_cuts_them),
        cmocka_unit_test(json_values_follow_one_another),
        cmocka_unit_test(directives_are_read_leniently_only),
        cmocka_unit_test(events_say_what_stands_there),
        cmocka_unit_test(aliases_give_their_anchors_events),
        cmocka_unit_test(merged_entries_stand_in_the_map),
        cmocka_unit_test(places_are_lines_and_characters),
        cmocka_unit_test(a_document_knows_its_text_and_line),
        cmocka_unit_test(utf16_is_read_with_a_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
