/* SPDX-License-Identifier: MIT */
/* shapes owns which Python class each field table becomes, and in which order the classes stand.
 * The generator of _model.py and the extension ask the same functions, so they cannot disagree. */
#ifndef NP_SHAPES_H
#define NP_SHAPES_H

#include "table.h"

/* Groups have no struct of their own: their fields are those of the struct around them. */
enum { NP_SHAPE_FIELDS = 32, NP_SHAPES_MOST = 128, NP_CLASS_NAME = 64 };

/* A struct as it is converted. */
typedef struct np_shape np_shape;
struct np_shape {
    const np_table *table;
    size_t class_index;
    size_t n;
    const np_field *fields[NP_SHAPE_FIELDS];
    const np_shape *parts[NP_SHAPE_FIELDS]; /* of structs and lists of them; else NULL */
};

/* A Python class. Tables of one Go name and the same fields share one. */
typedef struct np_class_shape {
    char name[NP_CLASS_NAME];
    const char *hint;      /* the field that leads to it: tells classes of one Go name apart */
    const np_shape *shape; /* the first table that has it */
    const np_kind *kind;   /* of whole objects; else NULL */
} np_class_shape;

typedef struct np_shapes {
    np_shape shapes[NP_SHAPES_MOST];
    size_t n;
    np_class_shape classes[NP_SHAPES_MOST];
    size_t n_classes;
} np_shapes;

/* Walks the tables of all kinds: what a class refers to stands before it. False: they have outgrown
 * the room above. */
bool np_shapes_make(np_shapes *s);
const np_shape *np_shapes_find(const np_shapes *s, const np_table *t);
/* The class of whole objects of a kind; NULL: it has none. */
const np_class_shape *np_shapes_of_kind(const np_shapes *s, const np_kind *kind);

#endif
