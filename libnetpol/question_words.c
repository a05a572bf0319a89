/* SPDX-License-Identifier: MIT */
/* The words for sources and destinations: one grammar everywhere. */
#include "port.h"
#include "question.h"
#include "selector.h"
#include "spans.h"

#include <stdlib.h>

/* ---- building blocks ---- */

bool np_arena_grow(np_arena *a, void **at, size_t n, size_t *room, size_t element)
{
    if (n < *room)
        return true;
    size_t more = *room ? *room * 2 : 4;
    void *bigger = np_arena_zero_array(a, more, element, 16);
    if (!bigger)
        return false;
    if (n)
        memcpy(bigger, *at, n * element);
    *at = bigger;
    *room = more;
    return true;
}

/* In the reader's arena; NULL: no memory. */
__attribute__((format(printf, 2, 0))) static const char *text_of(const np_reader *r,
                                                                 const char *format, va_list args)
{
    np_buffer b;
    np_buffer_init(&b, &r->engine->alloc);
    np_buffer_vformat(&b, format, args);
    const char *text = b.failed ? NULL : np_arena_text(r->arena, b.p, b.n);
    np_buffer_free(&b);
    return text;
}

const char *np_reader_text(const np_reader *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = text_of(r, format, args);
    va_end(args);
    return text;
}

netpol_status np_reader_say(const np_reader *r, netpol_status status, int32_t code,
                            const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = text_of(r, format, args);
    va_end(args);
    np_diag_text(r->diags, code, NULL, NULL, NULL, text ? text : "");
    return status;
}

np_group *np_word_group(const np_reader *r, np_word *w, const char *name)
{
    if (!name || !np_arena_grow(r->arena, (void **)&w->groups, w->n, &w->room, sizeof *w->groups))
        return NULL;
    np_group *g = &w->groups[w->n++];
    *g = (np_group){.name = name};
    return g;
}

np_end *np_group_end(const np_reader *r, np_group *g, const char *name)
{
    if (!name || !np_arena_grow(r->arena, (void **)&g->ends, g->n, &g->room, sizeof *g->ends))
        return NULL;
    np_end *end = &g->ends[g->n++];
    *end = (np_end){.name = name, .pod = NP_NONE};
    return end;
}

static const char *pod_name(const np_reader *r, uint32_t pod)
{
    const np_snapshot *s = r->engine->snapshot;
    const np_pod *p = np_pod_at(s, pod);
    return np_reader_text(r, "%s/%s", np_namespace_at(s, p->space)->name, p->name);
}

np_end *np_group_pod(const np_reader *r, np_group *g, uint32_t pod)
{
    np_end *end = np_group_end(r, g, pod_name(r, pod));
    if (end) {
        end->pod = pod;
        end->families = np_pod_at(r->engine->snapshot, pod)->families;
    }
    return end;
}

static np_end *add_address(const np_reader *r, np_group *g, const char *name, const np_ip *ip)
{
    np_end *end = np_group_end(r, g, name);
    if (!end)
        return NULL;
    *(ip->v4 ? &end->ip4 : &end->ip6) = *ip;
    end->families = ip->v4 ? NP_FAMILY_4 : NP_FAMILY_6;
    return end;
}

static netpol_status bad_word(const np_reader *r, const char *text, const char *why)
{
    return np_reader_say(r, NETPOL_INVALID, NP_CODE_QUESTION_ENDPOINT, "%s: %s", text, why);
}

/* ---- pods ---- */

/* Replicas of a template are alike, so one stands for all, unless their labels tell them apart. */
static bool is_repetition(const np_snapshot *s, uint32_t pod, uint32_t before)
{
    const np_pod *p = np_pod_at(s, pod);
    const np_pod *q = before == NP_NONE ? NULL : np_pod_at(s, before);
    return q && p->replica && q->replica && p->object == q->object && p->labels == q->labels;
}

static const char *owner_name(const np_reader *r, const np_owner *o)
{
    const char *space = np_namespace_at(r->engine->snapshot, o->space)->name;
    return strcmp(o->kind, "Pod") == 0 ? np_reader_text(r, "%s/%s", space, o->name)
                                       : np_reader_text(r, "%s/%s[%s]", space, o->name, o->kind);
}

