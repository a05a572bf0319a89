/* SPDX-License-Identifier: MIT */
#include "edit.h"
#include "harness.h"

#include "netpol/manifests.h"

/* ---- one edit, and the whole text after it ---- */

static const char noted[] = "# the database\n"
                            "kind: NetworkPolicy\n"
                            "spec:\n"
                            "    podSelector:\n"
                            "        matchLabels:\n"
                            "            role: db # whose\n"
                            "    ingress:\n"
                            "        - from: # either\n"
                            "              - podSelector: {} # the api\n"
                            "              # and prod\n"
                            "              - namespaceSelector: {}\n"
                            "          ports:\n"
                            "              - port: 3306 # mysql\n";

static const struct {
    const char *why;
    const char *text;
    int32_t action;
    const char *path;
    const char *value;
    const char *after; /* NULL: refused with `status` */
    netpol_status status;
} edits[] = {
    {"a scalar changes in its place", "a: 1 # c\nb: 2\n", NETPOL_EDIT_SET, "a", "3",
     "a: 3 # c\nb: 2\n", 0},
    {"a quoted string stays quoted", "a: 'x'\nb: \"x\"\n", NETPOL_EDIT_SET, "a", "it's",
     "a: 'it''s'\nb: \"x\"\n", 0},
    {"a number is not quoted because a string was", "a: 'x'\n", NETPOL_EDIT_SET, "a", "80",
     "a: 80\n", 0},
    {"a string that looks like a number keeps the quotes it came with", "a: x\n", NETPOL_EDIT_SET,
     "a", "\"80\"", "a: \"80\"\n", 0},
    {"an empty value is filled behind its colon", "a: # c\nb: 2\n", NETPOL_EDIT_SET, "a", "3",
     "a: 3 # c\nb: 2\n", 0},
    {"carriage returns stay", "a: 1\r\nb: 2\r\n", NETPOL_EDIT_SET, "c.d", "x",
     "a: 1\r\nb: 2\r\nc:\r\n  d: x\r\n", 0},
    {"a byte order mark stays",
     "\xef\xbb\xbf"
     "a: \xc3\xa9 # \xc3\xa9\n",
     NETPOL_EDIT_SET, "a", "\xe2\x82\xac",
     "\xef\xbb\xbf"
     "a: \xe2\x82\xac # \xc3\xa9\n",
     0},
    {"no line feed at the end is no obstacle", "a: 1", NETPOL_EDIT_ADD, "b", "2", "a: 1\nb: 2", 0},
    {"a new key goes behind the last one's comment", "a: 1 # c\n# foot\n", NETPOL_EDIT_ADD, "b",
     "2", "a: 1 # c\nb: 2\n# foot\n", 0},
    {"a map is laid out as the text is", "a:\n   b: 1\n", NETPOL_EDIT_SET, "c", "{d: {e: 1}}",
     "a:\n   b: 1\nc:\n   d:\n      e: 1\n", 0},
    {"of a list only what differs changes", "a:\n- b: 80 # http\n- b: 81\n", NETPOL_EDIT_SET, "a",
     "[{b: 80}, {b: 443}, {b: 81}]", "a:\n- b: 80 # http\n- b: 443\n- b: 81\n", 0},
    {"and of a map", "a:\n  b: 1 # x\n  c: 2\n", NETPOL_EDIT_SET, "a", "{b: 1, d: 3}",
     "a:\n  b: 1 # x\n  d: 3\n", 0},
    {"a scalar gives way to a map, and its comment stays", "a: 1 # c\n", NETPOL_EDIT_SET, "a",
     "{b: 2}", "a: # c\n  b: 2\n", 0},
    {"a map gives way to a scalar", "a:\n  b: 1\n  c: 2\nd: 3\n", NETPOL_EDIT_SET, "a", "x",
     "a: x\nd: 3\n", 0},
    {"an empty flow map becomes a block", "a: {}\n", NETPOL_EDIT_SET, "a.b", "1", "a:\n  b: 1\n",
     0},
    {"a flow map stays one", "a: {b: 1, c: 2}\n", NETPOL_EDIT_ADD, "a.d", "3",
     "a: {b: 1, c: 2, d: 3}\n", 0},
    {"JSON stays JSON", "{\"a\": {\"b\": 1}}\n", NETPOL_EDIT_SET, "a.c", "'x'",
     "{\"a\": {\"b\": 1, \"c\": \"x\"}}\n", 0},
    {"JSON on lines keeps its lines", "{\n\t\"a\": 1\n}\n", NETPOL_EDIT_ADD, "b", "[x]",
     "{\n\t\"a\": 1,\n\t\"b\": [\"x\"]\n}\n", 0},
    {"a list grows by an element", "a:\n- 1\n- 2 # c\n", NETPOL_EDIT_ADD, "a", "3",
     "a:\n- 1\n- 2 # c\n- 3\n", 0},
    {"an element goes before another", "a:\n  - 1\n  # two\n  - 2\n", NETPOL_EDIT_ADD, "a[1]", "x",
     "a:\n  - 1\n  - x\n  # two\n  - 2\n", 0},
    {"an element goes before the first", "a:\n  - 1\n", NETPOL_EDIT_ADD, "a[0]", "x",
     "a:\n  - x\n  - 1\n", 0},
    {"an index at the end appends", "a: [1]\n", NETPOL_EDIT_SET, "a[1]", "2", "a: [1, 2]\n", 0},
    {"an entry goes with its lines", "a: 1\nb: # c\n  - x\n  - y\nc: 3\n", NETPOL_EDIT_DELETE, "b",
     NULL, "a: 1\nc: 3\n", 0},
    {"comments right above an entry go with it", "a: 1\n\n# of b\n# too\nb: 2\n# of c\nc: 3\n",
     NETPOL_EDIT_DELETE, "b", NULL, "a: 1\n\n# of c\nc: 3\n", 0},
    {"and of an element, as far in as its dash", "a:\n  # list\n    # of 1\n    - 1\n    - 2\n",
     NETPOL_EDIT_DELETE, "a[0]", NULL, "a:\n  # list\n    - 2\n", 0},
    {"a comment at the head of a document stays", "# ours\na: 1\nb: 2\n", NETPOL_EDIT_DELETE, "a",
     NULL, "# ours\nb: 2\n", 0},
    {"the last entry leaves an empty map", "a:\n  b: 1\nc: 2\n", NETPOL_EDIT_DELETE, "a.b", NULL,
     "a: {}\nc: 2\n", 0},
    {"the first key behind a dash goes, the second moves up", "- a: 1\n  b: 2\n",
     NETPOL_EDIT_DELETE, "[0].a", NULL, "- b: 2\n", 0},
    {"a comment between them stays", "- a: 1\n  # b\n  b: 2\n", NETPOL_EDIT_DELETE, "[0].a", NULL,
     "-\n  # b\n  b: 2\n", 0},
    {"an element of a flow list goes with its comma", "a: [1, 2, 3]\n", NETPOL_EDIT_DELETE, "a[1]",
     NULL, "a: [1, 3]\n", 0},
    {"and so does the last", "a: [1, 2, 3]\n", NETPOL_EDIT_DELETE, "a[2]", NULL, "a: [1, 2]\n", 0},
    {"the first of a nested list", "- - a\n  - b\n", NETPOL_EDIT_DELETE, "[0][0]", NULL, "- - b\n",
     0},
    {"a key gets another name", "a: &x {b: 1} # c\nd: *x\n", NETPOL_EDIT_RENAME, "a", "z",
     "z: &x {b: 1} # c\nd: *x\n", 0},
    {"a key that would be a boolean is quoted", "a: 1\n", NETPOL_EDIT_RENAME, "a", "on",
     "\"on\": 1\n", 0},
    {"dots belong to keys of labels", "labels:\n  a.b/c: x\n", NETPOL_EDIT_SET, "labels.a.b/c", "z",
     "labels:\n  a.b/c: z\n", 0},
    {"elsewhere such keys stand in brackets", "m:\n  a.b: x\n", NETPOL_EDIT_SET, "m[\"a.b\"]", "y",
     "m:\n  a.b: y\n", 0},
    {"a block scalar gives way", "a: |\n  x\n  y\nb: 1\n", NETPOL_EDIT_SET, "a", "z",
     "a: z\nb: 1\n", 0},
    {"a text of several lines becomes a block scalar", "m:\n  a: x\n", NETPOL_EDIT_SET, "m.a",
     "\"x\\ny\\n\"", "m:\n  a: \"x\\ny\\n\"\n", 0},
    {"an anchored value may go if nobody names it", "a: &x 1\nb: 2\n", NETPOL_EDIT_DELETE, "a",
     NULL, "b: 2\n", 0},
    {"directives stay", "%YAML 1.1\n---\na: 1\n", NETPOL_EDIT_SET, "a", "2",
     "%YAML 1.1\n---\na: 2\n", 0},
    {"a flow list grows in its own style", "a: [{b: x}]\n", NETPOL_EDIT_ADD, "a",
     "{c: {d: e, f: [1, 'on']}}", "a: [{b: x}, {c: {d: e, f: [1, \"on\"]}}]\n", 0},
    {"with the blanks that it has", "a: [ { b: x } ]\n", NETPOL_EDIT_ADD, "a", "{c: {d: [e]}}",
     "a: [ { b: x }, { c: { d: [ e ] } } ]\n", 0},
    {"and the quotes", "a: [{\"b\": x}]\n", NETPOL_EDIT_ADD, "a", "{c: {d: e}}",
     "a: [{\"b\": x}, {\"c\":{\"d\":\"e\"}}]\n", 0},
    {"what YAML cannot hold as it is goes by escapes, in a flow list too", "a: [x]\n",
     NETPOL_EDIT_ADD, "a", "\"\\N\\x80\\x7F\\uFFFF\\uFEFF\"",
     "a: [x, \"\\N\\x80\\x7F\\uFFFF\\uFEFF\"]\n", 0},
    {"a text that ends a flow list is quoted", "a: [x]\n", NETPOL_EDIT_ADD, "a", "'y, z]'",
     "a: [x, 'y, z]']\n", 0},
    {"in a map, too", "a: {x: y}\n", NETPOL_EDIT_ADD, "a.z", "{b: ['p, q', '- r', '', 'a: b']}",
     "a: {x: y, z: {b: [\"p, q\", \"- r\", \"\", \"a: b\"]}}\n", 0},
    {"fields come in the order of the API", "a:\n- b: 1\n", NETPOL_EDIT_ADD, "a",
     "{ports: [{endPort: 2, port: 1, protocol: TCP}], from: [{podSelector: {}}]}",
     "a:\n- b: 1\n- from:\n  - podSelector: {}\n  ports:\n  - protocol: TCP\n    port: 1\n"
     "    endPort: 2\n",
     0},
    {"dashes stand as those of the neighbours do",
     "x:\n  y:\n    - 1\nl:\n- p:\n  - 1\nz:\n  - 2\n", NETPOL_EDIT_ADD, "l", "{p: [2]}",
     "x:\n  y:\n    - 1\nl:\n- p:\n  - 1\n- p:\n  - 2\nz:\n  - 2\n", 0},
    {"and further in if those do", "l:\n- p:\n    - 1\nz:\n- 2\n", NETPOL_EDIT_ADD, "l", "{p: [2]}",
     "l:\n- p:\n    - 1\n- p:\n    - 2\nz:\n- 2\n", 0},
    {"a comment in a value would be lost", "a: 1\n", NETPOL_EDIT_SET, "a", "b # c", NULL,
     NETPOL_INVALID},
    {"also before it", "a: 1\n", NETPOL_EDIT_SET, "a", "# c\nb", NULL, NETPOL_INVALID},
    {"or alone", "a: 1\n", NETPOL_EDIT_SET, "a", " # c", NULL, NETPOL_INVALID},
    {"in quotes it is none", "a: 1\n", NETPOL_EDIT_SET, "a", "'b # c'", "a: 'b # c'\n", 0},
    {"the note's port", noted, NETPOL_EDIT_SET, "spec.ingress[0].ports[0].port", "3307",
     "# the database\nkind: NetworkPolicy\nspec:\n    podSelector:\n        matchLabels:\n"
     "            role: db # whose\n    ingress:\n        - from: # either\n"
     "              - podSelector: {} # the api\n              # and prod\n"
     "              - namespaceSelector: {}\n          ports:\n"
     "              - port: 3307 # mysql\n",
     0},
    {"the note's first peer; the comment above the second stays", noted, NETPOL_EDIT_DELETE,
     "spec.ingress[0].from[0]", NULL,
     "# the database\nkind: NetworkPolicy\nspec:\n    podSelector:\n        matchLabels:\n"
     "            role: db # whose\n    ingress:\n        - from: # either\n"
     "              # and prod\n              - namespaceSelector: {}\n          ports:\n"
     "              - port: 3306 # mysql\n",
     0},
    {"an anchor that is used elsewhere", "a: &x 1\nb: *x\n", NETPOL_EDIT_DELETE, "a", NULL, NULL,
     NETPOL_INVALID},
    {"a value that two places share", "a: &x {c: 1}\nb: *x\n", NETPOL_EDIT_SET, "a.c", "2", NULL,
     NETPOL_INVALID},
    {"a path through an alias", "a: &x {c: 1}\nb: *x\n", NETPOL_EDIT_SET, "b.c", "2", NULL,
     NETPOL_INVALID},
    {"an alias itself may be replaced", "a: &x {c: 1}\nb: *x\n", NETPOL_EDIT_SET, "b", "2",
     "a: &x {c: 1}\nb: 2\n", 0},
    {"something is there already", "a: 1\n", NETPOL_EDIT_ADD, "a", "2", NULL, NETPOL_INVALID},
    {"a key that is there twice", "a: 1\na: 2\n", NETPOL_EDIT_SET, "a", "3", NULL, NETPOL_INVALID},
    {"nothing to delete", "a: 1\n", NETPOL_EDIT_DELETE, "b", NULL, NULL, NETPOL_NOT_FOUND},
    {"an index beyond the end", "a: [1]\n", NETPOL_EDIT_SET, "a[5]", "2", NULL, NETPOL_NOT_FOUND},
    {"a name into a scalar", "a: 1\n", NETPOL_EDIT_SET, "a.b", "2", NULL, NETPOL_NOT_FOUND},
    {"a key to rename to that is taken", "a: 1\nb: 2\n", NETPOL_EDIT_RENAME, "a", "b", NULL,
     NETPOL_INVALID},
    {"no path", "a: 1\n", NETPOL_EDIT_SET, "a[", "2", NULL, NETPOL_INVALID},
    {"an empty value, which nobody means", "a: 1\n", NETPOL_EDIT_SET, "a", "", NULL,
     NETPOL_INVALID},
    {"blanks are no value either", "a: [1]\n", NETPOL_EDIT_ADD, "a", " \n", NULL, NETPOL_INVALID},
    {"null is written out", "a: 1\n", NETPOL_EDIT_SET, "a", "null", "a: null\n", 0},
    {"an empty key to rename to", "a: 1\n", NETPOL_EDIT_RENAME, "a", "", NULL, NETPOL_INVALID},
    {"labels are text, whatever they look like", "labels: {a: b}\n", NETPOL_EDIT_SET, "labels.a",
     "yes", "labels: {a: \"yes\"}\n", 0},
    {"numbers among them", "labels:\n  a: b\n", NETPOL_EDIT_ADD, "labels.b", "0x10",
     "labels:\n  a: b\n  b: \"0x10\"\n", 0},
    {"a value that is no YAML", "a: 1\n", NETPOL_EDIT_SET, "a", "[", NULL, NETPOL_INVALID},
    {"a value that would be two documents", "a: 1\n", NETPOL_EDIT_SET, "a", "1\n---\n2\n", NULL,
     NETPOL_INVALID},
};

