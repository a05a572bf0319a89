/* SPDX-License-Identifier: MIT */
/* Invariants that forbid: the search for a flow that must not be. */
#include "explain.h"
#include "port.h"
#include "scenario_scope.h"

static const np_snapshot *snapshot_of(const np_scope *c)
{
    return c->e->snapshot;
}

/* ---- the other ends ---- */

static bool add_peer(np_scope *c, const np_party *p)
{
    if (!np_arena_grow(&c->arena, (void **)&c->peers, c->n_peers, &c->peers_room, sizeof *c->peers))
        return false;
    c->peers[c->n_peers++] = *p;
    return true;
}

static np_party address_party(const char *name, const np_ip *ip, bool source)
{
    return (np_party){.name = name,
                      .pod = NP_NONE,
                      .owner = NP_NONE,
                      .families = ip->v4 ? NP_FAMILY_4 : NP_FAMILY_6,
                      .source = source,
                      .destination = !source,
                      .ip = *ip};
}

/* Where clouds tell a machine who it is, credentials included. */
static bool add_metadata_addresses(np_scope *c)
{
    static const char *const addresses[] = {"169.254.169.254", "fd00:ec2::254"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        np_ip ip = {.v4 = false};
        (void)np_ip_parse(np_slice_of(addresses[i]), &ip);
        np_party p = address_party(addresses[i], &ip, false);
        if (!add_peer(c, &p))
            return false;
    }
    return true;
}

static bool add_internet(np_scope *c, uint8_t family, int32_t direction)
{
    np_spans spans;
    if (!np_spans_internet(snapshot_of(c), family, direction, &c->arena, &spans))
        return false;
    for (size_t i = 0; i < spans.n; i++) {
        np_buffer b;
        np_buffer_init(&b, &c->e->alloc);
        np_span_text(&b, &spans.at[i]);
        const char *name = b.failed ? NULL : np_arena_text(&c->arena, b.p, b.n);
        np_buffer_free(&b);
        np_party p = address_party(name, &spans.at[i].first, direction == NETPOL_INGRESS);
        if (!name || !add_peer(c, &p))
            return false;
    }
    return true;
}

static uint32_t directions_of(const np_trial *t)
{
    if (t->direction)
        return t->direction;
    switch (t->ensure) {
    case NP_ENSURE_DEFAULT_DENY:
        return NETPOL_INGRESS | NETPOL_EGRESS;
    case NP_ENSURE_NAMESPACE_ISOLATED:
        return NETPOL_INGRESS;
    default:
        return NETPOL_EGRESS;
    }
}

static bool add_every_internet(np_scope *c)
{
    uint32_t directions = directions_of(c->r->trial);
    for (uint8_t family = NP_FAMILY_4; family <= NP_FAMILY_6; family++)
        for (int32_t d = NETPOL_INGRESS; d <= NETPOL_EGRESS; d++)
            if (snapshot_of(c)->families & family && directions & (uint32_t)d &&
                !add_internet(c, family, d))
                return false;
    return true;
}

/* Everybody. Of a kind of parties two pods will do: one for the other, and both for the rest. */
static bool add_everybody(np_scope *c)
{
    uint8_t *seen = NP_NEW_ARRAY(&c->arena, uint8_t, c->parties.n_kinds);
    for (size_t i = 0; seen && i < c->parties.n; i++) {
        np_party p = c->parties.at[i];
        bool left_out = p.pod != NP_NONE && c->pods[i] == NP_NONE;
        if (left_out || seen[p.kind] == 2)
            continue;
        p.pod = p.pod == NP_NONE ? NP_NONE : c->pods[i];
        seen[p.kind]++;
        if (!add_peer(c, &p))
            return false;
    }
    return seen != NULL;
}

netpol_status np_forbid_prepare(np_scope *c)
{
    bool made = true;
    if (c->r->trial->ensure == NP_ENSURE_NO_METADATA_ADDRESS)
        made = add_metadata_addresses(c);
    else if (c->r->trial->ensure == NP_ENSURE_NO_INTERNET)
        made = add_every_internet(c);
    else if (c->r->trial->ensure == NP_ENSURE_DEFAULT_DENY ||
             c->r->trial->ensure == NP_ENSURE_NAMESPACE_ISOLATED)
        made = add_everybody(c);
    c->known = NP_NEW_ARRAY(&c->arena, uint8_t, c->parties.n_kinds);
    for (size_t i = 0; i < 2; i++)
        c->peer_cuts[i] = NP_NEW_ARRAY(&c->arena, np_end_cuts, c->n_peers);
    return made && c->known && c->peer_cuts[0] && c->peer_cuts[1] ? NETPOL_OK : NETPOL_NO_MEMORY;
}

