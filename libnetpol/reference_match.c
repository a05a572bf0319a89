/* SPDX-License-Identifier: MIT */
/* What matches what: labels, addresses, named ports. */
#include "reference_match.h"

#include "port.h"
#include "selector.h"

np_match np_and(np_match a, np_match b)
{
    if (a == NP_NO || b == NP_NO)
        return NP_NO;
    return a == NP_YES && b == NP_YES ? NP_YES : NP_MAYBE;
}

np_match np_or(np_match a, np_match b)
{
    if (a == NP_YES || b == NP_YES)
        return NP_YES;
    return a == NP_NO && b == NP_NO ? NP_NO : NP_MAYBE;
}

const np_side *np_subject_side(const np_judge *j, int32_t direction)
{
    return direction == NETPOL_EGRESS ? &j->packet->src : &j->packet->dst;
}

const np_side *np_peer_side(const np_judge *j, int32_t direction)
{
    return direction == NETPOL_EGRESS ? &j->packet->dst : &j->packet->src;
}

/* Spec 6.9: a pod on the host network is its node, unless chosen otherwise. */
const np_pod *np_judged_pod(const np_judge *j, const np_side *side)
{
    if (side->pod == NP_NONE)
        return NULL;
    const np_pod *p = np_pod_at(j->s, side->pod);
    return p->host_network && j->is.host_network == NETPOL_HOST_NETWORK_NODE ? NULL : p;
}

/* ---- selectors ---- */

/* The labels of something, and which keys are doubtful just now. */
typedef struct labelled {
    const netpol_label *labels;
    size_t n;
    uint16_t missing_keys; /* of a template's pod */
    bool all_but_name;     /* of an undefined namespace: all but its own name */
} labelled;

static bool is_doubtful(const labelled *x, const char *key)
{
    if (x->all_but_name)
        return strcmp(key, "kubernetes.io/metadata.name") != 0;
    return (x->missing_keys & np_generated_key(key)) != 0;
}

static np_match requirement(const labelled *x, const char *key, const netpol_label_selector *one)
{
    if (key && is_doubtful(x, key))
        return NP_MAYBE;
    return np_selector_matches_sorted(one, x->labels, x->n) ? NP_YES : NP_NO;
}

/* Everything must hold, so one certain "no" decides. */
static np_match match_labels(const netpol_label_selector *s, const labelled *x)
{
    if (!s)
        return NP_YES;
    if (!x->missing_keys && !x->all_but_name)
        return np_selector_matches_sorted(s, x->labels, x->n) ? NP_YES : NP_NO;
    np_match all = NP_YES;
    for (size_t i = 0; i < s->n_match_labels; i++) {
        netpol_label_selector one = {.match_labels = &s->match_labels[i], .n_match_labels = 1};
        all = np_and(all, requirement(x, s->match_labels[i].key, &one));
    }
    for (size_t i = 0; i < s->n_match_expressions; i++) {
        netpol_label_selector one = {.match_expressions = &s->match_expressions[i],
                                     .n_match_expressions = 1};
        all = np_and(all, requirement(x, s->match_expressions[i]->key, &one));
    }
    return all;
}

np_match np_select_pod(const np_judge *j, const netpol_label_selector *s, const np_pod *p)
{
    bool doubted = j->doubt == NETPOL_DEPENDS_TEMPLATE_LABELS;
    return match_labels(s,
                        &(labelled){p->labels, p->n_labels, doubted ? p->missing_keys : 0, false});
}

np_match np_select_namespace(const np_judge *j, const netpol_label_selector *s, uint32_t space)
{
    const np_namespace *n = np_namespace_at(j->s, space);
    bool doubted = n->assumed && j->doubt == NETPOL_DEPENDS_NAMESPACE_ASSUMED;
    return match_labels(s, &(labelled){n->labels, n->n_labels, 0, doubted});
}

/* ---- addresses ---- */

static bool is_whole_family(const np_cidr *block)
{
    return !block->nothing && block->bits == (block->v4 ? 96 : 0);
}

