/* SPDX-License-Identifier: MIT */
/* The same cluster and flows, in turn with another engine. */
#include "parts.h"

#include "netpol_bench_run.h"

#include "netpol/manifests.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static netpol_status to_file(void *ctx, const char *p, size_t n)
{
    return fwrite(p, 1, n, ctx) == n ? NETPOL_OK : NETPOL_IO;
}

static FILE *open_in(const char *folder, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    expect(f != NULL, path);
    return f;
}

static void write_policy(FILE *f, netpol_object *x)
{
    netpol_sink sink = {to_file, f};
    expect(netpol_object_write(x, NETPOL_FORMAT_JSON, 0, &sink) == NETPOL_OK, "write");
    fputc('\n', f);
    netpol_object_unref(x);
}

static void write_meta(FILE *f, const char *kind, const netpol_metadata *m)
{
    fprintf(f, "{\"apiVersion\":\"v1\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\"", kind,
            m->name);
    if (m->namespace_name)
        fprintf(f, ",\"namespace\":\"%s\"", m->namespace_name);
    fputs(",\"labels\":{", f);
    for (size_t i = 0; i < m->n_labels; i++)
        fprintf(f, "%s\"%s\":\"%s\"", i ? "," : "", m->labels[i].key, m->labels[i].value);
    fputs("}}", f);
}

static void write_namespace(FILE *f, netpol_object *x)
{
    write_meta(f, "Namespace", netpol_object_metadata(x));
    fputs("}\n", f);
    netpol_object_unref(x);
}

static void write_pod(FILE *f, netpol_object *x)
{
    const netpol_pod *p = netpol_object_pod(x);
    const netpol_container *c = p->spec->containers[0];
    write_meta(f, "Pod", p->metadata);
    fprintf(f, ",\"spec\":{\"nodeName\":\"%s\",\"containers\":[{\"name\":\"%s\",\"ports\":[",
            p->spec->node_name, c->name);
    for (size_t i = 0; i < c->n_ports; i++)
        fprintf(f, "%s{\"name\":\"%s\",\"containerPort\":%d,\"protocol\":\"TCP\"}", i ? "," : "",
                c->ports[i]->name, (int)c->ports[i]->container_port);
    fprintf(
        f,
        "]}]},\"status\":{\"phase\":\"Running\",\"podIP\":\"%s\",\"podIPs\":[{\"ip\":\"%s\"}]}}\n",
        p->status->pod_ips[0], p->status->pod_ips[0]);
    netpol_object_unref(x);
}

/* objects.json: one object after the other. flows.txt: addresses, protocol, port, our verdict. */
static void export(const subject *s, const char *folder, size_t n)
{
    FILE *f = open_in(folder, "objects.json");
    for (uint32_t i = 0; i < s->w.size.namespaces; i++)
        write_namespace(f, bench_namespace(i));
    for (uint32_t a = 0; a < s->w.n_apps; a++)
        for (uint32_t k = 0; k < s->w.apps[a].n_pods; k++)
            if (s->w.apps[a].first_pod + k < s->w.size.pods)
                write_pod(f, bench_pod(&s->w, a, s->w.apps[a].first_pod + k));
    uint64_t state = s->w.policy_seed;
    for (uint32_t i = 0; i < s->w.size.policies; i++)
        write_policy(f, bench_policy(&s->w, i, &state));
    fclose(f);
    f = open_in(folder, "flows.txt");
    for (size_t i = 0; i < n; i++) {
        const netpol_flow *q = &s->flows[i];
        netpol_verdict v = netpol_engine_verdict(s->engine, q);
        fprintf(f, "%u.%u.%u.%u %u.%u.%u.%u %s %u %d\n", q->src[12], q->src[13], q->src[14],
                q->src[15], q->dst[12], q->dst[13], q->dst[14], q->dst[15],
                q->protocol == NETPOL_UDP ? "UDP" : "TCP", q->port, v.allowed);
    }
    fclose(f);
}

typedef struct peer {
    FILE *ask;
    FILE *answer;
} peer;

static peer start_peer(const char *program, const char *folder)
{
    int to[2];
    int from[2];
    expect(pipe(to) == 0 && pipe(from) == 0, "pipe");
    if (fork() == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        close(to[1]);
        close(from[0]);
        execl(program, program, folder, (char *)NULL);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    return (peer){fdopen(to[1], "w"), fdopen(from[0], "r")};
}

/* The two engines take turns over the same flows; medians of both. */
void bench_compare(const char *name, const char *folder, const char *program)
{
    enum { FLOWS = 20000 };
    subject s;
    subject_make(&s, bench_size_of(name), NULL, FLOWS);
    export(&s, folder, FLOWS);
    peer p = start_peer(program, folder);
    double ours[ROUNDS];
    double theirs[ROUNDS];
    unsigned differ = 0;
    for (int round = 0; round < ROUNDS; round++) {
        fputs("go\n", p.ask);
        fflush(p.ask);
        expect(fscanf(p.answer, "%lf %u", &theirs[round], &differ) == 2, "the peer gave no answer");
        double start = bench_cpu();
        for (size_t i = 0; i < s.n; i++)
            s.out[i] = netpol_engine_verdict(s.engine, &s.flows[i]);
        ours[round] = (bench_cpu() - start) / FLOWS * 1e9;
    }
    fclose(p.ask);
    fclose(p.answer);
    double a = median(ours, ROUNDS);
    double b = median(theirs, ROUNDS);
    printf("| %s | %u | %.0f | %.0f | %.0fx | %u |\n", name, s.w.size.policies, a, b, b / a,
           differ);
    subject_free(&s);
}
