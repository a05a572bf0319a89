/* SPDX-License-Identifier: MIT */
#include "shapes.h"

#include <stdio.h>

const np_shape *np_shapes_find(const np_shapes *s, const np_table *t)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->shapes[i].table == t)
            return &s->shapes[i];
    return NULL;
}

const np_class_shape *np_shapes_of_kind(const np_shapes *s, const np_kind *kind)
{
    for (size_t i = 0; i < s->n_classes; i++)
        if (s->classes[i].kind && s->classes[i].kind == kind)
            return &s->classes[i];
    return NULL;
}

static bool flatten(np_shape *shape, const np_table *t)
{
    for (size_t i = 0; i < t->n_fields; i++) {
        const np_field *f = &t->fields[i];
        if (f->kind == NP_GROUP) {
            if (!flatten(shape, f->sub))
                return false;
            continue;
        }
        if (shape->n == NP_SHAPE_FIELDS)
            return false;
        shape->fields[shape->n++] = f;
    }
    return true;
}

static bool same_fields(const np_shape *a, const np_shape *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->fields[i]->c_name, b->fields[i]->c_name) != 0)
            return false;
    return true;
}

/* port_number becomes PortNumber. */
static void camel(char *out, const char *words)
{
    bool upper = true;
    size_t n = 0;
    for (; *words && n + 1 < NP_CLASS_NAME; words++) {
        if (*words != '_')
            out[n++] =
                (char)(upper && *words >= 'a' && *words <= 'z' ? *words - 'a' + 'A' : *words);
        upper = *words == '_';
    }
    out[n] = '\0';
}

static bool add_class(np_shapes *s, const np_shape *shape, const char *name, const char *hint,
                      const np_kind *kind)
{
    if (s->n_classes == NP_SHAPES_MOST)
        return false;
    np_class_shape *c = &s->classes[s->n_classes++];
    *c = (np_class_shape){.hint = hint, .shape = shape, .kind = kind};
    snprintf(c->name, sizeof c->name, "%s", name);
    return true;
}

/* The class of a part: an old one of the same fields, or a new one with a name of its own. */
static bool place_part(np_shapes *s, np_shape *shape, const char *hint)
{
    char name[NP_CLASS_NAME];
    snprintf(name, sizeof name, "%s", shape->table->go_name);
    for (size_t i = 0; i < s->n_classes; i++) {
        np_class_shape *c = &s->classes[i];
        if (c->kind || strcmp(c->shape->table->go_name, shape->table->go_name) != 0)
            continue;
        if (same_fields(c->shape, shape)) {
            shape->class_index = i;
            return true;
        }
        camel(c->name, c->hint);
        camel(name, hint);
    }
    shape->class_index = s->n_classes;
    return add_class(s, shape, name, hint, NULL);
}

static bool walk(np_shapes *s, const np_table *t, const char *hint, const np_kind *kind);

static bool walk_parts(np_shapes *s, const np_shape *shape)
{
    for (size_t i = 0; i < shape->n; i++) {
        const np_field *f = shape->fields[i];
        if (f->sub && !walk(s, f->sub, f->c_name, NULL))
            return false;
    }
    return true;
}

static bool walk(np_shapes *s, const np_table *t, const char *hint, const np_kind *kind)
{
    if (np_shapes_find(s, t))
        return true;
    np_shape *shape = &s->shapes[s->n];
    if (s->n == NP_SHAPES_MOST)
        return false;
    s->n++;
    *shape = (np_shape){.table = t};
    if (!flatten(shape, t) || !walk_parts(s, shape))
        return false;
    return kind || place_part(s, shape, hint);
}

static void link_parts(np_shapes *s)
{
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < s->shapes[i].n; k++) {
            const np_field *f = s->shapes[i].fields[k];
            if (f->kind == NP_STRUCT || f->kind == NP_STRUCT_LIST)
                s->shapes[i].parts[k] = np_shapes_find(s, f->sub);
        }
}

bool np_shapes_make(np_shapes *s)
{
    s->n = s->n_classes = 0;
    for (size_t i = 0; np_kind_at(i); i++) {
        const np_kind *kind = np_kind_at(i);
        if (!walk(s, kind->table, "", kind) ||
            !add_class(s, np_shapes_find(s, kind->table), kind->name, "", kind))
            return false;
    }
    link_parts(s);
    return true;
}
