/* SPDX-License-Identifier: MIT */
/* From Python values to objects. */
#include "values.h"

#include "model.h"
#include "plan.h"
#include "write.h"

typedef struct reading {
    np_arena arena;
    const np_plan *plan;
} reading;

static bool fail(PyObject *kind, const np_path *path, const char *wanted, PyObject *given)
{
    np_buffer at;
    np_buffer_init(&at, &np_libc_allocator);
    np_path_format(&at, path);
    np_buffer_char(&at, '\0');
    if (at.failed)
        PyErr_NoMemory();
    else if (given)
        PyErr_Format(kind, "%s: %s, not %R", at.p, wanted, given);
    else
        PyErr_Format(kind, "%s: %s", at.p, wanted);
    np_buffer_free(&at);
    return false;
}

static bool no_memory(void)
{
    PyErr_NoMemory();
    return false;
}

/* A copy in the arena, since the list or map that holds the text may let it go. */
static bool read_text(reading *r, PyObject *from, const np_path *path, const char **out)
{
    if (!PyUnicode_Check(from))
        return fail(PyExc_TypeError, path, "must be str", from);
    Py_ssize_t n;
    const char *p = PyUnicode_AsUTF8AndSize(from, &n);
    if (!p)
        return false;
    if (strlen(p) != (size_t)n)
        return fail(PyExc_ValueError, path, "a text cannot hold the character NUL", NULL);
    *out = np_arena_text(&r->arena, p, (size_t)n);
    return *out || no_memory();
}

static bool read_int(PyObject *from, const np_path *path, int64_t least, int64_t most, int64_t *out)
{
    if (!PyLong_Check(from) || PyBool_Check(from))
        return fail(PyExc_TypeError, path, "must be int", from);
    int overflow;
    long long n = PyLong_AsLongLongAndOverflow(from, &overflow);
    if (n == -1 && !overflow && PyErr_Occurred())
        return false;
    if (overflow || n < least || n > most)
        return fail(PyExc_ValueError, path,
                    most == INT32_MAX ? "the number needs more than 32 bits"
                                      : "the number needs more than 64 bits",
                    NULL);
    *out = n;
    return true;
}

/* Bytes of a slot, in it or behind its pointer. */
static bool put(reading *r, const np_field *f, void *structure, const void *bytes, size_t n)
{
    char *slot = (char *)structure + f->offset;
    if (np_field_is_pointer(f)) {
        void *room = np_arena_alloc(&r->arena, n, 8);
        if (!room)
            return no_memory();
        memcpy(slot, &room, sizeof room);
        slot = room;
    }
    memcpy(slot, bytes, n);
    return true;
}

static void set_pointer(const np_field *f, void *structure, const void *p)
{
    memcpy((char *)structure + f->offset, &p, sizeof p);
}

static void set_list(const np_field *f, void *structure, const void *at, size_t n)
{
    set_pointer(f, structure, at);
    memcpy((char *)structure + f->count, &n, sizeof n);
}

static bool read_bool(reading *r, const np_field *f, PyObject *from, void *structure,
                      const np_path *path)
{
    if (!PyBool_Check(from))
        return fail(PyExc_TypeError, path, "must be bool", from);
    bool value = from == Py_True;
    return put(r, f, structure, &value, sizeof value);
}

static bool read_int32(reading *r, const np_field *f, PyObject *from, void *structure,
                       const np_path *path)
{
    int64_t wide;
    if (!read_int(from, path, INT32_MIN, INT32_MAX, &wide))
        return false;
    int32_t value = (int32_t)wide;
    return put(r, f, structure, &value, sizeof value);
}

static bool read_int64(reading *r, const np_field *f, PyObject *from, void *structure,
                       const np_path *path)
{
    int64_t value;
    return read_int(from, path, INT64_MIN, INT64_MAX, &value) &&
           put(r, f, structure, &value, sizeof value);
}