/* All pods of an owner, or those that `selector` selects; the group may stay empty. */
static netpol_status add_owner(const np_reader *r, np_word *w, uint32_t owner,
                               const netpol_label_selector *selector)
{
    const np_snapshot *s = r->engine->snapshot;
    const np_owner *o = np_owner_at(s, owner);
    np_group *g = NULL;
    uint32_t before = NP_NONE;
    for (uint32_t pod = o->first_pod; pod != NP_NONE; pod = np_next_of_owner(s, pod)) {
        const np_pod *p = np_pod_at(s, pod);
        if (selector && !np_selector_matches_sorted(selector, p->labels, p->n_labels))
            continue;
        if (!g)
            g = np_word_group(r, w, owner_name(r, o));
        if (!g)
            return NETPOL_NO_MEMORY;
        g->replicas = strcmp(o->kind, "Pod") != 0;
        if (!is_repetition(s, pod, before) && !np_group_pod(r, g, pod))
            return NETPOL_NO_MEMORY;
        before = pod;
    }
    return NETPOL_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const np_group *)a)->name, ((const np_group *)b)->name);
}

/* The pods of a namespace, or of all (NP_NONE), owner by owner in the order of names. */
static netpol_status add_pods(const np_reader *r, np_word *w, uint32_t space,
                              const netpol_label_selector *selector)
{
    const np_snapshot *s = r->engine->snapshot;
    size_t first = w->n;
    for (uint32_t i = 0; i < s->n_owners; i++) {
        if (space != NP_NONE && np_owner_at(s, i)->space != space)
            continue;
        netpol_status status = add_owner(r, w, i, selector);
        if (status != NETPOL_OK)
            return status;
    }
    if (w->n > first)
        qsort(w->groups + first, w->n - first, sizeof *w->groups, by_name);
    return NETPOL_OK;
}

/* ---- the forms of a word ---- */

static const struct {
    const char *word;
    int32_t kind;
} kind_words[] = {
    {"deploy", NETPOL_KIND_DEPLOYMENT},
    {"deployment", NETPOL_KIND_DEPLOYMENT},
    {"deployments", NETPOL_KIND_DEPLOYMENT},
    {"sts", NETPOL_KIND_STATEFUL_SET},
    {"statefulset", NETPOL_KIND_STATEFUL_SET},
    {"statefulsets", NETPOL_KIND_STATEFUL_SET},
    {"ds", NETPOL_KIND_DAEMON_SET},
    {"daemonset", NETPOL_KIND_DAEMON_SET},
    {"daemonsets", NETPOL_KIND_DAEMON_SET},
    {"rs", NETPOL_KIND_REPLICA_SET},
    {"replicaset", NETPOL_KIND_REPLICA_SET},
    {"replicasets", NETPOL_KIND_REPLICA_SET},
    {"rc", NETPOL_KIND_REPLICATION_CONTROLLER},
    {"replicationcontroller", NETPOL_KIND_REPLICATION_CONTROLLER},
    {"job", NETPOL_KIND_JOB},
    {"jobs", NETPOL_KIND_JOB},
    {"cj", NETPOL_KIND_CRON_JOB},
    {"cronjob", NETPOL_KIND_CRON_JOB},
    {"cronjobs", NETPOL_KIND_CRON_JOB},
    {"po", NETPOL_KIND_POD},
    {"pod", NETPOL_KIND_POD},
    {"pods", NETPOL_KIND_POD},
};

static const char *kind_of_word(np_slice word)
{
    for (size_t i = 0; i < sizeof kind_words / sizeof *kind_words; i++)
        if (np_slice_is(word, kind_words[i].word))
            return np_kind_of(kind_words[i].kind)->name;
    return NULL;
}

const char *np_kind_word(const char *kind)
{
    for (size_t i = 0; i < sizeof kind_words / sizeof *kind_words; i++)
        if (strcmp(np_kind_of(kind_words[i].kind)->name, kind) == 0)
            return kind_words[i].word;
    return NULL;
}

