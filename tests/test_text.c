/* SPDX-License-Identifier: MIT */
#include "text.h"

#include "harness.h"

/* ---- a text as one line ---- */

/* Documents as in: `{ a 'b' } ; [ c ] ; error NP0101 2:1`. Scalars show their style as ' " | >,
 * plain ones as they are and empty plain ones as ~; a key that came through a merge has a < before
 * it, and a tag stands before what it is on. */
static void show_scalar(np_buffer *b, const np_event *e)
{
    static const char marks[] = {0, 0, '\'', '"', '|', '>'};
    if (e->merged)
        np_buffer_char(b, '<');
    if (marks[e->style])
        np_buffer_char(b, marks[e->style]);
    np_buffer_add(b, e->value.p, e->value.n);
    if (marks[e->style])
        np_buffer_char(b, marks[e->style]);
    else if (e->value.n == 0)
        np_buffer_char(b, '~');
    np_buffer_char(b, ' ');
}

static void show_event(np_buffer *b, const np_event *e)
{
    static const char *const signs[] = {"", "", "[ ", "] ", "{ ", "} ", "", ""};
    if (e->tag.n) {
        np_buffer_char(b, '(');
        np_buffer_add(b, e->tag.p, e->tag.n);
        np_buffer_char(b, ')');
    }
    if (e->type == NP_EVENT_SCALAR)
        show_scalar(b, e);
    else
        np_buffer_text(b, signs[e->type]);
}

static void show_document(np_buffer *b, np_text *t, const netpol_diagnostics *diags)
{
    while (np_text_peek(t)->type < NP_EVENT_END) {
        show_event(b, np_text_peek(t));
        np_text_take(t);
    }
    if (np_text_peek(t)->type == NP_EVENT_END)
        return;
    size_t n = netpol_diagnostics_count(diags);
    const netpol_diagnostic *d = netpol_diagnostics_at(diags, n - 1);
    assert_int_equal(d->severity, NETPOL_ERROR);
    np_buffer_format(b, "error %s %u:%u ", netpol_code_name(d->code), d->line, d->column);
}

/* How reading went. `options` may be NULL. */
typedef struct reading {
    np_buffer shown;
    uint32_t documents;
    netpol_status end; /* of the last np_text_next */
    netpol_diagnostics *diags;
} reading;

static reading read_text(const char *bytes, size_t n, const netpol_options *options)
{
    netpol_options o;
    assert_true(np_options_read(options, &o));
    reading r = {.diags = netpol_diagnostics_new(&o)};
    np_buffer_init(&r.shown, &np_libc_allocator);
    np_text *t = NULL;
    np_document doc;
    char *exact = malloc(n ? n : 1); /* so that a sanitizer sees a step beyond the end */
    memcpy(exact, bytes, n);
    r.end = np_text_open(&t, &o, "in", exact, n, r.diags);
    while (r.end == NETPOL_OK || r.end == NETPOL_INVALID) {
        size_t before = netpol_diagnostics_count(r.diags);
        r.end = np_text_next(t, &doc);
        if (r.end != NETPOL_OK && r.end != NETPOL_INVALID)
            break;
        assert_int_equal(doc.index, r.documents);
        if (r.documents++)
            np_buffer_text(&r.shown, "; ");
        show_document(&r.shown, t, r.diags);
        bool failed = np_text_status(t) != NETPOL_OK;
        assert_int_equal(netpol_diagnostics_count(r.diags) - before, failed);
        assert_int_equal(np_text_peek(t)->type, failed ? NP_EVENT_ERROR : NP_EVENT_END);
    }
    np_text_close(t);
    free(exact);
    if (r.shown.n)
        r.shown.n--;
    np_buffer_char(&r.shown, '\0');
    return r;
}

static void reading_free(reading *r)
{
    np_buffer_free(&r->shown);
    netpol_diagnostics_free(r->diags);
}

typedef struct text_case {
    const char *why;
    const char *text;
    const char *shown;
} text_case;

static void expect_cases(const text_case *cases, size_t n, const netpol_options *o)
{
    for (size_t i = 0; i < n; i++) {
        reading r = read_text(cases[i].text, strlen(cases[i].text), o);
        if (strcmp(r.shown.p, cases[i].shown) != 0)
            fail_msg("%s:\n  got      %s\n  expected %s", cases[i].why, r.shown.p, cases[i].shown);
        assert_int_equal(r.end, NETPOL_NOT_FOUND);
        reading_free(&r);
    }
}