static netpol_document *document_of(const char *text, size_t n)
{
    netpol_document *d = NULL;
    assert_int_equal(netpol_document_new("t.yaml", text, n, NULL, &d, NULL), NETPOL_OK);
    return d;
}

static void an_edit_changes_what_it_says_and_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(edits); i++) {
        netpol_document *d = document_of(edits[i].text, strlen(edits[i].text));
        netpol_edit e = {edits[i].action, 0, edits[i].path, edits[i].value};
        netpol_diagnostics *diags = netpol_diagnostics_new(NULL);
        netpol_status s = netpol_document_edit(d, 0, &e, 1, diags);
        size_t n;
        const char *text = netpol_document_text(d, &n);
        const char *wanted = edits[i].after ? edits[i].after : edits[i].text;
        if (s != edits[i].status || n != strlen(wanted) || memcmp(text, wanted, n) != 0)
            fail_msg("%s: %s\n%.*s", edits[i].why, netpol_status_name(s), (int)n, text);
        if (s && netpol_diagnostics_count(diags) == 0)
            fail_msg("%s: refused without a word", edits[i].why);
        netpol_diagnostics_free(diags);
        netpol_document_free(d);
    }
}

static size_t warnings_of(const char *text, const netpol_edit *made, size_t n)
{
    netpol_document *d = document_of(text, strlen(text));
    netpol_diagnostics *diags = netpol_diagnostics_new(NULL);
    assert_int_equal(netpol_document_edit(d, 0, made, n, diags), NETPOL_OK);
    size_t found = netpol_diagnostics_count(diags);
    netpol_diagnostics_free(diags);
    netpol_document_free(d);
    return found;
}

