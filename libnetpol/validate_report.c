/* SPDX-License-Identifier: MIT */
/* Findings: Kubernetes' form of messages, each message once. */
#include "validate.h"

#include <inttypes.h>
#include <stdlib.h>

void np_check_init(np_check *c, const netpol_object *object, const netpol_allocator *alloc,
                   bool texts)
{
    *c = (np_check){.object = object, .texts = texts};
    np_arena_init(&c->arena, alloc, 1024);
    np_buffer_init(&c->value, alloc);
    np_buffer_init(&c->message, alloc);
    np_buffer_init(&c->path, alloc);
    np_buffer_init(&c->hint, alloc);
}

void np_check_free(np_check *c)
{
    np_release(&c->arena.alloc, c->at, c->room * sizeof *c->at);
    np_release(&c->arena.alloc, c->seen, c->slots * sizeof *c->seen);
    np_buffer_free(&c->value);
    np_buffer_free(&c->message);
    np_buffer_free(&c->path);
    np_buffer_free(&c->hint);
    np_arena_free(&c->arena);
}

size_t np_check_count(const np_check *c)
{
    return c->n + c->uncounted;
}

/* ---- each message once ---- */

static uint64_t hash_text(np_slice s)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
    return h;
}

/* The slot of a message: that of its finding, or the free one where it would go. */
static size_t find_slot(const np_check *c, uint64_t hash, const char *message)
{
    size_t slot = (size_t)hash & (c->slots - 1);
    while (c->seen[slot]) {
        const np_finding *f = &c->at[c->seen[slot] - 1];
        if (f->hash == hash && strcmp(f->message, message) == 0)
            break;
        slot = (slot + 1) & (c->slots - 1);
    }
    return slot;
}

static bool grow_table(np_check *c)
{
    if (c->n < c->slots / 2)
        return true;
    size_t slots = c->slots ? c->slots * 2 : 32;
    uint32_t *bigger = np_resize(&c->arena.alloc, NULL, 0, slots * sizeof *bigger);
    if (!bigger)
        return false;
    memset(bigger, 0, slots * sizeof *bigger);
    np_release(&c->arena.alloc, c->seen, c->slots * sizeof *c->seen);
    c->seen = bigger;
    c->slots = slots;
    for (size_t i = 0; i < c->n; i++)
        c->seen[find_slot(c, c->at[i].hash, c->at[i].message)] = (uint32_t)(i + 1);
    return true;
}

/* ---- adding ---- */

static const char *object_title(np_check *c)
{
    if (!c->title) {
        np_buffer b;
        np_buffer_init(&b, &c->arena.alloc);
        np_object_title(&b, c->object);
        c->title = b.failed ? NULL : np_arena_text(&c->arena, b.p, b.n);
        np_buffer_free(&b);
    }
    return c->title;
}

/* Sets the texts of a finding from the scratch buffers. */
static bool keep_texts(np_check *c, const np_path *path, const char *hint, np_finding *f)
{
    c->path.n = 0;
    np_path_format(&c->path, path);
    if (c->path.failed)
        return false;
    f->path = np_arena_text(&c->arena, c->path.p, c->path.n);
    f->message = np_arena_text(&c->arena, c->message.p, c->message.n);
    f->hint = hint ? np_arena_text(&c->arena, hint, strlen(hint)) : NULL;
    return f->path && f->message && (!hint || f->hint) && object_title(c);
}

/* c->message holds the message. */
static bool add(np_check *c, int32_t code, np_spot spot, const char *hint)
{
    np_buffer_char(&c->message, '\0');
    if (c->message.failed || !grow_table(c))
        return false;
    c->message.n--;
    c->text_bytes += c->message.n; /* also of what turns out to be said already */
    uint64_t hash = hash_text((np_slice){c->message.p, c->message.n});
    size_t slot = find_slot(c, hash, c->message.p);
    if (c->seen[slot])
        return true;
    if (!np_grow(&c->arena.alloc, (void **)&c->at, &c->room, c->n + 1, sizeof *c->at))
        return false;
    np_finding f = {.code = code, .hash = hash};
    if (!keep_texts(c, spot.path, hint, &f))
        return false;
    f.where = np_object_where_next(c->object, &c->marks, spot.at ? spot.at : spot.path, c->title);
    c->at[c->n++] = f;
    c->seen[slot] = (uint32_t)c->n;
    return true;
}

