/* SPDX-License-Identifier: MIT */
/* Edits whose result means the opposite of what they look like: in a NetworkPolicy an empty list of
 * peers or ports is no restriction (networking.k8s.io/v1, NetworkPolicyIngressRule). */
#include "edit.h"

static const struct {
    const char *list;
    const char *now;
} openings[] = {
    {"from", "no peer is left, so the rule now lets everybody in"},
    {"to", "no peer is left, so the rule now lets out to everybody"},
    {"ports", "no port is left, so the rule is now about every port"},
};

static bool is_name(const np_edit_step *step, const char *name)
{
    return !step->is_index && np_slice_is(step->key, name);
}

/* What "….ingress[0].from[0]" means when it was the last; NULL: nothing to warn of. Steps above it
 * go from the path, which then leads to the list. */
static const char *opening(np_edit_path *path)
{
    size_t n = path->n;
    if (n < 4 || !path->steps[n - 1].is_index || !path->steps[n - 3].is_index ||
        !(is_name(&path->steps[n - 4], "ingress") || is_name(&path->steps[n - 4], "egress")))
        return NULL;
    path->n--;
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++)
        if (is_name(&path->steps[n - 2], openings[i].list))
            return openings[i].now;
    return NULL;
}

/* Whether an earlier edit has said it: the same list, emptied element by element. */
static bool is_told(const netpol_edit *edits, size_t i)
{
    size_t n = (size_t)(strrchr(edits[i].path, '[') - edits[i].path);
    for (size_t k = 0; k < i; k++)
        if (edits[k].action == NETPOL_EDIT_DELETE &&
            strncmp(edits[k].path, edits[i].path, n) == 0 &&
            strrchr(edits[k].path, '[') == edits[k].path + n)
            return true;
    return false;
}

/* The kinds of the Admin tiers refuse empty lists, so they open nothing. */
static bool is_network_policy(const np_value *document)
{
    const np_value *kind = np_value_find(document, np_slice_of("kind"));
    return kind && kind->type == NP_VALUE_STRING &&
           (np_slice_is(kind->as.text, "NetworkPolicy") ||
            np_slice_is(kind->as.text, "NetworkPolicyList") || np_slice_is(kind->as.text, "List"));
}

static bool is_empty_at(const np_editing *e, const np_edit_path *list)
{
    np_arena arena;
    np_reading_of r;
    np_arena_init(&arena, &e->d->alloc, 0);
    netpol_status s = np_edit_read(&e->d->o, e->d->name, (np_slice){e->text.p, e->text.n}, e->index,
                                   &arena, &r, NULL);
    const np_value *v =
        s == NETPOL_OK && is_network_policy(r.value) ? np_edit_value_at(r.value, list) : NULL;
    bool empty = v && v->type == NP_VALUE_LIST && v->n == 0;
    np_arena_free(&arena);
    return empty;
}

void np_edit_warn(const np_editing *e, const netpol_edit *edits, size_t n)
{
    np_where where = {.source = e->d->name, .document = (uint32_t)e->index, .item = -1};
    for (size_t i = 0; i < n; i++) {
        np_edit_path path;
        if (edits[i].action != NETPOL_EDIT_DELETE || !np_edit_path_read(edits[i].path, &path))
            continue;
        const char *now = opening(&path);
        if (now && !is_told(edits, i) && is_empty_at(e, &path))
            np_diag_text(e->diags, NP_CODE_EDIT_OPENS, &where, edits[i].path,
                         "delete the rule itself to close it", now);
    }
}
