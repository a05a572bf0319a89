/* SPDX-License-Identifier: MIT */
/* From objects to Python values. */
#include "values.h"

#include "manifests.h"
#include "model.h"
#include "plan.h"
#include "write.h"

static PyObject *none(void)
{
    Py_INCREF(Py_None);
    return Py_None;
}

/* Short texts come again and again: names of labels, "TCP". Each is made once a call, if no other
 * of its hash comes between. */
enum { WORD_MOST = 16, WORDS = 256 };

typedef struct word {
    const char *p; /* borrowed from the object */
    size_t n;
    PyObject *text;
} word;

typedef struct making {
    const np_plan *plan;
    word words[WORDS];
} making;

static void begin(making *m, const np_plan *plan)
{
    m->plan = plan;
    memset(m->words, 0, sizeof m->words);
}

static void end(making *m)
{
    for (size_t i = 0; i < WORDS; i++)
        Py_XDECREF(m->words[i].text);
}

static word *place_of(making *m, const char *p, size_t n)
{
    uint32_t hash = (uint32_t)n;
    for (size_t i = 0; i < n; i++)
        hash = hash * 33 ^ (uint8_t)p[i];
    return &m->words[(hash ^ hash >> 8) % WORDS];
}

static PyObject *new_text(const char *p, size_t n)
{
    return PyUnicode_DecodeUTF8(p, (Py_ssize_t)n, "replace");
}

static PyObject *text_value(making *m, const char *p, const char *otherwise)
{
    if (!p && !otherwise)
        return none();
    p = p ? p : otherwise;
    size_t n = strlen(p);
    if (n == 0 || n > WORD_MOST)
        return new_text(p, n);
    word *w = place_of(m, p, n);
    if (w->n == n && memcmp(w->p, p, n) == 0)
        return Py_NewRef(w->text);
    PyObject *made = new_text(p, n);
    if (made) {
        Py_XDECREF(w->text);
        *w = (word){p, n, Py_NewRef(made)};
    }
    return made;
}

static PyObject *map_value(making *m, const netpol_label *at, size_t n)
{
    PyObject *map = PyDict_New();
    for (size_t i = 0; map && i < n; i++) {
        PyObject *key = text_value(m, at[i].key, "");
        PyObject *value = key ? text_value(m, at[i].value, "") : NULL;
        if (!value || PyDict_SetItem(map, key, value) < 0)
            Py_CLEAR(map);
        Py_XDECREF(key);
        Py_XDECREF(value);
    }
    return map;
}

static PyObject *struct_value(making *m, const np_shape *shape, size_t class_index,
                              const void *structure);

static PyObject *part_value(making *m, const np_shape *part, const void *structure)
{
    return struct_value(m, part, part->class_index, structure);
}

/* part: NULL for texts. */
static PyObject *list_value(making *m, const np_shape *part, const void *const *at, size_t n)
{
    PyObject *list = PyList_New((Py_ssize_t)n);
    for (size_t i = 0; list && i < n; i++) {
        PyObject *element = part ? part_value(m, part, at[i]) : text_value(m, at[i], "");
        if (!element || PyList_SetItem(list, (Py_ssize_t)i, element) < 0)
            Py_CLEAR(list);
    }
    return list;
}

static PyObject *int_or_string_value(making *m, const netpol_int_or_string *x)
{
    if (!x)
        return none();
    return x->string ? text_value(m, x->string, "") : PyLong_FromLong(x->number);
}

static PyObject *field_value(making *m, const np_shape *shape, size_t field, const void *structure)
{
    const np_field *f = shape->fields[field];
    const void *p = np_field_is_pointer(f) ? np_field_pointer(f, structure) : NULL;
    switch ((np_field_kind)f->kind) {
    case NP_STRING:
        return text_value(m, p, "");
    case NP_STRING_SET:
    case NP_TIME:
    case NP_JSON:
        return text_value(m, p, NULL);
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
        return int_or_string_value(m, p);
    case NP_STRING_MAP:
        return map_value(m, p, np_field_count(f, structure));
    case NP_STRING_LIST:
    case NP_PLUCK_LIST:
    case NP_STRUCT_LIST:
        return list_value(m, shape->parts[field], p, np_field_count(f, structure));
    case NP_STRUCT:
        if (!p && !(f->flags & NP_REQUIRED_KEY))
            return none();
        return part_value(m, shape->parts[field], p ? p : np_empty_struct(f->sub));
    case NP_GROUP: /* flattened by np_shapes */
        break;
    }
    return none();
}

static PyObject *struct_value(making *m, const np_shape *shape, size_t class_index,
                              const void *structure)
{
    const np_plan_class *c = &m->plan->at[class_index];
    PyObject *made = np_plan_instance(c);
    for (size_t i = 0; made && i < shape->n; i++) {
        PyObject *value = field_value(m, shape, i, structure);
        if (!value || !np_plan_put(c, made, i, value))
            Py_CLEAR(made);
    }
    return made;
}