/* Whether the next finding needs its text. If not, it is counted here. */
static bool wants_text(np_check *c)
{
    if (c->texts && c->text_bytes < NP_CHECK_TEXT_MAX)
        return true;
    c->uncounted++;
    return false;
}

/* "PATH: TYPE[: VALUE][: DETAIL]"; the value is what c->value holds. */
static void report(np_check *c, int32_t code, np_spot spot, const char *type, bool with_value,
                   const char *detail, const char *hint)
{
    np_buffer *m = &c->message;
    m->n = 0;
    np_path_format(m, spot.path);
    np_buffer_text(m, spot.path ? ": " : "<nil>: ");
    np_buffer_text(m, type);
    if (with_value) {
        np_buffer_text(m, ": ");
        np_buffer_add(m, c->value.p, c->value.n);
    }
    if (*detail) {
        np_buffer_text(m, ": ");
        np_buffer_text(m, detail);
    }
    if (c->value.failed || !add(c, code, spot, hint))
        c->no_memory = true;
}

np_buffer *np_check_value(np_check *c)
{
    c->value.n = 0;
    return c->texts && c->text_bytes < NP_CHECK_TEXT_MAX ? &c->value : NULL;
}

void np_check_required(np_check *c, int32_t code, np_spot spot, const char *detail)
{
    c->blocking = true;
    if (wants_text(c))
        report(c, code, spot, "Required value", false, detail, NULL);
}

void np_check_forbidden(np_check *c, int32_t code, np_spot spot, const char *detail)
{
    if (wants_text(c))
        report(c, code, spot, "Forbidden", false, detail, NULL);
}

void np_check_too_long(np_check *c, int32_t code, np_spot spot, const char *detail)
{
    c->blocking = true;
    if (wants_text(c))
        report(c, code, spot, "Too long", false, detail, NULL);
}

void np_check_text_hint(np_check *c, int32_t code, np_spot spot, np_slice value, const char *detail,
                        const char *hint)
{
    if (!wants_text(c))
        return;
    c->value.n = 0;
    np_buffer_quote(&c->value, value);
    report(c, code, spot, "Invalid value", true, detail, hint);
}

void np_check_text(np_check *c, int32_t code, np_spot spot, np_slice value, const char *detail)
{
    np_check_text_hint(c, code, spot, value, detail, NULL);
}

void np_check_number(np_check *c, int32_t code, np_spot spot, int64_t value, const char *detail)
{
    if (!wants_text(c))
        return;
    c->value.n = 0;
    np_buffer_format(&c->value, "%" PRId64, value);
    report(c, code, spot, "Invalid value", true, detail, NULL);
}

void np_check_json(np_check *c, int32_t code, np_spot spot, const char *detail)
{
    if (wants_text(c))
        report(c, code, spot, "Invalid value", true, detail, NULL);
}

bool np_is_one_of(const char *text, const char *const *values)
{
    for (size_t i = 0; values[i]; i++)
        if (strcmp(text, values[i]) == 0)
            return true;
    return false;
}

/* The supported value that was probably meant. */
static const char *nearest(np_slice value, const char *const *values)
{
    const char *best = NULL;
    unsigned least = 3;
    for (size_t i = 0; values[i]; i++) {
        np_slice v = np_slice_of(values[i]);
        unsigned d = np_same_folded(value, v) ? 0 : np_edit_distance(value, v, 2);
        if (d < least) {
            least = d;
            best = values[i];
        }
    }
    return best;
}

