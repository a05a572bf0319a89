/* SPDX-License-Identifier: MIT */
/* A changed copy of an object: the tree is copied, then one place in the copy is bound anew. */
#include "bind_inside.h"

#include <stdio.h>

enum { DEEPEST = 32 };

/* The change under way. `at` and `field` are the place that the path has led to so far: a field of
 * a struct, and with `kind` an element or entry of that field. */
typedef struct change {
    const netpol_object *base;
    netpol_object *made;
    const char *path;
    const char *value; /* NULL: deletes */
    netpol_diagnostics *diags;
    np_path steps[DEEPEST];
    size_t n_steps;
    const np_table *table; /* of `at` */
    void *at;
    const np_field *field;
    np_step_kind kind; /* NP_STEP_NAME: the field itself */
    np_step step;      /* of an element or entry */
} change;

static np_arena *arena_of(const change *c)
{
    return &c->made->arena;
}

/* ---- slots: the trees of a new object are its own, so what is const to readers may be written
 * ---- */

static void *pointer_in(const np_field *f, const void *structure)
{
    void *p;
    memcpy(&p, np_field_at(f, structure), sizeof p);
    return p;
}

static void put_pointer(const np_field *f, void *structure, const void *p)
{
    memcpy((char *)structure + f->offset, &p, sizeof p);
}

static void put_count(const np_field *f, void *structure, size_t n)
{
    memcpy((char *)structure + f->count, &n, sizeof n);
}

/* ---- complaints ---- */

static netpol_status complain(const change *c, int32_t code, netpol_status s, const char *hint,
                              const char *message)
{
    np_where where = {.source = NULL, .item = -1};
    np_diag_text(c->diags, code, &where, c->path, hint, message);
    return s;
}

static netpol_status no_such_field(const change *c, const np_step *step)
{
    char hint[80] = "";
    const char *near =
        c->table && step->kind == NP_STEP_NAME ? np_table_near(c->table, step->name) : NULL;
    if (near)
        (void)snprintf(hint, sizeof hint, "did you mean \"%s\"?", near);
    return complain(c, NP_CODE_BAD_PATH, NETPOL_INVALID, near ? hint : NULL,
                    "the path does not lead to a field of this object");
}

static netpol_status not_there(const change *c)
{
    return complain(c, NP_CODE_BAD_PATH, NETPOL_NOT_FOUND, NULL,
                    c->value ? "the index is beyond the end of its list"
                             : "there is nothing at this path that could be deleted");
}

static netpol_status memory_status(const np_arena *arena)
{
    return arena->over_limit ? NETPOL_LIMIT : NETPOL_NO_MEMORY;
}

/* ---- the way down ---- */

/* Makes room for one more element, a NULL for now. */
static bool append(change *c)
{
    size_t n = np_field_count(c->field, c->at);
    const void **list = NP_NEW_ARRAY(arena_of(c), const void *, n + 1);
    if (!list)
        return false;
    if (n)
        memcpy(list, pointer_in(c->field, c->at), n * sizeof *list);
    put_pointer(c->field, c->at, list);
    put_count(c->field, c->at, n + 1);
    return true;
}

/* From a list of structs into the element that the last step named. */
static netpol_status enter_element(change *c)
{
    void **list = pointer_in(c->field, c->at);
    if (c->field->kind != NP_STRUCT_LIST)
        return no_such_field(c, &(np_step){.kind = NP_STEP_BAD});
    if (!list[c->step.index])
        list[c->step.index] = np_tree_new(c->field->sub, arena_of(c));
    c->table = c->field->sub;
    c->at = list[c->step.index];
    c->field = NULL;
    return c->at ? NETPOL_OK : memory_status(arena_of(c));
}

/* Into a struct, which is made if there is none. */
static netpol_status enter_struct(change *c)
{
    if (c->field->kind == NP_STRUCT) {
        void *inside = pointer_in(c->field, c->at);
        if (!inside && !c->value)
            return not_there(c);
        if (!inside && !(inside = np_tree_new(c->field->sub, arena_of(c))))
            return memory_status(arena_of(c));
        put_pointer(c->field, c->at, inside);
        c->at = inside;
    } else if (c->field->kind != NP_GROUP) {
        return no_such_field(c, &(np_step){.kind = NP_STEP_BAD});
    }
    c->table = c->field->sub;
    c->field = NULL;
    return NETPOL_OK;
}

static netpol_status step_to_field(change *c, const np_step *step, np_path *out)
{
    netpol_status s = NETPOL_OK;
    if (c->field)
        s = c->kind == NP_STEP_INDEX ? enter_element(c) : enter_struct(c);
    if (s)
        return s;
    c->field = np_table_find(c->table, step->name);
    c->kind = NP_STEP_NAME;
    if (!c->field)
        return no_such_field(c, step);
    out->name = c->field->name;
    return NETPOL_OK;
}

