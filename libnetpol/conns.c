/* SPDX-License-Identifier: MIT */
#include "conns.h"

#include "port.h"

const uint8_t np_conn_protocols[NP_CONN_PROTOCOLS] = {NETPOL_SCTP, NETPOL_TCP, NETPOL_UDP};

/* ---- classes of ports ---- */

static void cut(np_port_cuts *c, int64_t port)
{
    if (port >= 1 && port <= (int64_t)NP_MAX_PORT)
        c->bits[port / 64] |= (uint64_t)1 << (port % 64);
}

static void cut_range(np_port_cuts *c, int64_t first, int64_t last)
{
    cut(c, first);
    cut(c, last + 1);
}

static void cut_rules(np_port_cuts *c, const netpol_rule *const *rules, size_t n, uint8_t protocol)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < rules[i]->n_ports; k++) {
            const netpol_port *p = rules[i]->ports[k];
            uint8_t its;
            if (!p->port || p->port->string || !np_protocol_of_policy(p->protocol, &its) ||
                its != protocol)
                continue;
            cut_range(c, p->port->number, p->end_port ? *p->end_port : p->port->number);
        }
}

/* Whether a policy is, or may be, about the pod: a label that only real pods have could be asked
 * for, and a pod on the host network be selected. */
static bool may_isolate(const np_snapshot *s, const np_pod *p, const np_packet *q,
                        int32_t direction, const np_policy *policy)
{
    static const netpol_semantics defaults = {.size = sizeof defaults};
    return p->missing_keys & s->asked_keys || p->host_network ||
           np_reference_isolates(s, &defaults, q, direction, policy);
}

static void cut_namespace(np_port_cuts *c, const np_snapshot *s, const np_packet *q,
                          int32_t direction, uint8_t protocol)
{
    const np_side *side = direction == NETPOL_EGRESS ? &q->src : &q->dst;
    if (side->pod == NP_NONE)
        return;
    const np_pod *pod = np_pod_at(s, side->pod);
    const np_namespace *n = np_namespace_at(s, pod->space);
    for (uint32_t i = 0; i < n->n_policies; i++) {
        const np_policy *p = np_policy_of(s, n, i);
        if (!(p->directions & direction) || !may_isolate(s, pod, q, direction, p))
            continue;
        if (direction == NETPOL_EGRESS)
            cut_rules(c, p->spec->egress, p->spec->n_egress, protocol);
        else
            cut_rules(c, p->spec->ingress, p->spec->n_ingress, protocol);
    }
}

static void cut_transport(np_port_cuts *c, const netpol_cluster_protocol *p, uint8_t protocol)
{
    const netpol_transport *t = protocol == NETPOL_TCP   ? p->tcp
                                : protocol == NETPOL_UDP ? p->udp
                                                         : p->sctp;
    const netpol_destination_port *d = t ? t->destination_port : NULL;
    if (d && d->number)
        cut_range(c, *d->number, *d->number);
    if (d && d->range && d->range->start && d->range->end)
        cut_range(c, *d->range->start, *d->range->end);
}

static void cut_admin_port(np_port_cuts *c, const netpol_admin_port *p, uint8_t protocol)
{
    uint8_t its;
    if (p->port_number && p->port_number->port &&
        np_protocol_of_policy(p->port_number->protocol, &its) && its == protocol)
        cut_range(c, *p->port_number->port, *p->port_number->port);
    const netpol_port_range *r = p->port_range;
    if (r && r->start && r->end && np_protocol_of_policy(r->protocol, &its) && its == protocol)
        cut_range(c, *r->start, *r->end);
}

static void cut_cluster_rules(np_port_cuts *c, const netpol_cluster_rule *const *rules, size_t n,
                              uint8_t protocol)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < rules[i]->n_protocols; k++)
            cut_transport(c, rules[i]->protocols[k], protocol);
        for (size_t k = 0; k < rules[i]->n_ports; k++)
            cut_admin_port(c, rules[i]->ports[k], protocol);
    }
}

/* Names mean ports of the destination. */
static void cut_names(np_port_cuts *c, const np_snapshot *s, const np_side *dst, uint8_t protocol)
{
    if (dst->pod == NP_NONE)
        return;
    const np_pod *p = np_pod_at(s, dst->pod);
    for (size_t i = 0; i < p->n_ports; i++)
        if (p->ports[i].protocol == protocol)
            cut_range(c, p->ports[i].number, p->ports[i].number);
}

static void cut_source(np_port_cuts *c, const np_snapshot *s, const np_packet *q, uint8_t protocol)
{
    cut_namespace(c, s, q, NETPOL_EGRESS, protocol);
}

