/* SPDX-License-Identifier: MIT */
/* What one verdict costs in C: cost MANIFESTS MODE COUNT, for cost.py.
 *   flow    netpol_engine_verdict on flows made before
 *   text    the same, with both addresses read from text each time */
#include <netpol.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLOWS = 64 };

static netpol_engine *compile(const char *path)
{
    netpol_manifests *manifests = NULL;
    netpol_cluster *cluster = NULL;
    netpol_engine *engine = NULL;
    if (netpol_manifests_new(NULL, &manifests) || netpol_manifests_read(manifests, path, NULL) ||
        netpol_cluster_new(NULL, NULL, &cluster, NULL) ||
        netpol_cluster_put_all(cluster, manifests, NULL) ||
        netpol_cluster_compile(cluster, NETPOL_ENGINE_COMPILED, &engine, NULL))
        exit(1);
    netpol_cluster_free(cluster);
    netpol_manifests_free(manifests);
    return engine;
}

static void flow_of(const netpol_engine *engine, long i, netpol_flow *out)
{
    char src[32];
    char dst[32];
    (void)snprintf(src, sizeof src, "10.0.0.%ld", i % FLOWS + 1);
    (void)snprintf(dst, sizeof dst, "10.0.1.%ld", i * 7 % FLOWS + 1);
    if (netpol_flow_parse(engine, src, dst, "TCP", "80", out, NULL))
        exit(1);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 3;
    netpol_engine *engine = compile(argv[1]);
    bool text = strcmp(argv[2], "text") == 0;
    long count = atol(argv[3]);
    long allowed = 0;
    netpol_flow flows[FLOWS];
    for (long i = 0; i < FLOWS; i++)
        flow_of(engine, i, &flows[i]);
    for (long i = 0; i < count; i++) {
        netpol_flow *flow = &flows[i % FLOWS];
        if (text)
            (void)netpol_flow_parse(engine, "10.0.0.17", "10.0.1.23", "TCP", "80", flow, NULL);
        allowed += netpol_engine_verdict(engine, flow).allowed;
    }
    printf("%ld\n", allowed);
    netpol_engine_unref(engine);
    return 0;
}
