/* SPDX-License-Identifier: MIT */
/* plan owns how the classes of _model.py are laid out in one interpreter: where in an instance each
 * field stands. It knows nothing of what fields mean.
 *
 * A plan is made of _model.CLASSES once and handed in with each call, so that any number of
 * interpreters can use the extension. */
#ifndef NP_PLAN_H
#define NP_PLAN_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "shapes.h"

typedef struct np_plan_class {
    PyObject *type;
    PyObject *names;               /* a tuple of the fields' names */
    size_t slots[NP_SHAPE_FIELDS]; /* bytes into an instance; 0: not known, so asked for by name */
} np_plan_class;

typedef struct np_plan {
    PyObject *classes; /* _model.CLASSES; keeps all below alive */
    np_plan_class at[NP_SHAPES_MOST];
} np_plan;

/* Once, before anything else. False: an exception is set. */
bool np_plan_init(void);
/* The shapes that all plans are of. Immutable. */
const np_shapes *np_plan_shapes(void);

/* A capsule; NULL: an exception is set. */
PyObject *np_plan_new(PyObject *classes);
/* NULL: an exception is set. */
const np_plan *np_plan_of(PyObject *capsule);

/* An instance without a call of __init__, with all fields unset. */
PyObject *np_plan_instance(const np_plan_class *c);
/* Sets a field of a new instance; takes the reference. False: an exception is set. */
bool np_plan_put(const np_plan_class *c, PyObject *instance, size_t field, PyObject *value);
/* A new reference; NULL: an exception is set. */
PyObject *np_plan_get(const np_plan_class *c, PyObject *instance, size_t field);

#endif
