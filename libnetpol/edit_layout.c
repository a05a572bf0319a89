/* SPDX-License-Identifier: MIT */
/* How a text is laid out, so that what is new looks like its neighbours. */
#include "edit.h"

/* What was seen so far. The last one of each counts. */
typedef struct layout {
    np_edit_job *job;
    bool step;
    bool lists;
    bool maps_in_braces;
    bool lists_in_brackets;
} layout;

static void see_block(layout *l, const np_node *map, const np_node *inside)
{
    np_edit_job *job = l->job;
    if (map->type != NP_NODE_MAP || map->style != NP_NODE_BLOCK || inside->style != NP_NODE_BLOCK ||
        inside->column < map->column)
        return;
    if (inside->type == NP_NODE_SEQ) {
        job->indents_lists = inside->column > map->column;
        l->lists = true;
    } else if (inside->column > map->column) {
        job->step = inside->column - map->column;
        l->step = true;
    }
}

static void see_flow(layout *l, const np_node *c)
{
    np_edit_job *job = l->job;
    if (c->style != NP_NODE_FLOW || c->n == 0)
        return;
    bool pad = job->text.p[c->start + 1] == ' ';
    if (c->type == NP_NODE_MAP) {
        job->pads_maps = pad;
        job->json_flow = c->nodes[0]->style == NP_NODE_DOUBLE;
        l->maps_in_braces = true;
    } else {
        job->pads_lists = pad;
        l->lists_in_brackets = true;
    }
}

static void see(layout *l, const np_node *node)
{
    see_flow(l, node);
    for (size_t i = 0; i < node->n; i++) {
        see(l, node->nodes[i]);
        see_block(l, node, node->nodes[i]);
    }
}

/* Adds what was seen further out to what was not seen yet. */
static void take_over(layout *l, const layout *outer)
{
    np_edit_job *job = l->job;
    if (!l->step)
        job->step = outer->job->step;
    if (!l->lists)
        job->indents_lists = outer->job->indents_lists;
    if (!l->maps_in_braces) {
        job->pads_maps = outer->job->pads_maps;
        job->json_flow = outer->job->json_flow;
    }
    if (!l->lists_in_brackets)
        job->pads_lists = outer->job->pads_lists;
    l->step |= outer->step;
    l->lists |= outer->lists;
    l->maps_in_braces |= outer->maps_in_braces;
    l->lists_in_brackets |= outer->lists_in_brackets;
}

static bool has_seen_all(const layout *l)
{
    return l->step && l->lists && l->maps_in_braces && l->lists_in_brackets;
}

void np_edit_lay_out(np_edit_job *job, const np_node *into)
{
    layout l = {.job = job};
    for (const np_node *node = into; node && !has_seen_all(&l); node = node->up) {
        np_edit_job here = *job;
        layout outer = {.job = &here};
        see(&outer, node);
        take_over(&l, &outer);
    }
}