static void a_rule_that_opens_is_warned_of(void **state)
{
    (void)state;
    static const char np[] = "kind: NetworkPolicy\nspec:\n  ingress:\n  - from: [{podSelector: "
                             "{}}]\n    ports: [{port: 80}, {port: 81}]\n";
    static const char cnp[] = "kind: ClusterNetworkPolicy\nspec:\n  ingress:\n  - from: [{pods: "
                              "{}}]\n";
    const netpol_edit peer = {NETPOL_EDIT_DELETE, 0, "spec.ingress[0].from[0]", NULL};
    const netpol_edit port = {NETPOL_EDIT_DELETE, 0, "spec.ingress[0].ports[0]", NULL};
    const netpol_edit again = {NETPOL_EDIT_ADD, 0, "spec.ingress[0].from", "{ipBlock: {}}"};
    assert_int_equal(warnings_of(np, &peer, 1), 1);
    assert_int_equal(warnings_of(np, &port, 1), 0);
    assert_int_equal(warnings_of(np, (netpol_edit[]){peer, again}, 2), 0);
    assert_int_equal(warnings_of(np, (netpol_edit[]){port, port}, 2), 1);
    assert_int_equal(warnings_of(cnp, &peer, 1), 0);
}

static void several_edits_are_all_or_nothing(void **state)
{
    (void)state;
    netpol_document *d = document_of("a: 1\n---\nb: 2\n", 14);
    size_t n;
    netpol_edit good[] = {{NETPOL_EDIT_SET, 0, "b", "3"}, {NETPOL_EDIT_ADD, 0, "c", "4"}};
    netpol_edit bad[] = {{NETPOL_EDIT_SET, 0, "b", "5"}, {NETPOL_EDIT_DELETE, 0, "x", NULL}};
    assert_int_equal(netpol_document_count(d), 2);
    assert_int_equal(netpol_document_edit(d, 1, good, 2, NULL), NETPOL_OK);
    assert_int_equal(netpol_document_edit(d, 1, bad, 2, NULL), NETPOL_NOT_FOUND);
    assert_int_equal(netpol_document_edit(d, 2, good, 1, NULL), NETPOL_NOT_FOUND);
    const char *text = netpol_document_text(d, &n);
    assert_int_equal(n, 19);
    assert_memory_equal(text, "a: 1\n---\nb: 3\nc: 4\n", n);
    netpol_document_free(d);
}

