/* SPDX-License-Identifier: MIT */
#include "explain.h"

struct netpol_explanation {
    netpol_engine *engine;
    np_arena arena;
    netpol_verdict verdict;
    netpol_decision egress;
    netpol_decision ingress;
};

/* A rule is "spec.ingress[2]" in every kind of policy; without one, the policy itself. */
static np_where place_of(const np_why *why)
{
    np_path spec = np_path_field(NULL, "spec");
    np_path rules = np_path_field(&spec, why->direction == NETPOL_EGRESS ? "egress" : "ingress");
    np_path rule = np_path_index(&rules, why->rule < 0 ? 0 : (size_t)why->rule);
    return np_object_where(why->policy, why->rule < 0 ? NULL : &rule, NULL);
}

netpol_decision np_decision_of(const np_why *why)
{
    netpol_decision d = {
        .direction = why->direction,
        .allowed = why->allowed,
        .tier = why->tier,
        .reason = why->reason,
        .policy = why->policy,
        .rule = why->rule,
        .peer = why->peer,
        .port = why->port,
    };
    if (why->policy) {
        np_where where = place_of(why);
        d.source = where.source;
        d.line = where.line;
        d.column = where.column;
    }
    return d;
}

size_t np_isolating(const netpol_engine *e, const np_packet *packet, int32_t direction,
                    const netpol_object **out)
{
    const np_snapshot *s = e->snapshot;
    const np_side *side = direction == NETPOL_EGRESS ? &packet->src : &packet->dst;
    if (side->pod == NP_NONE)
        return 0;
    const np_namespace *n = np_namespace_at(s, np_pod_at(s, side->pod)->space);
    size_t found = 0;
    for (uint32_t i = 0; i < n->n_policies; i++) {
        const np_policy *p = np_policy_of(s, n, i);
        if (!np_reference_isolates(s, &e->semantics, packet, direction, p))
            continue;
        if (out)
            out[found] = p->object;
        found++;
    }
    return found;
}

static bool set_isolating(netpol_explanation *x, const np_packet *packet, netpol_decision *d)
{
    size_t n = np_isolating(x->engine, packet, d->direction, NULL);
    const netpol_object **list = NP_NEW_ARRAY(&x->arena, const netpol_object *, n);
    if (!list)
        return false;
    (void)np_isolating(x->engine, packet, d->direction, list);
    d->isolating = list;
    d->n_isolating = n;
    return true;
}

static bool fill(netpol_explanation *x, const netpol_flow *flow)
{
    const netpol_engine *e = x->engine;
    np_packet packet;
    np_why egress = {"default", NULL, -1, -1, -1, NETPOL_EGRESS, 1, NETPOL_TIER_NONE};
    np_why ingress = {"default", NULL, -1, -1, -1, NETPOL_INGRESS, 1, NETPOL_TIER_NONE};
    int32_t bad = np_packet_of_flow(e->snapshot, flow, &packet);
    if (bad) {
        np_why *why = bad == NETPOL_EGRESS ? &egress : &ingress;
        why->reason = "no-such-pod";
        why->allowed = 0;
    } else {
        np_reference_why(e->snapshot, &e->semantics, &packet, &egress, &ingress);
    }
    x->verdict = netpol_engine_verdict(e, flow);
    x->egress = np_decision_of(&egress);
    x->ingress = np_decision_of(&ingress);
    return bad || (set_isolating(x, &packet, &x->egress) && set_isolating(x, &packet, &x->ingress));
}

netpol_status netpol_engine_explain(const netpol_engine *engine, const netpol_flow *flow,
                                    netpol_explanation **out, netpol_diagnostics *diags)
{
    (void)diags; /* nothing can be wrong with a flow */
    if (!engine || !flow || !out)
        return NETPOL_MISUSE;
    netpol_explanation *x = np_resize(&engine->alloc, NULL, 0, sizeof *x);
    if (!x)
        return NETPOL_NO_MEMORY;
    *x = (netpol_explanation){.engine = netpol_engine_ref(engine)};
    np_arena_init(&x->arena, &engine->alloc, 256);
    if (!fill(x, flow)) {
        netpol_explanation_free(x);
        return NETPOL_NO_MEMORY;
    }
    *out = x;
    return NETPOL_OK;
}

void netpol_explanation_free(netpol_explanation *x)
{
    if (!x)
        return;
    netpol_engine *engine = x->engine;
    np_arena_free(&x->arena);
    np_release(&engine->alloc, x, sizeof *x);
    netpol_engine_unref(engine);
}

netpol_verdict netpol_explanation_verdict(const netpol_explanation *x)
{
    return x ? x->verdict : (netpol_verdict){.allowed = 0};
}

const netpol_decision *netpol_explanation_decision(const netpol_explanation *x, int32_t direction)
{
    if (!x || (direction != NETPOL_EGRESS && direction != NETPOL_INGRESS))
        return NULL;
    return direction == NETPOL_EGRESS ? &x->egress : &x->ingress;
}