static bool read_int_or_string(reading *r, const np_field *f, PyObject *from, void *structure,
                               const np_path *path)
{
    netpol_int_or_string value = {NULL, 0};
    int64_t number = 0;
    if (!PyUnicode_Check(from) && (!PyLong_Check(from) || PyBool_Check(from)))
        return fail(PyExc_TypeError, path, "must be int or str", from);
    if (PyUnicode_Check(from) ? !read_text(r, from, path, &value.string)
                              : !read_int(from, path, INT32_MIN, INT32_MAX, &number))
        return false;
    value.number = (int32_t)number;
    return put(r, f, structure, &value, sizeof value);
}

static bool read_string(reading *r, const np_field *f, PyObject *from, void *structure,
                        const np_path *path)
{
    const char *text;
    if (!read_text(r, from, path, &text))
        return false;
    set_pointer(f, structure, text);
    return true;
}

static bool read_map(reading *r, const np_field *f, PyObject *from, void *structure,
                     const np_path *path)
{
    if (!PyDict_Check(from))
        return fail(PyExc_TypeError, path, "must be dict", from);
    size_t n = (size_t)PyDict_Size(from);
    netpol_label *at = NP_NEW_ARRAY(&r->arena, netpol_label, n);
    PyObject *key;
    PyObject *value;
    Py_ssize_t place = 0;
    if (!at)
        return no_memory();
    for (size_t i = 0; i < n && PyDict_Next(from, &place, &key, &value); i++)
        if (!read_text(r, key, path, &at[i].key) || !read_text(r, value, path, &at[i].value))
            return false;
    set_list(f, structure, n ? at : NULL, n);
    return true;
}

static bool read_struct(reading *r, const np_shape *shape, size_t class_index, PyObject *from,
                        const np_path *path, const void **out);

static bool read_part(reading *r, const np_shape *part, PyObject *from, const np_path *path,
                      const void **out)
{
    return read_struct(r, part, part->class_index, from, path, out);
}

/* part: NULL for texts. */
static bool read_element(reading *r, const np_shape *part, PyObject *from, const np_path *path,
                         const void **out)
{
    if (part)
        return read_part(r, part, from, path, out);
    const char *text = NULL;
    bool done = read_text(r, from, path, &text);
    *out = text;
    return done;
}

static bool read_list(reading *r, const np_field *f, const np_shape *part, PyObject *from,
                      void *structure, const np_path *path)
{
    if (!PyList_Check(from) && !PyTuple_Check(from))
        return fail(PyExc_TypeError, path, "must be list", from);
    Py_ssize_t n = PySequence_Size(from);
    const void **at = n >= 0 ? NP_NEW_ARRAY(&r->arena, const void *, (size_t)n) : NULL;
    if (!at)
        return n >= 0 && no_memory();
    for (Py_ssize_t i = 0; i < n; i++) {
        np_path step = np_path_index(path, (size_t)i);
        PyObject *element = PySequence_GetItem(from, i);
        bool done = element && read_element(r, part, element, &step, &at[i]);
        Py_XDECREF(element);
        if (!done)
            return false;
    }
    set_list(f, structure, n ? at : NULL, (size_t)n);
    return true;
}

static bool read_field(reading *r, const np_field *f, const np_shape *part_shape, PyObject *from,
                       void *structure, const np_path *path)
{
    const void *part = NULL;
    switch ((np_field_kind)f->kind) {
    case NP_STRING:
    case NP_STRING_SET:
    case NP_TIME:
    case NP_JSON:
        return read_string(r, f, from, structure, path);
    case NP_BOOL:
    case NP_BOOL_SET:
        return read_bool(r, f, from, structure, path);
    case NP_INT32:
    case NP_INT32_SET:
        return read_int32(r, f, from, structure, path);
    case NP_INT64:
    case NP_INT64_SET:
        return read_int64(r, f, from, structure, path);
    case NP_INT_OR_STRING:
        return read_int_or_string(r, f, from, structure, path);
    case NP_STRING_MAP:
        return read_map(r, f, from, structure, path);
    case NP_STRING_LIST:
    case NP_PLUCK_LIST:
    case NP_STRUCT_LIST:
        return read_list(r, f, part_shape, from, structure, path);
    case NP_STRUCT:
        if (!read_part(r, part_shape, from, path, &part))
            return false;
        set_pointer(f, structure, part);
        return true;
    case NP_GROUP: /* flattened by np_shapes */
        break;
    }
    return true;
}

