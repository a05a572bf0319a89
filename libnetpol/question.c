/* SPDX-License-Identifier: MIT */
#include "question.h"

#include "port.h"

#define MOST_FLOWS 1000000u

/* A question being answered: under the engine's choices, or under those of a preset. */
typedef struct asking {
    np_reader reader;
    netpol_answer *answer;
    const netpol_question *question;
    uint16_t port;    /* of the question, if it is a number; 0: a name, or none */
    uint8_t families; /* that are asked for */
    size_t judged;
    bool unnamed;      /* a destination has no port of the name asked for */
    bool no_common;    /* two ends have no family in common, … */
    const char *lacks; /* … for the end called so has no address of the one asked for */
} asking;

static const np_snapshot *snapshot_of(const asking *a)
{
    return a->reader.engine->snapshot;
}

/* ---- one flow ---- */

static np_side side_of(const np_snapshot *s, const np_end *end, uint8_t family)
{
    if (end->pod != NP_NONE)
        return np_side_of_pod(s, end->pod, family);
    const np_ip *ip = family == NP_FAMILY_4 ? &end->ip4 : &end->ip6;
    if (!end->outside)
        return np_side_of_ip(s, ip);
    return (np_side){.ip = *ip, .pod = NP_NONE, .node = NP_NONE, .family = family, .known = true};
}

static bool same_why(const np_why *a, const np_why *b)
{
    return a->reason == b->reason && a->policy == b->policy && a->rule == b->rule &&
           a->peer == b->peer && a->port == b->port && a->allowed == b->allowed &&
           a->tier == b->tier;
}

static bool same_result(const np_flow_answer *a, const np_flow_answer *b)
{
    return a->verdict.allowed == b->verdict.allowed && same_why(&a->egress, &b->egress) &&
           same_why(&a->ingress, &b->ingress);
}

static np_flow_answer judge(const asking *a, const np_packet *q, const np_end *src,
                            const np_end *dst)
{
    const np_snapshot *s = snapshot_of(a);
    np_flow_answer f = {.src = src->name, .dst = dst->name};
    f.family = q->dst.family == NP_FAMILY_4 ? 4 : 6;
    f.verdict = a->reader.semantics == &a->reader.engine->semantics
                    ? np_engine_judge(a->reader.engine, q)
                    : np_reference_judge(s, a->reader.semantics, q);
    np_reference_why(s, a->reader.semantics, q, &f.egress, &f.ingress);
    f.packet = *q;
    f.range = src->outside || dst->outside;
    if (dst->service)
        f.verdict.depends |= NETPOL_DEPENDS_SERVICE_TRANSLATION;
    if (dst->service && src->pod != NP_NONE && src->pod == dst->pod)
        f.verdict.depends |= NETPOL_DEPENDS_HAIRPIN;
    f.on_host = q->dst.pod != NP_NONE && np_pod_at(s, q->dst.pod)->host_network &&
                a->reader.semantics->host_network == NETPOL_HOST_NETWORK_NODE;
    return f;
}

/* Adds ports to a line of the answer; false: no memory. */
static bool add_ports(asking *a, np_flow_answer *f, uint16_t first, uint16_t last)
{
    if (first == 0)
        return true;
    if (f->n_ports && f->ports[f->n_ports - 1].last + 1 == first) {
        f->ports[f->n_ports - 1].last = last;
        return true;
    }
    if (!np_arena_grow(&a->answer->arena, (void **)&f->ports, f->n_ports, &f->ports_room,
                       sizeof *f->ports))
        return false;
    f->ports[f->n_ports++] = (np_conn_range){first, last};
    return true;
}

/* Adds what came out for the ports first … last to the lines from `begin` on. */
static netpol_status add(asking *a, np_flow_answer f, size_t begin, uint16_t first, uint16_t last)
{
    netpol_answer *x = a->answer;
    if (++a->judged > MOST_FLOWS)
        return np_reader_say(&a->reader, NETPOL_LIMIT, NP_CODE_TOO_MANY_FLOWS,
                             "the question is about more than %u flows", MOST_FLOWS);
    for (size_t i = begin; i < x->n; i++) {
        if (!same_result(&x->flows[i], &f))
            continue;
        x->flows[i].verdict.depends |= f.verdict.depends;
        return add_ports(a, &x->flows[i], first, last) ? NETPOL_OK : NETPOL_NO_MEMORY;
    }
    if (!add_ports(a, &f, first, last) ||
        !np_arena_grow(&x->arena, (void **)&x->flows, x->n, &x->room, sizeof *x->flows))
        return NETPOL_NO_MEMORY;
    x->flows[x->n++] = f;
    return NETPOL_OK;
}