static PyObject *object_value(making *m, const netpol_object *x)
{
    const np_shapes *shapes = np_plan_shapes();
    const np_class_shape *c = np_shapes_of_kind(shapes, x->kind);
    return c ? struct_value(m, c->shape, (size_t)(c - shapes->classes), x->tree) : none();
}

PyObject *np_value_of(const netpol_object *x, PyObject *plan)
{
    const np_plan *p = np_plan_of(plan);
    making m;
    if (!p)
        return NULL;
    begin(&m, p);
    PyObject *made = object_value(&m, x);
    end(&m);
    return made;
}

static bool fill_values(making *m, const netpol_manifests *list, PyObject *values)
{
    Py_ssize_t n = (Py_ssize_t)netpol_manifests_count(list);
    for (Py_ssize_t i = 0; i < n && i < PyList_Size(values); i++) {
        if (PyList_GetItem(values, i) != Py_None)
            continue;
        PyObject *made = object_value(m, netpol_manifests_at(list, (size_t)i));
        if (!made || PyList_SetItem(values, i, made) < 0)
            return false;
    }
    return true;
}

/* The collector would look again and again at what is all alive. No other code of Python runs
 * before it is on again. */
PyObject *np_values_fill(const netpol_manifests *list, PyObject *values, PyObject *plan)
{
    const np_plan *p = np_plan_of(plan);
    if (!p)
        return NULL;
    if (!PyList_Check(values))
        return PyErr_Format(PyExc_TypeError, "must be list, not %R", values);
    making m;
    begin(&m, p);
    int collecting = PyGC_Disable();
    bool filled = fill_values(&m, list, values);
    if (collecting)
        PyGC_Enable();
    end(&m);
    return filled ? none() : NULL;
}

/* "namespace/name", or the name alone where there are no namespaces. */
static PyObject *key_of(const netpol_object *x)
{
    const char *name = netpol_object_name(x);
    const char *space = netpol_object_namespace(x);
    if (!x->kind->namespaced)
        return PyUnicode_FromString(name ? name : "");
    return PyUnicode_FromFormat("%s/%s", space && *space ? space : "default", name ? name : "");
}

static bool is_policy(const netpol_object *x)
{
    return x->kind->id == NETPOL_KIND_NETWORK_POLICY ||
           x->kind->id == NETPOL_KIND_CLUSTER_NETWORK_POLICY ||
           x->kind->id == NETPOL_KIND_ADMIN_NETWORK_POLICY ||
           x->kind->id == NETPOL_KIND_BASELINE_ADMIN_NETWORK_POLICY;
}

/* Puts a place into the list of its key. */
static bool append_place(PyObject *lists, PyObject *key, PyObject *place)
{
    PyObject *list = PyDict_GetItemWithError(lists, key);
    if (list)
        return PyList_Append(list, place) == 0;
    list = PyErr_Occurred() ? NULL : Py_BuildValue("[O]", place);
    bool put = list && PyDict_SetItem(lists, key, list) == 0;
    Py_XDECREF(list);
    return put;
}

static bool note_place(PyObject *first, PyObject *behind, const netpol_object *x, size_t i)
{
    PyObject *key = key_of(x);
    PyObject *place = key ? PyLong_FromSize_t(i) : NULL;
    int known = place ? PyDict_Contains(first, key) : -1;
    bool noted = known == 0  ? PyDict_SetItem(first, key, place) == 0
                 : known > 0 ? append_place(behind, key, place)
                             : false;
    Py_XDECREF(key);
    Py_XDECREF(place);
    return noted;
}

PyObject *np_policy_places(const netpol_manifests *list)
{
    PyObject *first = PyDict_New();
    PyObject *behind = PyDict_New();
    bool noted = first && behind;
    for (size_t i = 0; noted && i < netpol_manifests_count(list); i++) {
        const netpol_object *x = netpol_manifests_at(list, i);
        noted = !is_policy(x) || note_place(first, behind, x, i);
    }
    PyObject *made = noted ? PyTuple_Pack(2, first, behind) : NULL;
    Py_XDECREF(first);
    Py_XDECREF(behind);
    return made;
}

void np_manifests_inherit(netpol_manifests *to, const netpol_manifests *from)
{
    to->broken = from->broken;
    to->foreign = from->foreign;
}

PyObject *np_object_inherit(netpol_object *to, const netpol_object *from)
{
    const char *source = from->source;
    if (source && !(source = np_arena_text(&to->arena, source, strlen(source))))
        return PyErr_NoMemory();
    to->source = source;
    to->line = from->line;
    to->column = from->column;
    to->document = from->document;
    to->item = from->item;
    return Py_NewRef(Py_None);
}
