/* SPDX-License-Identifier: MIT */
/* Our own pass over a scenario: what libcyaml cannot tell (all mistakes at once, nearest names,
 * where they stand) or does not see (80abc for a number). */
#include "scenario.h"

#include <inttypes.h>
#include <stdio.h>

typedef enum takes {
    TAKES_TEXT = 1, /* one word */
    TAKES_TEXTS,    /* a list of words, or one */
    TAKES_ENTRIES,  /* a list of maps */
    TAKES_EXACTLY   /* this word alone; it is not handed on */
} takes;

enum { NEEDED = 1, PRESET = 2, FILLED = 4 /* if it is there, it is not empty */ };

typedef struct shape shape;

typedef struct field {
    const char *name;
    uint8_t takes;
    uint8_t flags;
    const char *choices; /* "a|b"; NULL: any word */
    int32_t least, most; /* numbers that may stand for a word; most 0: none */
    const shape *of;     /* of entries */
} field;

struct shape {
    const char *what;
    const char *lone; /* the field that a word alone stands for; NULL: none */
    const field *fields;
    size_t n;
};

#define SHAPE(what, lone, fields)                                                                  \
    {                                                                                              \
        (what), (lone), (fields), sizeof(fields) / sizeof *(fields)                                \
    }

static const field case_fields[] = {
    {"name", TAKES_TEXT, 0, NULL, 0, 0, NULL},
    {"from", TAKES_TEXTS, NEEDED, NULL, 0, 0, NULL},
    {"to", TAKES_TEXTS, NEEDED, NULL, 0, 0, NULL},
    {"port", TAKES_TEXTS, FILLED, NULL, 1, NP_MAX_PORT, NULL},
    {"protocol", TAKES_TEXTS, FILLED, NULL, 0, 255, NULL},
    {"family", TAKES_TEXT, 0, "4|6", INT32_MIN, INT32_MAX, NULL},
    {"expect", TAKES_TEXT, NEEDED, "allow|deny", 0, 0, NULL},
};
static const shape case_shape = SHAPE("a case", NULL, case_fields);

static const field invariant_fields[] = {
    {"ensure", TAKES_TEXT, NEEDED,
     "default-deny|dns|no-internet|no-metadata-address|namespace-isolated|api-server", 0, 0, NULL},
    {"name", TAKES_TEXT, 0, NULL, 0, 0, NULL},
    {"namespaces", TAKES_TEXTS, 0, NULL, 0, 0, NULL},
    {"except", TAKES_TEXTS, 0, NULL, 0, 0, NULL},
    {"direction", TAKES_TEXT, 0, "ingress|egress|both", 0, 0, NULL},
    {"to", TAKES_TEXTS, 0, NULL, 0, 0, NULL},
    {"port", TAKES_TEXTS, FILLED, NULL, 1, NP_MAX_PORT, NULL},
    {"protocol", TAKES_TEXTS, FILLED, NULL, 0, 255, NULL},
    {"expect", TAKES_TEXT, 0, "allow|deny", 0, 0, NULL},
};
static const shape invariant_shape = SHAPE("an invariant", "ensure", invariant_fields);

static const field root_fields[] = {
    {"apiVersion", TAKES_EXACTLY, NEEDED, "netpol/v1", 0, 0, NULL},
    {"kind", TAKES_EXACTLY, NEEDED, "Scenario", 0, 0, NULL},
    {"semantics", TAKES_TEXT, PRESET, NULL, 0, 0, NULL},
    {"namespace", TAKES_TEXT, 0, NULL, 0, 0, NULL},
    {"manifests", TAKES_TEXTS, 0, NULL, 0, 0, NULL},
    {"resolve", TAKES_TEXTS, 0, NULL, 0, 0, NULL},
    {"nodeAddresses", TAKES_TEXTS, 0, NULL, 0, 0, NULL},
    {"cases", TAKES_ENTRIES, 0, NULL, 0, 0, &case_shape},
    {"invariants", TAKES_ENTRIES, 0, NULL, 0, 0, &invariant_shape},
};
static const shape root_shape = SHAPE("a scenario", NULL, root_fields);

typedef struct shaping {
    np_text *t;
    const char *source;
    netpol_diagnostics *diags;
    np_buffer *out;
    bool comma; /* something stands before it in its collection */
    bool wrong;
} shaping;

/* Where an event stands, when it has gone. */
typedef struct spot {
    uint32_t line;
    uint32_t column;
} spot;

static spot here(shaping *s)
{
    const np_event *e = np_text_peek(s->t);
    return (spot){e->line, e->column};
}

