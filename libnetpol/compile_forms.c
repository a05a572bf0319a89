/* SPDX-License-Identifier: MIT */
/* From NetworkPolicies to forms: selectors, ports and blocks as numbers. */
#include "compile_inside.h"

/* A block and its exceptions, read tolerantly (settled.md 1.9). NULL: no memory. What matches
 * nothing, as a block with an exception that cannot be read does, comes out as a block that says
 * so. */
const np_interval_block *np_compile_block(np_compiler *c, np_arena *arena, const char *cidr,
                                          const char *const *exceptions, size_t n)
{
    np_interval_block *b = NP_NEW(arena, np_interval_block);
    np_cidr *holes = NP_NEW_ARRAY(arena, np_cidr, n);
    if (!b || !holes)
        return NULL;
    bool good = cidr && np_cidr_parse(np_slice_of(cidr), &b->block);
    b->some = good && !b->block.nothing && (b->block.v4 || !c->how->ipv4_only);
    for (size_t i = 0; i < n; i++)
        good = good && np_cidr_parse(np_slice_of(exceptions[i]), &holes[i]);
    if (!good || !b->some)
        b->block.nothing = true;
    b->exceptions = holes;
    b->n_exceptions = good ? (uint32_t)n : 0;
    return b;
}

static bool read_selector_peer(np_compiler *c, const netpol_peer *from, np_form_peer *to)
{
    to->kind = from->namespace_selector ? NP_PEER_SPACES : NP_PEER_LOCAL;
    to->pods = NP_SEL_ALL;
    if (from->namespace_selector) {
        to->spaces = np_sels_add(&c->sels, from->namespace_selector);
        if (to->spaces == NP_NO_SEL || !np_compile_uses(c))
            return false;
        c->use[to->spaces].of_spaces = true;
    }
    if (from->pod_selector)
        to->pods = np_sels_add(&c->sels, from->pod_selector);
    return to->pods != NP_NO_SEL;
}

/* A peer without any part, which only an invalid object has, matches nothing. */
static bool read_peers(np_compiler *c, np_arena *arena, const netpol_rule *from, np_form_rule *to)
{
    np_form_peer *peers = NP_NEW_ARRAY(arena, np_form_peer, from->n_peers);
    if (!peers)
        return false;
    to->everyone = from->n_peers == 0;
    to->peers = peers;
    for (size_t i = 0; i < from->n_peers; i++) {
        const netpol_peer *p = from->peers[i];
        np_form_peer *out = &peers[to->n_peers];
        if (p->ip_block) {
            out->kind = NP_PEER_BLOCK;
            out->block = np_compile_block(c, arena, p->ip_block->cidr, p->ip_block->exceptions,
                                          p->ip_block->n_exceptions);
            if (!out->block)
                return false;
        } else if (!p->pod_selector && !p->namespace_selector) {
            continue;
        } else if (!read_selector_peer(c, p, out)) {
            return false;
        }
        to->n_peers++;
    }
    return true;
}

static bool read_rules(np_compiler *c, np_arena *arena, const netpol_rule *const *from, size_t n,
                       np_form *form, int direction)
{
    np_form_rule *rules = NP_NEW_ARRAY(arena, np_form_rule, n);
    if (!rules)
        return false;
    form->rules[direction] = rules;
    form->n_rules[direction] = (uint32_t)n;
    for (size_t i = 0; i < n; i++) {
        rules[i].ports = np_compile_ports(c, from[i]->ports, from[i]->n_ports);
        if (rules[i].ports == NP_PORTS_FAILED || !read_peers(c, arena, from[i], &rules[i]))
            return false;
        if (np_port_table_at(&c->ports, rules[i].ports)->n_names)
            form->names[direction] = true;
    }
    return true;
}

static bool read_policy(np_compiler *c, np_arena *arena, const np_policy *p, np_form *form)
{
    static const netpol_label_selector everything = {0};
    const netpol_label_selector *subject = p->spec->pod_selector;
    form->directions = p->directions;
    form->subject = np_sels_add(&c->sels, subject ? subject : &everything);
    if (form->subject == NP_NO_SEL)
        return false;
    if ((p->directions & NETPOL_INGRESS) &&
        !read_rules(c, arena, p->spec->ingress, p->spec->n_ingress, form, NP_IN))
        return false;
    return !(p->directions & NETPOL_EGRESS) ||
           read_rules(c, arena, p->spec->egress, p->spec->n_egress, form, NP_OUT);
}

bool np_compile_forms(np_compiler *c, uint32_t space)
{
    const np_namespace *n = np_namespace_at(c->s, space);
    np_draft *d = &c->drafts[space];
    np_arena_free(&d->arena);
    np_arena_init(&d->arena, &c->alloc, 512);
    d->n_forms = 0;
    if (n->n_policies == 0)
        return true;
    d->forms = NP_NEW_ARRAY(&d->arena, np_form, n->n_policies);
    if (!d->forms)
        return false;
    for (uint32_t i = 0; i < n->n_policies; i++)
        if (!read_policy(c, &d->arena, np_policy_of(c->s, n, i), &d->forms[i]))
            return false;
    d->n_forms = n->n_policies;
    return true;
}
