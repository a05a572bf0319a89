/* SPDX-License-Identifier: MIT */
#include "engine.h"

#include "compile.h"
#include "port.h"

/* ---- making and counting ---- */

/* What the cluster remembers of its last compilation. */
static void forget_last(netpol_cluster *c)
{
    np_compiler_free(c->compiler);
    np_snapshot_free(c->last);
    np_build_free(c->build);
    c->compiler = NULL;
    c->last = NULL;
    c->build = NULL;
}

static netpol_status change_program(netpol_cluster *c, netpol_engine *e)
{
    netpol_status s =
        np_compiler_change(c->compiler, e->snapshot, np_build_delta(c->build), &e->program);
    if (s != NETPOL_NOT_FOUND)
        return s;
    np_compiler_free(c->compiler);
    c->compiler = NULL;
    return np_compiler_new(e->snapshot, &c->semantics, &c->options, &c->compiler, &e->program);
}

/* Changes the last compilation. NETPOL_NOT_FOUND: everything must be made anew. */
static netpol_status compile_changes(netpol_cluster *c, netpol_engine *e, netpol_diagnostics *diags)
{
    size_t said = netpol_diagnostics_count(diags);
    netpol_status s = np_snapshot_change(c->build, &e->snapshot, diags);
    if (s == NETPOL_OK)
        s = change_program(c, e);
    if (s != NETPOL_OK) {
        np_snapshot_free(e->snapshot);
        e->snapshot = NULL;
        forget_last(c); /* half changed: what comes next begins anew */
        np_diag_truncate(diags, said);
        return s;
    }
    np_snapshot_free(c->last);
    c->last = np_snapshot_ref(e->snapshot);
    np_cluster_forget_changes(c);
    return NETPOL_OK;
}

static netpol_status compile_all(netpol_cluster *c, netpol_engine *e, netpol_diagnostics *diags)
{
    np_build *build = NULL;
    np_compiler *compiler = NULL;
    forget_last(c);
    netpol_status s = np_snapshot_make(c, &build, &e->snapshot, diags);
    if (s == NETPOL_OK)
        s = np_compiler_new(e->snapshot, &c->semantics, &c->options, &compiler, &e->program);
    if (s != NETPOL_OK) {
        np_build_free(build);
        return s;
    }
    np_cluster_forget_changes(c);
    c->last = np_snapshot_ref(e->snapshot);
    c->build = build;
    c->compiler = compiler;
    c->forget = forget_last;
    return NETPOL_OK;
}

static netpol_status fill(netpol_cluster *c, netpol_engine *e, netpol_diagnostics *diags)
{
    bool again = c->last && !c->changed;
    if (e->machinery == NETPOL_ENGINE_REFERENCE) {
        if (!again || c->n_changes)
            return np_snapshot_make(c, NULL, &e->snapshot, diags);
        np_build_repeat(c->build, diags);
        e->snapshot = np_snapshot_ref(c->last);
        return NETPOL_OK;
    }
    netpol_status s = again ? compile_changes(c, e, diags) : NETPOL_NOT_FOUND;
    return s == NETPOL_NOT_FOUND ? compile_all(c, e, diags) : s;
}

netpol_status netpol_cluster_compile(netpol_cluster *cluster, int32_t machinery,
                                     netpol_engine **out, netpol_diagnostics *diags)
{
    if (!cluster || !out ||
        (machinery != NETPOL_ENGINE_COMPILED && machinery != NETPOL_ENGINE_REFERENCE))
        return NETPOL_MISUSE;
    netpol_engine *e = np_resize(&cluster->alloc, NULL, 0, sizeof *e);
    if (!e)
        return NETPOL_NO_MEMORY;
    *e = (netpol_engine){
        .alloc = cluster->alloc, .semantics = cluster->semantics, .machinery = machinery};
    atomic_init(&e->refs, 1);
    netpol_status s = fill(cluster, e, diags);
    if (s == NETPOL_OK)
        *out = e;
    else
        netpol_engine_unref(e);
    return s;
}

/* The count is no part of what "const" promises: references are taken of what is only read. */
netpol_engine *netpol_engine_ref(const netpol_engine *engine)
{
    netpol_engine *e = (netpol_engine *)(uintptr_t)engine;
    if (e)
        (void)atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
    return e;
}

void netpol_engine_unref(netpol_engine *e)
{
    if (!e || atomic_fetch_sub_explicit(&e->refs, 1, memory_order_acq_rel) != 1)
        return;
    np_program_free(e->program);
    np_snapshot_free(e->snapshot);
    netpol_allocator alloc = e->alloc;
    np_release(&alloc, e, sizeof *e);
}

/* ---- pods ---- */