static netpol_status judge_every_port(asking *a, np_packet *q, const np_end *src, const np_end *dst)
{
    np_port_cuts cuts;
    size_t begin = a->answer->n;
    np_port_cuts_between(snapshot_of(a), q, q->protocol, &cuts);
    netpol_status status = NETPOL_OK;
    for (uint32_t first = 1; first <= NP_MAX_PORT && status == NETPOL_OK;) {
        uint16_t last = np_port_cuts_last(&cuts, (uint16_t)first);
        q->port = (uint16_t)first;
        status = add(a, judge(a, q, src, dst), begin, q->port, last);
        first = (uint32_t)last + 1;
    }
    return status;
}

/* Self holds for one pod, never for a workload, and not through a service (settled.md 1.1, 1.2). */
static bool is_between_replicas(const asking *a, const np_group *from, const np_group *to,
                                const np_end *src, const np_end *dst)
{
    return src->pod != NP_NONE && src->pod == dst->pod &&
           (from->replicas || to->replicas ||
            np_pod_is_any_replica(np_pod_at(snapshot_of(a), src->pod)));
}

/* The port at the destination; 0: it has none of that name. */
static uint16_t port_at(const asking *a, const np_end *dst)
{
    if (dst->port)
        return dst->port;
    if (a->port || !a->reader.port || dst->pod == NP_NONE)
        return a->port;
    return np_pod_port_number(np_pod_at(snapshot_of(a), dst->pod), a->reader.port,
                              a->reader.protocol);
}

static netpol_status judge_in_family(asking *a, const np_group *from, const np_group *to,
                                     const np_end *src, const np_end *dst, uint8_t family)
{
    const np_snapshot *s = snapshot_of(a);
    np_packet q = {.src = side_of(s, src, family),
                   .dst = side_of(s, dst, family),
                   .protocol = a->reader.protocol,
                   .two_replicas = is_between_replicas(a, from, to, src, dst)};
    if (!np_protocol_has_ports(q.protocol))
        return add(a, judge(a, &q, src, dst), a->answer->n, 0, 0);
    q.port = port_at(a, dst);
    if (q.port)
        return add(a, judge(a, &q, src, dst), a->answer->n, q.port, q.port);
    if (!a->reader.port)
        return judge_every_port(a, &q, src, dst);
    a->unnamed = true;
    return NETPOL_OK;
}

/* ---- ends with ends ---- */

/* Some flows of an answer. */
typedef struct run {
    size_t first;
    size_t end;
} run;

static bool same_ports(const np_flow_answer *a, const np_flow_answer *b)
{
    return a->n_ports == b->n_ports &&
           (!a->n_ports || memcmp(a->ports, b->ports, a->n_ports * sizeof *a->ports) == 0);
}

/* Whether two runs came out alike, port by port; for the same reasons, if those count. */
static bool runs_alike(const np_flow_answer *f, run a, run b, bool reasons)
{
    if (a.end - a.first != b.end - b.first)
        return false;
    for (size_t i = 0; i < a.end - a.first; i++) {
        const np_flow_answer *x = &f[a.first + i];
        const np_flow_answer *y = &f[b.first + i];
        if (!same_ports(x, y) || x->verdict.allowed != y->verdict.allowed ||
            (reasons ? !same_result(x, y) : x->family != y->family))
            return false;
    }
    return true;
}

/* The lines of two families become one where they came out alike. */
static void merge_families(netpol_answer *x, run four, run six)
{
    bool alike = runs_alike(x->flows, four, six, true);
    for (size_t i = four.first; i < six.end; i++)
        if (alike || four.first == four.end || six.first == six.end)
            x->flows[i].family = 0;
    if (!alike)
        return;
    for (size_t i = 0; i < six.end - six.first; i++)
        x->flows[four.first + i].verdict.depends |= x->flows[six.first + i].verdict.depends;
    x->n = four.end;
}

