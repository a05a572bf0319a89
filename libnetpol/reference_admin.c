/* SPDX-License-Identifier: MIT */
/* The Admin and Baseline tiers: ClusterNetworkPolicy, AdminNetworkPolicy,
 * BaselineAdminNetworkPolicy (specification: clusternetworkpolicy.md 2 and 3). */
#include "reference_match.h"

#include "port.h"
#include "selector.h"

/* Subjects and pod peers never include pods on the host network. */
static const np_pod *pod_of(const np_judge *j, const np_side *side)
{
    const np_pod *p = np_judged_pod(j, side);
    return p && !p->host_network ? p : NULL;
}

static np_match namespaced_pod(const np_judge *j, const netpol_namespaced_pod *x, const np_pod *p)
{
    return np_and(np_select_namespace(j, x->namespace_selector, p->space),
                  np_select_pod(j, x->pod_selector, p));
}

static np_match subject_selects(const np_judge *j, const netpol_subject *s, const np_pod *p)
{
    if (s->namespaces)
        return np_select_namespace(j, s->namespaces, p->space);
    return s->pods ? namespaced_pod(j, s->pods, p) : NP_NO;
}

/* ---- peers ---- */

/* Whatever has an address in the range, pods and nodes too: upstream says so, and leaves plug-ins
 * no choice. */
static np_match networks_match(const np_judge *j, const netpol_cluster_peer *peer,
                               const np_side *side)
{
    np_match any = NP_NO;
    for (size_t i = 0; i < peer->n_networks; i++)
        any = np_or(any, np_block_matches(j, peer->networks[i], NULL, 0, side, false, false));
    return any;
}

