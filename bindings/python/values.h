/* SPDX-License-Identifier: MIT */
/* values owns the way from objects to Python values and back, by the field tables. It knows no
 * field.
 *
 * `classes` is _model.CLASSES: Python objects are handed in with each call and never kept, so any
 * number of interpreters can use the extension. */
#ifndef NP_VALUES_H
#define NP_VALUES_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "netpol.h"

/* Once, before anything else. False: an exception is set. */
bool np_values_init(void);
/* A new reference; None for kinds without a typed form; NULL: an exception is set. */
PyObject *np_value_of(const netpol_object *x, PyObject *classes);
/* Owned; NULL: an exception is set (TypeError or ValueError with the field's path, NetpolError). */
netpol_object *np_object_of(PyObject *value, PyObject *classes);

/* ---- errors.c ---- */

/* A list of tuples, as _errors.Diagnostic takes them. */
PyObject *np_diagnostics_value(const netpol_diagnostics *list);
/* Sets the exception of a status; an exception that is set already (KeyboardInterrupt) stays. */
void np_raise(netpol_status status, const netpol_diagnostics *list);
/* For netpol_options.keep_going: lets Ctrl-C end a call that has given the GIL away. */
bool np_keep_going(void *ctx);
/* A str or None as C text; NUL inside is refused. NULL with an exception set on failure. */
bool np_text_of(PyObject *text, const char **out);

/* str or bytes with its length. */
bool np_bytes_of(PyObject *from, const char **out, size_t *n);
/* A tuple of str; *out is to be freed with PyMem_Free. The texts live as long as `from`. */
bool np_words_of(PyObject *from, const char ***out, size_t *n);

/* ---- answers.c, batch.c ---- */

/* (allowed, direction, tier, depends) */
PyObject *np_verdict(const netpol_engine *engine, const char *src, const char *dst,
                     const char *protocol, const char *port);
/* The decisions at the source and at the destination. */
PyObject *np_decisions(const netpol_engine *engine, const char *src, const char *dst,
                       const char *protocol, const char *port);
PyObject *np_selector_matches(const netpol_selector *selector, PyObject *labels);
/* A list made of changed objects tells of broken and foreign documents as the one it was made from.
 */
void np_manifests_inherit(netpol_manifests *to, const netpol_manifests *from);
/* A bytearray with a 0 or 1 for each flow. */
PyObject *np_batch(const netpol_engine *engine, PyObject *src, PyObject *dst, PyObject *protocols,
                   PyObject *ports);

#endif
