/* SPDX-License-Identifier: MIT */
/* Maps, lists and the way down into them. */
#include "bind_inside.h"

/* A single value at hand that is no collection, or the end: nothing more to look into. */
static bool is_over(const np_event *e)
{
    return e->type == NP_EVENT_ERROR || e->type == NP_EVENT_END;
}

/* ---- entries of maps under construction ---- */

bool np_bind_remember(np_binder *b, const char *key, const void *value, np_at at)
{
    if (!np_grow(b->o.allocator, (void **)&b->entries, &b->entries_room, b->n_entries + 1,
                 sizeof *b->entries)) {
        b->status = NETPOL_NO_MEMORY;
        return false;
    }
    b->entries[b->n_entries] = (np_bind_entry){key, value, at, b->n_entries};
    b->n_entries++;
    return true;
}

static int compare_entries(const np_bind_entry *a, const np_bind_entry *b)
{
    int by_key = strcmp(a->key, b->key);
    return by_key ? by_key : (a->order > b->order) - (a->order < b->order);
}

static void sift_entry(np_bind_entry *at, size_t i, size_t n)
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && compare_entries(&at[child], &at[child + 1]) < 0)
            child++;
        if (compare_entries(&at[i], &at[child]) >= 0)
            return;
        np_bind_entry moved = at[i];
        at[i] = at[child];
        at[child] = moved;
    }
}

/* Few keys are the rule, and in order already; many are sorted on a heap, which has no bad cases.
 */
void np_entries_sort(np_bind_entry *at, size_t n)
{
    enum { FEW = 16 };
    for (size_t i = 1; n <= FEW && i < n; i++) {
        np_bind_entry moved = at[i];
        size_t to = i;
        for (; to > 0 && compare_entries(&at[to - 1], &moved) > 0; to--)
            at[to] = at[to - 1];
        at[to] = moved;
    }
    if (n <= FEW)
        return;
    for (size_t i = n / 2; i-- > 0;)
        sift_entry(at, i, n);
    for (size_t last = n; last-- > 1;) {
        np_bind_entry moved = at[0];
        at[0] = at[last];
        at[last] = moved;
        sift_entry(at, 0, last);
    }
}

/* Of sorted entries with one key the last in the document counts; the ones after the first are
 * faults, in JSON only the second. Returns how many are left. */
static size_t settle_duplicates(np_binder *b, np_bind_entry *at, size_t n, bool json,
                                const np_path *path, bool *good)
{
    size_t kept = 0;
    bool said = false;
    for (size_t i = 0; i < n; i++) {
        bool again = kept && strcmp(at[kept - 1].key, at[i].key) == 0;
        if (again && b->strict && !(json && said))
            *good &= np_find_duplicate(b, at[i].at, json, path, at[i].key);
        said = again;
        kept -= again;
        at[kept++] = at[i];
    }
    return kept;
}

/* ---- passing over ---- */

/* What is open while a node is passed over. */
typedef struct skipped {
    size_t first;        /* of its keys in b->entries */
    const np_path *path; /* of itself */
    np_path step;        /* to what comes in it */
    bool map;
    bool at_key;
} skipped;

enum { DEEPEST = 256 };

static bool close_skipped(np_binder *b, const skipped *s)
{
    bool good = true;
    if (s->map && b->n_entries > s->first + 1) {
        np_entries_sort(b->entries + s->first, b->n_entries - s->first);
        (void)settle_duplicates(b, b->entries + s->first, b->n_entries - s->first, false, s->path,
                                &good);
    }
    b->n_entries = s->first;
    return good;
}

/* A key, or an element that is about to come. */
static bool step_in_skipped(np_binder *b, skipped *in, const np_event *e)
{
    bool key = in->map && in->at_key && e->type == NP_EVENT_SCALAR;
    if (in->map)
        in->at_key = !in->at_key;
    else
        in->step.index++;
    if (!key)
        return true;
    const char *name;
    if (!np_bind_key(b, e, &b->scratch, in->path, &name))
        return false;
    in->step.name = name ? name : "";
    return !name || np_bind_remember(b, name, NULL, np_at_event(e));
}

