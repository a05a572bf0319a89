/* SPDX-License-Identifier: MIT */
/* Where a service leads: policies see the pod behind it and the pod's port (settled.md 2.5). */
#include "port.h"
#include "question.h"
#include "selector.h"

/* One service port on its way to its backends. */
typedef struct route {
    const np_reader *r;
    const np_service *service;
    const netpol_service_port *port; /* NULL: to the pods themselves, … */
    uint16_t number;                 /* … at this port; 0: any */
    np_group *group;
    const char *unnamed; /* a target port by name that a selected pod does not have */
} route;

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool is_headless(const np_service *v)
{
    return v->tree->cluster_ip && strcmp(v->tree->cluster_ip, "None") == 0;
}

static uint16_t target_number(const route *x, const np_pod *p)
{
    if (!x->port)
        return x->number;
    const netpol_int_or_string *t = x->port->target_port;
    if (!t)
        return (uint16_t)x->port->port;
    if (t->string)
        return p ? np_pod_port_number(p, t->string, x->r->protocol) : 0;
    return t->number >= 1 && t->number <= 65535 ? (uint16_t)t->number : 0;
}

/* Nothing is translated on the way to the pods of a headless service. */
static bool mark(const route *x, np_end *end, uint16_t port)
{
    if (!end)
        return false;
    end->service = !is_headless(x->service);
    end->port = port;
    return true;
}

/* ---- backends from EndpointSlices and Endpoints ---- */

/* Slices of two families name a pod twice. */
static bool is_there(const route *x, uint32_t pod, uint16_t port)
{
    for (size_t i = 0; i < x->group->n; i++)
        if (x->group->ends[i].pod == pod && x->group->ends[i].port == port)
            return true;
    return false;
}

/* False: no memory. What is no address, or a pod that is not loaded, is taken by its address. */
static bool add_backend(const route *x, const netpol_endpoint *e, const char *address,
                        uint16_t port)
{
    const np_snapshot *s = x->r->engine->snapshot;
    np_ip ip;
    bool readable = np_ip_parse(np_slice_of(address), &ip);
    uint32_t pod = NP_NONE;
    if (e->target_kind && strcmp(e->target_kind, "Pod") == 0 && e->target_name) {
        uint32_t space =
            e->target_namespace ? np_snapshot_namespace(s, e->target_namespace) : x->service->space;
        pod = space == NP_NONE ? NP_NONE : np_snapshot_pod(s, space, e->target_name);
    }
    if (pod == NP_NONE && readable)
        pod = np_snapshot_pod_of_ip(s, &ip);
    if (pod != NP_NONE)
        return is_there(x, pod, port) || mark(x, np_group_pod(x->r, x->group, pod), port);
    if (!readable)
        return true;
    np_end *end = np_group_end(x->r, x->group, np_reader_text(x->r, "%s", address));
    if (!mark(x, end, port))
        return false;
    *(ip.v4 ? &end->ip4 : &end->ip6) = ip;
    end->families = ip.v4 ? NP_FAMILY_4 : NP_FAMILY_6;
    return true;
}

/* The endpoint port that carries this service port: of the same name and protocol. */
static const netpol_endpoint_port *carrier(const route *x, const netpol_endpoint_port *const *ports,
                                           size_t n)
{
    uint8_t protocol;
    for (size_t i = 0; i < n; i++)
        if (same_text(ports[i]->name, x->port->name) &&
            np_protocol_of_policy(ports[i]->protocol, &protocol) && protocol == x->r->protocol)
            return ports[i];
    return NULL;
}

