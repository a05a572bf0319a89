/* SPDX-License-Identifier: MIT */
/* What is wrong with a document that the parser refuses, in words that help. libyaml tells where it
 * stopped; the text around that place tells more often than not what was meant. */
#include "text.h"
#include "text_inside.h"

/* ---- texts that are no YAML at all ---- */

static const char *line_start(np_slice s, size_t line)
{
    const char *p = s.p;
    const char *end = s.p + s.n;
    while (line-- && p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        p = lf ? lf + 1 : end;
    }
    return p;
}

static const char *next_line(const char *p, const char *end)
{
    const char *lf = memchr(p, '\n', (size_t)(end - p));
    return lf ? lf + 1 : end;
}

/* Whether a line is a conflict marker of Git: seven of one sign, and perhaps a label. A line of
 * seven = divides the two sides. */
static bool is_marker(const char *p, const char *end)
{
    enum { SIGNS = 7 };
    if (end - p < SIGNS || !strchr("<|=>", *p))
        return false;
    for (int i = 1; i < SIGNS; i++)
        if (p[i] != *p)
            return false;
    bool alone = end - p == SIGNS || p[SIGNS] == '\n' || p[SIGNS] == '\r';
    return alone || (*p != '=' && p[SIGNS] == ' ');
}

/* The first conflict marker, or NULL. */
static const char *conflict(np_slice s)
{
    const char *end = s.p + s.n;
    for (const char *p = s.p; p < end; p = next_line(p, end))
        if (is_marker(p, end))
            return p;
    return NULL;
}

/* A "{{" where a value begins, in [p, end) of one line; or NULL. */
static const char *template_in(const char *p, const char *end)
{
    bool fresh = true; /* only blanks since the line began, or since a ':' or '-' */
    for (; end - p >= 2 && *p != '#'; p++) {
        if (fresh && p[0] == '{' && p[1] == '{')
            return p;
        fresh = *p == ':' || *p == '-' || (fresh && *p == ' ');
    }
    return NULL;
}

/* The same in the line of the error or the one before it: a "{{" elsewhere may well be text. */
static const char *template_near(np_slice s, size_t line)
{
    const char *end = s.p + s.n;
    const char *p = line_start(s, line ? line - 1 : 0);
    for (int i = 0; i < 2 && p < end; i++) {
        const char *stop = next_line(p, end);
        const char *at = template_in(p, stop);
        if (at)
            return at;
        p = stop;
    }
    return NULL;
}

bool np_explain_conflict(np_text *t)
{
    np_slice s = t->piece.text;
    uint32_t line, column;
    const char *at = conflict(s);
    if (!at)
        return false;
    np_text_place(t, (size_t)(at - s.p), &line, &column);
    (void)np_text_fail(t, NETPOL_INVALID, NP_CODE_CONFLICT, line, column,
                       "resolve the conflict and remove its markers",
                       "the text has the markers of a merge conflict");
    return true;
}

/* Ends the document if it is a template or an unresolved merge; false: it is neither. */
static bool is_odd_text(np_text *t, size_t error_line)
{
    np_slice s = t->piece.text;
    uint32_t line, column;
    if (np_explain_conflict(t))
        return true;
    const char *at = template_near(s, error_line);
    if (!at)
        return false;
    np_text_place(t, (size_t)(at - s.p), &line, &column);
    (void)np_text_fail(t, NETPOL_INVALID, NP_CODE_TEMPLATE, line, column,
                       t->template_said ? NULL : "render it first, for instance with helm template",
                       "this is a template, not a manifest");
    t->template_said = true;
    return true;
}

/* ---- bytes that no text has ---- */

/* The first byte of the character that breaks off before this offset, or the offset itself. */
static size_t broken_start(np_slice s, size_t offset)
{
    for (size_t back = 1; back <= 3 && back <= offset; back++) {
        unsigned char c = (unsigned char)s.p[offset - back];
        if (c >= 0xc0)
            return back < (c >= 0xf0 ? 4u : c >= 0xe0 ? 3u : 2u) ? offset - back : offset;
        if (c < 0x80)
            break;
    }
    return offset;
}