static bool check_skipped(np_binder *b, const np_event *e, const np_path *path)
{
    np_scalar s = np_scalar_resolve(e, &b->scratch);
    return s.kind != NP_SCALAR_BAD || np_find_type(b, NP_CODE_BAD_SCALAR, np_at_event(e),
                                                   (np_where_in){path, NULL}, NULL, "%s", s.why);
}

static void open_skipped(const np_binder *b, skipped *s, const np_path *path, bool map)
{
    *s = (skipped){b->n_entries, path, {path, map ? "" : NULL, UINT32_MAX}, map, true};
}

bool np_bind_pass(np_binder *b, const np_path *path)
{
    if (np_text_peek(b->text)->json)
        return np_text_skip(b->text);
    skipped open[DEEPEST];
    size_t n = 0;
    do {
        const np_event *e = np_text_peek(b->text);
        skipped *in = n ? &open[n - 1] : NULL;
        bool closes = e->type == NP_EVENT_MAP_END || e->type == NP_EVENT_SEQ_END;
        bool opens = e->type == NP_EVENT_MAP_START || e->type == NP_EVENT_SEQ_START;
        if (is_over(e) || (in && !closes && !step_in_skipped(b, in, e)))
            return false;
        if (e->type == NP_EVENT_SCALAR && !check_skipped(b, e, in ? &in->step : path))
            return false;
        if (opens && n == DEEPEST) {
            if (!np_text_skip(b->text))
                return false;
            continue;
        }
        if (opens)
            open_skipped(b, &open[n++], in ? &in->step : path, e->type == NP_EVENT_MAP_START);
        if (closes && !close_skipped(b, &open[--n]))
            return false;
        np_text_take(b->text);
    } while (n > 0);
    return true;
}

/* ---- string maps ---- */

static bool read_entry(np_binder *b, const np_path *path)
{
    const np_event *e = np_text_peek(b->text);
    np_at at = np_at_event(e);
    const char *key;
    if (is_over(e) || !np_bind_key(b, e, b->into, path, &key))
        return false;
    np_text_take(b->text);
    if (!key)
        return np_text_skip(b->text);
    /* A schema's server drops nulls before it looks. */
    bool dropped = b->crd && np_bind_is_null(np_text_peek(b->text));
    const char *value;
    if (!np_bind_string(b, (np_where_in){path, key}, "", &value))
        return false;
    return dropped || !value || np_bind_remember(b, key, value, at);
}

static const void *labels_of(np_binder *b, const np_bind_entry *at, size_t n)
{
    netpol_label *made = NP_NEW_ARRAY(b->into, netpol_label, n);
    for (size_t i = 0; made && i < n; i++) {
        made[i] = (netpol_label){at[i].key, (const char *)at[i].value};
        np_mark_element(&b->marks, at[i].at.line, at[i].at.column);
    }
    return made;
}

static void put_list(const np_field *f, void *structure, const void *list, size_t n)
{
    memcpy((char *)structure + f->offset, &list, sizeof list);
    memcpy((char *)structure + f->count, &n, sizeof n);
}

static bool bind_labels(np_binder *b, const np_field *f, void *structure, const np_path *path)
{
    bool json = np_text_peek(b->text)->json;
    size_t first = b->n_entries;
    np_text_take(b->text);
    while (np_text_peek(b->text)->type != NP_EVENT_MAP_END)
        if (!read_entry(b, path))
            return false;
    np_text_take(b->text);
    bool good = true;
    np_bind_entry *at = b->entries ? b->entries + first : NULL;
    size_t n = b->n_entries - first;
    np_entries_sort(at, n);
    n = settle_duplicates(b, at, n, json, path, &good);
    np_mark_inside(&b->marks);
    const void *labels = labels_of(b, at, n);
    np_mark_end(&b->marks);
    b->n_entries = first;
    if (!labels)
        return np_bind_no_memory(b, b->into);
    put_list(f, structure, labels, n);
    return good;
}

/* ---- lists ---- */

bool np_bind_push(np_binder *b, const void *element)
{
    if (!np_grow(b->o.allocator, (void **)&b->elements, &b->elements_room, b->n_elements + 1,
                 sizeof *b->elements)) {
        b->status = NETPOL_NO_MEMORY;
        return false;
    }
    b->elements[b->n_elements++] = element;
    return true;
}