/* ---- documents ---- */

static const text_case cutting[] = {
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
    expect_cases(cutting, COUNT(cutting), NULL);
}

static const text_case json_streams[] = {
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
    expect_cases(json_streams, COUNT(json_streams), NULL);
}

static const text_case lenient[] = {
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
    expect_cases(lenient, COUNT(lenient), &o);
}

/* ---- events ---- */

static const text_case events[] = {
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

static const text_case aliases[] = {
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

static const text_case merges[] = {
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
    expect_cases(events, COUNT(events), NULL);
}

static void aliases_give_their_anchors_events(void **state)
{
    (void)state;
    expect_cases(aliases, COUNT(aliases), NULL);
}

static void merged_entries_stand_in_the_map(void **state)
{
    (void)state;
    expect_cases(merges, COUNT(merges), NULL);
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

/* ---- errors ---- */

static const struct {
    const char *why;
    const char *text;
    const char *code;
    uint32_t line, column;
    const char *words; /* in the message */
    const char *hint;  /* words in the hint, or NULL */
} errors[] = {
    {"a tab as indentation", "a:\n\tb: c\n", "NP0101", 2, 1, "tab", "spaces"},
    {"a tab in a block text", "a: |\n  b\n\tc\n", "NP0101", 3, 1, "tab", "spaces"},
    {"a template value", "a: {{ .Values.x }}\n", "NP0106", 1, 4, "template", "helm"},
    {"a template value and more", "a: {{ .Values.x }}-y\n", "NP0106", 1, 4, "template", "helm"},
    {"a template line", "a:\n  {{- with .x }}\n  b: c\n  {{- end }}\n", "NP0106", 2, 3, "template",
     "helm"},
    {"braces that are text", "a: '{{ x }}'\nb: [c\n", "NP0108", 3, 1, "begins at 2:4", NULL},
    {"a merge conflict", "a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> x\n", "NP0107", 2, 1,
     "conflict", "resolve"},
    {"a conflict without labels", "a: 1\n<<<<<<<\nb: 2\n=======\nb: 3\n>>>>>>>\n", "NP0107", 2, 1,
     "conflict", "resolve"},
    {"the second half of a conflict", "a: 1\n=======\r\nb: 3\r\n", "NP0107", 2, 1, "conflict",
     "resolve"},
    {"what was there before a conflict", "a: 1\n||||||| base\nb: 3\n", "NP0107", 2, 1, "conflict",
     "resolve"},
    {"a text that begins with a conflict", "<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> x\n",
     "NP0107", 1, 1, "conflict", "resolve"},
    {"a conflict after a map in brackets", "{a: 1}\n<<<<<<< HEAD\n", "NP0107", 2, 1, "conflict",
     "resolve"},
    {"a conflict among JSON values", "{}\n{}\n<<<<<<< HEAD\n{}\n", "NP0107", 3, 1, "conflict",
     "resolve"},
    {"as many signs in a value", "a: =======\nb: <<<<<<< c\nd: [\n", "NP0108", 4, 1, "bracket",
     NULL},
    {"more signs than a marker has", "a: [\n========\n", "NP0108", 3, 1, "list", NULL},
    {"an unclosed quote", "a: 'b\nc: d\n", "NP0108", 1, 4, "quote", NULL},
    {"an unclosed double quote", "a: \"b\n", "NP0108", 1, 4, "quote", NULL},
    {"an unclosed list", "a: [b,\n  c\n", "NP0108", 3, 1,
     "',' or ']' is expected here; the list begins at 1:4", NULL},
    {"an unclosed empty list", "a: [\n", "NP0108", 2, 1, "closing bracket", NULL},
    {"an unclosed map", "a: {b: c\nd: e\n", "NP0108", 2, 2, "the map begins at 1:4", NULL},
    {"too little indentation", "a:\n  b: 1\n c: 2\n", "NP0109", 3, 2, "next key", NULL},
    {"a list entry among keys", "a: 1\n- b\n", "NP0109", 2, 1, "next key", NULL},
    {"a key among list entries", "- a\nb: 1\n", "NP0109", 2, 1, "list entry", NULL},
    {"a list entry after a key", "a: - b\n", "NP0109", 1, 4, "'-'", "line of its own"},
    {"a colon in a value", "a: b: c\n", "NP0100", 1, 5, "':'", "quote"},
    {"a line without colon", "a: b\nc\nd: e\n", "NP0100", 2, 1, "without ':'", NULL},
    {"a reserved character", "a: @b\n", "NP0100", 1, 4, "cannot begin", "quote"},
    {"an unknown escape", "a: \"\\q\"\n", "NP0110", 1, 5, "escape", "single quotes"},
    {"a slash that is escaped", "a: '\\/'\nb: \"\xc3\xa9\\/\"\n", "NP0110", 2, 6, "escape", "/"},
    {"too few digits", "a: \"\\u00\"\n", "NP0110", 1, 7, "hexadecimal", NULL},
    {"a surrogate", "a: \"\\ud800\"\n", "NP0110", 1, 7, "Unicode", NULL},
    {"a tag without prefix", "a: !x!y b\n", "NP0116", 1, 4, "handle", NULL},
    {"a broken tag", "a: !<x\n", "NP0116", 1, 4, "tag", NULL},
    {"an anchor without name", "a: & b\n", "NP0100", 1, 4, "anchor", NULL},
    {"an alias without name", "a: *\n", "NP0100", 1, 4, "alias", NULL},
    {"text after |", "a: |x\n  b\n", "NP0117", 1, 5, "comment", NULL},
    {"indentation 0", "a: |0\n  b\n", "NP0117", 1, 5, "1 to 9", NULL},
    {"a question mark in brackets", "a: [b?c]\n", "NP0100", 1, 5, "'?'", "quote"},
    {"a colon before a bracket", "a: [b:]\n", "NP0100", 1, 6, "':'", "quote"},
    {"a control character", "a: b\nc: \x01\n", "NP0102", 2, 4, "U+0001", "binary"},
    {"delete", "a: \x7f\n", "NP0102", 1, 4, "U+007F", NULL},
    {"a control character in a comment", "# \x01\n", "NP0102", 1, 3, "U+0001", NULL},
    {"a byte that is no UTF-8", "a: \xff\n", "NP0102", 1, 4, "UTF-8", NULL},
    {"a character cut short", "a: \xc3", "NP0102", 1, 4, "UTF-8", NULL},
    {"an overlong character", "a: \xc0\x80\n", "NP0102", 1, 4, "UTF-8", NULL},
    {"an encoded surrogate", "a: \xed\xa0\x80\n", "NP0102", 1, 4, "UTF-8", NULL},
    {"text after a quote", "- a: 'it's'\n", "NP0100", 1, 10, "cannot follow", "quote"},
    {"a bracket too many", "a: [b, ]c]\n", "NP0100", 1, 9, "cannot follow", NULL},
};

static void errors_say_where_and_what_to_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(errors); i++) {
        reading r = read_text(errors[i].text, strlen(errors[i].text), NULL);
        const netpol_diagnostic *d = netpol_diagnostics_at(r.diags, 0);
        assert_int_equal(netpol_diagnostics_count(r.diags), 1);
        const char *code = netpol_code_name(d->code);
        if (strcmp(code, errors[i].code) != 0 || d->line != errors[i].line ||
            d->column != errors[i].column || !strstr(d->message, errors[i].words) ||
            (errors[i].hint && !(d->hint && strstr(d->hint, errors[i].hint))))
            fail_msg("%s: %s %u:%u %s (%s)", errors[i].why, code, d->line, d->column, d->message,
                     d->hint ? d->hint : "");
        assert_string_equal(d->source, "in");
        reading_free(&r);
    }
}

static void one_broken_document_does_not_break_the_next(void **state)
{
    (void)state;
    static const char text[] = "a: {{ x }}\n---\nb\n---\nc: {{ y }}\n---\nd: [\n---\ne\n";
    reading r = read_text(text, sizeof text - 1, NULL);
    assert_string_equal(r.shown.p, "{ a { error NP0106 1:4 ; b ; { c { error NP0106 5:4 ; "
                                   "{ d [ error NP0108 8:1 ; e");
    assert_non_null(netpol_diagnostics_at(r.diags, 0)->hint);
    assert_null(netpol_diagnostics_at(r.diags, 1)->hint);
    assert_int_equal(netpol_diagnostics_at(r.diags, 1)->document, 2);
    assert_int_equal(netpol_diagnostics_at(r.diags, 2)->document, 3);
    reading_free(&r);
}

static void a_nul_byte_is_an_error(void **state)
{
    (void)state;
    static const char text[] = "a: b\0c\n---\nd\n";
    reading r = read_text(text, sizeof text - 1, NULL);
    assert_string_equal(r.shown.p, "error NP0102 1:5 ; d");
    assert_non_null(strstr(netpol_diagnostics_at(r.diags, 0)->message, "NUL"));
    reading_free(&r);
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
        reading r = read_text(utf16[i].bytes, utf16[i].n, NULL);
        if (strcmp(r.shown.p, utf16[i].shown) != 0)
            fail_msg("%s: %s", utf16[i].why, r.shown.p);
        reading_free(&r);
    }
}