/* The ports of one slice, or of one subset of Endpoints, all lead to its endpoints. */
static bool add_endpoints(const route *x, const netpol_endpoint *const *list, size_t n,
                          const netpol_endpoint_port *const *ports, size_t n_ports)
{
    const netpol_endpoint_port *port = x->port ? carrier(x, ports, n_ports) : NULL;
    uint16_t number = x->port ? (uint16_t)x->port->port : x->number;
    if (port && port->port && *port->port >= 1 && *port->port <= 65535)
        number = (uint16_t)*port->port;
    for (size_t i = 0; (port || !x->port) && i < n; i++) {
        if (list[i]->ready && !*list[i]->ready)
            continue;
        for (size_t k = 0; k < list[i]->n_addresses; k++)
            if (!add_backend(x, list[i], list[i]->addresses[k], number))
                return false;
        if (list[i]->ip && !add_backend(x, list[i], list[i]->ip, number))
            return false;
    }
    return true;
}

static bool add_from_slices(const route *x)
{
    for (uint32_t i = 0; i < x->service->n_slices; i++) {
        const netpol_endpoint_slice *slice =
            netpol_object_endpoint_slice(x->service->slices[i]->object);
        if (!add_endpoints(x, slice->endpoints, slice->n_endpoints, slice->ports, slice->n_ports))
            return false;
    }
    return true;
}

static bool add_from_endpoints(const route *x)
{
    const netpol_endpoints *e = x->service->endpoints;
    for (size_t i = 0; i < e->n_subsets; i++)
        if (!add_endpoints(x, e->subsets[i]->addresses, e->subsets[i]->n_addresses,
                           e->subsets[i]->ports, e->subsets[i]->n_ports))
            return false;
    return true;
}

/* ---- backends by selector ---- */

static bool add_selected(route *x)
{
    const np_snapshot *s = x->r->engine->snapshot;
    const np_namespace *n = np_namespace_at(s, x->service->space);
    netpol_label_selector selector = {.match_labels = x->service->tree->selector,
                                      .n_match_labels = x->service->tree->n_selector};
    const np_pod *before = NULL;
    for (uint32_t i = n->first_pod; i != NP_NONE; i = np_next_in_space(s, i)) {
        const np_pod *p = np_pod_at(s, i);
        bool again =
            before && p->replica && p->object == before->object && p->labels == before->labels;
        before = p;
        uint16_t port = target_number(x, p);
        if (again || !np_selector_matches_sorted(&selector, p->labels, p->n_labels))
            continue;
        if (x->port && !port) {
            x->unnamed = x->port->target_port->string;
            continue;
        }
        if (!mark(x, np_group_pod(x->r, x->group, i), port))
            return false;
    }
    return true;
}

/* ---- ports ---- */

static bool serves(const np_reader *r, const netpol_service_port *p, const char *port)
{
    uint8_t protocol;
    uint16_t number;
    if (!np_protocol_of_policy(p->protocol, &protocol) || protocol != r->protocol)
        return false;
    if (!port)
        return true;
    if (np_port_parse(np_slice_of(port), &number))
        return p->port == number;
    return same_text(p->name, port);
}

static bool add_port(route *x)
{
    if (x->service->n_slices)
        return add_from_slices(x);
    if (x->service->endpoints)
        return add_from_endpoints(x);
    return x->service->tree->n_selector == 0 || add_selected(x);
}

static bool is_external_name(const np_service *v)
{
    return v->tree->type && strcmp(v->tree->type, "ExternalName") == 0;
}

/* The service's own address, where services are not translated. */
static netpol_status read_plain(const np_reader *r, const np_service *v, np_word *out)
{
    np_ip ip;
    const char *text = v->tree->n_cluster_ips ? v->tree->cluster_ips[0] : v->tree->cluster_ip;
    if (!text || !np_ip_parse(np_slice_of(text), &ip))
        return np_reader_say(r, NETPOL_INVALID, NP_CODE_NO_ADDRESS,
                             "the service %s has no address of its own", v->name);
    np_group *g = np_word_group(r, out, np_reader_text(r, "%s", text));
    np_end *end = g ? np_group_end(r, g, g->name) : NULL;
    if (!end)
        return NETPOL_NO_MEMORY;
    *(ip.v4 ? &end->ip4 : &end->ip6) = ip;
    end->families = ip.v4 ? NP_FAMILY_4 : NP_FAMILY_6;
    return NETPOL_OK;
}