/* ---- typed changes go back into the text ---- */

static const char policy[] = "apiVersion: networking.k8s.io/v1\n"
                             "kind: NetworkPolicy\n"
                             "metadata:\n"
                             "    name: db-policy # ours\n"
                             "spec:\n"
                             "    podSelector: {}\n"
                             "    ingress:\n"
                             "        - ports: # mysql\n"
                             "              - port: 0xcea\n"
                             "        # for all\n"
                             "        - from:\n"
                             "              - podSelector: {}\n";

static void expect_update(const char *path, const char *value, const char *old_line,
                          const char *new_line)
{
    netpol_manifests *m = NULL;
    netpol_object *changed = NULL;
    assert_int_equal(netpol_manifests_new(NULL, &m), NETPOL_OK);
    assert_int_equal(netpol_manifests_read_memory(m, NULL, policy, sizeof policy - 1, NULL), 0);
    assert_int_equal(netpol_object_with(netpol_manifests_at(m, 0), path, value, &changed, NULL),
                     NETPOL_OK);
    netpol_document *d = document_of(policy, sizeof policy - 1);
    assert_int_equal(netpol_document_update(d, 0, changed, NULL), NETPOL_OK);
    char wanted[2048];
    const char *at = strstr(policy, old_line);
    assert_non_null(at);
    snprintf(wanted, sizeof wanted, "%.*s%s%s", (int)(at - policy), policy, new_line,
             at + strlen(old_line));
    size_t n;
    const char *text = netpol_document_text(d, &n);
    if (n != strlen(wanted) || memcmp(text, wanted, n) != 0)
        fail_msg("%s = %s:\n%.*s", path, value ? value : "(deleted)", (int)n, text);
    netpol_document_free(d);
    netpol_object_unref(changed);
    netpol_manifests_free(m);
}