bool np_split_kind(np_slice text, np_slice *name, np_slice *kind)
{
    const char *open = text.n ? memchr(text.p, '[', text.n) : NULL;
    if (!open || text.p[text.n - 1] != ']')
        return false;
    *name = (np_slice){text.p, (size_t)(open - text.p)};
    *kind = (np_slice){open + 1, text.n - name->n - 2};
    return name->n && kind->n;
}

#define NAME_ROOM 320 /* a name of 253 bytes and a kind */

static uint32_t first_of_owner(const np_snapshot *s, uint32_t space, const char *kind,
                               const char *name)
{
    uint32_t owner = np_snapshot_owner(s, space, kind, name);
    return owner == NP_NONE ? NP_NONE : np_owner_at(s, owner)->first_pod;
}

static uint32_t find_by_kind(const np_snapshot *s, uint32_t space, const char *text)
{
    char room[NAME_ROOM];
    np_slice name;
    np_slice kind;
    size_t n = strlen(text);
    if (n >= sizeof room || !np_split_kind((np_slice){text, n}, &name, &kind))
        return NP_NONE;
    memcpy(room, text, n + 1);
    room[name.n] = '\0';
    room[n - 1] = '\0';
    return first_of_owner(s, space, room + name.n + 1, room);
}

static uint32_t find_replica(const np_snapshot *s, uint32_t space, const char *name)
{
    for (int32_t kind = NETPOL_KIND_DEPLOYMENT; kind <= NETPOL_KIND_CRON_JOB; kind++) {
        uint32_t pod = first_of_owner(s, space, np_kind_of(kind)->name, name);
        if (pod != NP_NONE && np_pod_at(s, pod)->replica)
            return pod;
    }
    return NP_NONE;
}

uint32_t np_engine_find_pod(const netpol_engine *e, const char *space, const char *name)
{
    const np_snapshot *s = e->snapshot;
    uint32_t number = np_snapshot_namespace(s, space && *space ? space : s->default_namespace);
    if (number == NP_NONE)
        return NP_NONE;
    uint32_t pod = np_snapshot_pod(s, number, name);
    if (pod == NP_NONE)
        pod = find_by_kind(s, number, name);
    return pod == NP_NONE ? find_replica(s, number, name) : pod;
}

size_t netpol_engine_pod_count(const netpol_engine *engine)
{
    return engine ? engine->snapshot->n_live_pods : 0;
}

netpol_status netpol_engine_pod(const netpol_engine *engine, const char *namespace_name,
                                const char *name, uint32_t *pod)
{
    if (!engine || !name || !pod)
        return NETPOL_MISUSE;
    uint32_t found = np_engine_find_pod(engine, namespace_name, name);
    if (found == NP_NONE)
        return NETPOL_NOT_FOUND;
    *pod = found;
    return NETPOL_OK;
}

uint16_t np_pod_port_number(const np_pod *p, const char *name, uint8_t protocol)
{
    for (size_t i = 0; i < p->n_ports; i++)
        if (p->ports[i].protocol == protocol && strcmp(p->ports[i].name, name) == 0)
            return p->ports[i].number;
    return 0;
}

/* ---- flows of text ---- */

static netpol_status parse_pod(const netpol_engine *e, const char *text, uint8_t bytes[16],
                               netpol_diagnostics *diags)
{
    char space[NAME_ROOM];
    const char *slash = strchr(text, '/');
    size_t n = slash ? (size_t)(slash - text) : 0;
    uint32_t pod = NP_NONE;
    if (n < sizeof space) {
        memcpy(space, text, n);
        space[n] = '\0';
        pod = np_engine_find_pod(e, space, slash ? slash + 1 : text);
    }
    if (pod == NP_NONE) {
        np_diag(diags, NP_CODE_QUESTION_NOT_FOUND, NULL, NULL, NULL,
                "neither a pod nor an address: %s", text);
        return NETPOL_NOT_FOUND;
    }
    memset(bytes, 0, 16);
    memcpy(bytes, &pod, sizeof pod);
    return NETPOL_OK;
}

static netpol_status parse_side(const netpol_engine *e, const char *text, uint8_t bytes[16],
                                uint8_t *kind, netpol_diagnostics *diags)
{
    np_ip ip;
    if (!np_ip_parse(np_slice_of(text), &ip)) {
        *kind = NETPOL_BY_POD;
        return parse_pod(e, text, bytes, diags);
    }
    *kind = NETPOL_BY_ADDRESS;
    memcpy(bytes, ip.b, sizeof ip.b);
    return NETPOL_OK;
}

