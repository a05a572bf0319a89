/* SPDX-License-Identifier: MIT */
/* The rule that came nearest to allowing what was denied, and the rules that allow what was not. */
#include "reference_match.h"

/* What one failed condition counts. A label can be given to a pod; an address cannot be changed,
 * and what is no pod can never be selected. */
enum { COST_LABEL = 2, COST_PORT = 3, COST_ADDRESS = 5, COST_SPACE = 5, COST_NO_POD = 9 };

static const netpol_rule *const *rules_of(const np_policy *p, int32_t direction, size_t *n)
{
    bool egress = direction == NETPOL_EGRESS;
    *n = egress ? p->spec->n_egress : p->spec->n_ingress;
    return egress ? p->spec->egress : p->spec->ingress;
}

/* ---- labels ---- */

size_t np_selector_failures(const netpol_label_selector *s, np_labels_of of,
                            np_failed_requirement f, void *ctx)
{
    size_t failed = 0;
    for (size_t i = 0; s && i < s->n_match_labels; i++) {
        netpol_label_selector one = {.match_labels = &s->match_labels[i], .n_match_labels = 1};
        if (np_selector_matches_sorted(&one, of.labels, of.n))
            continue;
        failed++;
        if (f)
            f(ctx, &one);
    }
    for (size_t i = 0; s && i < s->n_match_expressions; i++) {
        netpol_label_selector one = {.match_expressions = &s->match_expressions[i],
                                     .n_match_expressions = 1};
        if (np_selector_matches_sorted(&one, of.labels, of.n))
            continue;
        failed++;
        if (f)
            f(ctx, &one);
    }
    return failed;
}

static unsigned cost_of_labels(const netpol_label_selector *s, np_labels_of of)
{
    return COST_LABEL * (unsigned)np_selector_failures(s, of, NULL, NULL);
}

/* ---- one peer, one port ---- */

static unsigned cost_of_selectors(const np_judge *j, const np_policy *p, const netpol_peer *peer,
                                  const np_side *side)
{
    const np_pod *pod = np_judged_pod(j, side);
    if (!pod)
        return COST_NO_POD;
    const np_namespace *n = np_namespace_at(j->s, pod->space);
    unsigned cost = cost_of_labels(peer->pod_selector, (np_labels_of){pod->labels, pod->n_labels});
    if (peer->namespace_selector)
        return cost +
               cost_of_labels(peer->namespace_selector, (np_labels_of){n->labels, n->n_labels});
    return cost + (pod->space == p->space ? 0 : COST_SPACE);
}

static unsigned cost_of_peer(const np_judge *j, const np_policy *p, const netpol_peer *peer,
                             const np_side *side)
{
    const netpol_ip_block *block = peer->ip_block;
    if (!block)
        return cost_of_selectors(j, p, peer, side);
    return np_ip_block_matches(j, block, side) == NP_YES ? 0 : COST_ADDRESS;
}

static bool ports_fit(const np_judge *j, const netpol_rule *r)
{
    for (size_t i = 0; i < r->n_ports; i++)
        if (np_port_matches(j, r->ports[i]) == NP_YES)
            return true;
    return r->n_ports == 0;
}

/* ---- a rule, all rules ---- */

static unsigned cost_of_rule(const np_judge *j, const np_policy *p, const netpol_rule *r,
                             int32_t direction, np_miss *out)
{
    unsigned best = r->n_peers ? UINT32_MAX : 0;
    for (size_t i = 0; i < r->n_peers; i++) {
        unsigned cost = cost_of_peer(j, p, r->peers[i], np_peer_side(j, direction));
        if (cost >= best)
            continue;
        best = cost;
        out->peer = (int32_t)i;
    }
    out->peer_fits = best == 0;
    out->ports_fit = ports_fit(j, r);
    return best + (out->ports_fit ? 0 : COST_PORT);
}

static bool isolates(const np_judge *j, int32_t direction, const np_policy *p)
{
    return np_reference_isolates(j->s, &j->is, j->packet, direction, p);
}

static np_judge judge_of(const np_snapshot *s, const netpol_semantics *is, const np_packet *packet)
{
    return (np_judge){.s = s, .packet = packet, .is = *is};
}

/* The namespace whose policies are about this end; NULL: none are. */
static const np_namespace *subject_space(const np_judge *j, int32_t direction)
{
    const np_pod *pod = np_judged_pod(j, np_subject_side(j, direction));
    return pod ? np_namespace_at(j->s, pod->space) : NULL;
}

/* What is looked for among the rules that are about a packet. */
typedef struct search {
    unsigned most; /* that a rule may cost */
    np_miss *out;
    size_t room;
    size_t found; /* rules that cost no more */
    bool nearest; /* keep only the one that costs least */
} search;

static void look_at(search *x, const np_miss *rule, unsigned cost)
{
    if (cost > x->most)
        return;
    size_t at = x->nearest ? 0 : x->found;
    if (at < x->room)
        x->out[at] = *rule;
    x->found++;
    if (x->nearest)
        x->most = cost ? cost - 1 : 0;
}

static void look_through(const np_judge *j, const np_policy *p, int32_t direction, search *x)
{
    size_t n;
    const netpol_rule *const *rules = rules_of(p, direction, &n);
    for (size_t i = 0; i < n; i++) {
        np_miss here = {.policy = p, .of = rules[i], .rule = (int32_t)i, .peer = -1};
        unsigned cost = cost_of_rule(j, p, rules[i], direction, &here);
        look_at(x, &here, cost);
    }
}

static void look_through_all(const np_judge *j, int32_t direction, search *x)
{
    const np_namespace *n = subject_space(j, direction);
    for (uint32_t i = 0; n && i < n->n_policies; i++) {
        const np_policy *p = np_policy_of(j->s, n, i);
        if (isolates(j, direction, p))
            look_through(j, p, direction, x);
    }
}

bool np_nearest_miss(const np_snapshot *s, const netpol_semantics *is, const np_packet *packet,
                     int32_t direction, np_miss *out)
{
    np_judge j = judge_of(s, is, packet);
    search x = {.most = UINT32_MAX, .out = out, .room = 1, .nearest = true};
    look_through_all(&j, direction, &x);
    return x.found > 0;
}

size_t np_allowing_rules(const np_snapshot *s, const netpol_semantics *is, const np_packet *packet,
                         int32_t direction, np_miss *out, size_t room)
{
    np_judge j = judge_of(s, is, packet);
    search x = {.most = 0, .out = out, .room = room};
    look_through_all(&j, direction, &x);
    return x.found;
}

const np_policy *np_first_isolating(const np_snapshot *s, const netpol_semantics *is,
                                    const np_packet *packet, int32_t direction)
{
    np_judge j = judge_of(s, is, packet);
    const np_namespace *n = subject_space(&j, direction);
    for (uint32_t i = 0; n && i < n->n_policies; i++) {
        const np_policy *p = np_policy_of(j.s, n, i);
        if (isolates(&j, direction, p))
            return p;
    }
    return NULL;
}

const np_pod *np_side_judged_as_pod(const np_snapshot *s, const netpol_semantics *is,
                                    const np_side *side)
{
    np_judge j = judge_of(s, is, NULL);
    return np_judged_pod(&j, side);
}
