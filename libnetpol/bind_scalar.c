/* SPDX-License-Identifier: MIT */
/* Single values: strings, numbers, booleans, times, ports, map keys. */
#include "bind_inside.h"

#include <inttypes.h>
#include <stdio.h>

bool np_bind_is_null(const np_event *e)
{
    return e->type == NP_EVENT_SCALAR && np_scalar_resolve(e, NULL).kind == NP_SCALAR_NULL;
}

/* Go's lenient reader turns a number or boolean into a string where one is wanted. Returns the
 * length; 0: there is no such text. */
static size_t scalar_as_text(const np_scalar *s, char out[32])
{
    switch (s->kind) {
    case NP_SCALAR_BOOL:
        return (size_t)snprintf(out, 32, "%s", s->as.boolean ? "true" : "false");
    case NP_SCALAR_INT:
        return (size_t)snprintf(out, 32, "%" PRId64, s->as.integer);
    case NP_SCALAR_UINT:
        return (size_t)snprintf(out, 32, "%" PRIu64, s->as.natural);
    case NP_SCALAR_FLOAT:
        return np_float_key_text(s->as.real, out);
    case NP_SCALAR_NULL:
    case NP_SCALAR_STRING:
    case NP_SCALAR_BAD:
        break;
    }
    return 0;
}

static bool find_bad(np_binder *b, const np_event *e, const np_scalar *s, np_where_in in)
{
    return np_find_type(b, NP_CODE_BAD_SCALAR, np_at_event(e), in, NULL, "%s", s->why);
}

/* Takes the node at hand, which is of the wrong type. */
static bool refuse(np_binder *b, int32_t code, const np_scalar *s, np_where_in in,
                   const char *wanted, const char *schema, const char *hint)
{
    const np_event *e = np_text_peek(b->text);
    if (e->type == NP_EVENT_ERROR || e->type == NP_EVENT_END)
        return false;
    if (e->type != NP_EVENT_SCALAR)
        return np_find_wrong(b, code, e, s, in, wanted, schema, hint) && np_bind_pass(b, in.path);
    bool kept = s->kind == NP_SCALAR_BAD ? find_bad(b, e, s, in)
                                         : np_find_wrong(b, code, e, s, in, wanted, schema, hint);
    return kept && np_text_skip(b->text);
}

/* The scalar at hand, resolved; what is no scalar is NP_SCALAR_BAD. */
static np_scalar scalar_at_hand(np_binder *b)
{
    const np_event *e = np_text_peek(b->text);
    if (e->type != NP_EVENT_SCALAR)
        return (np_scalar){.kind = NP_SCALAR_BAD};
    if (np_scalar_is_text(e))
        return (np_scalar){.kind = NP_SCALAR_STRING, .text = e->value};
    return np_scalar_resolve(e, &b->scratch);
}

/* ---- strings ---- */

/* Only escapes and !!binary can bring one. */
static bool holds_nul(const np_event *e, np_slice text)
{
    return (e->style == NP_STYLE_DOUBLE || e->tag.n) && text.n && memchr(text.p, '\0', text.n);
}

/* Copies a string, the event's or its text in another form; *out stays NULL where it holds a NUL.
 */
static bool keep_text(np_binder *b, const np_event *e, np_slice text, np_where_in in,
                      const char **out)
{
    if (holds_nul(e, text))
        return np_find_type(b, NP_CODE_NUL_IN_STRING, np_at_event(e), in, NULL,
                            "the string holds the character NUL");
    *out = np_arena_text(b->into, text.p, text.n);
    return *out || np_bind_no_memory(b, b->into);
}

static const char *quote_hint(np_binder *b, const np_event *e)
{
    enum { SHORT = 40 };
    if (e->type != NP_EVENT_SCALAR)
        return "write a string";
    if (e->value.n > SHORT)
        return "write it in quotes";
    return np_bind_words(b, "write it in quotes: \"%.*s\"", (int)e->value.n, e->value.p);
}

static bool refuse_string(np_binder *b, const np_scalar *s, np_where_in in)
{
    const char *hint = quote_hint(b, np_text_peek(b->text));
    return hint && refuse(b, NP_CODE_NOT_A_STRING, s, in, "a string", "string", hint);
}

bool np_bind_string(np_binder *b, np_where_in in, const char *null_is, const char **out)
{
    *out = NULL;
    const np_event *e = np_text_peek(b->text);
    if (e->type == NP_EVENT_SCALAR && np_scalar_is_text(e)) {
        if (!keep_text(b, e, e->value, in, out))
            return false;
        np_text_take(b->text);
        return true;
    }
    np_scalar s = scalar_at_hand(b);
    char text[32];
    if (s.kind == NP_SCALAR_NULL)
        *out = null_is;
    else if (s.kind == NP_SCALAR_STRING) {
        if (!keep_text(b, e, s.text, in, out))
            return false;
    } else {
        size_t n = b->strict ? 0 : scalar_as_text(&s, text);
        if (n == 0)
            return refuse_string(b, &s, in);
        if (!keep_text(b, e, (np_slice){text, n}, in, out))
            return false;
    }
    np_text_take(b->text);
    return true;
}