/* ---- going on, going back, looking ahead ---- */

static np_text *open_at_first(const char *text, netpol_diagnostics *diags)
{
    netpol_options o;
    assert_true(np_options_read(NULL, &o));
    np_text *t = NULL;
    np_document doc;
    assert_int_equal(np_text_open(&t, &o, "in", text, strlen(text), diags), NETPOL_OK);
    assert_int_equal(np_text_next(t, &doc), NETPOL_OK);
    return t;
}

static void expect_scalar(np_text *t, const char *value)
{
    const np_event *e = np_text_peek(t);
    assert_int_equal(e->type, NP_EVENT_SCALAR);
    if (!np_slice_is(e->value, value))
        fail_msg("%.*s instead of %s", (int)e->value.n, e->value.p, value);
    np_text_take(t);
}

static void take_type(np_text *t, np_event_type type)
{
    assert_int_equal(np_text_peek(t)->type, type);
    np_text_take(t);
}

/* The same walk through YAML and through JSON. */
static const char *const both_forms[] = {
    "a: [1, 2, {x: y}]\nb: 3\nc: d\n",
    "{\"a\": [1, 2, {\"x\": \"y\"}], \"b\": 3, \"c\": \"d\"}",
};

static void a_node_is_skipped_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(both_forms); i++) {
        np_text *t = open_at_first(both_forms[i], NULL);
        take_type(t, NP_EVENT_MAP_START);
        expect_scalar(t, "a");
        assert_true(np_text_skip(t));
        expect_scalar(t, "b");
        assert_true(np_text_skip(t));
        expect_scalar(t, "c");
        expect_scalar(t, "d");
        assert_false(np_text_skip(t)); /* the map's end is no node */
        take_type(t, NP_EVENT_MAP_END);
        assert_false(np_text_skip(t));
        assert_int_equal(np_text_peek(t)->type, NP_EVENT_END);
        np_text_close(t);
    }
}