bool np_explain_byte(np_text *t, size_t offset, bool control, uint32_t value)
{
    static const char hint[] = "is this a manifest, and not a compressed or binary file?";
    uint32_t line, column;
    if (!control)
        offset = broken_start(t->piece.text, offset);
    np_text_place(t, offset < t->piece.text.n ? offset : t->piece.text.n, &line, &column);
    if (!control)
        return np_text_fail(t, NETPOL_INVALID, NP_CODE_NOT_TEXT, line, column, hint,
                            "the bytes here are no UTF-8 text");
    if (value == 0)
        return np_text_fail(t, NETPOL_INVALID, NP_CODE_NOT_TEXT, line, column, hint, "a NUL byte");
    return np_text_fail(t, NETPOL_INVALID, NP_CODE_NOT_TEXT, line, column, hint,
                        "the control character U+%04X", (unsigned)value);
}

/* ---- what libyaml found ---- */

/* How the place of an error is told from its text: the first row whose words occur in it. */
typedef struct finding {
    const char *words;
    const char *context; /* words that must occur in the context, or NULL */
    int32_t code;
    enum { HERE, AT_START, WITHIN } place; /* where it stopped; where the construct begins; both */
    const char *message;
    const char *hint;
} finding;

static const finding findings[] = {
    {"unexpected end of stream", "quoted", NP_CODE_UNCLOSED, AT_START, "this quote is never closed",
     NULL},
    {"document indicator", "quoted", NP_CODE_UNCLOSED, AT_START,
     "this quote is not closed before the document ends", NULL},
    {"',' or ']'", NULL, NP_CODE_UNCLOSED, WITHIN, "',' or ']' is expected here", NULL},
    {"',' or '}'", NULL, NP_CODE_UNCLOSED, WITHIN, "',' or '}' is expected here", NULL},
    {"escape character", "quoted", NP_CODE_ESCAPE, HERE, "no escape that YAML knows",
     "write \\\\ for a backslash, or use single quotes"},
    {"hexdecimal", "quoted", NP_CODE_ESCAPE, HERE, "a hexadecimal digit is expected in the escape",
     "write \\\\ for a backslash, or use single quotes"},
    {"Unicode character escape", "quoted", NP_CODE_ESCAPE, HERE,
     "an escape that is no Unicode character",
     "write the character itself; YAML has no surrogate pairs"},
    {"cannot start any token", NULL, NP_CODE_SYNTAX, HERE,
     "a value cannot begin with this character", "quote the value"},
    {"unexpected ':'", NULL, NP_CODE_SYNTAX, HERE, "a ':' before ',' or a bracket",
     "write a blank after the ':' of a key, or quote the value"},
    {"mapping values are not allowed", NULL, NP_CODE_SYNTAX, HERE, "a ':' where no key can stand",
     "check the indentation, or quote a value that has a colon"},
    {"mapping keys are not allowed", NULL, NP_CODE_SYNTAX, HERE, "a '?' where no key can stand",
     "quote a value that begins with ?"},
    {"block sequence entries", NULL, NP_CODE_INDENTATION, HERE,
     "a list entry '-' where none can stand", "put it on a line of its own"},
    {"could not find expected ':'", NULL, NP_CODE_SYNTAX, AT_START, "a key without ':' after it",
     "write key: value, or indent a text that goes on from the line before"},
    {"'-' indicator", NULL, NP_CODE_INDENTATION, HERE,
     "the next list entry '-' is expected at the list's indentation", NULL},
    {"expected key", NULL, NP_CODE_INDENTATION, HERE,
     "the next key is expected at the map's indentation", NULL},
    {"comment or line break", NULL, NP_CODE_BLOCK_SCALAR, HERE,
     "only a comment may follow here on the line", NULL},
    {"indentation indicator", NULL, NP_CODE_BLOCK_SCALAR, HERE,
     "the indentation of a block text is a digit from 1 to 9", NULL},
    {"tab character", NULL, NP_CODE_TAB, HERE, "a tab is used for indentation",
     "indent with spaces"},
    {"undefined tag handle", NULL, NP_CODE_TAG, HERE, "a tag with an undefined handle",
     "remove it, or quote a text that begins with !"},
    {"", "tag", NP_CODE_TAG, AT_START, "a malformed tag", "quote a text that begins with !"},
    {"", "anchor", NP_CODE_SYNTAX, AT_START, "a malformed anchor",
     "quote a text that begins with &"},
    {"", "alias", NP_CODE_SYNTAX, AT_START, "a malformed alias", "quote a text that begins with *"},
    {"", "directive", NP_CODE_DIRECTIVE, AT_START, "a malformed directive", "remove the line"},
    {"directive", NULL, NP_CODE_DIRECTIVE, HERE, "a directive that is given twice", NULL},
    {"document start", NULL, NP_CODE_AFTER_END, HERE, "the document has ended before this", NULL},
    {"node content", "flow", NP_CODE_UNCLOSED, HERE,
     "a value or a closing bracket is expected here", NULL},
    {"node content", NULL, NP_CODE_SYNTAX, HERE, "a value is expected here", NULL},
    {"", NULL, NP_CODE_SYNTAX, HERE, "this is not YAML", NULL},
};