/* ---- one pair of ends ---- */

/* A pair, and the flow found. */
typedef struct pair {
    np_packet packet;
    const np_party *subject;
    const np_party *peer;
    int32_t direction;
    np_end_cuts cuts; /* of the subject; at[0] NULL: not made yet */
    bool found;
} pair;

static const size_t by_fame[NP_CONN_PROTOCOLS] = {NP_CONN_TCP, NP_CONN_UDP, NP_CONN_SCTP};

/* The port that a person would try: of https, of http, or the first. */
static uint16_t telling_port(const np_conn_range *ranges, size_t n)
{
    static const uint16_t known[] = {443, 80};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        for (size_t i = 0; i < n; i++)
            if (ranges[i].first <= known[k] && known[k] <= ranges[i].last)
                return known[k];
    return ranges[0].first;
}

/* Where policies cut the ports, at the subject and at the peer. False: no memory. */
static bool make_cuts(np_scope *c, pair *p, np_end_cuts *peer)
{
    const np_snapshot *s = snapshot_of(c);
    int32_t other = p->direction == NETPOL_EGRESS ? NETPOL_INGRESS : NETPOL_EGRESS;
    return (p->cuts.at[0] ||
            np_end_cuts_make(s, &p->packet, p->direction, &c->of_party, &p->cuts)) &&
           (peer->at[0] || np_end_cuts_make(s, &p->packet, other, &c->arena, peer));
}

/* Any flow that is allowed. False: no memory. */
static bool find_allowed(np_scope *c, pair *p)
{
    np_conns conns;
    bool out = p->direction == NETPOL_EGRESS;
    np_end_cuts *peer = &c->peer_cuts[out][p->peer - c->peers];
    if (!make_cuts(c, p, peer) || !np_conns_judge(c->e, &p->packet, out ? &p->cuts : peer,
                                                  out ? peer : &p->cuts, &c->scratch, &conns))
        return false;
    c->r->result->depends |= conns.depends;
    for (size_t i = 0; i < NP_CONN_PROTOCOLS && !p->found; i++) {
        size_t k = by_fame[i];
        if (conns.n[k] == 0)
            continue;
        p->packet.protocol = np_conn_protocols[k];
        p->packet.port = telling_port(conns.ranges[k], conns.n[k]);
        p->found = true;
    }
    np_arena_reset(&c->scratch);
    return true;
}

/* Whether the subject's side is open because nothing says otherwise. */
static bool is_by_default(const np_scope *c, const pair *p)
{
    static const char *const reasons[] = {"not-isolated", "default", "other-direction"};
    np_why egress;
    np_why ingress;
    np_reference_why(snapshot_of(c), &c->e->semantics, &p->packet, &egress, &ingress);
    const np_why *why = p->direction == NETPOL_EGRESS ? &egress : &ingress;
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (why->allowed && strcmp(why->reason, reasons[i]) == 0)
            return true;
    return false;
}

/* A flow that no rule allows, and none denies. */
static void find_default(const np_scope *c, pair *p)
{
    np_port_cuts cuts;
    for (size_t i = 0; i < NP_CONN_PROTOCOLS; i++) {
        p->packet.protocol = np_conn_protocols[by_fame[i]];
        np_port_cuts_between(snapshot_of(c), &p->packet, p->packet.protocol, &cuts);
        for (uint32_t first = 1; first <= NP_MAX_PORT && !p->found;) {
            uint16_t last = np_port_cuts_last(&cuts, (uint16_t)first);
            np_conn_range range = {(uint16_t)first, last};
            p->packet.port = telling_port(&range, 1);
            p->found = is_by_default(c, p);
            first = (uint32_t)last + 1;
        }
        if (p->found)
            break;
    }
}

static bool find_in_family(np_scope *c, pair *p, uint8_t family)
{
    bool out = p->direction == NETPOL_EGRESS;
    p->packet =
        (np_packet){.src = np_side_of_party(snapshot_of(c), out ? p->subject : p->peer, family),
                    .dst = np_side_of_party(snapshot_of(c), out ? p->peer : p->subject, family)};
    if (c->r->trial->ensure != NP_ENSURE_DEFAULT_DENY)
        return find_allowed(c, p);
    find_default(c, p);
    return true;
}