/* A word in its parts. */
typedef struct parts {
    const char *space;
    const char *kind; /* NULL: not told */
    const char *name; /* or "*", or a selector */
} parts;

static bool is_selector(const char *text)
{
    return strpbrk(text, "=!,() ") != NULL;
}

/* "kind/name", "ns/name", "ns/kind/name" or "name"; a selector may have slashes of its own, and
 * a namespace has no dots. False: no memory. */
static bool cut_word(const np_reader *r, const char *text, parts *out)
{
    const np_snapshot *s = r->engine->snapshot;
    *out = (parts){.space = r->space, .name = text};
    const char *slash = strchr(text, '/');
    if (!slash)
        return true;
    np_slice first = {text, (size_t)(slash - text)};
    if (is_selector(text) && first.n && memchr(first.p, '.', first.n))
        return true;
    const char *head = np_arena_text(r->arena, first.p, first.n);
    if (!head)
        return false;
    out->name = slash + 1;
    out->kind = kind_of_word(first);
    if (out->kind && np_snapshot_namespace(s, head) == NP_NONE)
        return true;
    out->kind = NULL;
    out->space = head;
    slash = is_selector(out->name) ? NULL : strchr(out->name, '/');
    if (slash) {
        out->kind = kind_of_word((np_slice){out->name, (size_t)(slash - out->name)});
        out->name = out->kind ? slash + 1 : out->name;
    }
    return true;
}

static netpol_status read_owner(const np_reader *r, uint32_t space, const char *kind,
                                const char *name, np_word *out)
{
    uint32_t owner = np_snapshot_owner(r->engine->snapshot, space, kind, name);
    netpol_status status = owner == NP_NONE ? NETPOL_OK : add_owner(r, out, owner, NULL);
    return status == NETPOL_OK && out->n == 0 ? np_missing_workload(r, space, kind, name) : status;
}

static netpol_status read_selector(const np_reader *r, uint32_t space, const char *words,
                                   np_word *out)
{
    netpol_options o = {.size = sizeof o, .allocator = &r->engine->alloc};
    netpol_selector *selector = NULL;
    netpol_status status = netpol_selector_parse(words, &o, &selector, r->diags);
    if (status == NETPOL_OK)
        status = add_pods(r, out, space, netpol_selector_tree(selector));
    netpol_selector_free(selector);
    return status == NETPOL_OK && out->n == 0 ? np_missing_match(r, space, words) : status;
}

static netpol_status read_pod(const np_reader *r, uint32_t space, const parts *p, np_word *out)
{
    const np_snapshot *s = r->engine->snapshot;
    uint32_t pod = np_engine_find_pod(r->engine, p->space, p->name);
    if (pod == NP_NONE)
        return np_missing_pod(r, space, p->name);
    bool of_owner = strcmp(np_pod_at(s, pod)->name, p->name) != 0 || strchr(p->name, '[');
    if (of_owner && strcmp(np_owner_at(s, np_pod_at(s, pod)->owner)->kind, "Pod") != 0)
        return add_owner(r, out, np_pod_at(s, pod)->owner, NULL);
    np_group *g = np_word_group(r, out, pod_name(r, pod));
    return g && np_group_pod(r, g, pod) ? NETPOL_OK : NETPOL_NO_MEMORY;
}

static netpol_status read_pods(const np_reader *r, const char *text, np_word *out)
{
    parts p;
    if (!cut_word(r, text, &p))
        return NETPOL_NO_MEMORY;
    if (!*p.name || !*p.space)
        return bad_word(r, text, "a name is missing");
    uint32_t space = np_snapshot_namespace(r->engine->snapshot, p.space);
    if (space == NP_NONE)
        return np_missing_namespace(r, p.space, p.name);
    if (p.kind && strcmp(p.kind, "Pod") != 0)
        return read_owner(r, space, p.kind, p.name, out);
    if (is_selector(p.name))
        return read_selector(r, space, p.name, out);
    if (strcmp(p.name, "*") != 0)
        return read_pod(r, space, &p, out);
    netpol_status status = add_pods(r, out, space, NULL);
    return status == NETPOL_OK && out->n == 0 ? np_missing_match(r, space, NULL) : status;
}

