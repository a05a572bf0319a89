/* SPDX-License-Identifier: MIT */
/* Single verdicts and their reasons as tuples; the classes around them are Python. */
#include "values.h"

#include "engine.h"

static PyObject *verdict_value(netpol_verdict v)
{
    return Py_BuildValue("(iiiI)", v.allowed, v.direction, v.tier, v.depends);
}

static bool flow_of(const netpol_engine *engine, const char *src, const char *dst,
                    const char *protocol, const char *port, netpol_flow *out)
{
    netpol_diagnostics *diags = netpol_diagnostics_new(NULL);
    netpol_status s = netpol_flow_parse(engine, src, dst, protocol, port, out, diags);
    if (s != NETPOL_OK)
        np_raise(s, diags);
    netpol_diagnostics_free(diags);
    return s == NETPOL_OK;
}

PyObject *np_verdict(const netpol_engine *engine, const char *src, const char *dst,
                     const char *protocol, const char *port)
{
    netpol_flow flow;
    if (!flow_of(engine, src, dst, protocol, port, &flow))
        return NULL;
    return verdict_value(netpol_engine_verdict(engine, &flow));
}

/* "NetworkPolicy shop/db": a policy that names no namespace is in the default one. */
static PyObject *title_of(const netpol_engine *engine, const netpol_object *x)
{
    const char *kind = netpol_object_kind_name(x);
    const char *name = netpol_object_name(x);
    const char *space = netpol_object_namespace(x);
    if (!netpol_object_policy(x))
        return PyUnicode_FromFormat("%s %s", kind, name);
    space = space ? space : engine->snapshot->default_namespace;
    return PyUnicode_FromFormat("%s %s/%s", kind, space, name);
}

static PyObject *titles_of(const netpol_engine *engine, const netpol_object *const *at, size_t n)
{
    PyObject *made = PyTuple_New((Py_ssize_t)n);
    for (size_t i = 0; made && i < n; i++) {
        PyObject *title = title_of(engine, at[i]);
        if (!title || PyTuple_SetItem(made, (Py_ssize_t)i, title) < 0)
            Py_CLEAR(made);
    }
    return made;
}

static PyObject *decision_value(const netpol_engine *engine, const netpol_decision *d)
{
    PyObject *policy = d->policy ? title_of(engine, d->policy) : Py_BuildValue("");
    PyObject *isolating = policy ? titles_of(engine, d->isolating, d->n_isolating) : NULL;
    if (!isolating) {
        Py_XDECREF(policy);
        return NULL;
    }
    return Py_BuildValue("(iiisNiiizIIN)", d->direction, d->allowed, d->tier, d->reason, policy,
                         d->rule, d->peer, d->port, d->source, d->line, d->column, isolating);
}

static PyObject *both_sides(const netpol_engine *engine, const netpol_explanation *x)
{
    PyObject *egress = decision_value(engine, netpol_explanation_decision(x, NETPOL_EGRESS));
    PyObject *ingress =
        egress ? decision_value(engine, netpol_explanation_decision(x, NETPOL_INGRESS)) : NULL;
    if (!ingress) {
        Py_XDECREF(egress);
        return NULL;
    }
    return Py_BuildValue("(NN)", egress, ingress);
}

PyObject *np_decisions(const netpol_engine *engine, const char *src, const char *dst,
                       const char *protocol, const char *port)
{
    netpol_flow flow;
    netpol_explanation *x = NULL;
    if (!flow_of(engine, src, dst, protocol, port, &flow))
        return NULL;
    netpol_status s = netpol_engine_explain(engine, &flow, &x, NULL);
    if (s != NETPOL_OK) {
        np_raise(s, NULL);
        return NULL;
    }
    PyObject *made = both_sides(engine, x);
    netpol_explanation_free(x);
    return made;
}

PyObject *np_selector_matches(const netpol_selector *selector, PyObject *labels)
{
    if (!PyDict_Check(labels))
        return PyErr_Format(PyExc_TypeError, "labels must be dict, not %R", labels);
    size_t n = (size_t)PyDict_Size(labels);
    netpol_label *at = PyMem_Calloc(n + 1, sizeof *at);
    PyObject *key;
    PyObject *value;
    Py_ssize_t place = 0;
    bool read = at != NULL;
    for (size_t i = 0; read && i < n && PyDict_Next(labels, &place, &key, &value); i++) {
        read = np_text_of(key, &at[i].key) && np_text_of(value, &at[i].value);
        if (read && (!at[i].key || !at[i].value)) {
            PyErr_SetString(PyExc_TypeError, "labels must be str, not None");
            read = false;
        }
    }
    bool matches = read && netpol_label_selector_matches(netpol_selector_tree(selector), at, n);
    PyMem_Free(at);
    if (!read)
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    return PyBool_FromLong(matches);
}

bool np_engine_incomplete(const netpol_engine *engine)
{
    return engine->snapshot->incomplete;
}