static bool is_peer(const np_scope *c, const pair *p)
{
    const np_snapshot *s = snapshot_of(c);
    if (!(p->direction == NETPOL_EGRESS ? p->peer->destination : p->peer->source))
        return false;
    if (p->peer->pod == NP_NONE)
        return true;
    if (c->r->trial->ensure == NP_ENSURE_NAMESPACE_ISOLATED)
        return np_pod_at(s, p->peer->pod)->space != np_pod_at(s, p->subject->pod)->space;
    return p->peer->pod != p->subject->pod;
}

/* ---- a party ---- */

static netpol_status tell(np_scope *c, const pair *p)
{
    const np_packet *q = &p->packet;
    np_conn_range port = {q->port, q->port};
    bool out = p->direction == NETPOL_EGRESS;
    np_flow_answer f = {.src = (out ? p->subject : p->peer)->name,
                        .dst = (out ? p->peer : p->subject)->name,
                        .ports = &port,
                        .n_ports = 1,
                        .verdict = np_engine_judge(c->e, q)};
    np_reference_why(snapshot_of(c), &c->e->semantics, q, &f.egress, &f.ingress);
    netpol_answer x = {.engine = c->r->report->engine,
                       .src = f.src,
                       .dst = f.dst,
                       .protocol = q->protocol,
                       .flows = &f,
                       .n = 1,
                       .outcome = f.verdict.allowed ? NETPOL_ALLOW : NETPOL_DENY,
                       .depends = f.verdict.depends};
    c->r->result->depends |= x.depends;
    return np_run_tell(c->r, &x);
}

/* In which families there is something to look for. */
static uint8_t families_of(const np_scope *c, const pair *p)
{
    uint8_t families = p->subject->families;
    for (uint8_t f = NP_FAMILY_4; f <= NP_FAMILY_6; f++) {
        np_packet q = {.src = np_side_of_pod(snapshot_of(c), p->subject->pod, f),
                       .dst = np_side_of_pod(snapshot_of(c), p->subject->pod, f)};
        if (families & f && c->r->trial->ensure == NP_ENSURE_DEFAULT_DENY &&
            np_isolating(c->e, &q, p->direction, NULL) > 0)
            families &= (uint8_t)~f; /* nothing is open there for want of a policy */
    }
    return families;
}

/* Looks in one direction. */
static netpol_status search(np_scope *c, pair *p)
{
    uint8_t mask = families_of(c, p);
    for (size_t i = 0; i < c->n_peers && !p->found; i++) {
        p->peer = &c->peers[i];
        uint8_t families = p->peer->families & mask;
        if (!is_peer(c, p))
            continue;
        if (families & NP_FAMILY_4 && !find_in_family(c, p, NP_FAMILY_4))
            return NETPOL_NO_MEMORY;
        if (families & NP_FAMILY_6 && !p->found && !find_in_family(c, p, NP_FAMILY_6))
            return NETPOL_NO_MEMORY;
    }
    return p->found && c->r->result->n_failed < NP_MOST_TOLD ? tell(c, p) : NETPOL_OK;
}

static netpol_status search_all(np_scope *c, const np_party *subject, bool *holds)
{
    uint32_t directions = directions_of(c->r->trial);
    netpol_status status = NETPOL_OK;
    for (int32_t d = NETPOL_INGRESS; d <= NETPOL_EGRESS && status == NETPOL_OK; d++) {
        pair p = {.subject = subject, .direction = d};
        if (!(directions & (uint32_t)d))
            continue;
        status = search(c, &p);
        *holds = *holds && !p.found;
        np_arena_reset(&c->of_party);
    }
    return status;
}

/* Parties of a kind are alike, so they are searched only as long as they are told one by one. */
netpol_status np_forbid(np_scope *c, size_t party, bool *holds)
{
    enum { UNKNOWN = 0, HOLDS, DOES_NOT };
    np_party subject = c->parties.at[party];
    uint8_t *known = &c->known[subject.kind];
    subject.pod = c->pods[party];
    netpol_status status = NETPOL_OK;
    *holds = *known != DOES_NOT;
    if (*known == UNKNOWN || (!*holds && c->r->result->n_failed < NP_MOST_TOLD))
        status = search_all(c, &subject, holds);
    *known = *holds ? HOLDS : DOES_NOT;
    return status;
}