static bool refuse(np_binder *b, int32_t code, const np_path *path, const char *wanted,
                   const char *schema)
{
    const np_event *e = np_text_peek(b->text);
    np_where_in in = {path, NULL};
    if (is_over(e))
        return false;
    if (e->type != NP_EVENT_SCALAR)
        return np_find_wrong(b, code, e, NULL, in, wanted, schema, NULL) && np_bind_pass(b, path);
    np_scalar s = np_scalar_resolve(e, &b->scratch);
    bool kept = s.kind == NP_SCALAR_BAD
                    ? np_find_type(b, NP_CODE_BAD_SCALAR, np_at_event(e), in, NULL, "%s", s.why)
                    : np_find_wrong(b, code, e, &s, in, wanted, schema, NULL);
    return kept && np_text_skip(b->text);
}

/* An element of a list of structs; null is an empty one. */
static bool read_struct(np_binder *b, const np_table *t, const np_path *path)
{
    const np_event *e = np_text_peek(b->text);
    bool null = !b->crd && np_bind_is_null(e);
    if (!null && e->type != NP_EVENT_MAP_START)
        return refuse(b, NP_CODE_NOT_A_MAP, path, t->title, "object");
    void *made = np_arena_zero(b->into, t->size, _Alignof(uint64_t));
    if (!made)
        return np_bind_no_memory(b, b->into);
    if (!null)
        return np_bind_map(b, t, made, path, false) && np_bind_push(b, made);
    np_text_take(b->text);
    return (np_tree_complete(t, made, b->into) || np_bind_no_memory(b, b->into)) &&
           np_bind_push(b, made);
}

/* A map of which one string is kept, if there is one. */
static bool read_plucked(np_binder *b, const np_field *f, const np_path *path)
{
    const char *found = NULL;
    if (np_text_peek(b->text)->type != NP_EVENT_MAP_START) {
        if (!np_bind_is_null(np_text_peek(b->text)))
            return refuse(b, NP_CODE_NOT_A_MAP, path, "a map", "object");
        np_text_take(b->text);
        return true;
    }
    np_text_take(b->text);
    np_path inside = np_path_field(path, f->pluck);
    for (const np_event *e; (e = np_text_peek(b->text))->type != NP_EVENT_MAP_END;) {
        if (is_over(e))
            return false;
        bool wanted = np_slice_is(e->value, f->pluck);
        np_text_take(b->text);
        if (wanted ? !np_bind_string(b, (np_where_in){&inside, NULL}, NULL, &found)
                   : !np_text_skip(b->text))
            return false;
    }
    np_text_take(b->text);
    return !found || !*found || np_bind_push(b, found);
}

static bool read_string(np_binder *b, const np_path *path)
{
    if (b->crd && np_bind_is_null(np_text_peek(b->text)))
        return refuse(b, NP_CODE_NOT_A_STRING, path, "a string", "string");
    const char *text;
    if (!np_bind_string(b, (np_where_in){path, NULL}, "", &text))
        return false;
    return !text || np_bind_push(b, text);
}

static bool read_element(np_binder *b, const np_field *f, const np_path *path)
{
    const np_event *e = np_text_peek(b->text);
    if (is_over(e))
        return false;
    np_mark_element(&b->marks, e->line, e->column);
    if (f->kind == NP_STRUCT_LIST)
        return read_struct(b, f->sub, path);
    return f->kind == NP_PLUCK_LIST ? read_plucked(b, f, path) : read_string(b, path);
}

/* A list that is written empty keeps a pointer: model.h says where that matters. */
static bool bind_list(np_binder *b, const np_field *f, void *structure, const np_path *path)
{
    size_t first = b->n_elements;
    np_text_take(b->text);
    np_mark_inside(&b->marks);
    for (size_t i = 0; np_text_peek(b->text)->type != NP_EVENT_SEQ_END; i++) {
        np_path element = np_path_index(path, i);
        if (!read_element(b, f, &element))
            return false;
    }
    np_text_take(b->text);
    np_mark_end(&b->marks);
    size_t n = b->n_elements - first;
    const void **made = NP_NEW_ARRAY(b->into, const void *, n);
    if (!made)
        return np_bind_no_memory(b, b->into);
    if (n)
        memcpy(made, b->elements + first, n * sizeof *made);
    b->n_elements = first;
    put_list(f, structure, made, n);
    return true;
}

