/* SPDX-License-Identifier: MIT */
/* Statuses and diagnostics as Python sees them, and Ctrl-C. */
#include "values.h"

#include "diag.h"

static PyObject *diagnostic_value(const netpol_diagnostic *d)
{
    return Py_BuildValue("(sssszzzzIIIi)", np_severity_name(d->severity), np_stage_name(d->stage),
                         netpol_code_name(d->code), d->message, d->hint, d->source, d->path,
                         d->object, d->line, d->column, d->document, d->item);
}

PyObject *np_diagnostics_value(const netpol_diagnostics *list)
{
    size_t n = netpol_diagnostics_count(list);
    PyObject *made = PyList_New((Py_ssize_t)n);
    for (size_t i = 0; made && i < n; i++) {
        PyObject *one = diagnostic_value(netpol_diagnostics_at(list, i));
        if (!one || PyList_SetItem(made, (Py_ssize_t)i, one) < 0)
            Py_CLEAR(made);
    }
    return made;
}

/* The classes are looked up when needed: each interpreter has its own. */
void np_raise(netpol_status status, const netpol_diagnostics *list)
{
    if (PyErr_Occurred())
        return;
    PyObject *module = PyImport_ImportModule("netpol._errors");
    PyObject *found = module ? np_diagnostics_value(list) : NULL;
    PyObject *error =
        found ? PyObject_CallMethod(module, "error_of", "sO", netpol_status_name(status), found)
              : NULL;
    if (error)
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    Py_XDECREF(error);
    Py_XDECREF(found);
    Py_XDECREF(module);
}

bool np_keep_going(void *ctx)
{
    (void)ctx;
    PyGILState_STATE gil = PyGILState_Ensure();
    bool on = PyErr_CheckSignals() == 0;
    PyGILState_Release(gil);
    return on;
}

bool np_text_of(PyObject *text, const char **out)
{
    *out = NULL;
    if (text == Py_None)
        return true;
    if (!PyUnicode_Check(text)) {
        PyErr_Format(PyExc_TypeError, "must be str, not %R", text);
        return false;
    }
    Py_ssize_t n;
    const char *p = PyUnicode_AsUTF8AndSize(text, &n);
    if (p && strlen(p) != (size_t)n)
        PyErr_SetString(PyExc_ValueError, "a text cannot hold the character NUL");
    else
        *out = p;
    return *out != NULL;
}

bool np_bytes_of(PyObject *from, const char **out, size_t *n)
{
    Py_ssize_t length = 0;
    char *bytes = NULL;
    if (PyUnicode_Check(from))
        *out = PyUnicode_AsUTF8AndSize(from, &length);
    else if (PyBytes_Check(from) && PyBytes_AsStringAndSize(from, &bytes, &length) == 0)
        *out = bytes;
    else
        *out = NULL;
    *n = (size_t)length;
    if (!*out && !PyErr_Occurred())
        PyErr_Format(PyExc_TypeError, "must be str or bytes, not %R", from);
    return *out != NULL;
}

bool np_words_of(PyObject *from, const char ***out, size_t *n)
{
    if (!PyTuple_Check(from)) {
        PyErr_Format(PyExc_TypeError, "must be a tuple of str, not %R", from);
        return false;
    }
    *n = (size_t)PyTuple_Size(from);
    *out = PyMem_Calloc(*n + 1, sizeof **out);
    if (!*out)
        PyErr_NoMemory();
    for (size_t i = 0; *out && i < *n; i++)
        if (!np_text_of(PyTuple_GetItem(from, (Py_ssize_t)i), &(*out)[i]))
            return false;
    return *out != NULL;
}
