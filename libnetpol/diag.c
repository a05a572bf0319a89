/* SPDX-License-Identifier: MIT */
#include "diag.h"

struct netpol_diagnostics {
    np_arena texts;
    netpol_allocator alloc;
    netpol_diagnostic *at;
    size_t n;
    size_t room;
    size_t dropped;
    size_t max;
};

typedef struct code_row {
    int32_t number;
    int32_t severity;
    int32_t stage;
    const char *text;
    const char *meaning;
} code_row;

#define CODE_TEXT_(number) (number) < 10 ? "NP000" #number : (number) < 100 ? "NP00" #number : "NP0" #number
static const struct code_row code_rows[] = {
#define NP_CODE(number, name, severity, stage, meaning, fix, source)                               \
    {number, severity, stage, CODE_TEXT_(number), meaning " " fix},
#include "diag_codes.def"
#undef NP_CODE
};

static const code_row *code_find(int32_t number)
{
    for (size_t i = 0; i < sizeof code_rows / sizeof *code_rows; i++)
        if (code_rows[i].number == number)
            return &code_rows[i];
    return NULL;
}

const char *netpol_code_name(int32_t code)
{
    const code_row *row = code_find(code);
    return row ? row->text : "NP0000";
}

const char *netpol_code_meaning(int32_t code)
{
    const code_row *row = code_find(code);
    return row ? row->meaning : "";
}

const char *np_severity_name(int32_t severity)
{
    return severity == NETPOL_ERROR ? "error" : severity == NETPOL_WARNING ? "warning" : "note";
}

const char *np_stage_name(int32_t stage)
{
    static const char *const names[] = {"",           "syntax",  "type",   "strict",
                                        "validation", "warning", "cluster"};
    return stage > 0 && (size_t)stage < sizeof names / sizeof *names ? names[stage] : "";
}

void np_path_format(np_buffer *b, const np_path *path)
{
    if (!path)
        return;
    np_path_format(b, path->up);
    if (!path->name) {
        np_buffer_format(b, "[%u]", path->index);
        return;
    }
    if (path->up)
        np_buffer_char(b, '.');
    np_buffer_text(b, path->name);
}

netpol_diagnostics *netpol_diagnostics_new(const netpol_options *options)
{
    netpol_options o;
    if (!np_options_read(options, &o))
        return NULL;
    netpol_diagnostics *d = np_resize(o.allocator, NULL, 0, sizeof *d);
    if (!d)
        return NULL;
    *d = (netpol_diagnostics){.alloc = *o.allocator, .max = o.max_diagnostics};
    np_arena_init(&d->texts, &d->alloc, 1024);
    return d;
}

void netpol_diagnostics_free(netpol_diagnostics *d)
{
    if (!d)
        return;
    netpol_allocator alloc = d->alloc;
    np_arena_free(&d->texts);
    np_release(&alloc, d->at, d->room * sizeof *d->at);
    np_release(&alloc, d, sizeof *d);
}

void netpol_diagnostics_clear(netpol_diagnostics *d)
{
    if (!d)
        return;
    np_arena_reset(&d->texts);
    d->n = d->dropped = 0;
}

size_t netpol_diagnostics_count(const netpol_diagnostics *d)
{
    return d ? d->n : 0;
}

size_t netpol_diagnostics_dropped(const netpol_diagnostics *d)
{
    return d ? d->dropped : 0;
}

const netpol_diagnostic *netpol_diagnostics_at(const netpol_diagnostics *d, size_t i)
{
    return d && i < d->n ? &d->at[i] : NULL;
}

static const char *keep(netpol_diagnostics *d, const char *text)
{
    return text ? np_arena_text(&d->texts, text, strlen(text)) : NULL;
}

/* Neighbours mostly share their source and object: keep one copy. */
static const char *keep_shared(netpol_diagnostics *d, const char *text, const char *last)
{
    return text && last && strcmp(text, last) == 0 ? last : keep(d, text);
}

static void add(netpol_diagnostics *d, netpol_diagnostic x)
{
    if (d->n >= d->max ||
        !np_grow(&d->alloc, (void **)&d->at, &d->room, d->n + 1, sizeof *d->at)) {
        d->dropped++;
        return;
    }
    const netpol_diagnostic *last = d->n ? &d->at[d->n - 1] : NULL;
    x.source = keep_shared(d, x.source, last ? last->source : NULL);
    x.object = keep_shared(d, x.object, last ? last->object : NULL);
    x.message = keep(d, x.message);
    x.hint = keep(d, x.hint);
    x.path = keep(d, x.path);
    if (d->texts.failed) {
        d->texts.failed = false; /* the next one may fit: its own texts are what counts */
        d->dropped++;
        return;
    }
    d->at[d->n++] = x;
}

void np_diag_text(netpol_diagnostics *list, int32_t code, const np_where *where, const char *path,
                  const char *hint, const char *message)
{
    if (!list)
        return;
    const code_row *row = code_find(code);
    netpol_diagnostic x = {
        .severity = row ? row->severity : NETPOL_ERROR,
        .stage = row ? row->stage : NETPOL_STAGE_SYNTAX,
        .code = code,
        .message = message,
        .hint = hint,
        .path = path && *path ? path : NULL,
        .item = -1,
    };
    if (where) {
        x.source = where->source;
        x.object = where->object;
        x.line = where->line;
        x.column = where->column;
        x.document = where->document;
        x.item = where->item;
    }
    add(list, x);
}

void np_diag(netpol_diagnostics *list, int32_t code, const np_where *where, const np_path *path,
             const char *hint, const char *format, ...)
{
    if (!list)
        return;
    if (list->n >= list->max) {
        list->dropped++;
        return;
    }
    np_buffer path_text;
    np_buffer message;
    np_buffer_init(&path_text, &list->alloc);
    np_buffer_init(&message, &list->alloc);
    np_path_format(&path_text, path);
    np_buffer_char(&path_text, '\0');
    va_list args;
    va_start(args, format);
    np_buffer_vformat(&message, format, args);
    va_end(args);
    np_buffer_char(&message, '\0');
    if (path_text.failed || message.failed)
        list->dropped++;
    else
        np_diag_text(list, code, where, path_text.p, hint, message.p);
    np_buffer_free(&path_text);
    np_buffer_free(&message);
}

void np_diag_append(netpol_diagnostics *list, const netpol_diagnostics *from, size_t first)
{
    if (!list || !from)
        return;
    for (size_t i = first; i < from->n; i++)
        add(list, from->at[i]);
    if (first == 0)
        list->dropped += from->dropped;
}

void np_diag_drop(netpol_diagnostics *list, size_t n)
{
    if (list)
        list->dropped += n;
}

void np_diag_truncate(netpol_diagnostics *list, size_t first)
{
    if (list && first < list->n)
        list->n = first;
}

size_t np_diag_errors(const netpol_diagnostics *list, size_t first)
{
    size_t n = 0;
    for (size_t i = first; list && i < list->n; i++)
        n += list->at[i].severity == NETPOL_ERROR;
    return n;
}