/* ---- fields ---- */

static bool bind_struct(np_binder *b, const np_field *f, void *structure, const np_path *path)
{
    if (f->kind == NP_GROUP)
        return np_bind_map(b, f->sub, structure, path, false);
    void *made = np_arena_zero(b->into, f->sub->size, _Alignof(uint64_t));
    if (!made)
        return np_bind_no_memory(b, b->into);
    memcpy((char *)structure + f->offset, &made, sizeof made);
    return np_bind_map(b, f->sub, made, path, false);
}

/* Takes a null, which leaves any field as it is. */
static bool take_null(np_binder *b)
{
    if (!np_bind_is_null(np_text_peek(b->text)))
        return false;
    np_text_take(b->text);
    return true;
}

static bool bind_json_field(np_binder *b, const np_field *f, void *structure, const np_path *path)
{
    const char *text;
    if (!np_bind_json(b, (np_where_in){path, NULL}, &text))
        return false;
    memcpy((char *)structure + f->offset, &text, sizeof text);
    return true;
}

bool np_bind_value(np_binder *b, const np_field *f, void *structure, const np_path *path)
{
    uint8_t type = np_text_peek(b->text)->type;
    switch ((np_field_kind)f->kind) {
    case NP_STRUCT:
    case NP_GROUP:
        if (type == NP_EVENT_MAP_START)
            return bind_struct(b, f, structure, path);
        return take_null(b) || refuse(b, NP_CODE_NOT_A_MAP, path, f->sub->title, "object");
    case NP_STRING_MAP:
        if (type == NP_EVENT_MAP_START)
            return bind_labels(b, f, structure, path);
        return take_null(b) || refuse(b, NP_CODE_NOT_A_MAP, path, "a map of strings", "object");
    case NP_STRING_LIST:
    case NP_PLUCK_LIST:
    case NP_STRUCT_LIST:
        if (type == NP_EVENT_SEQ_START)
            return bind_list(b, f, structure, path);
        return take_null(b) || refuse(b, NP_CODE_NOT_A_LIST, path, "a list", "array");
    case NP_JSON:
        return take_null(b) || bind_json_field(b, f, structure, path);
    case NP_STRING:
    case NP_STRING_SET:
    case NP_BOOL:
    case NP_BOOL_SET:
    case NP_INT32:
    case NP_INT32_SET:
    case NP_INT64:
    case NP_INT64_SET:
    case NP_TIME:
    case NP_INT_OR_STRING:
        return np_bind_single(b, f, structure, path);
    }
    return false;
}

/* ---- maps of tables ---- */

/* A map that is being read. */
typedef struct open_map {
    const np_table *table;
    void *structure;
    const np_path *path;
    bool root;       /* apiVersion and kind are fields, too */
    uint64_t seen;   /* fields, by index; the last two bits: apiVersion and kind */
    uint64_t doubly; /* those said to be there twice */
    size_t expected; /* the field that comes next in most documents */
    size_t first;    /* of its unknown keys in b->entries */
} open_map;

enum { BIT_API_VERSION = 62, BIT_KIND = 63, NO_FIELD = 64 };

/* The index of a field, or one of the bits above, or NO_FIELD. */
static size_t find_any_field(const np_binder *b, const open_map *m, np_slice name)
{
    if (m->expected < m->table->n_fields && np_field_is(&m->table->fields[m->expected], name))
        return m->expected;
    if (m->root && np_slice_is(name, "apiVersion"))
        return BIT_API_VERSION;
    if (m->root && np_slice_is(name, "kind"))
        return BIT_KIND;
    const np_field *f =
        b->strict ? np_table_find(m->table, name) : np_table_find_folded(m->table, name);
    return f ? (size_t)(f - m->table->fields) : NO_FIELD;
}