/* Which end keeps two from the family that was asked for; NULL: none was. */
static const char *end_without(const asking *a, const np_end *src, const np_end *dst)
{
    if (!a->question->family)
        return NULL;
    return !(src->families & a->families) ? src->name : dst->name;
}

static netpol_status judge_ends(asking *a, const np_group *from, const np_group *to,
                                const np_end *src, const np_end *dst)
{
    netpol_answer *x = a->answer;
    uint8_t families = src->families & dst->families & a->families;
    run four = {x->n, x->n};
    netpol_status status = NETPOL_OK;
    a->no_common = a->no_common || !families;
    if (!families && !a->lacks)
        a->lacks = end_without(a, src, dst);
    if (families & NP_FAMILY_4)
        status = judge_in_family(a, from, to, src, dst, NP_FAMILY_4);
    four.end = x->n;
    if (families & NP_FAMILY_6 && status == NETPOL_OK)
        status = judge_in_family(a, from, to, src, dst, NP_FAMILY_6);
    if (status == NETPOL_OK)
        merge_families(x, four, (run){four.end, x->n});
    return status;
}

/* In a group of several pods, what one has with itself is not meant. */
static bool is_passed_over(const np_group *from, const np_group *to, const np_end *src,
                           const np_end *dst)
{
    return src->pod != NP_NONE && src->pod == dst->pod && !dst->service &&
           (from->n > 1 || to->n > 1);
}

/* Where all ends of two groups came out alike, one line stands for them: `one` are the flows of the
 * first pair of ends, and as many follow for each other pair. */
static void gather(netpol_answer *x, const np_group *from, const np_group *to, run one)
{
    for (size_t i = one.end; i < x->n; i++)
        x->flows[one.first + (i - one.first) % (one.end - one.first)].verdict.depends |=
            x->flows[i].verdict.depends;
    x->n = one.end;
    for (size_t i = one.first; i < one.end; i++) {
        x->flows[i].src = from->name;
        x->flows[i].dst = to->name;
    }
}

static netpol_status judge_groups(asking *a, const np_group *from, const np_group *to)
{
    netpol_answer *x = a->answer;
    run one = {x->n, x->n};
    bool alike = true;
    for (size_t pair = 0; pair < from->n * to->n; pair++) {
        const np_end *src = &from->ends[pair / to->n];
        const np_end *dst = &to->ends[pair % to->n];
        run here = {x->n, x->n};
        if (is_passed_over(from, to, src, dst))
            continue;
        netpol_status status = judge_ends(a, from, to, src, dst);
        if (status != NETPOL_OK)
            return status;
        here.end = x->n;
        if (one.end == one.first)
            one = here;
        alike = alike && (here.first == here.end || runs_alike(x->flows, one, here, false));
    }
    if (alike)
        gather(x, from, to, one);
    return NETPOL_OK;
}

/* The backends of a service are shown one by one, each as a group of its own. */
static netpol_status judge_apart(asking *a, const np_group *from, const np_group *to)
{
    netpol_status status = NETPOL_OK;
    for (size_t i = 0; i < to->n && status == NETPOL_OK; i++) {
        np_group one = *to;
        one.name = to->ends[i].name;
        one.ends = &to->ends[i];
        one.n = 1;
        status = judge_groups(a, from, &one);
    }
    return status;
}

/* ---- the whole question ---- */

static void sum_up(netpol_answer *x)
{
    size_t allowed = 0;
    x->depends = 0;
    for (size_t i = 0; i < x->n; i++) {
        allowed += x->flows[i].verdict.allowed;
        x->depends |= x->flows[i].verdict.depends;
    }
    x->outcome = allowed == x->n ? NETPOL_ALLOW : allowed ? NETPOL_MIXED : NETPOL_DENY;
}

