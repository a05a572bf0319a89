/* SPDX-License-Identifier: MIT */
#include "plan.h"

/* Immutable once np_plan_init has run; it holds no Python object. */
static np_shapes shapes;

static const char capsule_name[] = "netpol.plan";

bool np_plan_init(void)
{
    if (!np_shapes_make(&shapes))
        PyErr_SetString(PyExc_SystemError, "netpol: the field tables have outgrown shapes.h");
    return !PyErr_Occurred();
}

const np_shapes *np_plan_shapes(void)
{
    return &shapes;
}

/* ---- where fields stand ---- */

/* The one word of an instance that holds `mark`; 0: there is none, or more than one. */
static size_t find_word(PyObject *instance, size_t size, PyObject *mark)
{
    size_t found = 0;
    size_t times = 0;
    for (size_t at = sizeof(PyObject); at + sizeof mark <= size; at += sizeof mark) {
        PyObject *word;
        memcpy(&word, (char *)instance + at, sizeof word);
        if (word == mark) {
            found = at;
            times++;
        }
    }
    return times == 1 ? found : 0;
}

/* Setting an attribute goes through the class by its name, which takes longer than making most
 * values. The classes have __slots__, so a field is one pointer at the same place of every
 * instance: it is found by setting each field once and looking for what was set. */
static bool find_slots(np_plan_class *c, size_t size)
{
    PyObject *instance = np_plan_instance(c);
    Py_ssize_t n = PyTuple_Size(c->names);
    if (!instance || n < 0 || n > NP_SHAPE_FIELDS) {
        Py_XDECREF(instance);
        return false;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *mark = PyList_New(0);
        bool set = mark && PyObject_SetAttr(instance, PyTuple_GetItem(c->names, i), mark) == 0;
        c->slots[i] = set ? find_word(instance, size, mark) : 0;
        Py_XDECREF(mark);
        if (!set)
            break;
    }
    Py_DECREF(instance);
    return !PyErr_Occurred();
}

static bool fill_class(np_plan_class *c, PyObject *row)
{
    if (!PyArg_ParseTuple(row, "O!O!", &PyType_Type, &c->type, &PyTuple_Type, &c->names))
        return false;
    PyObject *size = PyObject_GetAttrString(c->type, "__basicsize__");
    size_t n = size ? PyLong_AsSize_t(size) : 0;
    Py_XDECREF(size);
    return !PyErr_Occurred() && find_slots(c, n);
}

static void end_plan(PyObject *capsule)
{
    np_plan *p = PyCapsule_GetPointer(capsule, capsule_name);
    Py_XDECREF(p->classes);
    PyMem_Free(p);
}

static bool fill(np_plan *p)
{
    if (!PyTuple_Check(p->classes) || (size_t)PyTuple_Size(p->classes) != shapes.n_classes) {
        PyErr_SetString(PyExc_SystemError, "netpol: _model.py was made for another extension");
        return false;
    }
    for (size_t i = 0; i < shapes.n_classes; i++)
        if (!fill_class(&p->at[i], PyTuple_GetItem(p->classes, (Py_ssize_t)i)))
            return false;
    return true;
}

PyObject *np_plan_new(PyObject *classes)
{
    np_plan *p = PyMem_Calloc(1, sizeof *p);
    PyObject *made = p ? PyCapsule_New(p, capsule_name, end_plan) : PyErr_NoMemory();
    if (!made) {
        PyMem_Free(p);
        return NULL;
    }
    p->classes = Py_NewRef(classes);
    if (!fill(p))
        Py_CLEAR(made);
    return made;
}

const np_plan *np_plan_of(PyObject *capsule)
{
    if (!PyCapsule_IsValid(capsule, capsule_name)) {
        PyErr_Format(PyExc_TypeError, "must be a plan, not %R", capsule);
        return NULL;
    }
    return PyCapsule_GetPointer(capsule, capsule_name);
}

/* ---- instances ---- */

PyObject *np_plan_instance(const np_plan_class *c)
{
    return PyType_GenericAlloc((PyTypeObject *)c->type, 0);
}

bool np_plan_put(const np_plan_class *c, PyObject *instance, size_t field, PyObject *value)
{
    if (c->slots[field]) {
        memcpy((char *)instance + c->slots[field], &value, sizeof value);
        return true;
    }
    int error = PyObject_SetAttr(instance, PyTuple_GetItem(c->names, (Py_ssize_t)field), value);
    Py_DECREF(value);
    return error == 0;
}

/* Classes made of ours may do something else when they are asked. */
PyObject *np_plan_get(const np_plan_class *c, PyObject *instance, size_t field)
{
    PyObject *value = NULL;
    if (c->slots[field] && (PyObject *)Py_TYPE(instance) == c->type)
        memcpy(&value, (char *)instance + c->slots[field], sizeof value);
    if (value)
        return Py_NewRef(value);
    return PyObject_GetAttr(instance, PyTuple_GetItem(c->names, (Py_ssize_t)field));
}