static void cut_destination(np_port_cuts *c, const np_snapshot *s, const np_packet *q,
                            uint8_t protocol)
{
    cut_namespace(c, s, q, NETPOL_INGRESS, protocol);
    for (size_t i = 0; i < s->n_cluster_policies; i++) {
        const netpol_cluster_policy *p = s->cluster_policies[i].tree;
        cut_cluster_rules(c, p->egress, p->n_egress, protocol);
        cut_cluster_rules(c, p->ingress, p->n_ingress, protocol);
    }
    cut_names(c, s, &q->dst, protocol);
}

void np_port_cuts_between(const np_snapshot *s, const np_packet *packet, uint8_t protocol,
                          np_port_cuts *out)
{
    memset(out, 0, sizeof *out);
    cut_source(out, s, packet, protocol);
    cut_destination(out, s, packet, protocol);
}

uint16_t np_port_cuts_last(const np_port_cuts *cuts, uint16_t first)
{
    uint32_t next = (uint32_t)first + 1;
    while (next <= NP_MAX_PORT) {
        uint64_t word = cuts->bits[next / 64] >> (next % 64);
        if (word & 1)
            break;
        next = word ? next + 1 : (next / 64 + 1) * 64;
    }
    return (uint16_t)((next > NP_MAX_PORT + 1 ? NP_MAX_PORT + 1 : next) - 1);
}

/* ---- the cuts of one end ---- */

static uint32_t count_cuts(const np_port_cuts *cuts)
{
    uint32_t n = 0;
    for (size_t i = 0; i < sizeof cuts->bits / sizeof *cuts->bits; i++)
        for (uint64_t word = cuts->bits[i]; word; word &= word - 1)
            n++;
    return n;
}

static const uint16_t *list_cuts(np_port_cuts *cuts, np_arena *arena, uint32_t *n)
{
    cuts->bits[0] &= ~(uint64_t)2; /* port 1 begins a class anyway */
    *n = count_cuts(cuts);
    uint16_t *at = NP_NEW_ARRAY(arena, uint16_t, *n);
    for (uint32_t i = 0, port = 1; at && i < *n; i++) {
        port = (uint32_t)np_port_cuts_last(cuts, (uint16_t)port) + 1;
        at[i] = (uint16_t)port;
    }
    return at;
}

bool np_end_cuts_make(const np_snapshot *s, const np_packet *packet, int32_t direction,
                      np_arena *arena, np_end_cuts *out)
{
    np_packet q = *packet;
    for (size_t i = 0; i < NP_CONN_PROTOCOLS; i++) {
        np_port_cuts cuts = {.bits = {0}};
        q.protocol = np_conn_protocols[i];
        if (direction == NETPOL_EGRESS)
            cut_source(&cuts, s, &q, q.protocol);
        else
            cut_destination(&cuts, s, &q, q.protocol);
        out->at[i] = list_cuts(&cuts, arena, &out->n[i]);
        if (!out->at[i])
            return false;
    }
    return true;
}

/* ---- sets of connections ---- */

/* Both ends' cuts of one protocol, one after the other. */
typedef struct merge {
    const uint16_t *at[2];
    uint32_t left[2];
} merge;

/* Where the next class begins; NP_MAX_PORT + 1: there is none. */
static uint32_t next_cut(merge *m)
{
    uint32_t next = NP_MAX_PORT + 1;
    for (size_t i = 0; i < 2; i++)
        if (m->left[i] && *m->at[i] < next)
            next = *m->at[i];
    for (size_t i = 0; i < 2; i++)
        if (m->left[i] && *m->at[i] == next) {
            m->at[i]++;
            m->left[i]--;
        }
    return next;
}

/* Writes the allowed ranges of one protocol. */
static size_t judge_ports(const netpol_engine *e, np_packet *q, merge *m, np_conn_range *room,
                          uint32_t *marks)
{
    size_t n = 0;
    bool open = false;
    for (uint32_t first = 1; first <= NP_MAX_PORT;) {
        uint32_t next = next_cut(m);
        q->port = (uint16_t)first;
        netpol_verdict v = np_engine_judge(e, q);
        *marks |= v.depends;
        if (v.allowed && !open)
            room[n++].first = (uint16_t)first;
        open = v.allowed;
        if (open)
            room[n - 1].last = (uint16_t)(next - 1);
        first = next;
    }
    return n;
}

static bool is_everything(const np_conns *c)
{
    for (size_t i = 0; i < NP_CONN_PROTOCOLS; i++)
        if (c->n[i] != 1 || c->ranges[i][0].first != 1 || c->ranges[i][0].last != NP_MAX_PORT)
            return false;
    return true;
}

