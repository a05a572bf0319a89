/* SPDX-License-Identifier: MIT */
/* The private module netpol.core; the package around it is what users see. */
%module(package="netpol", threads="1") core

%{
#include "arrow.h"
#include "plan.h"
%}

%init %{
    if (!np_plan_init())
#if SWIG_VERSION >= 0x040400
        return -1;
#else
        return NULL;
#endif
%}

/* ---- words of netpol.i in Python ---- */

%typemap(in, noblock=1) const char * {
    if (!np_text_of($input, &$1))
        SWIG_fail;
}
%typemap(freearg) const char * "";
%typemap(typecheck) const char * "$1 = PyUnicode_Check($input);";

/* str or bytes */
%typemap(in, noblock=1) (const char *text, size_t n), (const char *line, size_t n),
    (const void *bytes, size_t n) {
    if (!np_bytes_of($input, (const char **)&$1, &$2))
        SWIG_fail;
}

%typemap(in, noblock=1) (const char *const *words, size_t n) (const char **words = NULL) {
    if (!np_words_of($input, &words, &$2))
        SWIG_fail;
    $1 = words;
}
%typemap(freearg, noblock=1) (const char *const *words, size_t n) {
    PyMem_Free(words$argnum);
}
%apply (const char *const *words, size_t n) {
    (const char *const *node_addresses, size_t n_node_addresses),
    (const char *const *resolve, size_t n_resolve)
}

%typemap(in, noblock=1) const netpol_options *options (netpol_options options = {0}) {
    options.size = sizeof options;
    options.keep_going = np_keep_going;
    options.flags = (uint32_t)PyLong_AsUnsignedLongMask($input);
    if (PyErr_Occurred())
        SWIG_fail;
    $1 = &options;
}

%typemap(out, noblock=1) netpol_status {
    if ($1 != NETPOL_OK) {
        np_raise($1, _global_diags);
        SWIG_fail;
    }
    $result = SWIG_Py_Void();
}

%typemap(argout, noblock=1) const netpol_sink *to {
    Py_XDECREF($result);
    $result = PyUnicode_DecodeUTF8(text$argnum.p, (Py_ssize_t)text$argnum.n, "replace");
    if (!$result)
        SWIG_fail;
}

%typemap(out, noblock=1) const netpol_diagnostics * {
    $result = np_diagnostics_value($1);
    if (!$result)
        SWIG_fail;
}
%typemap(argout, noblock=1) netpol_diagnostics **found {
    Py_XDECREF($result);
    $result = np_diagnostics_value(found$argnum);
    if (!$result)
        SWIG_fail;
}

%typemap(out, noblock=1) const netpol_object * {
    $result = $1 ? SWIG_NewPointerObj(netpol_object_ref($1), $descriptor(netpol_object *), SWIG_POINTER_OWN)
                 : SWIG_Py_Void();
}
%typemap(out, noblock=1) netpol_object * {
    if (!$1)
        SWIG_fail;
    $result = SWIG_NewPointerObj($1, $descriptor(netpol_object *), SWIG_POINTER_OWN);
}

%define NETPOL_RESULT(type)
%typemap(in, numinputs=0, noblock=1) type **out (type *made = NULL) {
    $1 = &made;
}
%typemap(argout, noblock=1) type **out {
    Py_XDECREF($result);
    $result = SWIG_NewPointerObj(made$argnum, $descriptor(type *), SWIG_POINTER_OWN);
}
%enddef

/* ---- calls that may take long let other threads run ---- */

%nothread;
%thread netpol_manifests_read;
%thread netpol_manifests_read_memory;
%thread netpol_cluster_put_all;
%thread netpol_cluster_compile;
%thread netpol_answer_write;
%thread engine_ask;
%thread engine_list;
%thread manifests_check;
%thread netpol_scenario_compile;
%thread scenario_run;

%include "../netpol.i"

/* ---- what needs Python objects ---- */

%rename(plan_new) np_plan_new;
%rename(value_of) np_value_of;
%rename(values_fill) np_values_fill;
%rename(policy_places) np_policy_places;
%rename(object_of) np_object_of;
%rename(flow_verdict) np_verdict;
%rename(flow_decisions) np_decisions;
%rename(batch) np_batch;
%rename(selector_matches) np_selector_matches;
%rename(manifests_inherit) np_manifests_inherit;
%rename(object_inherit) np_object_inherit;
%rename(engine_incomplete) np_engine_incomplete;
%rename(evaluate) np_evaluate;
%rename(verdicts_count) np_verdicts_count;
%rename(verdicts_list) np_verdicts_list;
%rename(verdicts_schema) np_verdicts_schema;
%rename(verdicts_array) np_verdicts_array;
%rename(verdicts_stream) np_verdicts_stream;

PyObject *np_plan_new(PyObject *classes);
PyObject *np_value_of(const netpol_object *x, PyObject *plan);
PyObject *np_values_fill(const netpol_manifests *list, PyObject *values, PyObject *plan);
PyObject *np_policy_places(const netpol_manifests *list);
netpol_object *np_object_of(PyObject *value, PyObject *plan);
PyObject *np_verdict(const netpol_engine *engine, const char *src, const char *dst,
                     const char *protocol, const char *port);
PyObject *np_decisions(const netpol_engine *engine, const char *src, const char *dst,
                       const char *protocol, const char *port);
PyObject *np_batch(const netpol_engine *engine, PyObject *src, PyObject *dst, PyObject *protocols,
                   PyObject *ports);
PyObject *np_selector_matches(const netpol_selector *selector, PyObject *labels);
void np_manifests_inherit(netpol_manifests *to, const netpol_manifests *from);
PyObject *np_object_inherit(netpol_object *to, const netpol_object *from);
bool np_engine_incomplete(const netpol_engine *engine);
PyObject *np_evaluate(const netpol_engine *engine, PyObject *table, PyObject *columns, bool tolerant);
PyObject *np_verdicts_count(PyObject *verdicts);
PyObject *np_verdicts_list(PyObject *verdicts, int64_t from, int64_t to);
PyObject *np_verdicts_schema(void);
PyObject *np_verdicts_array(PyObject *verdicts);
PyObject *np_verdicts_stream(PyObject *verdicts);
