/* SPDX-License-Identifier: MIT */
#include "values.h"

#include "model.h"
#include "shapes.h"
#include "write.h"

/* Immutable once np_values_init has run; it holds no Python object. */
static np_shapes shapes;

bool np_values_init(void)
{
    if (!np_shapes_make(&shapes))
        PyErr_SetString(PyExc_SystemError, "netpol: the field tables have outgrown shapes.h");
    return !PyErr_Occurred();
}

/* The class and the names of its fields; borrowed. */
static bool class_at(PyObject *classes, size_t i, PyObject **type, PyObject **names)
{
    PyObject *row = PyTuple_GetItem(classes, (Py_ssize_t)i);
    *type = row ? PyTuple_GetItem(row, 0) : NULL;
    *names = *type ? PyTuple_GetItem(row, 1) : NULL;
    return *names != NULL;
}

/* ---- to Python ---- */

static PyObject *none(void)
{
    Py_INCREF(Py_None);
    return Py_None;
}

static PyObject *text_value(const char *p, const char *otherwise)
{
    if (!p && !otherwise)
        return none();
    p = p ? p : otherwise;
    return PyUnicode_DecodeUTF8(p, (Py_ssize_t)strlen(p), "replace");
}

static PyObject *map_value(const netpol_label *at, size_t n)
{
    PyObject *map = PyDict_New();
    for (size_t i = 0; map && i < n; i++) {
        PyObject *key = text_value(at[i].key, "");
        PyObject *value = key ? text_value(at[i].value, "") : NULL;
        if (!value || PyDict_SetItem(map, key, value) < 0)
            Py_CLEAR(map);
        Py_XDECREF(key);
        Py_XDECREF(value);
    }
    return map;
}

static PyObject *struct_value(const np_shape *shape, size_t class_index, const void *structure,
                              PyObject *classes);

static PyObject *element_value(const np_field *f, const void *element, PyObject *classes)
{
    if (f->kind != NP_STRUCT_LIST)
        return text_value(element, "");
    const np_shape *shape = np_shapes_find(&shapes, f->sub);
    return struct_value(shape, shape->class_index, element, classes);
}

static PyObject *list_value(const np_field *f, const void *const *at, size_t n, PyObject *classes)
{
    PyObject *list = PyList_New((Py_ssize_t)n);
    for (size_t i = 0; list && i < n; i++) {
        PyObject *element = element_value(f, at[i], classes);
        if (!element || PyList_SetItem(list, (Py_ssize_t)i, element) < 0)
            Py_CLEAR(list);
    }
    return list;
}

static PyObject *part_value(const np_field *f, const void *part, PyObject *classes)
{
    if (!part && !(f->flags & NP_REQUIRED_KEY))
        return none();
    const np_shape *shape = np_shapes_find(&shapes, f->sub);
    return struct_value(shape, shape->class_index, part ? part : np_empty_struct(f->sub), classes);
}

static PyObject *int_or_string_value(const netpol_int_or_string *x)
{
    if (!x)
        return none();
    return x->string ? text_value(x->string, "") : PyLong_FromLong(x->number);
}

static PyObject *field_value(const np_field *f, const void *structure, PyObject *classes)
{
    const void *p = np_field_is_pointer(f) ? np_field_pointer(f, structure) : NULL;
    switch ((np_field_kind)f->kind) {
    case NP_STRING:
        return text_value(p, "");
    case NP_STRING_SET:
    case NP_TIME:
    case NP_JSON:
        return text_value(p, NULL);
    case NP_BOOL_SET:
        if (!p)
            return none();
        return PyBool_FromLong((long)np_field_number(f, structure));
    case NP_BOOL:
        return PyBool_FromLong((long)np_field_number(f, structure));
    case NP_INT32_SET:
    case NP_INT64_SET:
        if (!p)
            return none();
        return PyLong_FromLongLong(np_field_number(f, structure));
    case NP_INT32:
    case NP_INT64:
        return PyLong_FromLongLong(np_field_number(f, structure));
    case NP_INT_OR_STRING:
        return int_or_string_value(p);
    case NP_STRING_MAP:
        return map_value(p, np_field_count(f, structure));
    case NP_STRING_LIST:
    case NP_PLUCK_LIST:
    case NP_STRUCT_LIST:
        return list_value(f, p, np_field_count(f, structure), classes);
    case NP_STRUCT:
        return part_value(f, p, classes);
    case NP_GROUP: /* flattened by np_shapes */
        break;
    }
    return none();
}

/* An instance without a call of __init__: every field is set below. */
static PyObject *new_instance(PyObject *type)
{
    return PyType_GenericNew((PyTypeObject *)type, NULL, NULL);
}