static void say(shaping *s, int32_t code, spot at, const np_path *path, const char *hint,
                const char *format, ...) __attribute__((format(printf, 6, 7)));

static void say(shaping *s, int32_t code, spot at, const np_path *path, const char *hint,
                const char *format, ...)
{
    np_buffer b;
    np_buffer_init(&b, &s->out->alloc);
    if (path) {
        np_path_format(&b, path);
        np_buffer_text(&b, ": ");
    }
    va_list args;
    va_start(args, format);
    np_buffer_vformat(&b, format, args);
    va_end(args);
    np_buffer_char(&b, '\0');
    np_where where = {.source = s->source, .line = at.line, .column = at.column, .item = -1};
    np_diag(s->diags, code, &where, path, hint, "%s", b.failed ? "" : b.p);
    np_buffer_free(&b);
    s->wrong = true;
}

/* ---- writing ---- */

static void begin(shaping *s)
{
    if (s->comma)
        np_buffer_char(s->out, ',');
}

static void open(shaping *s, char bracket)
{
    begin(s);
    np_buffer_char(s->out, bracket);
    s->comma = false;
}

static void close(shaping *s, char bracket)
{
    np_buffer_char(s->out, bracket);
    s->comma = true;
}

/* In double quotes; what does not print is escaped, for libyaml does not take it all as it is. */
static void write_text(shaping *s, np_slice text)
{
    begin(s);
    np_buffer_char(s->out, '"');
    for (size_t i = 0; i < text.n;) {
        uint32_t rune = 0xfffd;
        size_t n = np_utf8_read(text.p + i, text.n - i, &rune);
        if (n && np_rune_prints(rune) && rune != '"' && rune != '\\')
            np_buffer_add(s->out, text.p + i, n);
        else
            np_buffer_format(s->out, "\\U%08" PRIx32, rune);
        i += n ? n : 1;
    }
    np_buffer_char(s->out, '"');
    s->comma = true;
}

static void write_key(shaping *s, const char *name)
{
    begin(s);
    np_buffer_format(s->out, "\"%s\":", name);
    s->comma = false;
}

/* ---- words ---- */

static bool is_choice(const char *choices, np_slice word)
{
    for (const char *at = choices; *at;) {
        size_t n = strcspn(at, "|");
        if (n == word.n && memcmp(at, word.p, n) == 0)
            return true;
        at += n + (at[n] == '|');
    }
    return false;
}

/* The choice that was probably meant; n 0: none. */
static np_slice near_choice(const char *choices, np_slice word)
{
    np_slice best = {NULL, 0};
    unsigned least = word.n < 4 ? 2 : 3;
    for (const char *at = choices; *at && word.n > 1;) {
        np_slice choice = {at, strcspn(at, "|")};
        unsigned d = np_edit_distance(word, choice, least - 1);
        if (d < least) {
            least = d;
            best = choice;
        }
        at += choice.n + (at[choice.n] == '|');
    }
    return best;
}

static void refuse_choice(shaping *s, spot at, const np_path *path, const char *choices,
                          np_slice word)
{
    char hint[96];
    char list[160];
    size_t n = 0;
    np_slice meant = near_choice(choices, word);
    for (const char *c = choices; *c && n + 2 < sizeof list; c++) {
        list[n++] = *c == '|' ? ',' : *c;
        if (*c == '|')
            list[n++] = ' ';
    }
    (void)snprintf(hint, sizeof hint, "did you mean \"%.*s\"?", (int)meant.n, meant.p);
    say(s, NP_CODE_SCENARIO_VALUE, at, path, meant.n ? hint : NULL, "must be %s%.*s, not \"%.*s\"",
        strchr(choices, '|') ? "one of " : "", (int)n, list, (int)(word.n < 64 ? word.n : 64),
        word.p);
}

/* "spec|cilium|…"; false: no memory. */
static void preset_choices(np_buffer *b)
{
    const char *name;
    for (size_t i = 0; (name = netpol_semantics_preset_name(i)); i++)
        np_buffer_format(b, "%s%s", i ? "|" : "", name);
    np_buffer_char(b, '\0');
}

static bool check_word(shaping *s, const field *f, spot at, const np_path *path, np_slice word)
{
    if (memchr(word.p, '\0', word.n)) {
        say(s, NP_CODE_SCENARIO_VALUE, at, path, NULL, "must not hold NUL");
        return false;
    }
    if (f->choices && !is_choice(f->choices, word)) {
        refuse_choice(s, at, path, f->choices, word);
        return false;
    }
    np_buffer presets;
    np_buffer_init(&presets, &s->out->alloc);
    if (f->flags & PRESET)
        preset_choices(&presets);
    bool good = presets.failed || !(f->flags & PRESET) || is_choice(presets.p, word);
    if (!good)
        refuse_choice(s, at, path, presets.p, word);
    s->out->failed = s->out->failed || presets.failed;
    np_buffer_free(&presets);
    return good;
}