static const finding *find(const char *problem, const char *context)
{
    const finding *f = findings;
    while (!strstr(problem, f->words) || (f->context && !(context && strstr(context, f->context))))
        f++;
    return f;
}

static void spot_place(const np_text *t, np_spot at, uint32_t *line, uint32_t *column)
{
    *line = t->piece.line + (uint32_t)at.line;
    *column = (at.line == 0 ? t->piece.column : 1) + (uint32_t)at.column;
}

/* Whether a tab stands at the place, or between the line's start and it. */
static bool is_tab(const np_text *t, np_spot at)
{
    np_slice s = t->piece.text;
    const char *end = s.p + s.n;
    const char *p = line_start(s, at.line);
    while (p < end && *p == ' ')
        p++;
    return p < end && *p == '\t';
}

/* Whether only blanks and list indicators stand before the place on its line. */
static bool is_first(const np_text *t, np_spot at)
{
    np_slice s = t->piece.text;
    const char *p = line_start(s, at.line);
    for (size_t i = 0; i < at.column && p < s.p + s.n; i++, p++)
        if (*p != ' ' && *p != '-')
            return false;
    return true;
}

/* ',' or a bracket is missing in a collection that begins elsewhere. */
static bool fail_within(np_text *t, const finding *f, np_spot at, np_spot begun)
{
    uint32_t line, column, from_line, from_column;
    spot_place(t, at, &line, &column);
    spot_place(t, begun, &from_line, &from_column);
    const char *what = strchr(f->message, ']') ? "list" : "map";
    return np_text_fail(t, NETPOL_INVALID, f->code, line, column, f->hint,
                        "%s; the %s begins at %u:%u", f->message, what, from_line, from_column);
}

bool np_explain(np_text *t, const char *problem, const char *context, np_spot at, np_spot begun)
{
    if (is_odd_text(t, at.line))
        return false;
    const finding *f = find(problem, context);
    uint32_t line, column;
    if (f->place == WITHIN)
        return fail_within(t, f, at, begun);
    spot_place(t, f->place == AT_START ? begun : at, &line, &column);
    if (strstr(problem, "cannot start any token") && is_tab(t, at))
        return np_text_fail(t, NETPOL_INVALID, NP_CODE_TAB, line, column, "indent with spaces",
                            "a tab is used for indentation");
    if (f->code == NP_CODE_INDENTATION && strstr(problem, "expected") && !is_first(t, at))
        return np_text_fail(t, NETPOL_INVALID, NP_CODE_SYNTAX, line, column,
                            "quote the value, or begin a new line", "this cannot follow the value");
    return np_text_fail(t, NETPOL_INVALID, f->code, line, column, f->hint, "%s", f->message);
}

/* Where a node is written: what an alias brings stands at the alias. */
static void raw_place(const np_raw *raw, uint32_t *line, uint32_t *column)
{
    *line = raw->alias_line ? raw->alias_line : raw->event.line;
    *column = raw->alias_line ? raw->alias_column : raw->event.column;
}

bool np_explain_merge(np_text *t, const np_raw *value)
{
    uint32_t line, column;
    raw_place(value, &line, &column);
    if (np_explain_conflict(t))
        return false;
    return np_text_fail(t, NETPOL_INVALID, NP_CODE_MERGE_NOT_MAP, line, column,
                        "name an anchored map, or quote the key",
                        "the value of the merge key << must be a map or a list of maps");
}

bool np_explain_key(np_text *t, const np_raw *key)
{
    uint32_t line, column;
    raw_place(key, &line, &column);
    if (is_odd_text(t, line - t->piece.line))
        return false;
    return np_text_fail(t, NETPOL_INVALID, NP_CODE_KEY_NOT_SCALAR, line, column,
                        "quote a text that begins with [ or {", "a map key is a list or a map");
}
