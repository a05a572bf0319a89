/* SPDX-License-Identifier: MIT */
/* Policies change while another thread goes on asking, without a lock and without a pause.
 *
 *     live FILE...
 *     live db-policy/cluster.yaml db-policy/1-either.yaml
 *
 * The reader asks whether default/web may reach default/db on 3306 until the answer turns from no
 * to yes, which it does when the main thread takes the policy away. */
#include <netpol.h>

#include <pthread.h>
#include <stdio.h>

static int is_allowed(const netpol_engine *engine)
{
    netpol_flow flow;
    netpol_status s =
        netpol_flow_parse(engine, "default/web", "default/db", "TCP", "3306", &flow, NULL);
    return s == NETPOL_OK && netpol_engine_verdict(engine, &flow).allowed;
}

static void *ask_until_allowed(void *reader)
{
    int allowed = 0;
    while (!allowed) {
        allowed = is_allowed(netpol_reader_enter(reader)); /* this moment's policies … */
        netpol_reader_leave(reader);                       /* … until here */
    }
    return NULL;
}

static netpol_status load(netpol_cluster *cluster, char **files, int n)
{
    netpol_manifests *manifests = NULL;
    netpol_status s = netpol_manifests_new(NULL, &manifests);
    for (int i = 0; i < n && s == NETPOL_OK; i++)
        s = netpol_manifests_read(manifests, files[i], NULL);
    if (s == NETPOL_OK)
        s = netpol_cluster_put_all(cluster, manifests, NULL);
    netpol_manifests_free(manifests);
    return s;
}

/* Compiles the cluster as it is now. The first time makes the place, later times publish there. */
static netpol_status publish(netpol_cluster *cluster, netpol_live **live)
{
    netpol_engine *engine = NULL;
    netpol_status s = netpol_cluster_compile(cluster, NETPOL_ENGINE_COMPILED, &engine, NULL);
    if (s == NETPOL_OK)
        s = *live ? netpol_live_publish(*live, engine) : netpol_live_new(engine, NULL, live);
    if (s == NETPOL_OK)
        printf("published: %s\n", is_allowed(engine) ? "allowed" : "denied");
    netpol_engine_unref(engine); /* the place keeps a reference of its own */
    return s;
}

static netpol_status change_under_a_reader(netpol_cluster *cluster, netpol_live *live)
{
    netpol_reader *reader = NULL;
    pthread_t thread;
    netpol_status s = netpol_reader_new(live, &reader);
    if (s != NETPOL_OK)
        return s;
    if (pthread_create(&thread, NULL, ask_until_allowed, reader) != 0)
        return NETPOL_NO_MEMORY;
    s = netpol_cluster_remove(cluster, NETPOL_KIND_NETWORK_POLICY, NULL, "db-policy");
    if (s == NETPOL_OK)
        s = publish(cluster, &live);
    if (s != NETPOL_OK)
        return s;
    pthread_join(thread, NULL);
    printf("the reader has seen it\n");
    netpol_reader_free(reader);
    return NETPOL_OK;
}

int main(int argc, char **argv)
{
    netpol_cluster *cluster = NULL;
    netpol_live *live = NULL;
    netpol_status s = netpol_cluster_new(NULL, NULL, &cluster, NULL);
    if (s == NETPOL_OK)
        s = load(cluster, argv + 1, argc - 1);
    if (s == NETPOL_OK)
        s = publish(cluster, &live);
    if (s == NETPOL_OK)
        s = change_under_a_reader(cluster, live);
    if (s != NETPOL_OK) {
        printf("%s\n", netpol_status_name(s));
        return 1; /* a reader may still be at work: the end of the program ends it */
    }
    netpol_live_free(live);
    netpol_cluster_free(cluster);
    return 0;
}