static netpol_status no_port(const np_reader *r, const char *name, const char *port)
{
    char room[4];
    return np_reader_say(r, NETPOL_INVALID, NP_CODE_QUESTION_PORT, "%s has no %s port%s%s", name,
                         np_protocol_name(r->protocol, room), port ? " " : "", port ? port : "");
}

static netpol_status is_elsewhere(const np_reader *r, const np_service *v, const char *name)
{
    const char *elsewhere = v->tree->external_name;
    const char *message =
        np_reader_text(r, "%s stands for the domain name %s (ExternalName): it has no endpoints",
                       name, elsewhere && *elsewhere ? elsewhere : "that it does not tell");
    np_diag_text(r->diags, NP_CODE_NO_ENDPOINTS, NULL, NULL,
                 "ask about the address that the name has: --to IP", message ? message : "");
    return NETPOL_INVALID;
}

static netpol_status no_endpoints(const route *x, const char *name)
{
    char room[4];
    const np_reader *r = x->r;
    const np_service *v = x->service;
    if (x->unnamed)
        return np_reader_say(r, NETPOL_INVALID, NP_CODE_NO_ENDPOINTS,
                             "%s has no endpoints: no pod that it selects has a %s port named %s",
                             name, np_protocol_name(r->protocol, room), x->unnamed);
    bool loaded = v->n_slices > 0 || v->endpoints;
    const char *why = loaded                ? "none of its endpoints is ready"
                      : v->tree->n_selector ? "its selector selects no pod that is loaded"
                                            : "it has no selector, and no EndpointSlice is loaded";
    return np_reader_say(r, NETPOL_INVALID, NP_CODE_NO_ENDPOINTS, "%s has no endpoints: %s", name,
                         why);
}

/* The ports of the service that are meant. A headless one only tells the addresses of its pods (DNS
 * for Services and Pods; EndpointSlices and SRV records hold the port behind a name): clients go to
 * the port that they name, whether the service lists it or not. */
static netpol_status add_ports(route *x, const char *port)
{
    const netpol_service *v = x->service->tree;
    bool found = is_headless(x->service) &&
                 (port ? np_port_parse(np_slice_of(port), &x->number) : v->n_ports == 0);
    if (found)
        return add_port(x) ? NETPOL_OK : NETPOL_NO_MEMORY;
    for (size_t i = 0; i < v->n_ports; i++) {
        x->port = v->ports[i];
        if (!serves(x->r, x->port, port))
            continue;
        found = true;
        if (!add_port(x))
            return NETPOL_NO_MEMORY;
    }
    return found ? NETPOL_OK : no_port(x->r, x->group->name, port);
}

netpol_status np_word_service(const np_reader *r, uint32_t service, const char *port, np_word *out)
{
    const np_snapshot *s = r->engine->snapshot;
    const np_service *v = np_service_at(s, service);
    const char *name = np_reader_text(r, "svc:%s/%s", np_namespace_at(s, v->space)->name, v->name);
    if (!name)
        return NETPOL_NO_MEMORY;
    if (is_external_name(v))
        return is_elsewhere(r, v, name);
    if (r->semantics->services == NETPOL_SERVICES_PLAIN)
        return read_plain(r, v, out);
    route x = {.r = r, .service = v, .group = np_word_group(r, out, name)};
    if (!x.group)
        return NETPOL_NO_MEMORY;
    out->service = service;
    out->headless = is_headless(v);
    x.group->replicas = !out->headless;
    x.group->apart = true;
    netpol_status status = add_ports(&x, port);
    return status == NETPOL_OK && x.group->n == 0 ? no_endpoints(&x, name) : status;
}