static void a_whole_document_is_skipped(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(both_forms); i++) {
        np_text *t = open_at_first(both_forms[i], NULL);
        assert_true(np_text_skip(t));
        assert_int_equal(np_text_peek(t)->type, NP_EVENT_END);
        np_document doc;
        assert_int_equal(np_text_next(t, &doc), NETPOL_NOT_FOUND);
        assert_int_equal(np_text_next(t, &doc), NETPOL_NOT_FOUND);
        np_text_close(t);
    }
}

static void recorded_events_come_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(both_forms); i++) {
        np_text *t = open_at_first(both_forms[i], NULL);
        np_text_record(t);
        take_type(t, NP_EVENT_MAP_START);
        expect_scalar(t, "a");
        assert_true(np_text_skip(t));
        expect_scalar(t, "b");
        assert_int_equal(np_text_peek(t)->type, NP_EVENT_SCALAR); /* at hand, not taken */
        np_text_rewind(t);
        take_type(t, NP_EVENT_MAP_START);
        expect_scalar(t, "a");
        np_text_record(t); /* while events are still to come again */
        take_type(t, NP_EVENT_SEQ_START);
        expect_scalar(t, "1");
        np_text_rewind(t);
        assert_true(np_text_skip(t));
        expect_scalar(t, "b");
        (void)np_text_peek(t);
        np_text_record(t); /* with an event at hand */
        expect_scalar(t, "3");
        expect_scalar(t, "c");
        np_text_rewind(t);
        expect_scalar(t, "3");
        expect_scalar(t, "c");
        np_text_record(t);
        expect_scalar(t, "d");
        np_text_forget(t);
        np_text_rewind(t); /* nothing is recorded */
        take_type(t, NP_EVENT_MAP_END);
        assert_int_equal(np_text_peek(t)->type, NP_EVENT_END);
        np_text_close(t);
    }
}