/* What can be wrong with a question as a whole, told once its words are read. */
static netpol_status why_nothing(const asking *a)
{
    const netpol_question *q = a->question;
    if (a->unnamed)
        return np_reader_say(&a->reader, NETPOL_INVALID, NP_CODE_QUESTION_PORT,
                             "%s has no port named %s", q->dst, a->reader.port);
    if (a->lacks)
        return np_reader_say(&a->reader, NETPOL_INVALID, NP_CODE_NO_COMMON_FAMILY,
                             "%s has no IPv%d address", a->lacks, (int)q->family);
    return np_reader_say(&a->reader, NETPOL_INVALID, NP_CODE_NO_COMMON_FAMILY,
                         a->no_common ? "%s and %s have no address family in common"
                                      : "nothing is left to ask from %s to %s",
                         q->src, q->dst);
}

/* A connection from outside that comes in by a node's port may show the node's address
 * (settled.md 2.5). */
static bool may_come_by_node(const asking *a, const np_word *dst)
{
    if (strcmp(a->question->src, "internet") != 0 || dst->service == NP_NONE)
        return false;
    const netpol_service *v = np_service_at(snapshot_of(a), dst->service)->tree;
    bool open =
        v->type && (strcmp(v->type, "NodePort") == 0 || strcmp(v->type, "LoadBalancer") == 0);
    return open &&
           !(v->external_traffic_policy && strcmp(v->external_traffic_policy, "Local") == 0);
}

static netpol_status read_words(asking *a, np_word *src, np_word *dst)
{
    a->reader.destination = false;
    netpol_status status = np_word_read(&a->reader, a->question->src, src);
    a->reader.destination = true;
    if (status == NETPOL_OK)
        status = np_word_read(&a->reader, a->question->dst, dst);
    if (status == NETPOL_OK && dst->port)
        a->port = dst->port;
    a->reader.destination = false;
    return status == NETPOL_OK && may_come_by_node(a, dst) ? np_word_nodes(&a->reader, src)
                                                           : status;
}

static netpol_status judge_words(asking *a)
{
    np_word src;
    np_word dst;
    netpol_answer *x = a->answer;
    netpol_status status = read_words(a, &src, &dst);
    for (size_t i = 0; status == NETPOL_OK && i < src.n; i++)
        for (size_t k = 0; status == NETPOL_OK && k < dst.n; k++)
            status = dst.groups[k].apart ? judge_apart(a, &src.groups[i], &dst.groups[k])
                                         : judge_groups(a, &src.groups[i], &dst.groups[k]);
    if (status != NETPOL_OK)
        return status;
    if (x->n == 0)
        return why_nothing(a);
    x->src = src.n == 1 ? src.groups[0].name : np_reader_text(&a->reader, "%s", a->question->src);
    x->dst = dst.n == 1 ? dst.groups[0].name : np_reader_text(&a->reader, "%s", a->question->dst);
    x->several = x->n > 1 || dst.service != NP_NONE;
    x->headless = dst.headless;
    sum_up(x);
    return x->src && x->dst ? NETPOL_OK : NETPOL_NO_MEMORY;
}

static netpol_answer *new_answer(const netpol_engine *engine)
{
    netpol_answer *x = np_resize(&engine->alloc, NULL, 0, sizeof *x);
    if (!x)
        return NULL;
    *x = (netpol_answer){.engine = netpol_engine_ref(engine)};
    np_arena_init(&x->arena, &engine->alloc, 1024);
    return x;
}

/* What the words of the port and the protocol mean. */
static netpol_status read_port(asking *a, const char *protocol, const char *port)
{
    np_reader *r = &a->reader;
    r->protocol = NETPOL_TCP;
    if (protocol && !np_protocol_parse(np_slice_of(protocol), &r->protocol))
        return np_reader_say(r, NETPOL_INVALID, NP_CODE_QUESTION_PROTOCOL, "not a protocol: %s",
                             protocol);
    if (port && !*port)
        return np_reader_say(r, NETPOL_INVALID, NP_CODE_QUESTION_PORT,
                             "the port is empty; without one the question is about all ports");
    if (!np_protocol_has_ports(r->protocol) || !port)
        return NETPOL_OK;
    r->port = port;
    size_t digits = strspn(port, "0123456789");
    if (port[digits])
        return NETPOL_OK; /* a name */
    if (*port == '0' || !np_port_parse(np_slice_of(port), &a->port))
        return np_reader_say(r, NETPOL_INVALID, NP_CODE_QUESTION_PORT,
                             "no port from 1 to 65535: %s", port);
    return NETPOL_OK;
}