bool np_bind_key(np_binder *b, const np_event *e, np_arena *into, const np_path *path,
                 const char **out)
{
    *out = NULL;
    if (np_scalar_is_text(e) && !holds_nul(e, e->value)) {
        *out = np_arena_text(into, e->value.p, e->value.n);
        return *out || np_bind_no_memory(b, into);
    }
    np_scalar s = np_scalar_resolve(e, &b->scratch);
    char text[32];
    size_t n = scalar_as_text(&s, text);
    np_slice key = s.kind == NP_SCALAR_STRING ? s.text : (np_slice){text, n};
    if (s.kind == NP_SCALAR_NULL || s.kind == NP_SCALAR_BAD)
        return np_find_type(b, NP_CODE_BAD_KEY, np_at_event(e), (np_where_in){path, NULL},
                            "write a string as the key", "%s",
                            s.kind == NP_SCALAR_NULL ? "a map key is null" : s.why);
    if (holds_nul(e, key))
        return np_find_type(b, NP_CODE_NUL_IN_STRING, np_at_event(e), (np_where_in){path, NULL},
                            NULL, "a map key holds the character NUL");
    *out = np_arena_text(into, key.p, key.n);
    return *out || np_bind_no_memory(b, into);
}

/* ---- numbers ---- */

/* A whole number of 64 bits: in YAML also one with a fraction of nothing, as it goes through JSON
 * where 80.0 becomes 80; a schema takes those in JSON too. */
static bool as_integer(const np_binder *b, const np_event *e, const np_scalar *s, int64_t *out)
{
    if (s->kind == NP_SCALAR_INT) {
        *out = s->as.integer;
        return true;
    }
    if (s->kind != NP_SCALAR_FLOAT || (e->json && !b->crd))
        return false;
    /* 2^63 is the first that does not fit; the comparison also settles that the cast is safe. */
    if (!(s->as.real >= -9223372036854775808.0 && s->as.real < 9223372036854775808.0))
        return false;
    *out = (int64_t)s->as.real;
    return (double)*out == s->as.real;
}

static bool is_large(const np_scalar *s)
{
    return s->kind == NP_SCALAR_UINT ||
           (s->kind == NP_SCALAR_FLOAT &&
            (s->as.real >= 9223372036854775808.0 || s->as.real < -9223372036854775808.0));
}

static bool refuse_integer(np_binder *b, const np_scalar *s, np_where_in in, bool port)
{
    const np_event *e = np_text_peek(b->text);
    const char *hint = NULL;
    if (s->kind == NP_SCALAR_STRING && e->style != NP_STYLE_PLAIN)
        hint = "write it without quotes";
    else if (s->kind == NP_SCALAR_FLOAT && e->json)
        hint = "JSON numbers need no fraction and no exponent here";
    if (port)
        return refuse(b, NP_CODE_NOT_A_PORT, s, in, "a port number or a port name", NULL, hint);
    return refuse(b, NP_CODE_NOT_AN_INTEGER, s, in, "a whole number", "integer", hint);
}

static bool refuse_range(np_binder *b, np_where_in in, int bits)
{
    const np_event *e = np_text_peek(b->text);
    const char *ends =
        bits == 32 ? "-2147483648 to 2147483647" : "-9223372036854775808 to 9223372036854775807";
    np_slice shown = e->value;
    if (shown.n > 40)
        shown.n = 40;
    return np_find_type(b, NP_CODE_INTEGER_RANGE, np_at_event(e), in, NULL,
                        "expected a number from %s, found %.*s", ends, (int)shown.n, shown.p) &&
           np_text_skip(b->text);
}

/* Reads a number of 32 or 64 bits; *good tells whether there is one. The node is taken. */
static bool read_integer(np_binder *b, const np_scalar *s, np_where_in in, int bits, bool port,
                         int64_t *out, bool *good)
{
    *good = false;
    bool scalar = np_text_peek(b->text)->type == NP_EVENT_SCALAR;
    bool whole = scalar && as_integer(b, np_text_peek(b->text), s, out);
    if (whole && (bits == 64 || (*out >= INT32_MIN && *out <= INT32_MAX))) {
        *good = true;
        np_text_take(b->text);
        return true;
    }
    return whole || (scalar && is_large(s)) ? refuse_range(b, in, bits)
                                            : refuse_integer(b, s, in, port);
}

/* ---- fields ---- */

static void put(const np_field *f, void *structure, const void *value, size_t n)
{
    memcpy((char *)structure + f->offset, value, n);
}