/* `nodes` match the addresses of nodes, so pods on the host network are reached that way. */
static np_match nodes_match(const np_judge *j, const netpol_label_selector *s, const np_side *side)
{
    if (pod_of(j, side))
        return NP_NO;
    if (side->node == NP_NONE) /* a pod on the host network, of which that is all that is told */
        return side->pod != NP_NONE && j->doubt == NETPOL_DEPENDS_ADDRESS_UNKNOWN ? NP_MAYBE
                                                                                  : NP_NO;
    if (side->node == NP_EVERY_NODE)
        return s->n_match_labels + s->n_match_expressions ? NP_NO : NP_YES;
    const np_node *n = np_node_at(j->s, side->node);
    return netpol_label_selector_matches(s, n->labels, n->n_labels) ? NP_YES : NP_NO;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_name(np_slice pattern, const char *name)
{
    if (strlen(name) != pattern.n)
        return false;
    for (size_t i = 0; i < pattern.n; i++)
        if (lower(pattern.p[i]) != name[i])
            return false;
    return true;
}

/* "*.x.org" stands for one or more whole labels before ".x.org", not for "x.org". */
static bool domain_covers(np_slice pattern, const char *name)
{
    if (pattern.n < 2 || pattern.p[0] != '*')
        return same_name(pattern, name);
    np_slice tail = {pattern.p + 1, pattern.n - 1};
    size_t n = strlen(name);
    return n > tail.n && same_name(tail, name + n - tail.n);
}

/* Names are what clients resolve, so only what the caller says they stand for is known
 * (settled.md 2.11). A name with a star may always have more addresses. */
static np_match domain_matches(const np_judge *j, const char *domain, const np_side *side)
{
    np_slice pattern = np_slice_of(domain);
    if (pattern.n && pattern.p[pattern.n - 1] == '.')
        pattern.n--;
    bool told = false;
    for (size_t i = 0; i < j->s->n_resolved; i++) {
        if (!domain_covers(pattern, j->s->resolved[i].name))
            continue;
        told = pattern.p[0] != '*';
        if (side->known && np_ip_equal(&j->s->resolved[i].ip, &side->ip))
            return NP_YES;
    }
    return !told && j->doubt == NETPOL_DEPENDS_DNS_UNKNOWN ? NP_MAYBE : NP_NO;
}

static np_match domains_match(const np_judge *j, const netpol_cluster_peer *peer,
                              const np_side *side)
{
    np_match any = NP_NO;
    for (size_t i = 0; i < peer->n_domain_names; i++)
        any = np_or(any, domain_matches(j, peer->domain_names[i], side));
    return side->pod == NP_NONE || any == NP_YES ? any : NP_NO;
}

static np_match peer_matches(const np_judge *j, const netpol_cluster_peer *peer,
                             const np_side *side)
{
    const np_pod *p = pod_of(j, side);
    if (peer->namespaces)
        return p ? np_select_namespace(j, peer->namespaces, p->space) : NP_NO;
    if (peer->pods)
        return p ? namespaced_pod(j, peer->pods, p) : NP_NO;
    if (peer->nodes)
        return nodes_match(j, peer->nodes, side);
    return peer->n_networks ? networks_match(j, peer, side) : domains_match(j, peer, side);
}

static np_match peers_match(const np_judge *j, const netpol_cluster_rule *r, const np_side *side,
                            int32_t *index)
{
    np_match any = NP_NO;
    for (size_t i = 0; i < r->n_peers && any != NP_YES; i++) {
        np_match m = peer_matches(j, r->peers[i], side);
        if (m != NP_NO)
            *index = (int32_t)i;
        any = np_or(any, m);
    }
    return any;
}

/* ---- ports ---- */

static bool in_range(const netpol_port_range *r, uint16_t port)
{
    return r->start && r->end && *r->start <= port && port <= *r->end;
}

static bool transport_has(const netpol_transport *t, uint16_t port)
{
    const netpol_destination_port *d = t->destination_port;
    if (!d)
        return true;
    return (d->number && *d->number == port) || (d->range && in_range(d->range, port));
}

/* v1alpha2; a named port has whatever protocol the pod gives it. */
static np_match protocol_matches(const np_judge *j, const netpol_cluster_protocol *p)
{
    const np_packet *q = j->packet;
    if (p->destination_named_port)
        return np_named_port_matches(j, p->destination_named_port, 0);
    const netpol_transport *t = q->protocol == NETPOL_TCP    ? p->tcp
                                : q->protocol == NETPOL_UDP  ? p->udp
                                : q->protocol == NETPOL_SCTP ? p->sctp
                                                             : NULL;
    return t && transport_has(t, q->port) ? NP_YES : NP_NO;
}

/* v1alpha1. */
static np_match port_matches(const np_judge *j, const netpol_admin_port *p)
{
    const np_packet *q = j->packet;
    uint8_t protocol;
    if (p->named_port)
        return np_named_port_matches(j, p->named_port, 0);
    if (p->port_number && np_protocol_of_policy(p->port_number->protocol, &protocol) &&
        protocol == q->protocol && p->port_number->port && *p->port_number->port == q->port)
        return NP_YES;
    if (p->port_range && np_protocol_of_policy(p->port_range->protocol, &protocol) &&
        protocol == q->protocol && in_range(p->port_range, q->port))
        return NP_YES;
    return NP_NO;
}

/* None given: any port of any protocol, ICMP and others included. */
static np_match ports_match(const np_judge *j, const netpol_cluster_rule *r, int32_t *index)
{
    if (r->n_protocols + r->n_ports == 0)
        return NP_YES;
    np_match any = NP_NO;
    for (size_t i = 0; i < r->n_protocols + r->n_ports && any != NP_YES; i++) {
        np_match m = i < r->n_protocols ? protocol_matches(j, r->protocols[i])
                                        : port_matches(j, r->ports[i - r->n_protocols]);
        if (m != NP_NO)
            *index = (int32_t)i;
        any = np_or(any, m);
    }
    return any;
}

/* ---- rules ---- */

static unsigned action_of(const netpol_cluster_rule *r)
{
    if (strcmp(r->action, "Deny") == 0)
        return NP_SAYS_DENY;
    return strcmp(r->action, "Pass") == 0 ? NP_SAYS_PASS : NP_SAYS_ACCEPT;
}

static bool fails_closed(const netpol_cluster_rule *r, int32_t direction)
{
    for (size_t i = 0; i < r->n_peers; i++)
        if (!np_peer_is_known(r->peers[i], direction))
            return true;
    return false;
}

/* A rule with a peer of unknown kind accepts nothing; to deny or pass, it denies every peer
 * (settled.md 1.7). */
static np_match rule_matches(const np_judge *j, const netpol_cluster_rule *r, int32_t direction,
                             unsigned *action, np_why *why)
{
    why->peer = why->port = -1;
    *action = action_of(r);
    np_match peers = NP_YES;
    if (!fails_closed(r, direction))
        peers = peers_match(j, r, np_peer_side(j, direction), &why->peer);
    else if (*action == NP_SAYS_ACCEPT)
        peers = NP_NO;
    else
        *action = NP_SAYS_DENY;
    return peers == NP_NO ? NP_NO : np_and(peers, ports_match(j, r, &why->port));
}

static uint8_t tier_of(size_t group)
{
    return group <= NP_GROUP_ADMIN_V1 ? NETPOL_TIER_ADMIN : NETPOL_TIER_BASELINE;
}

/* The first rule that matches decides; those that may match may decide. */
static unsigned rules_say(const np_judge *j, const np_cluster_policy *p, int32_t direction,
                          np_why *why)
{
    bool egress = direction == NETPOL_EGRESS;
    const netpol_cluster_rule *const *rules = egress ? p->tree->egress : p->tree->ingress;
    size_t n = egress ? p->tree->n_egress : p->tree->n_ingress;
    unsigned says = 0;
    if (n)
        why->reason = "default"; /* until a rule matches */
    for (size_t i = 0; i < n; i++) {
        np_why here = *why;
        unsigned action;
        np_match m = rule_matches(j, rules[i], direction, &action, &here);
        if (m == NP_NO)
            continue;
        says |= action;
        if (m == NP_MAYBE)
            continue;
        here.reason = "rule";
        here.policy = p->object;
        here.rule = (int32_t)i;
        here.tier = tier_of(p->group);
        if (action != NP_SAYS_PASS)
            *why = here;
        return says;
    }
    return says | NP_SAYS_NOTHING;
}

static unsigned policy_says(const np_judge *j, const np_cluster_policy *p, int32_t direction,
                            np_why *why)
{
    const np_pod *subject = pod_of(j, np_subject_side(j, direction));
    np_match selected = p->tree->subject ? subject_selects(j, p->tree->subject, subject) : NP_NO;
    if (selected == NP_NO)
        return NP_SAYS_NOTHING;
    unsigned says = rules_say(j, p, direction, why);
    return selected == NP_MAYBE ? says | NP_SAYS_NOTHING : says;
}

/* Policies of equal priority, the order of which upstream leaves open: each that says anything may
 * be the first (settled.md 2.10). */
static unsigned equals_say(const np_judge *j, size_t first, size_t end, int32_t direction,
                           np_why *why)
{
    unsigned says = 0;
    for (size_t i = first; i < end; i++)
        says |=
            policy_says(j, &j->s->cluster_policies[i], direction, why) & ~(unsigned)NP_SAYS_NOTHING;
    return says ? says : NP_SAYS_NOTHING;
}

/* How many policies from here on have one priority. Baselines of v1alpha1 have none. */
static size_t end_of_equals(const np_snapshot *s, size_t first, size_t end)
{
    size_t i = first + 1;
    while (i < end && s->cluster_policies[i].priority == s->cluster_policies[first].priority)
        i++;
    return i;
}

unsigned np_admin_says(const np_judge *j, size_t group, int32_t direction, np_why *why)
{
    size_t end = j->s->first_of_group[group + 1];
    unsigned all = 0;
    if (!pod_of(j, np_subject_side(j, direction)))
        return NP_SAYS_NOTHING;
    for (size_t i = j->s->first_of_group[group]; i < end;) {
        bool doubted = j->doubt == NETPOL_DEPENDS_TIE;
        size_t next = doubted ? end_of_equals(j->s, i, end) : i + 1;
        unsigned says = doubted ? equals_say(j, i, next, direction, why)
                                : policy_says(j, &j->s->cluster_policies[i], direction, why);
        all |= says & ~(unsigned)NP_SAYS_NOTHING;
        if (!(says & NP_SAYS_NOTHING))
            return all;
        i = next;
    }
    return all | NP_SAYS_NOTHING;
}