static netpol_status step_to_element(change *c, const np_step *step, np_path *out)
{
    bool list = c->field && c->kind == NP_STEP_NAME && np_field_counted(c->field) &&
                c->field->kind != NP_STRING_MAP;
    if (!list)
        return no_such_field(c, step);
    size_t n = np_field_count(c->field, c->at);
    if (step->index > n || (step->index == n && !c->value))
        return not_there(c);
    if (step->index == n && !append(c))
        return memory_status(arena_of(c));
    c->kind = NP_STEP_INDEX;
    c->step = *step;
    out->index = step->index;
    return NETPOL_OK;
}

static netpol_status step_to_entry(change *c, const np_step *step, np_path *out)
{
    if (!c->field || c->kind != NP_STEP_NAME || c->field->kind != NP_STRING_MAP)
        return no_such_field(c, step);
    c->kind = NP_STEP_KEY;
    c->step = *step;
    out->name = np_arena_text(arena_of(c), step->name.p, step->name.n);
    return out->name ? NETPOL_OK : memory_status(arena_of(c));
}

static netpol_status take_step(change *c, const np_step *step, np_path *out)
{
    switch (step->kind) {
    case NP_STEP_NAME:
        return step_to_field(c, step, out);
    case NP_STEP_INDEX:
        return step_to_element(c, step, out);
    case NP_STEP_KEY:
        return step_to_entry(c, step, out);
    case NP_STEP_END:
    case NP_STEP_BAD:
        break;
    }
    return no_such_field(c, step);
}

static netpol_status follow(change *c)
{
    const char *text = c->path;
    for (c->n_steps = 0; c->n_steps < DEEPEST; c->n_steps++) {
        bool in_map = c->field && c->field->kind == NP_STRING_MAP && c->kind == NP_STEP_NAME;
        np_step step = np_step_take(&text, c->n_steps == 0, in_map);
        if (step.kind == NP_STEP_END && c->n_steps)
            return NETPOL_OK;
        np_path *out = &c->steps[c->n_steps];
        *out = (np_path){.up = c->n_steps ? out - 1 : NULL};
        netpol_status s = take_step(c, &step, out);
        if (s)
            return s;
    }
    return no_such_field(c, &(np_step){.kind = NP_STEP_BAD});
}

/* ---- binding the new value ---- */

/* Reads the value as a field of a struct; an empty text and null leave it as it is. */
static netpol_status read_value(change *c, np_binder *b, np_text *t, const np_field *f,
                                void *structure)
{
    np_document doc;
    netpol_status s = np_text_next(t, &doc);
    if (s == NETPOL_NOT_FOUND)
        return NETPOL_OK;
    if (s || np_text_status(t))
        return s ? s : np_text_status(t);
    if (!np_bind_field(b, t, f, structure, arena_of(c), &c->steps[c->n_steps - 1]))
        return np_bind_status(b, t);
    if (np_text_peek(t)->type != NP_EVENT_END)
        return NETPOL_INVALID;
    s = np_text_next(t, &doc);
    if (s == NETPOL_NOT_FOUND)
        return NETPOL_OK;
    return complain(c, NP_CODE_BAD_CHANGE, NETPOL_INVALID, "give one document",
                    "the new value is more than one YAML document");
}

static netpol_status bind(change *c, const np_field *f, void *structure)
{
    static const char source[] = "<value>";
    netpol_options o;
    (void)np_options_read(NULL, &o);
    o.allocator = &c->base->arena.alloc;
    np_text *t;
    netpol_status s = np_text_open(&t, &o, source, c->value, strlen(c->value), c->diags);
    if (s)
        return s;
    np_binder b;
    np_binder_init(&b, &o);
    b.crd = c->base->kind->crd;
    s = read_value(c, &b, t, f, structure);
    np_where where = {.source = source, .item = -1};
    if (np_binder_report(&b, &where, c->diags) && !s)
        s = NETPOL_INVALID;
    np_binder_free(&b);
    np_text_close(t);
    return s;
}

/* ---- what the path has led to ---- */

static bool is_set(const np_field *f, const void *structure)
{
    static const uint64_t zero;
    if (np_field_counted(f))
        return np_field_count(f, structure) > 0;
    if (f->kind == NP_GROUP) {
        for (size_t i = 0; i < f->sub->n_fields; i++)
            if (is_set(&f->sub->fields[i], structure))
                return true;
        return false;
    }
    return memcmp(np_field_at(f, structure), &zero, np_field_size(f)) != 0;
}