static const char *kind_name(const np_scalar *v)
{
    static const char *const names[] = {
        [NP_SCALAR_NULL] = "null",      [NP_SCALAR_BOOL] = "a boolean",
        [NP_SCALAR_INT] = "a number",   [NP_SCALAR_UINT] = "a number",
        [NP_SCALAR_FLOAT] = "a number", [NP_SCALAR_STRING] = "a text",
        [NP_SCALAR_BAD] = "that"};
    return names[v->kind];
}

/* What a scalar says as a word; a number in decimal, in `digits`. False: said. */
static bool resolve_word(shaping *s, const field *f, spot at, const np_path *path,
                         const np_scalar *v, char digits[16], np_slice *word)
{
    *word = v->text;
    if (v->kind == NP_SCALAR_STRING)
        return true;
    if (v->kind != NP_SCALAR_INT || !f->most) {
        say(s, NP_CODE_SCENARIO_VALUE, at, path, "put it in quotes", "must be a text, not %s",
            kind_name(v));
        return false;
    }
    if (v->as.integer < f->least || v->as.integer > f->most) {
        say(s, NP_CODE_SCENARIO_VALUE, at, path, NULL,
            "must be a number from %" PRId32 " to %" PRId32 ", not %" PRId64, f->least, f->most,
            v->as.integer);
        return false;
    }
    *word = (np_slice){digits, (size_t)snprintf(digits, 16, "%" PRId64, v->as.integer)};
    return true;
}

/* Takes the word at hand; writes it if it is good. */
static void read_word(shaping *s, const field *f, const np_path *path)
{
    const np_event *e = np_text_peek(s->t);
    spot at = here(s);
    if (e->type != NP_EVENT_SCALAR) {
        say(s, NP_CODE_SCENARIO_VALUE, at, path, NULL, "must be a text%s",
            f->takes == TAKES_TEXTS ? " or a list of texts" : "");
        (void)np_text_skip(s->t);
        return;
    }
    np_scalar v = np_scalar_resolve(e, NULL);
    char digits[16];
    np_slice word;
    if (resolve_word(s, f, at, path, &v, digits, &word) && check_word(s, f, at, path, word) &&
        f->takes != TAKES_EXACTLY)
        write_text(s, word);
    np_text_take(s->t);
}

/* Whether the value at hand is null, which counts as absent. */
static bool is_null(shaping *s)
{
    const np_event *e = np_text_peek(s->t);
    return e->type == NP_EVENT_SCALAR && np_scalar_resolve(e, NULL).kind == NP_SCALAR_NULL;
}

/* ---- collections ---- */

/* Nothing more comes of this document. */
static bool is_over(shaping *s)
{
    return np_text_peek(s->t)->type >= NP_EVENT_END;
}

static bool ends(shaping *s, np_event_type end)
{
    if (np_text_peek(s->t)->type != end)
        return false;
    np_text_take(s->t);
    return true;
}

/* How many words there were. */
static size_t read_words(shaping *s, const field *f, const np_path *path)
{
    size_t n = 0;
    bool list = np_text_peek(s->t)->type == NP_EVENT_SEQ_START;
    open(s, '[');
    if (list)
        np_text_take(s->t);
    while (!is_over(s) && !(list && ends(s, NP_EVENT_SEQ_END))) {
        np_path step = np_path_index(path, n++);
        read_word(s, f, list ? &step : path);
        if (!list)
            break;
    }
    close(s, ']');
    return n;
}

static void read_map(shaping *s, const shape *of, const np_path *path, bool entry);

/* A word that stands for a whole entry. */
static void read_lone(shaping *s, const shape *of, const np_path *path)
{
    spot at = here(s);
    const field *f = of->fields;
    np_path step = np_path_field(path, f->name);
    open(s, '{');
    np_buffer_format(s->out, "\"line\":%" PRIu32 ",\"column\":%" PRIu32, at.line, at.column);
    s->comma = true;
    write_key(s, f->name);
    read_word(s, f, &step);
    close(s, '}');
}

static void read_entries(shaping *s, const field *f, const np_path *path)
{
    if (np_text_peek(s->t)->type != NP_EVENT_SEQ_START) {
        say(s, NP_CODE_SCENARIO_VALUE, here(s), path, "begin each entry with a dash",
            "must be a list");
        (void)np_text_skip(s->t);
        return;
    }
    open(s, '[');
    np_text_take(s->t);
    for (size_t n = 0; !is_over(s) && !ends(s, NP_EVENT_SEQ_END); n++) {
        np_path step = np_path_index(path, n);
        if (f->of->lone && np_text_peek(s->t)->type == NP_EVENT_SCALAR)
            read_lone(s, f->of, &step);
        else
            read_map(s, f->of, &step, true);
    }
    close(s, ']');
}