static void typed_changes_keep_the_comments(void **state)
{
    (void)state;
    expect_update("metadata.name", "other", "db-policy", "other");
    expect_update("spec.ingress[0].ports[0].port", "3307", "0xcea", "3307");
    expect_update("spec.ingress[0].ports[0].endPort", "3400", "- port: 0xcea\n",
                  "- port: 0xcea\n                endPort: 3400\n");
    expect_update("spec.ingress[1]", NULL,
                  "        # for all\n        - from:\n              - podSelector: {}\n", "");
    expect_update("spec.ingress[0]", NULL,
                  "        - ports: # mysql\n              - port: 0xcea\n", "");
    expect_update("metadata.labels.app", "x", "# ours\n", "# ours\n    labels:\n        app: x\n");
    expect_update("spec.policyTypes", "[Ingress]", "              - podSelector: {}\n",
                  "              - podSelector: {}\n    policyTypes:\n        - Ingress\n");
}

/* ---- laws ---- */

static const char *const texts[] = {
    noted,
    policy,
    "a: {b: [1, {c: d}], \"e\": 'f'} # x\ng:\n- - h\n  - i\n-   j: k\n    l: m # n\n- o\n",
    "{\n  \"a\": [1, 2, {\"b\": null}],\n  \"c\": {\"d\": \"e\"}\n}\n",
    "a: |\n  x\n   y\n\nb: >-\n  z\n  z\nc: \"q\\n\"\nd: 'r\n  s'\ne: t\n  u\n",
    "a: &x {b: 1}\nc: *x\nd: &y\n  e: [*x]\nf:\n  <<: *x\n  g: 2\n",
    "a:\r\n  - b: 1 # c\r\n    d: \xc3\xa9\r\n  - \xc3\xa9: e\r\n# f\r\ng: ~\r\n",
    "? a\n: b\nc:\n  ? d\n  : - e\n    - f\n",
    "a:\n-\n  b: 1\n-  # c\n  d: 2\n- ! \"e\"\nf: !!str 1\n",
    "a: []\nb: {}\nc:\nd:\n  e:\n  f: # g\n\n\nh: [\n  1, # i\n  2,\n]",
};