static void the_end_can_be_rewound(void **state)
{
    (void)state;
    np_text *t = open_at_first("a: &x [1]\nb: *x\n", NULL);
    for (int round = 0; round < 3; round++) {
        np_text_record(t);
        assert_true(np_text_skip(t));
        assert_int_equal(np_text_peek(t)->type, NP_EVENT_END);
        np_text_rewind(t);
    }
    take_type(t, NP_EVENT_MAP_START);
    expect_scalar(t, "a");
    np_text_close(t);
}

static void after_an_error_nothing_comes_again(void **state)
{
    (void)state;
    netpol_diagnostics *diags = netpol_diagnostics_new(NULL);
    np_text *t = open_at_first("a: [1]\nb: ]\n", diags);
    np_text_record(t);
    assert_false(np_text_skip(t));
    assert_int_equal(np_text_peek(t)->type, NP_EVENT_ERROR);
    np_text_rewind(t);
    assert_int_equal(np_text_peek(t)->type, NP_EVENT_ERROR);
    assert_int_equal(np_text_status(t), NETPOL_INVALID);
    assert_int_equal(netpol_diagnostics_count(diags), 1);
    np_text_close(t);
    netpol_diagnostics_free(diags);
}

static void a_key_stays_valid_while_its_value_is_at_hand(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "x: &x {m: n}\nlong key: long value\n<<: [*x, {o: p}]\nq: *x\n",
        "{\"long \\u006bey\": \"long \\u0076alue\", \"a\": {\"b\": \"\\u0063\"}}",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        np_text *t = open_at_first(texts[i], NULL);
        np_event last = {0};
        char text[64] = "";
        while (np_text_peek(t)->type < NP_EVENT_END) {
            const np_event *e = np_text_peek(t);
            assert_memory_equal(last.value.p ? last.value.p : "", text, last.value.n);
            np_text_take(t);
            last = *e;
            assert_true(last.value.n < sizeof text);
            memcpy(text, last.value.p ? last.value.p : "", last.value.n);
        }
        np_text_close(t);
    }
}

static const struct {
    const char *why;
    const char *text;
    const char *kind;
    const char *version;
} scouting[] = {
    {"YAML", "items: [{kind: x}]\napiVersion: v1\nkind: List\n", "List", "v1"},
    {"JSON", "{\"items\":[{\"kind\":\"x\"}],\"apiVersion\":\"v1\",\"kind\":\"L\\u0069st\"}", "List",
     "v1"},
    {"absent", "items: []\nkind: List\n", "List", NULL},
    {"no string", "apiVersion: 1\nkind: [List]\n", NULL, NULL},
    {"an alias", "a: &a List\nkind: *a\n", "List", NULL},
    {"merged", "<<: {kind: List}\n", "List", NULL},
    {"no map", "- kind: List\n", NULL, NULL},
    {"before an error", "kind: List\na: ]\n", "List", NULL},
    {"after an error", "a: ]\nkind: List\n", NULL, NULL},
};

static void a_scout_looks_ahead(void **state)
{
    (void)state;
    static const char *const keys[] = {"kind", "apiVersion"};
    for (size_t i = 0; i < COUNT(scouting); i++) {
        np_arena arena;
        np_arena_init(&arena, &np_libc_allocator, 256);
        np_text *t = open_at_first(scouting[i].text, NULL);
        np_event before = *np_text_peek(t);
        const char *values[] = {NULL, NULL};
        np_text_scout(t, keys, values, 2, &arena);
        const char *expected[] = {scouting[i].kind, scouting[i].version};
        for (size_t k = 0; k < 2; k++)
            if (!values[k] != !expected[k] || (values[k] && strcmp(values[k], expected[k]) != 0))
                fail_msg("%s: %s is %s", scouting[i].why, keys[k],
                         values[k] ? values[k] : "absent");
        assert_int_equal(np_text_peek(t)->type, before.type);
        assert_int_equal(np_text_peek(t)->line, before.line);
        np_text_close(t);
        np_arena_free(&arena);
    }
}

/* ---- cancelling ---- */

typedef struct patience {
    size_t questions;
    size_t stop_at; /* 0: never */
} patience;

static bool ask(void *ctx)
{
    patience *p = ctx;
    return ++p->questions != p->stop_at;
}