/* A port name is the destination's. 0 is no port that anybody can connect to (settled.md 2.7). */
static netpol_status parse_port(const netpol_engine *e, const char *text, netpol_flow *f,
                                netpol_diagnostics *diags)
{
    f->port = 0;
    if (!np_protocol_has_ports(f->protocol))
        return NETPOL_OK;
    if (text && !np_port_parse(np_slice_of(text), &f->port)) {
        np_packet q;
        if (np_packet_of_flow(e->snapshot, f, &q) == 0 && q.dst.pod != NP_NONE)
            f->port = np_pod_port_number(np_pod_at(e->snapshot, q.dst.pod), text, f->protocol);
    }
    if (f->port)
        return NETPOL_OK;
    np_diag(diags, NP_CODE_QUESTION_PORT, NULL, NULL, NULL,
            "no port from 1 to 65535, nor the name of one at the destination: %s",
            text ? text : "none given");
    return NETPOL_INVALID;
}

/* One replica stands for both sides of a workload's own traffic, which is between two. */
static void part_replicas(const np_snapshot *s, netpol_flow *f)
{
    uint32_t pod;
    memcpy(&pod, f->src, sizeof pod);
    if (f->src_kind != NETPOL_BY_POD || f->dst_kind != NETPOL_BY_POD ||
        memcmp(f->src, f->dst, sizeof pod) != 0 || !np_pod_is_any_replica(np_pod_at(s, pod)))
        return;
    uint32_t other = np_next_of_owner(s, pod);
    if (other != NP_NONE)
        memcpy(f->dst, &other, sizeof other);
}

netpol_status netpol_flow_parse(const netpol_engine *engine, const char *src, const char *dst,
                                const char *protocol, const char *port, netpol_flow *out,
                                netpol_diagnostics *diags)
{
    netpol_flow f;
    memset(&f, 0, sizeof f);
    if (!engine || !src || !dst || !out)
        return NETPOL_MISUSE;
    netpol_status s = parse_side(engine, src, f.src, &f.src_kind, diags);
    if (s == NETPOL_OK)
        s = parse_side(engine, dst, f.dst, &f.dst_kind, diags);
    if (s == NETPOL_OK)
        part_replicas(engine->snapshot, &f);
    f.protocol = NETPOL_TCP;
    if (s == NETPOL_OK && protocol && !np_protocol_parse(np_slice_of(protocol), &f.protocol)) {
        np_diag(diags, NP_CODE_QUESTION_PROTOCOL, NULL, NULL, NULL, "not a protocol: %s", protocol);
        s = NETPOL_INVALID;
    }
    if (s == NETPOL_OK)
        s = parse_port(engine, port, &f, diags);
    if (s == NETPOL_OK)
        *out = f;
    return s;
}

/* ---- verdicts ---- */

netpol_verdict netpol_engine_verdict(const netpol_engine *engine, const netpol_flow *flow)
{
    if (!engine || !flow)
        return (netpol_verdict){.allowed = 0};
    if (engine->program)
        return np_program_verdict(engine->program, flow);
    return np_reference_verdict(engine->snapshot, &engine->semantics, flow);
}

void netpol_engine_verdicts(const netpol_engine *engine, const netpol_flow *flows, size_t n,
                            netpol_verdict *out)
{
    if (engine && engine->program && flows && out) {
        np_program_verdicts(engine->program, flows, n, out);
        return;
    }
    for (size_t i = 0; flows && out && i < n; i++)
        out[i] = netpol_engine_verdict(engine, &flows[i]);
}

/* False: a flow cannot say it, since by its address the side is somebody else's. */
static bool side_to_flow(const np_snapshot *s, const np_side *side, uint8_t bytes[16],
                         uint8_t *kind)
{
    if (side->pod != NP_NONE) {
        *kind = NETPOL_BY_POD;
        memcpy(bytes, &side->pod, sizeof side->pod);
        bytes[4] = side->family == NP_FAMILY_4 ? 4 : 6;
        return true;
    }
    np_side found = np_side_of_ip(s, &side->ip);
    *kind = NETPOL_BY_ADDRESS;
    memcpy(bytes, side->ip.b, sizeof side->ip.b);
    return found.pod == NP_NONE && found.node == side->node;
}

netpol_verdict np_engine_judge(const netpol_engine *e, const np_packet *packet)
{
    netpol_flow f;
    memset(&f, 0, sizeof f);
    f.port = packet->port;
    f.protocol = packet->protocol;
    if (!e->program || packet->two_replicas ||
        !side_to_flow(e->snapshot, &packet->src, f.src, &f.src_kind) ||
        !side_to_flow(e->snapshot, &packet->dst, f.dst, &f.dst_kind))
        return np_reference_judge(e->snapshot, &e->semantics, packet);
    return np_program_verdict(e->program, &f);
}

const char *netpol_depends_name(uint32_t bit)
{
    static const char *const names[] = {
        "ipblock-pod",
        "ipblock-node",
        "own-node",
        "self",
        "hairpin",
        "host-network",
        "protocol",
        "tie",
        "np-other-direction",
        "service-translation",
        "address-unknown",
        "namespace-assumed",
        "template-labels",
        "sidecar-port",
        "foreign-policy",
        "dns-unknown",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (bit == (uint32_t)1 << i)
            return names[i];
    return NULL;
}