/* The same where a channel may not have the field. */
static size_t find_field(const np_binder *b, const open_map *m, np_slice name)
{
    size_t i = find_any_field(b, m, name);
    bool lacks =
        b->standard && i < m->table->n_fields && (m->table->fields[i].flags & NP_EXPERIMENTAL);
    return lacks ? NO_FIELD : i;
}

static bool note_seen(np_binder *b, open_map *m, size_t i, np_at at, bool json, const char *name)
{
    uint64_t bit = (uint64_t)1 << i;
    bool again = m->seen & bit;
    bool said = m->doubly & bit;
    m->seen |= bit;
    if (!again)
        return true;
    m->doubly |= bit;
    if (i < m->table->n_fields)
        np_field_clear(&m->table->fields[i], m->structure);
    return !b->strict || (json && said) || np_find_duplicate(b, at, json, m->path, name);
}

/* Where a field is said to stand: at its value if that is a scalar beside the key, else at the key.
 */
static np_at mark_place(np_at key, const np_event *value)
{
    bool beside =
        value->type == NP_EVENT_SCALAR && value->line == key.line && value->column > key.column;
    return beside ? np_at_event(value) : key;
}

static bool read_field(np_binder *b, open_map *m, size_t i, np_at key, bool json)
{
    static const char *const type_names[] = {"apiVersion", "kind"};
    bool typed = i >= BIT_API_VERSION;
    const np_field *f = typed ? NULL : &m->table->fields[i];
    np_text_take(b->text);
    if (!note_seen(b, m, i, key, json, typed ? type_names[i - BIT_API_VERSION] : f->name))
        return false;
    if (typed)
        return np_text_skip(b->text);
    m->expected = i + 1;
    np_at at = mark_place(key, np_text_peek(b->text));
    np_mark_field(&b->marks, i, at.line, at.column);
    np_path inside = np_path_field(m->path, f->name);
    return np_bind_value(b, f, m->structure, &inside);
}

/* A key that the table does not have: a fault, unless the table has not all the fields there are.
 */
static bool read_unknown(np_binder *b, open_map *m, const np_event *key)
{
    np_at at = np_at_event(key);
    bool json = key->json;
    const char *name;
    if (m->table->partial) {
        np_text_take(b->text);
        return np_text_skip(b->text);
    }
    if (!np_bind_key(b, key, &b->scratch, m->path, &name))
        return false;
    if (name && b->strict &&
        (!np_find_unknown(b, key, name, m->path, m->table) ||
         (!json && !np_bind_remember(b, name, NULL, at))))
        return false;
    np_text_take(b->text);
    np_path inside = np_path_field(m->path, name ? name : "");
    return np_bind_pass(b, &inside);
}

static bool read_entry_of(np_binder *b, open_map *m)
{
    const np_event *key = np_text_peek(b->text);
    if (is_over(key))
        return false;
    size_t i = find_field(b, m, key->value);
    return i == NO_FIELD ? read_unknown(b, m, key)
                         : read_field(b, m, i, np_at_event(key), key->json);
}

/* Unknown keys that are there twice are faults of their own in YAML. */
static bool settle_unknown(np_binder *b, const open_map *m)
{
    bool good = true;
    if (b->n_entries > m->first + 1) {
        np_entries_sort(b->entries + m->first, b->n_entries - m->first);
        (void)settle_duplicates(b, b->entries + m->first, b->n_entries - m->first, false, m->path,
                                &good);
    }
    b->n_entries = m->first;
    return good;
}

bool np_bind_map(np_binder *b, const np_table *t, void *structure, const np_path *path, bool root)
{
    open_map m = {t, structure, path, root, 0, 0, 0, b->n_entries};
    np_text_take(b->text);
    if (!root)
        np_mark_inside(&b->marks);
    while (np_text_peek(b->text)->type != NP_EVENT_MAP_END)
        if (!read_entry_of(b, &m))
            return false;
    np_text_take(b->text);
    if (!root)
        np_mark_end(&b->marks);
    return settle_unknown(b, &m) &&
           (np_tree_complete(t, structure, b->into) || np_bind_no_memory(b, b->into));
}