/* Puts a value that the field points to. */
static bool put_pointed(np_binder *b, const np_field *f, void *structure, const void *value,
                        size_t n)
{
    void *made = np_arena_alloc(b->into, n, n < 8 ? n : 8);
    if (!made)
        return np_bind_no_memory(b, b->into);
    memcpy(made, value, n);
    put(f, structure, &made, sizeof made);
    return true;
}

static bool bind_integer(np_binder *b, const np_field *f, const np_scalar *s, void *structure,
                         np_where_in in)
{
    bool wide = f->kind == NP_INT64 || f->kind == NP_INT64_SET;
    bool pointed = f->kind == NP_INT32_SET || f->kind == NP_INT64_SET;
    int64_t value;
    bool good;
    if (!read_integer(b, s, in, wide ? 64 : 32, false, &value, &good))
        return false;
    int32_t narrow = good ? (int32_t)value : 0;
    const void *from = wide ? (const void *)&value : &narrow;
    size_t n = wide ? sizeof value : sizeof narrow;
    if (good && pointed)
        return put_pointed(b, f, structure, from, n);
    if (good)
        put(f, structure, from, n);
    return true;
}

static bool bind_bool(np_binder *b, const np_field *f, const np_scalar *s, void *structure,
                      np_where_in in)
{
    if (s->kind != NP_SCALAR_BOOL)
        return refuse(b, NP_CODE_NOT_A_BOOL, s, in, "true or false", "boolean",
                      s->kind == NP_SCALAR_STRING ? "write true or false, without quotes" : NULL);
    bool value = s->as.boolean;
    np_text_take(b->text);
    if (f->kind == NP_BOOL_SET)
        return put_pointed(b, f, structure, &value, sizeof value);
    put(f, structure, &value, sizeof value);
    return true;
}

static bool bind_port(np_binder *b, const np_field *f, const np_scalar *s, void *structure,
                      np_where_in in)
{
    netpol_int_or_string port = {0};
    bool good = true;
    if (s->kind == NP_SCALAR_STRING) {
        if (!np_bind_string(b, in, NULL, &port.string))
            return false;
        good = port.string != NULL;
    } else {
        int64_t number;
        if (!read_integer(b, s, in, 32, true, &number, &good))
            return false;
        port.number = good ? (int32_t)number : 0;
    }
    if (!good)
        return true;
    netpol_int_or_string *made = NP_NEW(b->into, netpol_int_or_string);
    if (!made)
        return np_bind_no_memory(b, b->into);
    *made = port;
    put(f, structure, &made, sizeof made);
    return true;
}

static bool bind_time(np_binder *b, const np_field *f, const np_scalar *s, void *structure,
                      np_where_in in)
{
    char normal[NP_TIME_ROOM];
    if (s->kind != NP_SCALAR_STRING)
        return refuse(b, NP_CODE_NOT_A_TIME, s, in, "a time such as \"2006-01-02T15:04:05Z\"",
                      "string", NULL);
    if (!np_time_normal(s->text, normal))
        return refuse(b, NP_CODE_NOT_A_TIME, s, in, "a time in the form of RFC 3339", NULL,
                      "write it as 2006-01-02T15:04:05Z");
    np_text_take(b->text);
    if (!normal[0])
        return true;
    const char *made = np_arena_text(b->into, normal, strlen(normal));
    put(f, structure, &made, sizeof made);
    return made || np_bind_no_memory(b, b->into);
}

/* "" is kept where the field tells it from an absent one. */
static bool bind_string_field(np_binder *b, const np_field *f, void *structure, np_where_in in)
{
    const char *text;
    if (!np_bind_string(b, in, NULL, &text))
        return false;
    if (text && !*text && f->kind == NP_STRING)
        text = NULL;
    put(f, structure, &text, sizeof text);
    return true;
}

bool np_bind_single(np_binder *b, const np_field *f, void *structure, const np_path *path)
{
    np_where_in in = {path, NULL};
    if (f->kind == NP_STRING || f->kind == NP_STRING_SET)
        return bind_string_field(b, f, structure, in);
    np_scalar s = scalar_at_hand(b);
    if (s.kind == NP_SCALAR_NULL) {
        np_text_take(b->text);
        return true;
    }
    switch ((np_field_kind)f->kind) {
    case NP_BOOL:
    case NP_BOOL_SET:
        return bind_bool(b, f, &s, structure, in);
    case NP_INT32:
    case NP_INT32_SET:
    case NP_INT64:
    case NP_INT64_SET:
        return bind_integer(b, f, &s, structure, in);
    case NP_INT_OR_STRING:
        return bind_port(b, f, &s, structure, in);
    case NP_TIME:
        return bind_time(b, f, &s, structure, in);
    case NP_STRING:
    case NP_STRING_SET:
    case NP_STRING_MAP:
    case NP_STRING_LIST:
    case NP_PLUCK_LIST:
    case NP_STRUCT:
    case NP_GROUP:
    case NP_STRUCT_LIST:
    case NP_JSON:
        break;
    }
    return false;
}
