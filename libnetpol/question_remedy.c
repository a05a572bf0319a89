/* SPDX-License-Identifier: MIT */
/* The smallest edits: what they open is the one flow, or the rest of a rule that names nobody else.
 */
#include "question_remedy.h"

#include "port.h"
#include "write.h"

typedef struct changing {
    np_remedy *c;
    const netpol_answer *x;
    const np_flow_answer *f;
    int32_t direction;
} changing;

static const np_snapshot *snapshot_of(const changing *g)
{
    return g->x->engine->snapshot;
}

static bool is_egress(const changing *g)
{
    return g->direction == NETPOL_EGRESS;
}

static np_remedy_edit *new_edit(changing *g, const char *action)
{
    np_remedy_edit *e = &g->c->edits[g->c->n++];
    e->action = action;
    np_buffer_init(&e->path, &g->x->engine->alloc);
    np_buffer_init(&e->value, &g->x->engine->alloc);
    return e;
}

/* "items[2].spec.ingress", where the policy is an item of a list. */
static void put_rules_path(np_buffer *b, const changing *g, const netpol_object *policy)
{
    if (policy->item >= 0)
        np_buffer_format(b, "items[%ld].", (long)policy->item);
    np_buffer_format(b, "spec.%s", is_egress(g) ? "egress" : "ingress");
}

/* ---- values ---- */

void np_remedy_selector(np_buffer *b, const np_pod *pod)
{
    const char *before = "{matchLabels: {";
    for (uint32_t i = 0; i < pod->n_labels; i++) {
        if (np_generated_key(pod->labels[i].key))
            continue;
        np_buffer_text(b, before);
        np_write_flow_string(b, np_slice_of(pod->labels[i].key));
        np_buffer_text(b, ": ");
        np_write_flow_string(b, np_slice_of(pod->labels[i].value));
        before = ", ";
    }
    np_buffer_text(b, *before == '{' ? "{}" : "}}");
}

/* The other end as a peer. False: nothing can be written that means it. */
static bool put_peer(np_buffer *b, const changing *g, const np_policy *policy)
{
    const np_side *side = is_egress(g) ? &g->f->packet.dst : &g->f->packet.src;
    const np_pod *pod = np_side_judged_as_pod(snapshot_of(g), &g->x->engine->semantics, side);
    if (!pod) {
        char ip[NP_IP_TEXT];
        bool node = side->node != NP_NONE || side->pod != NP_NONE;
        if (!side->known || g->f->range ||
            (node && g->x->engine->semantics.ip_block_nodes == NETPOL_IP_BLOCK_EXEMPT))
            return false;
        (void)np_ip_format(&side->ip, ip);
        np_buffer_format(b, "{ipBlock: {cidr: \"%s/%s\"}}", ip, side->ip.v4 ? "32" : "128");
        return true;
    }
    np_buffer_char(b, '{');
    if (pod->space != policy->space) {
        np_buffer_text(b, "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ");
        np_write_flow_string(b, np_slice_of(np_namespace_at(snapshot_of(g), pod->space)->name));
        np_buffer_text(b, "}}, ");
    }
    np_buffer_text(b, "podSelector: ");
    np_remedy_selector(b, pod);
    np_buffer_char(b, '}');
    return true;
}

static void put_port(np_buffer *b, const changing *g, const np_conn_range *r)
{
    char room[4];
    np_buffer_format(b, "{protocol: %s, port: %u", np_protocol_name(g->x->protocol, room),
                     (unsigned)r->first);
    if (r->last != r->first)
        np_buffer_format(b, ", endPort: %u", (unsigned)r->last);
    np_buffer_char(b, '}');
}

/* A rule of its own: this peer, these ports. */
static bool put_rule(np_buffer *b, const changing *g, const np_policy *policy)
{
    np_buffer_text(b, is_egress(g) ? "{to: [" : "{from: [");
    if (!put_peer(b, g, policy))
        return false;
    np_buffer_char(b, ']');
    for (size_t i = 0; i < g->f->n_ports; i++) {
        np_buffer_text(b, i ? ", " : ", ports: [");
        put_port(b, g, &g->f->ports[i]);
    }
    np_buffer_text(b, g->f->n_ports ? "]}" : "}");
    return true;
}

/* ---- to allow ---- */

static bool add_to_rule(changing *g, const np_miss *miss)
{
    np_remedy_edit *e = new_edit(g, "add");
    put_rules_path(&e->path, g, miss->policy->object);
    np_buffer_format(&e->path, "[%ld].", (long)miss->rule);
    if (!miss->ports_fit) {
        np_buffer_text(&e->path, "ports");
        put_port(&e->value, g, &g->f->ports[0]);
        return true;
    }
    np_buffer_text(&e->path, is_egress(g) ? "to" : "from");
    return put_peer(&e->value, g, miss->policy);
}