static uint8_t family_of(const np_cidr *block)
{
    return block->v4 ? NP_FAMILY_4 : NP_FAMILY_6;
}

/* Settled.md 2.1: of an unknown address it is certain only that 0.0.0.0/0 or ::/0 without holes
 * has it. */
static np_match unknown_in_block(const np_judge *j, const np_cidr *block, size_t n_exceptions,
                                 uint8_t family)
{
    if (block->nothing || family_of(block) != family)
        return NP_NO;
    if (is_whole_family(block) && n_exceptions == 0)
        return NP_YES;
    return j->doubt == NETPOL_DEPENDS_ADDRESS_UNKNOWN ? NP_MAYBE : NP_NO;
}

static np_match known_in_block(const np_cidr *block, const char *const *exceptions, size_t n,
                               const np_ip *ip)
{
    if (!np_cidr_contains(block, ip))
        return NP_NO;
    for (size_t i = 0; i < n; i++) {
        np_cidr hole;
        if (!np_cidr_parse(np_slice_of(exceptions[i]), &hole) || np_cidr_contains(&hole, ip))
            return NP_NO;
    }
    return NP_YES;
}

/* Of a side that is no pod to selectors: a node's address, or a pod on the host network. */
static bool is_node(const np_side *side)
{
    return side->node != NP_NONE || side->pod != NP_NONE;
}

np_match np_block_matches(const np_judge *j, const char *cidr, const char *const *exceptions,
                          size_t n_exceptions, const np_side *side, bool spare_pods,
                          bool spare_nodes)
{
    np_cidr block;
    if (!cidr || !np_cidr_parse(np_slice_of(cidr), &block))
        return NP_NO;
    if (j->is.ipv4_only && !block.v4)
        return NP_NO;
    if (np_judged_pod(j, side) ? spare_pods : spare_nodes && is_node(side))
        return NP_NO;
    return side->known ? known_in_block(&block, exceptions, n_exceptions, &side->ip)
                       : unknown_in_block(j, &block, n_exceptions, side->family);
}

np_match np_ip_block_matches(const np_judge *j, const netpol_ip_block *b, const np_side *side)
{
    return np_block_matches(j, b->cidr, b->exceptions, b->n_exceptions, side,
                            j->is.ip_block_pods == NETPOL_IP_BLOCK_EXEMPT,
                            j->is.ip_block_nodes == NETPOL_IP_BLOCK_EXEMPT);
}

/* ---- ports ---- */

/* Spec 6.7: looked up at the destination pod, for ingress and egress alike; of equal names any
 * counts (settled.md 1.5). */
np_match np_named_port_matches(const np_judge *j, const char *name, uint8_t protocol)
{
    const np_packet *q = j->packet;
    const np_pod *p = np_judged_pod(j, &q->dst);
    np_match any = NP_NO;
    for (size_t i = 0; p && i < p->n_ports; i++) {
        const np_pod_port *port = &p->ports[i];
        if (port->number != q->port || port->protocol != q->protocol ||
            (protocol && port->protocol != protocol) || strcmp(port->name, name) != 0)
            continue;
        bool doubted = port->sidecar && j->doubt == NETPOL_DEPENDS_SIDECAR_PORT;
        any = np_or(any, doubted ? NP_MAYBE : NP_YES);
    }
    return any;
}

/* 6.7: the protocol is equal, and the port absent, equal, in the range, or so named. */
np_match np_port_matches(const np_judge *j, const netpol_port *p)
{
    const np_packet *q = j->packet;
    uint8_t protocol;
    if (!np_protocol_of_policy(p->protocol, &protocol) || protocol != q->protocol)
        return NP_NO;
    if (!p->port)
        return NP_YES;
    if (p->port->string)
        return np_named_port_matches(j, p->port->string, protocol);
    int32_t last = p->end_port ? *p->end_port : p->port->number;
    return p->port->number <= q->port && q->port <= last ? NP_YES : NP_NO;
}
