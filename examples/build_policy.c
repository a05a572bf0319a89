/* SPDX-License-Identifier: MIT */
/* A policy made in memory from plain structs, changed, and written as YAML. */
#include <netpol.h>

#include <stdio.h>

#define N(a) (sizeof(a) / sizeof *(a))

/* Into pods with role=db: from pods with name=api-pod, or from namespaces with name=prod, TCP 3306.
 * The tree may be temporary: the object keeps a copy. */
static netpol_status make_db_policy(netpol_object **out, netpol_diagnostics *diags)
{
    const netpol_label db[] = {{"role", "db"}};
    const netpol_label api[] = {{"name", "api-pod"}};
    const netpol_label prod[] = {{"name", "prod"}};
    const netpol_label_selector db_pods = {.match_labels = db, .n_match_labels = N(db)};
    const netpol_label_selector api_pods = {.match_labels = api, .n_match_labels = N(api)};
    const netpol_label_selector prod_spaces = {.match_labels = prod, .n_match_labels = N(prod)};

    const netpol_peer from_api = {.pod_selector = &api_pods};
    const netpol_peer from_prod = {.namespace_selector = &prod_spaces};
    const netpol_peer *const peers[] = {&from_api, &from_prod};

    const netpol_int_or_string number = {.number = 3306};
    const netpol_port mysql = {.protocol = "TCP", .port = &number};
    const netpol_port *const ports[] = {&mysql};

    const netpol_rule rule = {
        .peers = peers, .n_peers = N(peers), .ports = ports, .n_ports = N(ports)};
    const netpol_rule *const ingress[] = {&rule};
    const char *const types[] = {"Ingress"};

    const netpol_metadata metadata = {.name = "db-policy"};
    const netpol_policy_spec spec = {.pod_selector = &db_pods,
                                     .ingress = ingress,
                                     .n_ingress = N(ingress),
                                     .policy_types = types,
                                     .n_policy_types = N(types)};
    const netpol_policy policy = {.metadata = &metadata, .spec = &spec};
    return netpol_object_from_policy(&policy, NETPOL_VERSION, NULL, out, diags);
}

static netpol_status to_stdout(void *ctx, const char *bytes, size_t n)
{
    (void)ctx;
    return fwrite(bytes, 1, n, stdout) == n ? NETPOL_OK : NETPOL_IO;
}

static netpol_status show(const char *title, const netpol_object *policy)
{
    const netpol_sink out = {.write = to_stdout};
    printf("# %s\n", title);
    return netpol_object_write(policy, NETPOL_FORMAT_YAML, 0, &out);
}

int main(void)
{
    netpol_diagnostics *diags = netpol_diagnostics_new(NULL);
    netpol_object *policy = NULL;
    netpol_object *moved = NULL;

    netpol_status s = make_db_policy(&policy, diags);
    if (s == NETPOL_OK)
        s = netpol_object_validate(policy, NULL, NULL, diags);
    if (s == NETPOL_OK)
        s = show("as made", policy);
    /* Objects never change; a change gives a new one. */
    if (s == NETPOL_OK)
        s = netpol_object_with(policy, "spec.ingress[0].ports[0].port", "3307", &moved, diags);
    if (s == NETPOL_OK)
        s = show("on another port", moved);

    for (size_t i = 0; i < netpol_diagnostics_count(diags); i++)
        fprintf(stderr, "%s\n", netpol_diagnostics_at(diags, i)->message);
    netpol_object_unref(moved);
    netpol_object_unref(policy);
    netpol_diagnostics_free(diags);
    return s == NETPOL_OK ? 0 : 1;
}