static PyObject *struct_value(const np_shape *shape, size_t class_index, const void *structure,
                              PyObject *classes)
{
    PyObject *type;
    PyObject *names;
    if (!class_at(classes, class_index, &type, &names))
        return NULL;
    PyObject *made = new_instance(type);
    for (size_t i = 0; made && i < shape->n; i++) {
        PyObject *value = field_value(shape->fields[i], structure, classes);
        if (!value || PyObject_SetAttr(made, PyTuple_GetItem(names, (Py_ssize_t)i), value) < 0)
            Py_CLEAR(made);
        Py_XDECREF(value);
    }
    return made;
}

PyObject *np_value_of(const netpol_object *x, PyObject *classes)
{
    const np_class_shape *c = np_shapes_of_kind(&shapes, x->kind);
    if (!c)
        return none();
    return struct_value(c->shape, (size_t)(c - shapes.classes), x->tree, classes);
}

/* ---- from Python ---- */

typedef struct reading {
    np_arena arena;
    PyObject *classes;
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

static bool read_struct(reading *r, const np_table *t, size_t class_index, PyObject *from,
                        const np_path *path, const void **out);

static bool read_part(reading *r, const np_table *t, PyObject *from, const np_path *path,
                      const void **out)
{
    return read_struct(r, t, np_shapes_find(&shapes, t)->class_index, from, path, out);
}

static bool read_element(reading *r, const np_field *f, PyObject *from, const np_path *path,
                         const void **out)
{
    if (f->kind == NP_STRUCT_LIST)
        return read_part(r, f->sub, from, path, out);
    const char *text = NULL;
    bool done = read_text(r, from, path, &text);
    *out = text;
    return done;
}

static bool read_list(reading *r, const np_field *f, PyObject *from, void *structure,
                      const np_path *path)
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
        bool done = element && read_element(r, f, element, &step, &at[i]);
        Py_XDECREF(element);
        if (!done)
            return false;
    }
    set_list(f, structure, n ? at : NULL, (size_t)n);
    return true;
}

static bool read_field(reading *r, const np_field *f, PyObject *from, void *structure,
                       const np_path *path)
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
        return read_list(r, f, from, structure, path);
    case NP_STRUCT:
        if (!read_part(r, f->sub, from, path, &part))
            return false;
        set_pointer(f, structure, part);
        return true;
    case NP_GROUP: /* flattened by np_shapes */
        break;
    }
    return true;
}

/* None is an absent field, whatever its kind. */
static bool read_fields(reading *r, const np_shape *shape, PyObject *names, PyObject *from,
                        void *structure, const np_path *path)
{
    for (size_t i = 0; i < shape->n; i++) {
        np_path step = np_path_field(path, shape->fields[i]->c_name);
        PyObject *value = PyObject_GetAttr(from, PyTuple_GetItem(names, (Py_ssize_t)i));
        bool done =
            value && (value == Py_None || read_field(r, shape->fields[i], value, structure, &step));
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

static bool read_struct(reading *r, const np_table *t, size_t class_index, PyObject *from,
                        const np_path *path, const void **out)
{
    PyObject *type;
    PyObject *names;
    if (!class_at(r->classes, class_index, &type, &names))
        return false;
    int fits = PyObject_IsInstance(from, type);
    if (fits <= 0)
        return fits == 0 && wrong_class(type, from, path);
    void *structure = np_tree_new(t, &r->arena);
    *out = structure;
    if (!structure)
        return no_memory();
    return read_fields(r, np_shapes_find(&shapes, t), names, from, structure, path);
}

/* The class of a whole object, or NULL with an exception. */
static const np_class_shape *find_class(PyObject *value, PyObject *classes)
{
    PyObject *type;
    PyObject *names;
    for (size_t i = 0; i < shapes.n_classes; i++) {
        if (!shapes.classes[i].kind)
            continue;
        if (!class_at(classes, i, &type, &names))
            return NULL;
        int fits = PyObject_IsInstance(value, type);
        if (fits)
            return fits > 0 ? &shapes.classes[i] : NULL;
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

netpol_object *np_object_of(PyObject *value, PyObject *classes)
{
    const np_class_shape *c = find_class(value, classes);
    if (!c)
        return NULL;
    reading r = {.classes = classes};
    np_path root = np_path_field(NULL, c->name);
    netpol_object *made = NULL;
    const void *tree;
    np_arena_init(&r.arena, &np_libc_allocator, 4096);
    if (read_struct(&r, c->shape->table, (size_t)(c - shapes.classes), value, &root, &tree))
        made = make_object(tree, c->kind);
    np_arena_free(&r.arena);
    return made;
}
