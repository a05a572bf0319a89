/* SPDX-License-Identifier: MIT */
/* From the ports of rules to port sets. */
#include "compile_inside.h"

#include "port.h"

/* The place of a protocol in port keys; NP_PORT_ANY: none that rules speak of. */
static uint32_t place_of(const char *protocol)
{
    uint8_t number;
    if (!np_protocol_of_policy(protocol, &number))
        return NP_PORT_ANY;
    return number == NETPOL_TCP ? NP_PORT_TCP : number == NETPOL_UDP ? NP_PORT_UDP : NP_PORT_SCTP;
}

static bool add_range(np_port_draft *d, const netpol_allocator *a, uint32_t protocol, int64_t first,
                      int64_t last)
{
    first = first < 0 ? 0 : first;
    last = last > UINT16_MAX ? UINT16_MAX : last;
    if (protocol == NP_PORT_ANY || first > last) /* only in invalid objects */
        return true;
    if (!np_grow(a, (void **)&d->ranges, &d->ranges_room, d->n + 1, sizeof *d->ranges))
        return false;
    d->ranges[d->n++] = (np_port_range){NP_PORT_KEY(protocol, first), NP_PORT_KEY(protocol, last)};
    return true;
}

static bool add_name(np_compiler *c, uint32_t protocol, const char *name)
{
    np_port_draft *d = &c->port_draft;
    uint32_t word = np_words_add(&c->words, NP_WORD_PORT, name);
    if (word == NP_NO_WORD ||
        !np_grow(&c->alloc, (void **)&d->names, &d->names_room, d->n_names + 1, sizeof *d->names))
        return false;
    d->names[d->n_names++] = (np_port_name){word, protocol};
    return true;
}

static bool add_port(np_compiler *c, const netpol_port *p)
{
    uint32_t protocol = place_of(p->protocol);
    if (protocol == NP_PORT_ANY)
        return true;
    if (!p->port)
        return add_range(&c->port_draft, &c->alloc, protocol, 0, UINT16_MAX);
    if (p->port->string)
        return add_name(c, protocol, p->port->string);
    int32_t last = p->end_port ? *p->end_port : p->port->number;
    return add_range(&c->port_draft, &c->alloc, protocol, p->port->number, last);
}

static uint32_t finish(np_compiler *c)
{
    np_port_draft *d = &c->port_draft;
    return np_port_table_intern(&c->ports, d->ranges, d->n, d->names, d->n_names);
}

uint32_t np_compile_ports(np_compiler *c, const netpol_port *const *ports, size_t n)
{
    if (n == 0)
        return NP_PORTS_ALL;
    c->port_draft.n = c->port_draft.n_names = 0;
    for (size_t i = 0; i < n; i++)
        if (!add_port(c, ports[i]))
            return NP_PORTS_FAILED;
    return finish(c);
}

static bool add_number(np_compiler *c, uint32_t protocol, const int32_t *number)
{
    return !number || add_range(&c->port_draft, &c->alloc, protocol, *number, *number);
}

static bool add_span(np_compiler *c, uint32_t protocol, const netpol_port_range *r)
{
    return !r || !r->start || !r->end ||
           add_range(&c->port_draft, &c->alloc, protocol, *r->start, *r->end);
}

static bool add_transport(np_compiler *c, uint32_t protocol, const netpol_transport *t)
{
    if (!t)
        return true;
    if (!t->destination_port)
        return add_range(&c->port_draft, &c->alloc, protocol, 0, UINT16_MAX);
    return add_number(c, protocol, t->destination_port->number) &&
           add_span(c, protocol, t->destination_port->range);
}

static bool add_protocol(np_compiler *c, const netpol_cluster_protocol *p)
{
    if (p->destination_named_port)
        return add_name(c, NP_PORT_ANY, p->destination_named_port);
    return add_transport(c, NP_PORT_TCP, p->tcp) && add_transport(c, NP_PORT_UDP, p->udp) &&
           add_transport(c, NP_PORT_SCTP, p->sctp);
}

static bool add_admin_port(np_compiler *c, const netpol_admin_port *p)
{
    const netpol_port_number *n = p->port_number;
    const netpol_port_range *r = p->port_range;
    if (p->named_port)
        return add_name(c, NP_PORT_ANY, p->named_port);
    return (!n || add_number(c, place_of(n->protocol), n->port)) &&
           (!r || add_span(c, place_of(r->protocol), r));
}

uint32_t np_compile_cluster_ports(np_compiler *c, const netpol_cluster_rule *r)
{
    if (r->n_protocols == 0 && r->n_ports == 0)
        return NP_PORTS_ALL;
    c->port_draft.n = c->port_draft.n_names = 0;
    for (size_t i = 0; i < r->n_protocols; i++)
        if (!add_protocol(c, r->protocols[i]))
            return NP_PORTS_FAILED;
    for (size_t i = 0; i < r->n_ports; i++)
        if (!add_admin_port(c, r->ports[i]))
            return NP_PORTS_FAILED;
    return finish(c);
}

/* ---- named ports of pods ---- */

static int by_name_and_key(const void *a, const void *b)
{
    const np_named_key *x = a;
    const np_named_key *y = b;
    if (x->name != y->name)
        return x->name < y->name ? -1 : 1;
    return x->key < y->key ? -1 : x->key > y->key;
}

static uint32_t place_of_number(uint8_t protocol)
{
    return protocol == NETPOL_TCP   ? NP_PORT_TCP
           : protocol == NETPOL_UDP ? NP_PORT_UDP
                                    : NP_PORT_SCTP;
}

bool np_compile_named(np_compiler *c, const np_pod *p, bool *sidecar)
{
    np_port_draft *d = &c->port_draft;
    d->n_named = 0;
    *sidecar = false;
    for (uint32_t i = 0; i < p->n_ports; i++) {
        uint32_t word = np_words_find(&c->words, NP_WORD_PORT, p->ports[i].name);
        if (word == NP_NO_WORD)
            continue;
        if (!np_grow(&c->alloc, (void **)&d->named, &d->named_room, d->n_named + 1,
                     sizeof *d->named))
            return false;
        uint32_t protocol = place_of_number(p->ports[i].protocol);
        d->named[d->n_named++] = (np_named_key){word, NP_PORT_KEY(protocol, p->ports[i].number)};
        *sidecar = *sidecar || p->ports[i].sidecar;
    }
    size_t kept = 0;
    if (d->n_named)
        qsort(d->named, d->n_named, sizeof *d->named, by_name_and_key);
    for (size_t i = 0; i < d->n_named; i++)
        if (kept == 0 || by_name_and_key(&d->named[kept - 1], &d->named[i]) != 0)
            d->named[kept++] = d->named[i];
    d->n_named = kept;
    return true;
}