static const char *const values[] = {
    "x",
    "80",
    "\"80\"",
    "yes",
    "null",
    "~",
    "a: b",
    "[p, {q: r}]",
    "{s: {t: []}, u: [v, w]}",
    "'x # y'",
    "\"a\\nb\"",
    "'*z'",
    "'- k'",
    "\"tab\\there\"",
    "{}",
    "[]",
    "|\n  l\n  m\n",
    "1.5",
    "\"\\u2028\"",
    "'it''s'",
    "\" lead\"",
    "\"{{x}}\"",
    "'a, b'",
    "\"---\"",
    "0x1F",
    "1_0",
};

/* A random path that leads to something, by the plain value. */
static void random_path(np_rand *r, const np_value *v, char *out, size_t room)
{
    size_t n = 0;
    out[0] = '\0';
    while ((v->type == NP_VALUE_MAP || v->type == NP_VALUE_LIST) && v->n &&
           (n == 0 || !np_rand_once_in(r, 3))) {
        uint32_t i = np_rand_below(r, (uint32_t)v->n);
        if (v->type == NP_VALUE_MAP)
            n += (size_t)snprintf(out + n, room - n, "[\"%.*s\"]", (int)v->as.map[i].key.n,
                                  v->as.map[i].key.p);
        else
            n += (size_t)snprintf(out + n, room - n, "[%u]", i);
        v = v->type == NP_VALUE_MAP ? v->as.map[i].value : v->as.list[i];
    }
    if (np_rand_once_in(r, 4))
        snprintf(out + n, room - n, "%s", np_rand_once_in(r, 2) ? "[\"new\"]" : "[0]");
}