static bool add_rule(changing *g, const np_policy *policy)
{
    bool none = (is_egress(g) ? policy->spec->n_egress : policy->spec->n_ingress) == 0;
    np_remedy_edit *e = new_edit(g, none ? "set" : "add");
    put_rules_path(&e->path, g, policy->object);
    np_buffer_text(&e->value, none ? "[" : "");
    bool good = put_rule(&e->value, g, policy);
    np_buffer_text(&e->value, none ? "]" : "");
    return good;
}

/* A rule is widened only where that opens nothing else: one port for its one peer, or one peer for
 * its one port. */
static bool widens_nothing_else(const changing *g, const np_miss *miss)
{
    const netpol_rule *r = miss->of;
    if (g->f->n_ports != 1)
        return false;
    if (miss->peer_fits)
        return r->n_peers == 1;
    return miss->ports_fit && r->n_ports == 1 && r->ports[0]->port && !r->ports[0]->end_port;
}

/* A denial of the NetworkPolicies alone: more rules never deny, so one that matches allows. */
static void allow(changing *g, const np_why *why)
{
    np_miss miss;
    const netpol_engine *e = g->x->engine;
    if (why->tier != NETPOL_TIER_NETWORK_POLICY)
        return;
    bool near = np_nearest_miss(e->snapshot, &e->semantics, &g->f->packet, g->direction, &miss);
    const np_policy *policy =
        near ? miss.policy
             : np_first_isolating(e->snapshot, &e->semantics, &g->f->packet, g->direction);
    if (policy &&
        (near && widens_nothing_else(g, &miss) ? add_to_rule(g, &miss) : add_rule(g, policy)))
        g->c->policy = policy->object;
}

/* ---- to deny ---- */

bool np_remedy_is_own_node(const netpol_answer *x, const np_flow_answer *f, int32_t direction)
{
    bool out = direction == NETPOL_EGRESS;
    const np_snapshot *s = x->engine->snapshot;
    const netpol_semantics *is = &x->engine->semantics;
    const np_side *peer = out ? &f->packet.dst : &f->packet.src;
    const np_pod *pod = np_side_judged_as_pod(s, is, out ? &f->packet.src : &f->packet.dst);
    if (is->own_node == NETPOL_OWN_NODE_NONE || (is->own_node == NETPOL_OWN_NODE_INGRESS && out))
        return false;
    return pod && !np_side_judged_as_pod(s, is, peer) && np_own_node(pod, peer) == NP_OWN_NODE_YES;
}

/* Without its last egress rule, a policy that does not name its types is about ingress alone. */
static void keep_isolating(changing *g, const np_policy *p)
{
    if (!is_egress(g) || p->spec->n_policy_types || p->spec->n_egress > 1)
        return;
    np_remedy_edit *e = new_edit(g, "set");
    if (p->object->item >= 0)
        np_buffer_format(&e->path, "items[%ld].", (long)p->object->item);
    np_buffer_text(&e->path, "spec.policyTypes");
    np_buffer_text(&e->value, "[Ingress, Egress]");
}

static void deny(changing *g, const np_why *why)
{
    np_miss only;
    if (why->tier != NETPOL_TIER_NETWORK_POLICY || strcmp(why->reason, "rule") != 0 ||
        np_remedy_is_own_node(g->x, g->f, g->direction) ||
        np_allowing_rules(g->x->engine->snapshot, &g->x->engine->semantics, &g->f->packet,
                          g->direction, &only, 1) != 1)
        return;
    keep_isolating(g, only.policy);
    np_remedy_edit *e = new_edit(g, "delete");
    put_rules_path(&e->path, g, only.policy->object);
    np_buffer_format(&e->path, "[%ld]", (long)only.rule);
    g->c->policy = only.policy->object;
}

/* ---- either ---- */

void np_remedy_make(np_remedy *c, const netpol_answer *x, const np_flow_answer *f,
                    int32_t direction)
{
    changing g = {c, x, f, direction};
    const np_why *why = direction == NETPOL_EGRESS ? &f->egress : &f->ingress;
    *c = (np_remedy){.policy = NULL};
    if (why->allowed)
        deny(&g, why);
    else
        allow(&g, why);
    if (!c->policy)
        np_remedy_free(c);
}

void np_remedy_free(np_remedy *c)
{
    for (size_t i = 0; i < c->n; i++) {
        np_buffer_free(&c->edits[i].path);
        np_buffer_free(&c->edits[i].value);
    }
    c->n = 0;
}

bool np_remedy_failed(const np_remedy *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->edits[i].path.failed || c->edits[i].value.failed)
            return true;
    return false;
}