static char *repeated(const char *before, const char *piece, size_t times, const char *after,
                      size_t *n)
{
    size_t one = strlen(piece);
    *n = strlen(before) + one * times + strlen(after);
    char *text = malloc(*n + 1);
    char *p = text + strlen(before);
    memcpy(text, before, strlen(before));
    for (size_t i = 0; i < times; i++, p += one)
        memcpy(p, piece, one);
    memcpy(p, after, strlen(after) + 1);
    return text;
}

static const struct {
    const char *why;
    const char *before, *piece, *after;
} long_texts[] = {
    {"YAML", "", "- abcdefgh\n", ""},
    {"many documents", "", "a\n---\n", ""},
    {"blank documents", "", "# comment\n---\n", ""},
    {"aliases", "- &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\n", "- *a\n", ""},
    {"one long value", "a: '", "abcdefghij ", "'\n"},
    {"a JSON list", "{\"a\":[", "1,", "1]}"},
    {"JSON values", "", "{} ", ""},
};

static void long_reading_can_be_cancelled(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(long_texts); i++) {
        size_t n;
        char *text =
            repeated(long_texts[i].before, long_texts[i].piece, 60000, long_texts[i].after, &n);
        patience p = {0};
        netpol_options o = {.size = sizeof o, .keep_going = ask, .ctx = &p};
        reading r = read_text(text, n, &o);
        if (p.questions == 0)
            fail_msg("%s: never asked", long_texts[i].why);
        assert_int_equal(r.end, NETPOL_NOT_FOUND);
        reading_free(&r);
        p = (patience){.stop_at = 1};
        netpol_diagnostics *diags = netpol_diagnostics_new(NULL);
        assert_true(np_options_read(&o, &o));
        np_text *t = NULL;
        np_document doc;
        assert_int_equal(np_text_open(&t, &o, "in", text, n, diags), NETPOL_OK);
        netpol_status s;
        while ((s = np_text_next(t, &doc)) == NETPOL_OK)
            while (np_text_peek(t)->type < NP_EVENT_END)
                np_text_take(t);
        if (s != NETPOL_CANCELLED || np_text_next(t, &doc) != NETPOL_CANCELLED)
            fail_msg("%s: %s", long_texts[i].why, netpol_status_name(s));
        assert_int_equal(p.questions, 1);
        assert_int_equal(netpol_diagnostics_count(diags), 0);
        np_text_close(t);
        netpol_diagnostics_free(diags);
        free(text);
    }
}

static void transcoding_can_be_cancelled(void **state)
{
    (void)state;
    enum { SIZE = 200002 };
    char *text = malloc(SIZE);
    memset(text, 'a', SIZE);
    memcpy(text, "\xff\xfe", 2);
    patience p = {.stop_at = 2};
    netpol_options o = {.size = sizeof o, .keep_going = ask, .ctx = &p};
    assert_true(np_options_read(&o, &o));
    np_text *t = NULL;
    assert_int_equal(np_text_open(&t, &o, "in", text, SIZE, NULL), NETPOL_CANCELLED);
    assert_null(t);
    assert_int_equal(p.questions, 2);
    free(text);
}

/* ---- any bytes ---- */

static const char *const seeds[] = {
    "a: &x {b: 1, c: [2]}\nd: *x\ne:\n  <<: [*x, {b: 5}]\n  g: \"q\\n\"\n---\nx: |\n  t\ny: >\n",
    "{\"a\": {\"b\": [1, 2.5, true, null, \"x\\u00e9\"]}, \"c\": {}} {\"d\": \"\"}\n",
    "%YAML 1.1\n---\n!!str a: !<x> 'b'\n...\n--- # c\n? k\n: - v\n  - &a\n",
};

static void any_bytes_are_read_or_refused(void **state)
{
    (void)state;
    static const char bits[] =
        "\n\n\n---: :,-#{}[]&*!|>'\"%@`a0\t\r \\\xef\xbb\xbf\xff\xfe\xc3\xa9";
    np_rand r = np_rand_from_env("NETPOL_SEED");
    netpol_options o = {.size = sizeof o, .max_depth = 8, .max_scalar = 64, .max_documents = 16};
    for (int round = np_rounds(6000); round > 0; round--) {
        char text[512];
        size_t n = 0;
        if (np_rand_once_in(&r, 2)) {
            const char *seed = seeds[np_rand_below(&r, COUNT(seeds))];
            n = strlen(seed);
            memcpy(text, seed, n);
        } else {
            n = np_rand_below(&r, 100);
            for (size_t i = 0; i < n; i++)
                text[i] = np_rand_once_in(&r, 3) ? bits[np_rand_below(&r, sizeof bits)]
                                                 : (char)np_rand_below(&r, 256);
        }
        for (uint32_t k = np_rand_below(&r, 6); k > 0 && n > 0; k--)
            text[np_rand_below(&r, (uint32_t)n)] = bits[np_rand_below(&r, sizeof bits)];
        o.flags = np_rand_once_in(&r, 2) ? NETPOL_LENIENT : 0;
        reading got = read_text(text, n, &o);
        if (got.end != NETPOL_NOT_FOUND && got.end != NETPOL_LIMIT)
            fail_msg("seed %" PRIu64 ": %s", r.seed, netpol_status_name(got.end));
        reading_free(&got);
    }
}

