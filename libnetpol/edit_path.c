/* SPDX-License-Identifier: MIT */
#include "edit.h"

/* Maps of strings, whose keys may hold dots: after one of these a name goes up to the end. */
bool np_edit_is_text_map(np_slice name)
{
    return np_slice_is(name, "labels") || np_slice_is(name, "annotations") ||
           np_slice_is(name, "matchLabels");
}

bool np_edit_path_read(const char *text, np_edit_path *out)
{
    *out = (np_edit_path){.n = 0};
    for (bool in_map = false; out->n < NP_EDIT_DEEPEST;) {
        np_step step = np_step_take(&text, out->n == 0, in_map);
        if (step.kind == NP_STEP_END)
            return out->n > 0;
        if (step.kind == NP_STEP_BAD)
            return false;
        np_edit_step *to = &out->steps[out->n++];
        *to = (np_edit_step){step.kind == NP_STEP_INDEX, step.name, step.index};
        in_map = step.kind == NP_STEP_NAME && np_edit_is_text_map(step.name);
    }
    return false;
}

/* ---- where a path leads ---- */

bool np_node_is_null(const np_node *node)
{
    return node->type == NP_NODE_SCALAR && node->style == NP_NODE_PLAIN &&
           (node->value.n == 0 || np_slice_is(node->value, "~") ||
            np_slice_is(node->value, "null") || np_slice_is(node->value, "Null") ||
            np_slice_is(node->value, "NULL"));
}

static netpol_status step_by_key(np_node *map, np_slice key, np_edit_place *out, const char **why)
{
    out->node = NULL;
    for (size_t i = 0; i + 1 < map->n; i += 2) {
        const np_node *k = map->nodes[i];
        if (k->type != NP_NODE_SCALAR || !np_slice_equal(k->value, key))
            continue;
        if (out->node) {
            *why = "the key stands there twice";
            return NETPOL_INVALID;
        }
        out->key = map->nodes[i];
        out->node = map->nodes[i + 1];
    }
    return NETPOL_OK;
}

static netpol_status step_by_index(np_node *list, uint32_t index, np_edit_place *out,
                                   const char **why)
{
    out->key = NULL;
    out->node = index < list->n ? list->nodes[index] : NULL;
    if (index <= list->n)
        return NETPOL_OK;
    *why = "the index is beyond the end of its list";
    return NETPOL_NOT_FOUND;
}

/* One step from out->node, which becomes what is there or NULL. */
static netpol_status step_into(const np_edit_step *step, np_edit_place *out, const char **why)
{
    np_node *node = out->node;
    if (node->type == NP_NODE_ALIAS) {
        *why = "the path leads through an alias, so the change would be made in another place too; "
               "change it where its anchor stands";
        return NETPOL_INVALID;
    }
    if (node->type != (step->is_index ? NP_NODE_SEQ : NP_NODE_MAP)) {
        *why = step->is_index ? "an index leads into what is no list"
                              : "a name leads into what is no map";
        return NETPOL_NOT_FOUND;
    }
    out->in = node;
    return step->is_index ? step_by_index(node, step->index, out, why)
                          : step_by_key(node, step->key, out, why);
}

netpol_status np_edit_find(np_node *root, const np_edit_path *path, np_edit_place *out,
                           const char **why)
{
    *out = (np_edit_place){.node = root};
    for (; out->used < path->n; out->used++) {
        if (np_node_is_null(out->node))
            return NETPOL_OK;
        netpol_status s = step_into(&path->steps[out->used], out, why);
        if (s != NETPOL_OK || !out->node)
            return s;
    }
    return NETPOL_OK;
}