bool np_conns_judge(const netpol_engine *e, const np_packet *packet, const np_end_cuts *src,
                    const np_end_cuts *dst, np_arena *arena, np_conns *out)
{
    np_packet q = *packet;
    *out = (np_conns){.all = false};
    for (size_t i = 0; i < NP_CONN_PROTOCOLS; i++) {
        merge m = {{src->at[i], dst->at[i]}, {src->n[i], dst->n[i]}};
        q.protocol = np_conn_protocols[i];
        out->ranges[i] = NP_NEW_ARRAY(arena, np_conn_range, src->n[i] + dst->n[i] + 1);
        if (!out->ranges[i])
            return false;
        out->n[i] = judge_ports(e, &q, &m, out->ranges[i], &out->depends);
    }
    if (!is_everything(out))
        return true;
    q.port = 0;
    q.protocol = packet->dst.family == NP_FAMILY_6 ? NETPOL_ICMPV6 : NETPOL_ICMP;
    netpol_verdict v = np_engine_judge(e, &q);
    out->all = v.allowed;
    return true;
}

bool np_conns_between(const netpol_engine *e, const np_packet *packet, np_arena *arena,
                      np_conns *out)
{
    np_end_cuts src;
    np_end_cuts dst;
    return np_end_cuts_make(e->snapshot, packet, NETPOL_EGRESS, arena, &src) &&
           np_end_cuts_make(e->snapshot, packet, NETPOL_INGRESS, arena, &dst) &&
           np_conns_judge(e, packet, &src, &dst, arena, out);
}

bool np_conns_copy(const np_conns *c, np_arena *arena, np_conns *out)
{
    *out = *c;
    for (size_t i = 0; i < NP_CONN_PROTOCOLS; i++) {
        out->ranges[i] = NP_NEW_ARRAY(arena, np_conn_range, c->n[i]);
        if (!out->ranges[i])
            return false;
        if (c->n[i])
            memcpy(out->ranges[i], c->ranges[i], c->n[i] * sizeof *c->ranges[i]);
    }
    return true;
}

bool np_conns_empty(const np_conns *c)
{
    return !c->all && c->n[NP_CONN_TCP] + c->n[NP_CONN_UDP] + c->n[NP_CONN_SCTP] == 0;
}

bool np_conns_equal(const np_conns *a, const np_conns *b)
{
    if (a->all != b->all)
        return false;
    for (size_t i = 0; i < NP_CONN_PROTOCOLS; i++)
        if (a->n[i] != b->n[i] ||
            (a->n[i] && memcmp(a->ranges[i], b->ranges[i], a->n[i] * sizeof *a->ranges[i]) != 0))
            return false;
    return true;
}

/* ---- as text ---- */

void np_conn_range_text(np_buffer *b, const np_conn_range *r)
{
    if (r->first == r->last)
        np_buffer_format(b, "%u", (unsigned)r->first);
    else
        np_buffer_format(b, "%u-%u", (unsigned)r->first, (unsigned)r->last);
}

void np_conns_text(np_buffer *b, const np_conns *c)
{
    char room[4];
    if (c->all) {
        np_buffer_text(b, "All Connections");
        return;
    }
    const char *before = "";
    for (size_t i = 0; i < NP_CONN_PROTOCOLS; i++) {
        if (c->n[i] == 0)
            continue;
        np_buffer_format(b, "%s%s ", before, np_protocol_name(np_conn_protocols[i], room));
        for (size_t k = 0; k < c->n[i]; k++) {
            if (k)
                np_buffer_char(b, ',');
            np_conn_range_text(b, &c->ranges[i][k]);
        }
        before = ",";
    }
}

void np_conns_json(np_buffer *b, const np_conns *c)
{
    static const size_t order[] = {NP_CONN_TCP, NP_CONN_UDP, NP_CONN_SCTP};
    char room[4];
    if (c->all) {
        np_buffer_text(b, "{\"all\":true}");
        return;
    }
    const char *before = "{";
    for (size_t o = 0; o < NP_CONN_PROTOCOLS; o++) {
        size_t i = order[o];
        if (c->n[i] == 0)
            continue;
        np_buffer_format(b, "%s\"%s\":[", before, np_protocol_name(np_conn_protocols[i], room));
        for (size_t k = 0; k < c->n[i]; k++)
            np_buffer_format(b, "%s[%u,%u]", k ? "," : "", (unsigned)c->ranges[i][k].first,
                             (unsigned)c->ranges[i][k].last);
        np_buffer_char(b, ']');
        before = ",";
    }
    np_buffer_text(b, *before == '{' ? "{}" : "}");
}