/* ---- nodes, addresses, everybody ---- */

static netpol_status add_node(const np_reader *r, np_word *w, uint32_t node)
{
    const np_node *n = np_node_at(r->engine->snapshot, node);
    np_group *g = np_word_group(r, w, np_reader_text(r, "node:%s", n->name));
    np_end *end = g ? np_group_end(r, g, g->name) : NULL;
    if (!end)
        return NETPOL_NO_MEMORY;
    end->ip4 = n->ip4;
    end->ip6 = n->ip6;
    end->families = n->families;
    return NETPOL_OK;
}

netpol_status np_word_nodes(const np_reader *r, np_word *out)
{
    const np_snapshot *s = r->engine->snapshot;
    for (uint32_t i = 0; i < s->n_nodes; i++) {
        netpol_status status = np_node_at(s, i)->families ? add_node(r, out, i) : NETPOL_OK;
        if (status != NETPOL_OK)
            return status;
    }
    return NETPOL_OK;
}

static netpol_status read_node(const np_reader *r, const char *text, np_word *out)
{
    const np_snapshot *s = r->engine->snapshot;
    uint32_t node = np_snapshot_node(s, text + strlen("node:"));
    if (node == NP_NONE)
        return np_missing_node(r, text + strlen("node:"));
    if (!np_node_at(s, node)->families)
        return np_reader_say(r, NETPOL_INVALID, NP_CODE_NO_ADDRESS, "no address of %s is known",
                             text);
    return add_node(r, out, node);
}

static netpol_status add_internet(const np_reader *r, np_word *w)
{
    const np_snapshot *s = r->engine->snapshot;
    np_group *g = np_word_group(r, w, "internet");
    for (uint8_t family = NP_FAMILY_4; g && family <= NP_FAMILY_6; family++) {
        np_spans spans;
        if (!(s->families & family))
            continue;
        if (!np_spans_internet(s, family, r->destination ? NETPOL_EGRESS : NETPOL_INGRESS, r->arena,
                               &spans))
            return NETPOL_NO_MEMORY;
        for (size_t i = 0; i < spans.n; i++) {
            np_buffer b;
            np_buffer_init(&b, &r->engine->alloc);
            np_span_text(&b, &spans.at[i]);
            const char *name = b.failed ? NULL : np_arena_text(r->arena, b.p, b.n);
            np_buffer_free(&b);
            np_end *end = add_address(r, g, name, &spans.at[i].first);
            if (!end)
                return NETPOL_NO_MEMORY;
            end->outside = true;
        }
    }
    return g ? NETPOL_OK : NETPOL_NO_MEMORY;
}

static netpol_status read_any(const np_reader *r, np_word *out)
{
    netpol_status status = add_pods(r, out, NP_NONE, NULL);
    if (status == NETPOL_OK)
        status = np_word_nodes(r, out);
    return status == NETPOL_OK ? add_internet(r, out) : status;
}

/* "ip", "ip:port", "[ip]" or "[ip]:port". */
static bool split_address(const char *text, np_ip *ip, np_slice *port)
{
    np_slice all = np_slice_of(text);
    *port = (np_slice){NULL, 0};
    if (np_ip_parse(all, ip))
        return true;
    const char *colon = strrchr(text, ':');
    const char *close = strrchr(text, ']');
    if (*text == '[' && close) {
        if (close[1] == ':')
            *port = np_slice_of(close + 2);
        return (close[1] == ':' || !close[1]) &&
               np_ip_parse((np_slice){text + 1, (size_t)(close - text) - 1}, ip) && !ip->v4;
    }
    if (!colon)
        return false;
    *port = np_slice_of(colon + 1);
    return np_ip_parse((np_slice){text, (size_t)(colon - text)}, ip) && ip->v4;
}

/* A port may stand with the word or in the question, or in both if they agree. */
static netpol_status choose_port(const np_reader *r, const char *text, const char *of_word,
                                 const char **out)
{
    *out = of_word ? of_word : r->port;
    if (!of_word || !r->port || strcmp(of_word, r->port) == 0)
        return NETPOL_OK;
    return np_reader_say(r, NETPOL_INVALID, NP_CODE_QUESTION_PORT, "%s names another port than %s",
                         text, r->port);
}