/* None is an absent field, whatever its kind. */
static bool read_fields(reading *r, const np_shape *shape, const np_plan_class *c, PyObject *from,
                        void *structure, const np_path *path)
{
    for (size_t i = 0; i < shape->n; i++) {
        const np_field *f = shape->fields[i];
        np_path step = np_path_field(path, f->c_name);
        PyObject *value = np_plan_get(c, from, i);
        bool done = value && (value == Py_None ||
                              read_field(r, f, shape->parts[i], value, structure, &step));
        Py_XDECREF(value);
        if (!done)
            return false;
    }
    return true;
}

static bool wrong_class(PyObject *type, PyObject *from, const np_path *path)
{
    PyObject *name = PyObject_GetAttrString(type, "__name__");
    const char *text = name ? PyUnicode_AsUTF8AndSize(name, NULL) : NULL;
    np_buffer wanted;
    np_buffer_init(&wanted, &np_libc_allocator);
    np_buffer_format(&wanted, "must be %s%c", text ? text : "?", '\0');
    if (wanted.failed)
        PyErr_NoMemory();
    else if (text)
        fail(PyExc_TypeError, path, wanted.p, from);
    np_buffer_free(&wanted);
    Py_XDECREF(name);
    return false;
}

static bool read_struct(reading *r, const np_shape *shape, size_t class_index, PyObject *from,
                        const np_path *path, const void **out)
{
    const np_plan_class *c = &r->plan->at[class_index];
    int fits = PyObject_IsInstance(from, c->type);
    if (fits <= 0)
        return fits == 0 && wrong_class(c->type, from, path);
    void *structure = np_tree_new(shape->table, &r->arena);
    *out = structure;
    if (!structure)
        return no_memory();
    return read_fields(r, shape, c, from, structure, path);
}

/* The class of a whole object, or NULL with an exception. */
static const np_class_shape *find_class(PyObject *value, const np_plan *plan)
{
    const np_shapes *shapes = np_plan_shapes();
    for (size_t i = 0; i < shapes->n_classes; i++) {
        if (!shapes->classes[i].kind)
            continue;
        int fits = PyObject_IsInstance(value, plan->at[i].type);
        if (fits)
            return fits > 0 ? &shapes->classes[i] : NULL;
    }
    PyErr_Format(PyExc_TypeError, "must be an API object such as NetworkPolicy, not %R", value);
    return NULL;
}

static netpol_object *make_object(const void *tree, const np_kind *kind)
{
    netpol_object *made = NULL;
    netpol_diagnostics *diags = netpol_diagnostics_new(NULL);
    netpol_status s = np_object_from_tree(tree, kind, NETPOL_VERSION, NULL, &made, diags);
    if (s != NETPOL_OK)
        np_raise(s, diags);
    netpol_diagnostics_free(diags);
    return made;
}

netpol_object *np_object_of(PyObject *value, PyObject *plan)
{
    reading r = {.plan = np_plan_of(plan)};
    const np_class_shape *c = r.plan ? find_class(value, r.plan) : NULL;
    if (!c)
        return NULL;
    np_path root = np_path_field(NULL, c->name);
    netpol_object *made = NULL;
    const void *tree;
    size_t class_index = (size_t)(c - np_plan_shapes()->classes);
    np_arena_init(&r.arena, &np_libc_allocator, 4096);
    if (read_struct(&r, c->shape, class_index, value, &root, &tree))
        made = make_object(tree, c->kind);
    np_arena_free(&r.arena);
    return made;
}