static const np_value *step_into(const np_value *v, const np_edit_step *step)
{
    if (step->is_index)
        return v->type == NP_VALUE_LIST && step->index < v->n ? v->as.list[step->index] : NULL;
    for (size_t i = 0; v->type == NP_VALUE_MAP && i < v->n; i++)
        if (np_slice_equal(v->as.map[i].key, step->key))
            return v->as.map[i].value;
    return NULL;
}

static bool is_empty(const np_value *v)
{
    return v->type == NP_VALUE_NULL;
}

/* Whether `now` is `old` but for what the edit says. Written apart from edit_value.c on purpose: it
 * compares, and builds nothing. */
static bool differs_only_at(const np_value *old, const np_value *now, const np_edit_path *p,
                            size_t used, int32_t action, const np_value *value)
{
    if (used == p->n)
        return action == NETPOL_EDIT_SET || is_empty(old)
                   ? np_value_equal(now, value)
                   : now->type == NP_VALUE_LIST && now->n == old->n + 1 &&
                         np_value_equal(now->as.list[old->n], value);
    const np_edit_step *step = &p->steps[used];
    bool last = used + 1 == p->n;
    const np_value *was = step_into(old, step);
    const np_value *is = step_into(now, step);
    if (last && action == NETPOL_EDIT_DELETE && !step->is_index && is)
        return false;
    size_t shift_old = 0;
    size_t shift_now = 0;
    if (last && step->is_index && action == NETPOL_EDIT_DELETE)
        shift_old = 1;
    if (last && step->is_index && action == NETPOL_EDIT_ADD)
        shift_now = 1;
    if (now->type != (step->is_index ? NP_VALUE_LIST : NP_VALUE_MAP))
        return false;
    size_t others = 0;
    for (size_t i = 0; i < old->n && old->type == now->type; i++) {
        if (step->is_index && (i != step->index || shift_now)) {
            size_t to = i < step->index ? i : i + shift_now - shift_old;
            others++;
            if (to >= now->n || !np_value_equal(old->as.list[i], now->as.list[to]))
                return false;
        } else if (!step->is_index && !np_slice_equal(old->as.map[i].key, step->key)) {
            np_edit_step same = {.key = old->as.map[i].key};
            const np_value *there = step_into(now, &same);
            others++;
            if (!there || !np_value_equal(there, old->as.map[i].value))
                return false;
        }
    }
    if (now->n != others + (action == NETPOL_EDIT_DELETE && last ? 0 : 1))
        return false;
    if (last && action == NETPOL_EDIT_DELETE)
        return true;
    if (last && shift_now)
        return is && np_value_equal(is, value);
    static const np_value nothing = {.type = NP_VALUE_NULL};
    return is && differs_only_at(was ? was : &nothing, is, p, used + 1, action, value);
}

static const np_value *value_of(const char *text, size_t n, np_arena *arena)
{
    netpol_options o;
    np_reading_of r = {.value = NULL};
    assert_true(np_options_read(NULL, &o));
    if (np_edit_read(&o, "t", (np_slice){text, n}, 0, arena, &r, NULL) != NETPOL_OK)
        return NULL;
    return r.value;
}

/* Labels and annotations are text: a scalar of another type is taken as it was written. */
static const np_value *wanted_at(const np_edit_path *path, const char *value, np_arena *arena)
{
    static const np_value none = {.type = NP_VALUE_NULL};
    const np_value *v = value_of(value, strlen(value), arena);
    const np_edit_step *in = path->n > 1 ? &path->steps[path->n - 2] : NULL;
    if (!v)
        return &none;
    if (!in || in->is_index || !np_edit_is_text_map(in->key) || v->type == NP_VALUE_NULL ||
        v->type == NP_VALUE_STRING || v->type == NP_VALUE_LIST || v->type == NP_VALUE_MAP)
        return v;
    np_value *text = NP_NEW(arena, np_value);
    assert_non_null(text);
    *text = (np_value){.type = NP_VALUE_STRING, .as = {.text = np_slice_of(value)}};
    return text;
}

