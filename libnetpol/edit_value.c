/* SPDX-License-Identifier: MIT */
/* The change to the plain value: what the text must mean after an edit. */
#include "edit.h"

static const np_value *refuse(np_edit_job *job, const char *why)
{
    job->why = why;
    return NULL;
}

static np_value *new_value(np_edit_job *job, np_value_type type, size_t n)
{
    np_value *v = NP_NEW(job->arena, np_value);
    if (v) {
        v->type = type;
        v->n = n;
    }
    return v;
}

/* ---- maps and lists, changed in one place ---- */

/* A copy with `take` entries from `at` on replaced by `put` (NULL: by none). */
static const np_value *map_with(np_edit_job *job, const np_value *map, size_t at, size_t take,
                                const np_entry *put)
{
    size_t n = map->n - take + (put != NULL);
    np_value *v = new_value(job, NP_VALUE_MAP, n);
    np_entry *entries = NP_NEW_ARRAY(job->arena, np_entry, n);
    if (!v || !entries)
        return NULL;
    for (size_t i = 0, to = 0; i <= map->n; i++) {
        if (i == at && put)
            entries[to++] = *put;
        if (i < map->n && (i < at || i >= at + take))
            entries[to++] = map->as.map[i];
    }
    v->as.map = entries;
    return v;
}

static const np_value *list_with(np_edit_job *job, const np_value *list, size_t at, size_t take,
                                 const np_value *put)
{
    size_t n = list->n - take + (put != NULL);
    np_value *v = new_value(job, NP_VALUE_LIST, n);
    const np_value **elements = NP_NEW_ARRAY(job->arena, const np_value *, n);
    if (!v || !elements)
        return NULL;
    for (size_t i = 0, to = 0; i <= list->n; i++) {
        if (i == at && put)
            elements[to++] = put;
        if (i < list->n && (i < at || i >= at + take))
            elements[to++] = list->as.list[i];
    }
    v->as.list = elements;
    return v;
}

const np_value *np_edit_nest(np_edit_job *job, size_t used)
{
    const np_value *v = job->value;
    for (size_t i = job->path.n; v && i > used; i--) {
        const np_edit_step *step = &job->path.steps[i - 1];
        if (step->is_index && step->index > 0)
            return refuse(job, "the index is beyond the end of its list");
        np_value empty = {.type = step->is_index ? NP_VALUE_LIST : NP_VALUE_MAP};
        np_entry entry = {step->key, v};
        v = step->is_index ? list_with(job, &empty, 0, 0, v) : map_with(job, &empty, 0, 0, &entry);
    }
    return v;
}

/* ---- the change ---- */

static const np_value *change(np_edit_job *job, const np_value *old, size_t used);

static const np_value *rename_entry(np_edit_job *job, const np_value *map, size_t at)
{
    bool there;
    np_entry entry = {job->new_key, map->as.map[at].value};
    const np_value *without = map_with(job, map, at, 1, NULL);
    if (!without)
        return NULL;
    size_t to = np_value_place(without, job->new_key, &there);
    if (there)
        return refuse(job, "the new key is there already");
    return map_with(job, without, to, 0, &entry);
}

static const np_value *change_map(np_edit_job *job, const np_value *map, size_t used)
{
    const np_edit_step *step = &job->path.steps[used];
    bool last = used + 1 == job->path.n;
    bool there;
    size_t at = np_value_place(map, step->key, &there);
    if (!there && (job->action == NETPOL_EDIT_DELETE || job->action == NETPOL_EDIT_RENAME))
        return refuse(job, "there is nothing at this path");
    if (last && job->action == NETPOL_EDIT_DELETE)
        return map_with(job, map, at, 1, NULL);
    if (last && job->action == NETPOL_EDIT_RENAME)
        return rename_entry(job, map, at);
    const np_value *value =
        there ? change(job, map->as.map[at].value, used + 1) : np_edit_nest(job, used + 1);
    np_entry entry = {step->key, value};
    return value ? map_with(job, map, at, there, &entry) : NULL;
}

static const np_value *change_list(np_edit_job *job, const np_value *list, size_t used)
{
    size_t at = job->path.steps[used].index;
    bool last = used + 1 == job->path.n;
    if (at >= list->n && (job->action == NETPOL_EDIT_DELETE || at > list->n))
        return refuse(job, "the index is beyond the end of its list");
    if (last && job->action == NETPOL_EDIT_DELETE)
        return list_with(job, list, at, 1, NULL);
    if (last && job->action == NETPOL_EDIT_ADD)
        return list_with(job, list, at, 0, job->value);
    if (last && job->action == NETPOL_EDIT_RENAME)
        return refuse(job, "an element of a list has no key");
    const np_value *value =
        at < list->n ? change(job, list->as.list[at], used + 1) : np_edit_nest(job, used + 1);
    return value ? list_with(job, list, at, at < list->n, value) : NULL;
}

static const np_value *change(np_edit_job *job, const np_value *old, size_t used)
{
    if (used == job->path.n) {
        if (job->action != NETPOL_EDIT_ADD)
            return job->value;
        if (old->type == NP_VALUE_LIST)
            return list_with(job, old, old->n, 0, job->value);
        return old->type == NP_VALUE_NULL ? job->value
                                          : refuse(job, "there is something at this path already");
    }
    bool is_index = job->path.steps[used].is_index;
    if (old->type == NP_VALUE_NULL &&
        (job->action == NETPOL_EDIT_SET || job->action == NETPOL_EDIT_ADD))
        return np_edit_nest(job, used);
    if (old->type != (is_index ? NP_VALUE_LIST : NP_VALUE_MAP))
        return refuse(job, is_index ? "an index leads into what is no list"
                                    : "a name leads into what is no map");
    return is_index ? change_list(job, old, used) : change_map(job, old, used);
}

const np_value *np_edit_value(np_edit_job *job, const np_value *old)
{
    return change(job, old, 0);
}

void np_edit_keep_text(np_edit_job *job)
{
    size_t n = job->path.n;
    const np_edit_step *in = n > 1 ? &job->path.steps[n - 2] : NULL;
    bool scalar = job->value->type != NP_VALUE_STRING && job->value->type != NP_VALUE_NULL &&
                  job->value->type != NP_VALUE_LIST && job->value->type != NP_VALUE_MAP;
    if (!in || in->is_index || !np_edit_is_text_map(in->key) || !scalar || !job->literal.n ||
        job->literal.p[0] == '!')
        return;
    np_value *v = new_value(job, NP_VALUE_STRING, 0);
    if (!v)
        return;
    v->as.text = job->literal;
    job->value = v;
    job->literal = (np_slice){NULL, 0};
}