static void list_values(np_buffer *b, const char *const *values)
{
    np_buffer_text(b, "supported values: ");
    for (size_t i = 0; values[i]; i++)
        np_buffer_format(b, "%s\"%s\"", i > 0 ? ", " : "", values[i]);
    np_buffer_char(b, '\0');
}

void np_check_enum(np_check *c, int32_t code, np_spot spot, np_slice value, bool go_string,
                   const char *const *values)
{
    c->blocking = true;
    if (!wants_text(c))
        return;
    c->value.n = 0;
    if (go_string)
        np_buffer_quote(&c->value, value);
    else
        np_check_json_text(&c->value, value);
    np_buffer detail;
    np_buffer_init(&detail, &c->arena.alloc);
    list_values(&detail, values);
    const char *meant = nearest(value, values);
    c->hint.n = 0;
    np_buffer_format(&c->hint, "write %s", meant ? meant : "");
    np_buffer_char(&c->hint, '\0');
    if (detail.failed || c->hint.failed)
        c->no_memory = true;
    else
        report(c, code, spot, "Unsupported value", true, detail.p, meant ? c->hint.p : NULL);
    np_buffer_free(&detail);
}

void np_check_faults(np_check *c, np_spot spot, np_slice value, const np_faults *faults)
{
    for (size_t i = 0; i < faults->n; i++)
        np_check_text(c, faults->at[i].code, spot, value, faults->at[i].text);
}

void np_check_too_many(np_check *c, int32_t code, np_spot spot, size_t value, const char *detail)
{
    c->blocking = true;
    if (!wants_text(c))
        return;
    c->value.n = 0;
    np_buffer_format(&c->value, "%zu", value);
    report(c, code, spot, "Too many", true, detail, NULL);
}

void np_check_duplicate(np_check *c, int32_t code, np_spot spot, np_slice value)
{
    if (!wants_text(c))
        return;
    c->value.n = 0;
    np_buffer_quote(&c->value, value);
    report(c, code, spot, "Duplicate value", true, "", NULL);
}

void np_check_said(np_check *c, int32_t code, np_spot spot, const char *text)
{
    if (wants_text(c))
        report(c, code, spot, text, false, "", NULL);
}

void np_check_unknown_field(np_check *c, int32_t code, np_spot spot)
{
    if (!wants_text(c))
        return;
    c->path.n = 0;
    np_path_format(&c->path, spot.path);
    c->message.n = 0;
    np_buffer_text(&c->message, "unknown field ");
    np_buffer_quote(&c->message, (np_slice){c->path.p, c->path.n});
    if (c->path.failed || !add(c, code, spot, NULL))
        c->no_memory = true;
}

void np_check_json_text(np_buffer *b, np_slice s)
{
    np_buffer plain;
    np_buffer_init(&plain, &b->alloc);
    np_buffer_json(&plain, s);
    for (size_t i = 0; i < plain.n; i++) {
        char ch = plain.p[i];
        if (ch == '<' || ch == '>' || ch == '&')
            np_buffer_format(b, "\\u%04x", (unsigned)ch);
        else
            np_buffer_char(b, ch);
    }
    b->failed |= plain.failed;
    np_buffer_free(&plain);
}

/* ---- handing over ---- */

static int by_message(const void *a, const void *b)
{
    const np_finding *x = a;
    const np_finding *y = b;
    bool x_first = x->code == NP_CODE_UNKNOWN_FIELD;
    bool y_first = y->code == NP_CODE_UNKNOWN_FIELD;
    return x_first == y_first ? strcmp(x->message, y->message) : y_first - x_first;
}

void np_check_sort(np_check *c)
{
    if (c->n)
        qsort(c->at, c->n, sizeof *c->at, by_message);
}

void np_check_flush(const np_check *c, netpol_diagnostics *diags)
{
    for (size_t i = 0; i < c->n; i++)
        np_diag_text(diags, c->at[i].code, &c->at[i].where, c->at[i].path, c->at[i].hint,
                     c->at[i].message);
    np_diag_drop(diags, c->uncounted);
}