static uint8_t families_of(const netpol_question *q, const netpol_semantics *is)
{
    if (q->family)
        return q->family == 4 ? NP_FAMILY_4 : NP_FAMILY_6;
    return is->ipv4_only ? NP_FAMILY_4 : NP_FAMILY_4 | NP_FAMILY_6;
}

static netpol_status ask_under(const netpol_engine *engine, const netpol_semantics *is,
                               const netpol_question *q, netpol_answer **out,
                               netpol_diagnostics *diags)
{
    netpol_answer *x = new_answer(engine);
    if (!x)
        return NETPOL_NO_MEMORY;
    const char *space = q->namespace_name && *q->namespace_name
                            ? q->namespace_name
                            : engine->snapshot->default_namespace;
    asking a = {.reader = {.engine = engine,
                           .semantics = is,
                           .arena = &x->arena,
                           .diags = diags,
                           .space = space},
                .answer = x,
                .question = q,
                .families = families_of(q, is)};
    netpol_status status = read_port(&a, q->protocol, q->port);
    x->protocol = a.reader.protocol;
    if (status == NETPOL_OK)
        status = judge_words(&a);
    if (status == NETPOL_OK && a.reader.port) {
        x->port = np_reader_text(&a.reader, "%s", a.reader.port);
        status = x->port ? NETPOL_OK : NETPOL_NO_MEMORY;
    }
    if (status == NETPOL_OK)
        *out = x;
    else
        netpol_answer_free(x);
    return status;
}

/* Which presets answer otherwise. One that cannot answer at all is none of them. */
static netpol_status ask_presets(netpol_answer *x, const netpol_question *q)
{
    x->all_presets = true;
    size_t room = 0;
    const char *name;
    for (size_t i = 0; (name = netpol_semantics_preset_name(i)); i++) {
        netpol_semantics is = {.size = sizeof is};
        netpol_answer *other = NULL;
        (void)netpol_semantics_preset(name, &is);
        netpol_status status = ask_under(x->engine, &is, q, &other, NULL);
        if (status == NETPOL_NO_MEMORY)
            return status;
        if (status != NETPOL_OK)
            continue;
        np_preset_answer row = {name, other->outcome, other->depends};
        netpol_answer_free(other);
        if (row.outcome == x->outcome)
            continue;
        if (!np_arena_grow(&x->arena, (void **)&x->presets, x->n_presets, &room,
                           sizeof *x->presets))
            return NETPOL_NO_MEMORY;
        x->presets[x->n_presets++] = row;
    }
    return NETPOL_OK;
}

netpol_status netpol_engine_ask(const netpol_engine *engine, const netpol_question *question,
                                netpol_answer **out, netpol_diagnostics *diags)
{
    netpol_question q = {.size = sizeof q};
    if (!engine || !question || !out || !np_sized_read(question, &q, sizeof q) || !q.src ||
        !q.dst || (q.family != 0 && q.family != 4 && q.family != 6))
        return NETPOL_MISUSE;
    netpol_answer *x = NULL;
    netpol_status status = ask_under(engine, &engine->semantics, &q, &x, diags);
    if (status == NETPOL_OK && q.all_presets)
        status = ask_presets(x, &q);
    if (status == NETPOL_OK)
        *out = x;
    else
        netpol_answer_free(x);
    return status;
}

void netpol_answer_free(netpol_answer *x)
{
    if (!x)
        return;
    netpol_engine *engine = x->engine;
    np_arena_free(&x->arena);
    np_release(&engine->alloc, x, sizeof *x);
    netpol_engine_unref(engine);
}

int32_t netpol_answer_outcome(const netpol_answer *x)
{
    return x ? x->outcome : NETPOL_DENY;
}

uint32_t netpol_answer_depends(const netpol_answer *x)
{
    return x ? x->depends : 0;
}
