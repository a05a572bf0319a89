/* SPDX-License-Identifier: MIT */
/* May one pod talk to another, and why?
 *
 *     embed FROM TO PORT FILE...
 *     embed default/web default/db 3306 db-policy/cluster.yaml db-policy/1-either.yaml
 *
 * Exits with 0 if the answer is yes, 1 if it is no, 2 if there is no answer. */
#include <netpol.h>

#include <stdio.h>

static void show_diagnostics(const netpol_diagnostics *diags)
{
    for (size_t i = 0; i < netpol_diagnostics_count(diags); i++) {
        const netpol_diagnostic *d = netpol_diagnostics_at(diags, i);
        if (d->source)
            fprintf(stderr, "%s:%u:%u: ", d->source, d->line, d->column);
        fprintf(stderr, "%s [%s]\n", d->message, netpol_code_name(d->code));
    }
}

/* Files in, engine out. */
static netpol_status load(char **files, int n, netpol_engine **engine, netpol_diagnostics *diags)
{
    netpol_manifests *manifests = NULL;
    netpol_cluster *cluster = NULL;
    netpol_status s = netpol_manifests_new(NULL, &manifests);
    for (int i = 0; i < n && s == NETPOL_OK; i++)
        s = netpol_manifests_read(manifests, files[i], diags);
    if (s == NETPOL_OK)
        s = netpol_cluster_new(NULL, NULL, &cluster, diags);
    if (s == NETPOL_OK)
        s = netpol_cluster_put_all(cluster, manifests, diags);
    if (s == NETPOL_OK)
        s = netpol_cluster_compile(cluster, NETPOL_ENGINE_COMPILED, engine, diags);
    netpol_cluster_free(cluster);
    netpol_manifests_free(manifests);
    return s;
}

static void show_decision(const char *side, const netpol_decision *d)
{
    printf("  %s: %s, %s", side, d->allowed ? "allowed" : "denied", d->reason);
    if (d->policy)
        printf(" (policy %s", netpol_object_name(d->policy));
    if (d->policy && d->rule >= 0)
        printf(", rule %d", d->rule);
    if (d->policy)
        printf(", %s:%u)", d->source, d->line);
    printf("\n");
}

static netpol_status answer(const netpol_engine *engine, const netpol_flow *flow, int *allowed,
                            netpol_diagnostics *diags)
{
    netpol_explanation *why = NULL;
    netpol_status s = netpol_engine_explain(engine, flow, &why, diags);
    if (s != NETPOL_OK)
        return s;
    *allowed = netpol_explanation_verdict(why).allowed;
    printf("%s\n", *allowed ? "allowed" : "denied");
    show_decision("leaving the source", netpol_explanation_decision(why, NETPOL_EGRESS));
    show_decision("entering the destination", netpol_explanation_decision(why, NETPOL_INGRESS));
    netpol_explanation_free(why);
    return NETPOL_OK;
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: embed FROM TO PORT FILE...\n");
        return 2;
    }
    netpol_diagnostics *diags = netpol_diagnostics_new(NULL);
    netpol_engine *engine = NULL;
    netpol_flow flow;
    int allowed = 0;

    netpol_status s = load(argv + 4, argc - 4, &engine, diags);
    if (s == NETPOL_OK)
        s = netpol_flow_parse(engine, argv[1], argv[2], "TCP", argv[3], &flow, diags);
    if (s == NETPOL_OK)
        s = answer(engine, &flow, &allowed, diags);
    show_diagnostics(diags);

    netpol_engine_unref(engine);
    netpol_diagnostics_free(diags);
    return s != NETPOL_OK ? 2 : allowed ? 0 : 1;
}