/* Takes the value of a field. False: it is absent all the same. */
static bool read_value(shaping *s, const field *f, const np_path *path)
{
    if (is_null(s)) {
        np_text_take(s->t);
        return false;
    }
    if (f->takes == TAKES_EXACTLY) {
        read_word(s, f, path);
        return true;
    }
    spot at = here(s);
    write_key(s, f->name);
    size_t n = 1;
    if (f->takes == TAKES_TEXT)
        read_word(s, f, path);
    else if (f->takes == TAKES_TEXTS)
        n = read_words(s, f, path);
    else
        read_entries(s, f, path);
    if (n == 0 && f->flags & FILLED)
        say(s, NP_CODE_SCENARIO_VALUE, at, path, "or leave it out", "must not be empty");
    return n > 0;
}

static const field *find_field(const shape *of, np_slice name)
{
    for (size_t i = 0; i < of->n; i++)
        if (np_slice_is(name, of->fields[i].name))
            return &of->fields[i];
    return NULL;
}

static void refuse_field(shaping *s, const shape *of, const np_path *path, np_slice name)
{
    char hint[96];
    const char *best = NULL;
    unsigned least = name.n < 4 ? 2 : 3;
    for (size_t i = 0; i < of->n; i++) {
        unsigned d = np_edit_distance(name, np_slice_of(of->fields[i].name), least - 1);
        if (d < least) {
            least = d;
            best = of->fields[i].name;
        }
    }
    if (best)
        (void)snprintf(hint, sizeof hint, "did you mean \"%s\"?", best);
    say(s, NP_CODE_SCENARIO_FIELD, here(s), path, best ? hint : NULL, "%s has no field \"%.*s\"",
        of->what, (int)(name.n < 64 ? name.n : 64), name.p);
}

/* Takes a key and its value; `seen` and `set` have a bit for each field. */
static void read_field(shaping *s, const shape *of, const np_path *path, uint32_t *seen,
                       uint32_t *set)
{
    np_slice name = np_text_peek(s->t)->value; /* keys are scalars, else the text is refused */
    const field *f = find_field(of, name);
    uint32_t bit = f ? 1u << (f - of->fields) : 0;
    spot at = here(s);
    if (!f)
        refuse_field(s, of, path, name);
    else if (*seen & bit)
        say(s, NP_CODE_SCENARIO_FIELD, at, path, NULL, "the field \"%s\" is there twice", f->name);
    np_text_take(s->t);
    np_path step = np_path_field(path, f ? f->name : "");
    if (!f || *seen & bit)
        (void)np_text_skip(s->t);
    else if (read_value(s, f, &step))
        *set |= bit;
    *seen |= bit;
}

static void read_map(shaping *s, const shape *of, const np_path *path, bool entry)
{
    spot at = here(s);
    if (np_text_peek(s->t)->type != NP_EVENT_MAP_START) {
        say(s, NP_CODE_SCENARIO_VALUE, at, path, NULL, "%s must be a map", of->what);
        (void)np_text_skip(s->t);
        return;
    }
    open(s, '{');
    if (entry) {
        np_buffer_format(s->out, "\"line\":%" PRIu32 ",\"column\":%" PRIu32, at.line, at.column);
        s->comma = true;
    }
    np_text_take(s->t);
    uint32_t seen = 0;
    uint32_t set = 0;
    while (!is_over(s) && !ends(s, NP_EVENT_MAP_END))
        read_field(s, of, path, &seen, &set);
    for (size_t i = 0; i < of->n && !is_over(s); i++)
        if (of->fields[i].flags & NEEDED && !(set & 1u << i))
            say(s, NP_CODE_SCENARIO_MISSING, at, path, NULL, "the field \"%s\" is missing",
                of->fields[i].name);
    close(s, '}');
}

netpol_status np_scenario_shape(np_text *t, const char *source, np_buffer *out,
                                netpol_diagnostics *diags)
{
    shaping s = {.t = t, .source = source, .diags = diags, .out = out};
    read_map(&s, &root_shape, NULL, false);
    netpol_status status = np_text_status(t);
    if (status != NETPOL_OK)
        return status;
    if (out->failed)
        return NETPOL_NO_MEMORY;
    return s.wrong ? NETPOL_INVALID : NETPOL_OK;
}