static bool random_edit(np_rand *r, const char *text)
{
    static const int32_t actions[] = {NETPOL_EDIT_SET, NETPOL_EDIT_ADD, NETPOL_EDIT_DELETE};
    np_arena arena;
    np_arena_init(&arena, &np_libc_allocator, 0);
    const np_value *old = value_of(text, strlen(text), &arena);
    assert_non_null(old);
    char path[512];
    random_path(r, old, path, sizeof path);
    const char *value = values[np_rand_below(r, COUNT(values))];
    int32_t action = actions[np_rand_below(r, COUNT(actions))];
    netpol_edit e = {action, 0, path, action == NETPOL_EDIT_DELETE ? NULL : value};
    netpol_document *d = document_of(text, strlen(text));
    bool accepted = netpol_document_edit(d, 0, &e, 1, NULL) == NETPOL_OK;
    size_t n;
    const char *after = netpol_document_text(d, &n);
    np_edit_path steps;
    if (accepted) {
        assert_true(np_edit_path_read(path, &steps));
        const np_value *now = value_of(after, n, &arena);
        const np_value *wanted = wanted_at(&steps, value, &arena);
        if (!now || !differs_only_at(old, now, &steps, 0, action, wanted))
            fail_msg("seed %" PRIu64 ": %d %s %s in\n%s\ngave\n%.*s", r->seed, action, path, value,
                     text, (int)n, after);
    } else if (n != strlen(text) || memcmp(after, text, n) != 0) {
        fail_msg("seed %" PRIu64 ": refused, and changed", r->seed);
    }
    netpol_document_free(d);
    np_arena_free(&arena);
    return accepted;
}

/* Law: whatever edit is accepted, the text means the old meaning with that change. */
static void no_accepted_edit_is_wrong(void **state)
{
    (void)state;
    np_rand r = np_rand_from_env("NETPOL_SEED");
    const char *more = getenv("NETPOL_ROUNDS");
    int rounds = more ? atoi(more) : np_rounds(50000);
    int accepted = 0;
    for (int i = 0; i < rounds; i++)
        accepted += random_edit(&r, texts[np_rand_below(&r, COUNT(texts))]);
    if (accepted < rounds / 3)
        fail_msg("only %d of %d edits were accepted", accepted, rounds);
}

static netpol_status edit_twice(const netpol_options *o, void *ctx)
{
    (void)ctx;
    netpol_document *d = NULL;
    netpol_edit e[] = {{NETPOL_EDIT_SET, 0, "spec.ingress[0].ports[0].port", "3307"},
                       {NETPOL_EDIT_SET, 0, "metadata.labels.app", "x"}};
    netpol_diagnostics *diags = netpol_diagnostics_new(o);
    netpol_status s = diags ? NETPOL_OK : NETPOL_NO_MEMORY;
    if (s == NETPOL_OK)
        s = netpol_document_new("t", policy, sizeof policy - 1, o, &d, diags);
    if (s == NETPOL_OK)
        s = netpol_document_edit(d, 0, e, 2, diags);
    netpol_document_free(d);
    netpol_diagnostics_free(diags);
    return s;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(test_every_allocation_fails(edit_twice, NULL) > 20);
}

static void misuse_is_told(void **state)
{
    (void)state;
    netpol_document *d = document_of("a: 1\n", 5);
    netpol_edit e = {NETPOL_EDIT_SET, 0, "a", NULL};
    size_t n;
    assert_int_equal(netpol_document_edit(d, 0, &e, 1, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_document_edit(NULL, 0, &e, 1, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_document_new("t", NULL, 3, NULL, &d, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_document_new("t", "a: [", 4, NULL, &d, NULL), NETPOL_INVALID);
    assert_int_equal(netpol_document_new("t",
                                         "\xff\xfe"
                                         "a\0",
                                         4, NULL, &d, NULL),
                     NETPOL_INVALID);
    assert_null(netpol_document_text(NULL, &n));
    netpol_document_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_edit_changes_what_it_says_and_nothing_else),
        cmocka_unit_test(a_rule_that_opens_is_warned_of),
        cmocka_unit_test(several_edits_are_all_or_nothing),
        cmocka_unit_test(typed_changes_keep_the_comments),
        cmocka_unit_test(no_accepted_edit_is_wrong),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(misuse_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
