/* SPDX-License-Identifier: MIT */
/* values owns the way from objects to Python values and back, by the field tables. It knows no
 * field. `plan` is what np_plan_new made of the classes. */
#ifndef NP_VALUES_H
#define NP_VALUES_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "netpol.h"

/* ---- values_make.c ---- */

/* A new reference; None for kinds without a typed form; NULL: an exception is set. */
PyObject *np_value_of(const netpol_object *x, PyObject *plan);
/* Puts the value of each object at its place in a list of Python where there is None. */
PyObject *np_values_fill(const netpol_manifests *list, PyObject *values, PyObject *plan);
/* A dict from the keys of policies ("namespace/name") to their places, of several the first; and
 * one to lists of the places of the others. */
PyObject *np_policy_places(const netpol_manifests *list);

/* A list made of changed objects tells of broken and foreign documents as the one it was made from.
 */
void np_manifests_inherit(netpol_manifests *to, const netpol_manifests *from);
/* An object of a changed value says where the one that it was made from stands; of its fields,
 * which may have moved, it does not. NULL: an exception is set. */
PyObject *np_object_inherit(netpol_object *to, const netpol_object *from);

/* ---- values.c ---- */

/* Owned; NULL: an exception is set (TypeError or ValueError with the field's path, NetpolError). */
netpol_object *np_object_of(PyObject *value, PyObject *plan);

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
/* Whether something of the input could not be used. */
bool np_engine_incomplete(const netpol_engine *engine);
PyObject *np_selector_matches(const netpol_selector *selector, PyObject *labels);
/* An IPv4 address, given as a number, as columns hold addresses: mapped to IPv6. */
void np_put_ipv4(uint8_t out[16], uint32_t ip);
/* A bytearray with a 0 or 1 for each flow. */
PyObject *np_batch(const netpol_engine *engine, PyObject *src, PyObject *dst, PyObject *protocols,
                   PyObject *ports);

#endif