static netpol_status change_field(change *c)
{
    bool there = is_set(c->field, c->at);
    if (!c->value && !there)
        return not_there(c);
    np_field_clear(c->field, c->at);
    return c->value ? bind(c, c->field, c->at) : NETPOL_OK;
}

/* A single value bound by itself: fields that point to one, at the beginning of a struct of theirs.
 */
static netpol_status bind_alone(change *c, np_field_kind kind, const np_table *sub, void **out)
{
    np_field f = {.kind = (uint8_t)kind, .sub = sub};
    *out = NULL;
    return bind(c, &f, out);
}

static void remove_at(change *c, void *list, size_t index, size_t size)
{
    size_t n = np_field_count(c->field, c->at);
    char *at = (char *)list + index * size;
    memmove(at, at + size, (n - index - 1) * size);
    put_count(c->field, c->at, n - 1);
}

static netpol_status change_element(change *c)
{
    void **list = pointer_in(c->field, c->at);
    bool structs = c->field->kind == NP_STRUCT_LIST;
    if (!c->value) {
        remove_at(c, list, c->step.index, sizeof *list);
        return NETPOL_OK;
    }
    void *made;
    netpol_status s = structs ? bind_alone(c, NP_STRUCT, c->field->sub, &made)
                              : bind_alone(c, NP_STRING_SET, NULL, &made);
    if (!s && !made)
        made =
            structs ? np_tree_new(c->field->sub, arena_of(c)) : np_arena_text(arena_of(c), "", 0);
    list[c->step.index] = made;
    return s || made ? s : memory_status(arena_of(c));
}

/* The entry of a key, or where it belongs. */
static size_t find_entry(const netpol_label *at, size_t n, np_slice key, bool *there)
{
    size_t i = 0;
    while (i < n && np_slice_compare(np_slice_of(at[i].key), key) < 0)
        i++;
    *there = i < n && np_slice_is(key, at[i].key);
    return i;
}

static netpol_status insert_entry(change *c, size_t i, const char *key, const char *value)
{
    size_t n = np_field_count(c->field, c->at);
    netpol_label *made = NP_NEW_ARRAY(arena_of(c), netpol_label, n + 1);
    if (!made)
        return memory_status(arena_of(c));
    const netpol_label *old = pointer_in(c->field, c->at);
    for (size_t k = 0; k < n; k++)
        made[k + (k >= i)] = old[k];
    made[i] = (netpol_label){key, value};
    put_pointer(c->field, c->at, made);
    put_count(c->field, c->at, n + 1);
    return NETPOL_OK;
}

static netpol_status change_entry(change *c)
{
    netpol_label *labels = pointer_in(c->field, c->at);
    bool there;
    size_t i = find_entry(labels, np_field_count(c->field, c->at), c->step.name, &there);
    if (!c->value && !there)
        return not_there(c);
    if (!c->value) {
        remove_at(c, labels, i, sizeof *labels);
        return NETPOL_OK;
    }
    void *value;
    netpol_status s = bind_alone(c, NP_STRING_SET, NULL, &value);
    if (s)
        return s;
    const char *text = value ? value : "";
    if (!there)
        return insert_entry(c, i, c->steps[c->n_steps - 1].name, text);
    labels[i].value = text;
    return NETPOL_OK;
}

static netpol_status apply(change *c)
{
    if (c->kind == NP_STEP_NAME)
        return change_field(c);
    return c->kind == NP_STEP_INDEX ? change_element(c) : change_entry(c);
}

static netpol_status copy_and_change(change *c)
{
    const char *why;
    const np_table *t = c->base->kind->table;
    c->at = np_tree_copy(t, c->base->tree, NETPOL_VERSION, arena_of(c), &why);
    c->table = t;
    if (!c->at)
        return memory_status(arena_of(c));
    void *root = c->at;
    netpol_status s = follow(c);
    if (!s)
        s = apply(c);
    if (!s && !np_tree_complete(t, root, arena_of(c)))
        s = memory_status(arena_of(c));
    if (!s)
        np_object_set_tree(c->made, root);
    return s;
}

netpol_status netpol_object_with(const netpol_object *base, const char *path,
                                 const char *yaml_value, netpol_object **out,
                                 netpol_diagnostics *diags)
{
    if (!base || !path || !out || !base->kind->table)
        return NETPOL_MISUSE;
    bool over_limit = false;
    change c = {.base = base, .path = path, .value = yaml_value, .diags = diags};
    c.made = np_object_new(&base->arena.alloc, base->kind, base->arena.held, 0, &over_limit);
    if (!c.made)
        return NETPOL_NO_MEMORY;
    netpol_status s = copy_and_change(&c);
    if (s)
        netpol_object_unref(c.made);
    else
        *out = c.made;
    return s;
}