/* ---- no memory ---- */

static netpol_status read_all(const netpol_options *o, void *ctx)
{
    const char *text = ctx;
    static const char *const keys[] = {"kind"};
    netpol_options full;
    if (!np_options_read(o, &full))
        return NETPOL_MISUSE;
    np_text *t = NULL;
    np_document doc;
    netpol_status s = np_text_open(&t, &full, "in", text, strlen(text), NULL);
    if (s)
        return s;
    while ((s = np_text_next(t, &doc)) == NETPOL_OK) {
        np_arena arena;
        np_arena_init(&arena, full.allocator, 256);
        const char *value = NULL;
        np_text_record(t);
        (void)np_text_skip(t);
        np_text_rewind(t);
        np_text_scout(t, keys, &value, 1, &arena);
        np_arena_free(&arena);
        while (np_text_peek(t)->type < NP_EVENT_END)
            np_text_take(t);
    }
    np_text_close(t);
    return s == NETPOL_NOT_FOUND ? NETPOL_OK : s;
}

static void every_failing_allocation_is_told(void **state)
{
    (void)state;
    char yaml[] = "a: &x {b: &y [c, d], e: *y}\nf: *x\n<<: [*x, {g: !!str h}]\nk: &z 1\nl: *z\n"
                  "kind: A\n---\n[[[[[[[[[[[[m]]]]]]]]]]]]\n---\nn: [&a1 o, &a2 o, &a3 o, &a4 o, "
                  "&a5 o, &a6 o, &a7 o, &a8 o, &a9 o, &b1 o, &b2 o, &b3 o, &b4 o, &b5 o, &b6 o, "
                  "&b7 o, &b8 o, *a1]\n";
    char json[] = "{\"a\":[[[[[[[[[[1]]]]]]]]]],\"b\":\"\\u00e9\",\"c\":\"\\n\",\"kind\":\"A\"}";
    assert_true(test_every_allocation_fails(read_all, yaml) > 10);
    assert_true(test_every_allocation_fails(read_all, json) > 5);
}

static void utf16_needs_memory_too(void **state)
{
    (void)state;
    test_memory m;
    test_memory_ready(&m);
    for (size_t i = 1; i <= 2; i++) {
        netpol_options o = {.size = sizeof o, .allocator = &m.allocator};
        assert_true(np_options_read(&o, &o));
        test_memory_fail_at(&m, i);
        np_text *t = NULL;
        assert_int_equal(np_text_open(&t, &o, "in",
                                      "\xff\xfe"
                                      "a\0",
                                      4, NULL),
                         NETPOL_NO_MEMORY);
        assert_null(t);
        test_memory_expect_empty(&m);
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
        cmocka_unit_test(errors_say_where_and_what_to_do),
        cmocka_unit_test(one_broken_document_does_not_break_the_next),
        cmocka_unit_test(a_nul_byte_is_an_error),
        cmocka_unit_test(utf16_is_read_with_a_mark),
        cmocka_unit_test(a_node_is_skipped_whole),
        cmocka_unit_test(a_whole_document_is_skipped),
        cmocka_unit_test(recorded_events_come_again),
        cmocka_unit_test(the_end_can_be_rewound),
        cmocka_unit_test(after_an_error_nothing_comes_again),
        cmocka_unit_test(a_key_stays_valid_while_its_value_is_at_hand),
        cmocka_unit_test(a_scout_looks_ahead),
        cmocka_unit_test(long_reading_can_be_cancelled),
        cmocka_unit_test(transcoding_can_be_cancelled),
        cmocka_unit_test(any_bytes_are_read_or_refused),
        cmocka_unit_test(every_failing_allocation_is_told),
        cmocka_unit_test(utf16_needs_memory_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
