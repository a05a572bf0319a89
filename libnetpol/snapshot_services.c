/* SPDX-License-Identifier: MIT */
/* Services, what says where they lead, and their addresses. */
#include "selector.h"
#include "snapshot_build.h"

static bool add_ip(np_build *b, uint32_t service, const char *text)
{
    np_addresses *a = &b->s->service_addresses;
    np_ip ip;
    if (!text || !*text || strcmp(text, "None") == 0)
        return true;
    if (!np_ip_parse(np_slice_of(text), &ip)) {
        np_build_say(b, NP_CODE_BAD_ADDRESS, b->s->services[service].object, "not an address: %s",
                     text);
        return true;
    }
    return np_addresses_entry(a, &ip) != NP_NONE || np_build_address(a, &ip, service);
}

static bool add_ips(np_build *b, uint32_t service, const char *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!add_ip(b, service, texts[i]))
            return false;
    return true;
}

static bool add_service(np_build *b, const netpol_object *x)
{
    np_snapshot *s = b->s;
    uint32_t number = (uint32_t)s->n_services;
    const netpol_service *t = netpol_object_service(x);
    uint32_t space = np_build_namespace(b, np_build_space(b, x));
    if (space == NP_NONE)
        return false;
    s->services[number] = (np_service){netpol_object_name(x), x, t, NULL, space, NP_NONE};
    s->n_services++;
    return np_build_service_name(s, number) &&
           add_ips(b, number, t->cluster_ips, t->n_cluster_ips) &&
           add_ip(b, number, t->cluster_ip) &&
           add_ips(b, number, t->external_ips, t->n_external_ips) &&
           add_ips(b, number, t->ingress_ips, t->n_ingress_ips) &&
           add_ip(b, number, t->load_balancer_ip);
}

/* A slice of a service that is not loaded is of no use. */
static void add_slice(np_build *b, const netpol_object *x)
{
    np_snapshot *s = b->s;
    const netpol_metadata *meta = netpol_object_metadata(x);
    const char *name =
        meta ? np_label_value(meta->labels, meta->n_labels, "kubernetes.io/service-name") : NULL;
    uint32_t space = np_snapshot_namespace(s, np_build_space(b, x));
    uint32_t service = name && space != NP_NONE ? np_snapshot_service(s, space, name) : NP_NONE;
    if (service == NP_NONE)
        return;
    s->slices[s->n_slices] =
        (np_slice_of_service){netpol_object_endpoint_slice(x), s->services[service].first_slice};
    s->services[service].first_slice = (uint32_t)s->n_slices++;
}

static void add_endpoints(np_build *b, const netpol_object *x)
{
    np_snapshot *s = b->s;
    uint32_t space = np_snapshot_namespace(s, np_build_space(b, x));
    uint32_t service =
        space == NP_NONE ? NP_NONE : np_snapshot_service(s, space, netpol_object_name(x));
    if (service != NP_NONE)
        s->services[service].endpoints = netpol_object_endpoints(x);
}

netpol_status np_build_services(np_build *b)
{
    np_snapshot *s = b->s;
    size_t first = np_build_first(b, NETPOL_KIND_SERVICE);
    size_t end = np_build_end(b, NETPOL_KIND_SERVICE);
    size_t first_slice = np_build_first(b, NETPOL_KIND_ENDPOINT_SLICE);
    size_t end_slice = np_build_end(b, NETPOL_KIND_ENDPOINT_SLICE);
    s->services = NP_NEW_ARRAY(&s->arena, np_service, end - first);
    s->slices = NP_NEW_ARRAY(&s->arena, np_slice_of_service, end_slice - first_slice);
    if (!s->services || !s->slices)
        return NETPOL_NO_MEMORY;
    for (size_t i = first; i < end; i++)
        if (!add_service(b, s->objects[i]))
            return NETPOL_NO_MEMORY;
    for (size_t i = end_slice; i > first_slice; i--) /* so that a chain is in order of arrival */
        add_slice(b, s->objects[i - 1]);
    for (size_t i = np_build_first(b, NETPOL_KIND_ENDPOINTS);
         i < np_build_end(b, NETPOL_KIND_ENDPOINTS); i++)
        add_endpoints(b, s->objects[i]);
    return NETPOL_OK;
}
