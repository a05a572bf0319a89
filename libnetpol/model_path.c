/* SPDX-License-Identifier: MIT */
/* Field paths as text, and where they stand. */
#include "marks.h"
#include "model.h"

static np_step take_key(const char **text)
{
    const char *from = *text + 2; /* after [" */
    const char close[] = {(*text)[1], ']', '\0'};
    const char *end = strstr(from, close);
    if (!end)
        return (np_step){.kind = NP_STEP_BAD};
    *text = end + 2;
    return (np_step){.kind = NP_STEP_KEY, .name = {from, (size_t)(end - from)}};
}

static np_step take_index(const char **text)
{
    const char *at = *text + 1;
    uint64_t index = 0;
    const char *from = at;
    for (; *at >= '0' && *at <= '9' && index <= UINT32_MAX; at++)
        index = index * 10 + (uint64_t)(*at - '0');
    if (at == from || *at != ']' || index > UINT32_MAX)
        return (np_step){.kind = NP_STEP_BAD};
    *text = at + 1;
    return (np_step){.kind = NP_STEP_INDEX, .index = (uint32_t)index};
}

np_step np_step_take(const char **text, bool first, bool in_map)
{
    const char *at = *text;
    if (*at == '\0')
        return (np_step){.kind = NP_STEP_END};
    if (*at == '[')
        return at[1] == '"' || at[1] == '\'' ? take_key(text) : take_index(text);
    if (!first && *at++ != '.')
        return (np_step){.kind = NP_STEP_BAD};
    size_t n = in_map ? strlen(at) : strcspn(at, ".[");
    *text = at + n;
    return (np_step){
        .kind = n == 0   ? NP_STEP_BAD
                : in_map ? NP_STEP_KEY
                         : NP_STEP_NAME,
        .name = {at, n},
    };
}

/* ---- from a path text to the steps that marks know ---- */

/* Where a walk down a tree stands. */
typedef struct spot {
    const np_table *table; /* of `at`, when it is a struct */
    const void *at;        /* a struct; NULL: a value that has nothing inside */
    const np_field *list;  /* the map or list that lies in `at`, when the last step led to one */
} spot;

static const void *list_at(const spot *s)
{
    const void *p;
    memcpy(&p, np_field_at(s->list, s->at), sizeof p);
    return p;
}

static bool step_into(spot *s, const np_step *step, np_path *out)
{
    const np_field *f = s->table && !s->list ? np_table_find(s->table, step->name) : NULL;
    if (!f)
        return false;
    out->name = f->name;
    if (np_field_counted(f)) {
        s->list = f;
    } else if (f->kind == NP_GROUP) {
        s->table = f->sub;
    } else {
        s->table = f->kind == NP_STRUCT ? f->sub : NULL;
        if (f->kind == NP_STRUCT)
            memcpy(&s->at, np_field_at(f, s->at), sizeof s->at);
        if (!s->at)
            s->table = NULL;
    }
    return true;
}

static bool step_to_element(spot *s, uint32_t index, np_path *out)
{
    if (!s->list || index >= np_field_count(s->list, s->at))
        return false;
    out->index = index;
    bool structs = s->list->kind == NP_STRUCT_LIST;
    s->table = structs ? s->list->sub : NULL;
    s->at = structs ? ((const void *const *)list_at(s))[index] : NULL;
    s->list = NULL;
    return true;
}

static bool step_to_entry(spot *s, const np_step *step, np_path *out)
{
    if (!s->list || s->list->kind != NP_STRING_MAP)
        return false;
    const netpol_label *labels = list_at(s);
    size_t n = np_field_count(s->list, s->at);
    for (size_t i = 0; i < n; i++)
        if (np_slice_is(step->name, labels[i].key))
            return step_to_element(s, (uint32_t)i, out);
    return false;
}

static bool step_on(spot *s, const np_step *step, np_path *out)
{
    switch (step->kind) {
    case NP_STEP_NAME:
        return step_into(s, step, out);
    case NP_STEP_INDEX:
        return step_to_element(s, step->index, out);
    case NP_STEP_KEY:
        return step_to_entry(s, step, out);
    case NP_STEP_END:
    case NP_STEP_BAD:
        break;
    }
    return false;
}

enum { DEEPEST = 32 };

/* The path as steps; *n 0: the object itself. False: the object has no such field. */
static bool resolve(const netpol_object *x, const char *text, np_path steps[DEEPEST], size_t *n)
{
    spot s = {x->kind->table, x->tree, NULL};
    for (*n = 0; *n < DEEPEST; ++*n) {
        bool in_map = s.list && s.list->kind == NP_STRING_MAP;
        np_step step = np_step_take(&text, *n == 0, in_map);
        if (step.kind == NP_STEP_END)
            return true;
        steps[*n] = (np_path){.up = *n ? &steps[*n - 1] : NULL};
        if (!step_on(&s, &step, &steps[*n]))
            return false;
    }
    return false;
}

netpol_status netpol_object_locate(const netpol_object *x, const char *path, uint32_t *line,
                                   uint32_t *column)
{
    if (!x || !path || !line || !column)
        return NETPOL_MISUSE;
    np_path steps[DEEPEST];
    size_t n;
    if (x->line == 0 || !resolve(x, path, steps, &n))
        return NETPOL_NOT_FOUND;
    uint32_t found_line = x->line;
    uint32_t found_column = x->column;
    bool exact = true;
    if (n && (!np_marks_find(x->marks, x->kind->table, &steps[n - 1], &found_line, &found_column,
                             &exact) ||
              !exact))
        return NETPOL_NOT_FOUND;
    *line = found_line;
    *column = found_column;
    return NETPOL_OK;
}

np_where np_object_where_next(const netpol_object *x, np_marks_cursor *cursor, const np_path *path,
                              const char *title)
{
    np_where w = {x->source, title, x->line, x->column, x->document, x->item};
    bool exact;
    if (path && x->kind->table)
        (void)np_marks_follow(cursor, x->marks, x->kind->table, path, &w.line, &w.column, &exact);
    return w;
}

np_where np_object_where(const netpol_object *x, const np_path *path, const char *title)
{
    np_marks_cursor fresh = {.n = 0};
    return np_object_where_next(x, &fresh, path, title);
}