static netpol_status read_address(const np_reader *r, const char *text, const np_ip *ip,
                                  np_slice port, np_word *out)
{
    const np_snapshot *s = r->engine->snapshot;
    if (port.p && (!np_port_parse(port, &out->port) || *port.p == '0'))
        return np_reader_say(r, NETPOL_INVALID, NP_CODE_QUESTION_PORT,
                             "%s: no port from 1 to 65535", text);
    uint32_t service = r->destination && r->semantics->services == NETPOL_SERVICES_TRANSLATE
                           ? np_snapshot_service_of_ip(s, ip)
                           : NP_NONE;
    if (port.p && !r->destination)
        return np_reader_say(r, NETPOL_INVALID, NP_CODE_QUESTION_ENDPOINT,
                             "%s: the port is the destination's", text);
    const char *asked;
    netpol_status status = choose_port(r, text, port.p, &asked);
    if (status != NETPOL_OK)
        return status;
    if (service != NP_NONE)
        return np_word_service(r, service, asked, out);
    char name[NP_IP_TEXT];
    (void)np_ip_format(ip, name);
    np_group *g = np_word_group(r, out, np_reader_text(r, "%s", name));
    return g && add_address(r, g, g->name, ip) ? NETPOL_OK : NETPOL_NO_MEMORY;
}

/* "svc:ns/name" or "svc:ns/name:port". */
static netpol_status read_service(const np_reader *r, const char *text, np_word *out)
{
    const np_snapshot *s = r->engine->snapshot;
    if (!r->destination)
        return bad_word(r, text, "a service is a destination, not a source");
    const char *words = text + strlen("svc:");
    const char *slash = strchr(words, '/');
    const char *colon = strrchr(words, ':');
    const char *name = slash ? slash + 1 : words;
    const char *space = slash ? np_arena_text(r->arena, words, (size_t)(slash - words)) : r->space;
    name = np_arena_text(r->arena, name, colon ? (size_t)(colon - name) : strlen(name));
    const char *port;
    netpol_status status = choose_port(r, text, colon ? colon + 1 : NULL, &port);
    if (!space || !name)
        return NETPOL_NO_MEMORY;
    if (status != NETPOL_OK)
        return status;
    uint32_t number = np_snapshot_namespace(s, space);
    if (number == NP_NONE)
        return np_missing_namespace(r, space, NULL);
    uint32_t service = np_snapshot_service(s, number, name);
    if (service == NP_NONE)
        return np_missing_service(r, number, name);
    return np_word_service(r, service, port, out);
}

/* What other tools take for an end, and this grammar does not: "10.0.0.0/8", "db:3306". */
static netpol_status refuse_foreign(const np_reader *r, const char *text)
{
    np_ip ip;
    const char *slash = strchr(text, '/');
    const char *colon = strrchr(text, ':');
    if (slash && np_ip_parse((np_slice){text, (size_t)(slash - text)}, &ip))
        return bad_word(r, text, "one address can be asked about, not a range");
    if (colon && colon[1] && !colon[1 + strspn(colon + 1, "0123456789")])
        return bad_word(r, text, "no pod has a colon in its name; the port is said by --port");
    return NETPOL_OK;
}

netpol_status np_word_read(const np_reader *r, const char *text, np_word *out)
{
    np_ip ip;
    np_slice port;
    *out = (np_word){.service = NP_NONE};
    if (strcmp(text, "internet") == 0)
        return add_internet(r, out);
    if (strcmp(text, "any") == 0)
        return read_any(r, out);
    if (strncmp(text, "svc:", 4) == 0)
        return read_service(r, text, out);
    if (strncmp(text, "node:", 5) == 0)
        return read_node(r, text, out);
    if (split_address(text, &ip, &port))
        return read_address(r, text, &ip, port, out);
    netpol_status status = refuse_foreign(r, text);
    return status == NETPOL_OK ? read_pods(r, text, out) : status;
}
