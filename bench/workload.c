/* SPDX-License-Identifier: MIT */
#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *const app_names[] = {
    "web", "api",   "auth", "cart",  "search", "orders", "billing", "cache", "queue", "worker",
    "db",  "proxy", "mail", "stats", "export", "import", "images",  "users", "feed",  "admin"};
static const char *const tiers[] = {"frontend", "backend", "data", "infra"};
static const char *const envs[] = {"prod", "staging", "dev"};

void *bench_alloc(size_t bytes)
{
    void *p = calloc(1, bytes ? bytes : 1);
    if (!p) {
        fprintf(stderr, "bench: no memory\n");
        exit(3);
    }
    return p;
}

static void expect_ok(netpol_status s, const char *what)
{
    if (s == NETPOL_OK)
        return;
    fprintf(stderr, "bench: %s: %s\n", what, netpol_status_name(s));
    exit(3);
}

uint64_t bench_next(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

uint32_t bench_below(uint64_t *state, uint32_t n)
{
    return (uint32_t)((bench_next(state) >> 32) * n >> 32);
}

static bool chance(uint64_t *state, uint32_t percent)
{
    return bench_below(state, 100) < percent;
}

/* Pods of a node lie together in a /24. */
uint32_t bench_pod_ip(uint32_t pod)
{
    return (10u << 24) + (pod / BENCH_PODS_A_NODE + 1) * 256 + 10 + pod % BENCH_PODS_A_NODE;
}

uint32_t bench_node_ip(uint32_t node)
{
    return (172u << 24 | 16u << 16) + (node / 250) * 256 + 1 + node % 250;
}

/* ---- texts ---- */

typedef struct texts {
    char space[32];
    char team[16];
    char app[48];
    char hash[16];
    char pod[96];
    char unique[32];
    char ip[32];
    char ip6[48];
    char node[32];
} texts;

/* What a number alone decides about a namespace or an app: the same each time it is asked. */
static uint32_t trait(uint32_t kind, uint32_t number, uint32_t n)
{
    uint64_t state = (uint64_t)kind << 40 ^ number;
    return bench_below(&state, n);
}

static void space_text(uint32_t space, char out[32])
{
    if (space == 0)
        strcpy(out, "monitoring");
    else
        snprintf(out, 32, "ns-%04u", space);
}

static void app_text(const bench_workload *w, uint32_t app, char out[48])
{
    const bench_app *a = &w->apps[app];
    char own[16] = "";
    char again[16] = "";
    if (w->shape.own_names)
        snprintf(own, sizeof own, "%u-", a->space);
    if (a->name >= COUNT(app_names))
        snprintf(again, sizeof again, "-%u", a->name / (uint32_t)COUNT(app_names) + 1);
    snprintf(out, 48, "%s%s%s", own, app_names[a->name % COUNT(app_names)], again);
}

static void fill(const bench_workload *w, uint32_t app, uint32_t pod, texts *t)
{
    const bench_app *a = &w->apps[app];
    uint32_t ip = bench_pod_ip(pod);
    space_text(a->space, t->space);
    snprintf(t->team, sizeof t->team, "team-%02u", trait(1, a->space, 16));
    app_text(w, app, t->app);
    snprintf(t->hash, sizeof t->hash, "%08x", trait(3, app, UINT32_MAX));
    snprintf(t->pod, sizeof t->pod, "%s-%s-%05x", t->app, t->hash, pod);
    snprintf(t->unique, sizeof t->unique, "u%u", pod);
    snprintf(t->ip, sizeof t->ip, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
    snprintf(t->ip6, sizeof t->ip6, "fd00:10::%x:%x", pod >> 16, pod & 65535);
    snprintf(t->node, sizeof t->node, "node-%05u", pod / BENCH_PODS_A_NODE);
}

/* ---- objects ---- */

netpol_object *bench_pod(const bench_workload *w, uint32_t app, uint32_t pod)
{
    texts t;
    fill(w, app, pod, &t);
    const netpol_label labels[] = {
        {"app", t.app},
        {"app.kubernetes.io/instance", t.app},
        {"app.kubernetes.io/managed-by", "Helm"},
        {"env", envs[trait(2, w->apps[app].space, COUNT(envs))]},
        {"helm.sh/chart", "service-1.2.3"},
        {"pod-template-hash", t.hash},
        {"team", t.team},
        {"tier", tiers[w->apps[app].tier]},
        {"uid", t.unique},
    };
    static const int32_t numbers[] = {8080, 9090};
    const netpol_container_port http = {.name = "http", .container_port = numbers[0]};
    const netpol_container_port metrics = {.name = "metrics", .container_port = numbers[1]};
    const netpol_container_port *const ports[] = {&http, &metrics};
    const netpol_container container = {.name = "main", .ports = ports, .n_ports = 2};
    const netpol_container *const containers[] = {&container};
    const char *const ips[] = {t.ip, t.ip6};
    const netpol_pod tree = {
        .metadata = &(netpol_metadata){.name = t.pod,
                                       .namespace_name = t.space,
                                       .labels = labels,
                                       .n_labels = COUNT(labels) - !(w->shape.unique_labels ||
                                                                     w->shape.broad_names)},
        .spec =
            &(netpol_pod_spec){.containers = containers, .n_containers = 1, .node_name = t.node},
        .status = &(netpol_pod_status){
            .phase = "Running", .pod_ips = ips, .n_pod_ips = w->shape.dual_stack ? 2 : 1}};
    netpol_object *x = NULL;
    expect_ok(netpol_object_from_pod(&tree, NETPOL_VERSION, NULL, &x, NULL), t.pod);
    return x;
}

#define SEL(name, key, text)                                                                       \
    const netpol_label name##_label[] = {{key, text}};                                             \
    const netpol_label_selector name = {.match_labels = name##_label, .n_match_labels = 1}

/* Blocks of a long list: /24s that are not next to each other. */
static const netpol_peer *const *many_blocks(uint32_t n, uint64_t *state, void **room)
{
    typedef struct one {
        char cidr[32];
        netpol_ip_block block;
        netpol_peer peer;
    } one;
    char *memory = bench_alloc(n * (sizeof(one) + sizeof(netpol_peer *)));
    one *all = (one *)(void *)memory;
    const netpol_peer **list = (const netpol_peer **)(void *)(all + n);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t r = bench_below(state, 1u << 23);
        snprintf(all[i].cidr, sizeof all[i].cidr, "%u.%u.%u.0/24", 64 + (r >> 16), r >> 8 & 255,
                 r & 254);
        all[i].block = (netpol_ip_block){.cidr = all[i].cidr};
        all[i].peer = (netpol_peer){.ip_block = &all[i].block};
        list[i] = &all[i].peer;
    }
    *room = memory;
    return list;
}

netpol_object *bench_policy(const bench_workload *w, uint32_t number, uint64_t *state)
{
    uint32_t target = w->target[number];
    const bench_app *a = &w->apps[target];
    uint32_t first = w->first_app[a->space];
    uint32_t other = first + bench_below(state, w->first_app[a->space + 1] - first);
    texts t;
    texts p;
    fill(w, target, a->first_pod, &t);
    fill(w, other, w->apps[other].first_pod + bench_below(state, w->apps[other].n_pods), &p);
    char name[32];
    char team[16];
    char hole[32];
    snprintf(name, sizeof name, "np-%05u", number);
    snprintf(team, sizeof team, "team-%02u", bench_below(state, 16));
    snprintf(hole, sizeof hole, "192.168.%u.0/24", bench_below(state, 64));
    bool by_unique = w->shape.broad_names || (w->shape.unique_labels && number % 20 == 0);
    SEL(subject, "app", t.app);
    SEL(same_app, by_unique ? "uid" : "app", by_unique ? p.unique : p.app);
    SEL(tier, "tier", tiers[bench_below(state, 4)]);
    SEL(of_team, "team", team);
    SEL(monitoring, "kubernetes.io/metadata.name", "monitoring");
    const netpol_label_selector all = {0};
    const char *const two_tiers[] = {tiers[bench_below(state, 4)], tiers[bench_below(state, 4)]};
    const netpol_requirement in = {"tier", "In", two_tiers, 2};
    const netpol_requirement *const reqs[] = {&in};
    const netpol_label_selector by_tiers = {.match_expressions = reqs, .n_match_expressions = 1};
    const netpol_peer local = {.pod_selector = &same_app};
    const netpol_peer local_tiers = {.pod_selector = &by_tiers};
    const netpol_peer broad = {.namespace_selector = w->shape.broad_names ? &all : &of_team,
                               .pod_selector = w->shape.broad_names ? &same_app : &tier};
    const netpol_peer *peers[3] = {&local, &broad};
    size_t n_peers = 2;
    if (chance(state, 30))
        peers[n_peers++] = &local_tiers;
    int32_t own = w->shape.own_ports ? (int32_t)(1024 + number) : 8080;
    const int32_t last = 32767;
    const netpol_int_or_string numbers[] = {
        {.string = chance(state, 30) ? "http" : NULL, .number = own},
        {.number = 30000},
        {.number = 9090},
        {.number = 53},
        {.number = 8080},
        {.number = 443}};
    const netpol_port http = {.protocol = "TCP", .port = &numbers[0]};
    const netpol_port range = {.protocol = "TCP", .port = &numbers[1], .end_port = &last};
    const netpol_port metrics = {.protocol = "TCP", .port = &numbers[2]};
    const netpol_port dns = {.protocol = "UDP", .port = &numbers[3]};
    const netpol_port web = {.protocol = "TCP", .port = &numbers[4]};
    const netpol_port https = {.protocol = "TCP", .port = &numbers[5]};
    const netpol_port *const rule1_ports[] = {&http, &range};
    const char *const holes[] = {hole};
    const netpol_ip_block lan = {"192.168.0.0/16", holes, 1};
    const netpol_peer from_monitoring = {.namespace_selector = &monitoring};
    const netpol_peer from_lan = {.ip_block = &lan};
    const netpol_peer *const rule2_peers[] = {&from_monitoring, &from_lan};
    const netpol_port *const rule2_ports[] = {&metrics};
    void *room = NULL;
    netpol_rule rule3 = {.ports = rule2_ports, .n_ports = 1};
    if (w->shape.cidrs && number % 20 == 0) {
        rule3.peers = many_blocks(w->shape.cidrs, state, &room);
        rule3.n_peers = w->shape.cidrs;
    }
    const netpol_rule rule1 = {rule1_ports, chance(state, 10) ? 2 : 1, peers, n_peers};
    const netpol_rule rule2 = {rule2_ports, 1, rule2_peers, 2};
    const netpol_rule *const ingress[] = {&rule1, &rule2, &rule3};
    const netpol_peer everywhere = {.namespace_selector = &all};
    const char *const pods_net[] = {"10.0.0.0/8"};
    const netpol_ip_block internet = {"0.0.0.0/0", pods_net, 1};
    const netpol_peer to_internet = {.ip_block = &internet};
    const netpol_peer *const out1[] = {&everywhere};
    const netpol_peer *const out2[] = {&to_internet};
    const netpol_port *const out1_ports[] = {&dns, &web};
    const netpol_port *const out2_ports[] = {&https};
    const netpol_rule egress1 = {out1_ports, 2, out1, 1};
    const netpol_rule egress2 = {out2_ports, 1, out2, 1};
    const netpol_rule *const egress[] = {&egress1, &egress2};
    const char *const types[] = {"Ingress", "Egress"};
    bool out = chance(state, 20);
    const netpol_policy tree = {.metadata =
                                    &(netpol_metadata){.name = name, .namespace_name = t.space},
                                .spec = &(netpol_policy_spec){.pod_selector = &subject,
                                                              .ingress = ingress,
                                                              .n_ingress = room ? 3 : 2,
                                                              .egress = egress,
                                                              .n_egress = out ? 2 : 0,
                                                              .policy_types = types,
                                                              .n_policy_types = out ? 2 : 1}};
    netpol_object *x = NULL;
    expect_ok(netpol_object_from_policy(&tree, NETPOL_VERSION, NULL, &x, NULL), name);
    free(room);
    return x;
}

netpol_object *bench_namespace(uint32_t space)
{
    char name[32];
    char team[16];
    space_text(space, name);
    snprintf(team, sizeof team, "team-%02u", trait(1, space, 16));
    const netpol_label labels[] = {{"env", envs[trait(2, space, COUNT(envs))]},
                                   {"kubernetes.io/metadata.name", name},
                                   {"team", team}};
    const netpol_namespace tree = {
        .metadata = &(netpol_metadata){.name = name, .labels = labels, .n_labels = 3}};
    netpol_object *x = NULL;
    expect_ok(netpol_object_from_namespace(&tree, NETPOL_VERSION, NULL, &x, NULL), name);
    return x;
}

netpol_object *bench_node(uint32_t node)
{
    char name[32];
    char ip[32];
    uint32_t x = bench_node_ip(node);
    snprintf(name, sizeof name, "node-%05u", node);
    snprintf(ip, sizeof ip, "%u.%u.%u.%u", x >> 24, x >> 16 & 255, x >> 8 & 255, x & 255);
    const netpol_node_address address = {.type = "InternalIP", .address = ip};
    const netpol_node_address *const addresses[] = {&address};
    const netpol_node tree = {
        .metadata = &(netpol_metadata){.name = name}, .addresses = addresses, .n_addresses = 1};
    netpol_object *made = NULL;
    expect_ok(netpol_object_from_node(&tree, NETPOL_VERSION, NULL, &made, NULL), name);
    return made;
}

/* ---- the cluster ---- */

static void put(bench_workload *w, netpol_object *x)
{
    expect_ok(netpol_cluster_put(w->cluster, x, NULL), "put");
    netpol_object_unref(x);
}

/* Namespaces get their apps one after the other, of one to nine pods each. */
static void deal_apps(bench_workload *w, uint64_t *state)
{
    const bench_size *s = &w->size;
    w->apps = bench_alloc((size_t)(s->pods + s->namespaces + 1) * sizeof *w->apps);
    w->first_app = bench_alloc((s->namespaces + 1) * sizeof *w->first_app);
    uint32_t pod = 0;
    for (uint32_t i = 0; i < s->namespaces; i++) {
        w->first_app[i] = w->n_apps;
        uint32_t end = (uint32_t)((uint64_t)s->pods * (i + 1) / s->namespaces);
        for (uint32_t name = 0; pod < end || name == 0; name++) {
            uint32_t n = 1 + bench_below(state, 9);
            n = n < end - pod ? n : end - pod;
            w->apps[w->n_apps++] = (bench_app){i, name, bench_below(state, 4), pod, n ? n : 1};
            pod += n;
        }
    }
    w->first_app[s->namespaces] = w->n_apps;
}

void bench_workload_make(bench_workload *w, const bench_size *size, const bench_shape *shape)
{
    static const bench_shape usual = {0};
    *w = (bench_workload){.size = *size, .shape = shape ? *shape : usual};
    uint64_t state = 1;
    deal_apps(w, &state);
    expect_ok(netpol_cluster_new(NULL, NULL, &w->cluster, NULL), "cluster");
    for (uint32_t i = 0; i < size->namespaces; i++)
        put(w, bench_namespace(i));
    for (uint32_t a = 0; a < w->n_apps; a++)
        for (uint32_t k = 0; k < w->apps[a].n_pods && w->apps[a].first_pod + k < size->pods; k++)
            put(w, bench_pod(w, a, w->apps[a].first_pod + k));
    for (uint32_t i = 0; i <= size->pods / BENCH_PODS_A_NODE; i++)
        put(w, bench_node(i));
    w->target = bench_alloc((size->policies + 1) * sizeof *w->target);
    for (uint32_t i = 0; i < size->policies; i++)
        w->target[i] = bench_below(&state, w->n_apps);
    w->policy_seed = state;
    for (uint32_t i = 0; i < size->policies; i++)
        put(w, bench_policy(w, i, &state));
}

void bench_workload_free(bench_workload *w)
{
    netpol_cluster_free(w->cluster);
    free(w->apps);
    free(w->first_app);
    free(w->target);
}

/* ---- questions ---- */

static void set_address(uint8_t out[16], uint32_t ip)
{
    memset(out, 0, 10);
    memset(out + 10, 0xff, 2);
    for (int i = 0; i < 4; i++)
        out[12 + i] = (uint8_t)(ip >> (24 - 8 * i));
}

static uint32_t pick_pod(const bench_workload *w, uint64_t *state, bool zipf)
{
    uint32_t n = w->size.pods;
    if (!zipf)
        return bench_below(state, n);
    uint32_t r = bench_below(state, n);
    for (int i = 0; i < 3 && r > 1; i++)
        r = bench_below(state, r);
    return (uint32_t)((uint64_t)r * 2654435761u % n);
}

static uint32_t pod_of_app(const bench_workload *w, uint32_t app, uint64_t *state)
{
    return w->apps[app].first_pod + bench_below(state, w->apps[app].n_pods);
}

void bench_flows(const bench_workload *w, netpol_flow *flows, size_t n, bool zipf, uint64_t seed,
                 uint32_t (*pods)[2])
{
    static const struct {
        uint8_t protocol;
        uint16_t port;
    } ports[] = {{NETPOL_TCP, 8080}, {NETPOL_TCP, 8080}, {NETPOL_TCP, 9090},
                 {NETPOL_UDP, 53},   {NETPOL_TCP, 443},  {NETPOL_TCP, 31000}};
    uint64_t state = seed;
    for (size_t i = 0; i < n; i++) {
        netpol_flow *f = &flows[i];
        memset(f, 0, sizeof *f);
        uint32_t src = pick_pod(w, &state, zipf);
        uint32_t dst = pick_pod(w, &state, zipf);
        if (w->size.policies && chance(&state, 50)) {
            uint32_t app = w->target[bench_below(&state, w->size.policies)];
            uint32_t first = w->first_app[w->apps[app].space];
            uint32_t count = w->first_app[w->apps[app].space + 1] - first;
            dst = pod_of_app(w, app, &state);
            src = pod_of_app(w, first + bench_below(&state, count), &state);
        }
        uint32_t src_ip = bench_pod_ip(src);
        uint32_t dst_ip = bench_pod_ip(dst);
        uint32_t x = bench_below(&state, 100);
        if (x < 5) {
            src_ip = (192u << 24 | 168u << 16) + bench_below(&state, 1u << 14);
            src = UINT32_MAX;
        } else if (x < 10) {
            dst_ip = (203u << 24 | 113u << 8) + bench_below(&state, 250);
            dst = UINT32_MAX;
        }
        set_address(f->src, src_ip);
        set_address(f->dst, dst_ip);
        size_t k = bench_below(&state, COUNT(ports));
        f->protocol = ports[k].protocol;
        f->port = ports[k].port;
        if (pods) {
            pods[i][0] = src;
            pods[i][1] = dst;
        }
    }
}

void bench_turn_flows(const bench_workload *w, netpol_flow *flows, size_t n, uint32_t (*pods)[2],
                      int kind)
{
    uint64_t state = 21;
    for (size_t i = 0; i < n; i++) {
        netpol_flow *f = &flows[i];
        uint32_t node = bench_below(&state, w->size.pods) / BENCH_PODS_A_NODE;
        if (kind == BENCH_OWN_NODE && pods[i][1] != UINT32_MAX)
            node = pods[i][1] / BENCH_PODS_A_NODE;
        if (kind == BENCH_FROM_NODE || kind == BENCH_OWN_NODE)
            set_address(f->src, bench_node_ip(node));
        else if (kind == BENCH_TO_NODE)
            set_address(f->dst, bench_node_ip(node));
        else if (kind == BENCH_OUTSIDE)
            set_address(f->src, 203u << 24 | bench_below(&state, 1u << 24));
        if (kind == BENCH_ICMP) {
            f->protocol = NETPOL_ICMP;
            f->port = 0;
        }
    }
}
