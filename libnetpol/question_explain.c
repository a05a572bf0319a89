/* SPDX-License-Identifier: MIT */
/* What an explanation says beyond an answer: the rule that came nearest and what it lacked, and the
 * smallest change that turns the direction. */
#include "port.h"
#include "question_remedy.h"

typedef struct telling {
    np_buffer *b;
    const netpol_answer *x;
    const np_flow_answer *f;
    int32_t direction;
    const np_miss *miss;
    bool more; /* of a list */
} telling;

static const np_snapshot *snapshot_of(const telling *t)
{
    return t->x->engine->snapshot;
}

static const np_why *why_of(const telling *t)
{
    return t->direction == NETPOL_EGRESS ? &t->f->egress : &t->f->ingress;
}

/* The end that a peer would have to be, and the end that is isolated. */
static const char *peer_name(const telling *t)
{
    return t->direction == NETPOL_EGRESS ? t->f->dst : t->f->src;
}

static const np_side *peer_side(const telling *t)
{
    return t->direction == NETPOL_EGRESS ? &t->f->packet.dst : &t->f->packet.src;
}

static const netpol_peer *nearest_peer(const telling *t)
{
    return t->miss->peer < 0 ? NULL : t->miss->of->peers[t->miss->peer];
}

static const np_pod *peer_pod(const telling *t)
{
    return np_side_judged_as_pod(snapshot_of(t), &t->x->engine->semantics, peer_side(t));
}

/* ---- what a rule lacked ---- */

typedef struct lacking {
    telling *t;
    const char *before; /* "" or "namespace " */
    const char *name;
    np_labels_of of;
} lacking;

static netpol_status add_text(void *ctx, const char *bytes, size_t n)
{
    np_buffer_add(ctx, bytes, n);
    return NETPOL_OK;
}

static void put_failed(void *ctx, const netpol_label_selector *one)
{
    lacking *l = ctx;
    np_buffer *b = l->t->b;
    netpol_sink to = {add_text, b};
    const char *key =
        one->n_match_labels ? one->match_labels[0].key : one->match_expressions[0]->key;
    const char *has = key ? np_label_value(l->of.labels, l->of.n, key) : NULL;
    np_buffer_text(b, l->t->more ? ", and " : " wants ");
    if (netpol_label_selector_format(one, &to) == NETPOL_NO_MEMORY)
        b->failed = true;
    np_buffer_format(b, ", but %s", l->before);
    np_buffer_shown(b, l->name);
    np_buffer_text(b, has ? " has " : " has no label ");
    np_buffer_shown(b, key);
    np_buffer_text(b, has ? "=" : "");
    np_buffer_shown(b, has);
    l->t->more = true;
}

static bool put_labels(telling *t, const char *field, const netpol_label_selector *s,
                       const char *before, const char *name, np_labels_of of)
{
    if (np_selector_failures(s, of, NULL, NULL) == 0)
        return false;
    lacking l = {t, before, name, of};
    t->more = false;
    np_buffer_text(t->b, field);
    (void)np_selector_failures(s, of, put_failed, &l);
    return true;
}

static bool put_namespace(telling *t)
{
    const netpol_peer *p = nearest_peer(t);
    const np_pod *pod = peer_pod(t);
    if (!p || !pod || p->ip_block || t->miss->peer_fits)
        return false;
    const np_namespace *n = np_namespace_at(snapshot_of(t), pod->space);
    if (p->namespace_selector)
        return put_labels(t, "namespaceSelector", p->namespace_selector, "namespace ", n->name,
                          (np_labels_of){n->labels, n->n_labels});
    if (pod->space == t->miss->policy->space)
        return false;
    np_buffer_format(t->b, "without a namespaceSelector only pods of namespace %s are meant",
                     np_namespace_at(snapshot_of(t), t->miss->policy->space)->name);
    return true;
}

static bool put_pod(telling *t)
{
    const netpol_peer *p = nearest_peer(t);
    const np_pod *pod = peer_pod(t);
    return p && pod && !p->ip_block && !t->miss->peer_fits &&
           put_labels(t, "podSelector", p->pod_selector, "", peer_name(t),
                      (np_labels_of){pod->labels, pod->n_labels});
}

static bool put_block(telling *t)
{
    const netpol_peer *p = nearest_peer(t);
    if (!p || t->miss->peer_fits || (!p->ip_block && peer_pod(t)))
        return false;
    if (!p->ip_block) {
        np_buffer_text(t->b, "selectors are about pods, and ");
        np_buffer_shown(t->b, peer_name(t));
        np_buffer_text(t->b, " is none to them");
        return true;
    }
    np_buffer_format(t->b, "ipBlock %s", p->ip_block->cidr ? p->ip_block->cidr : "");
    for (size_t i = 0; i < p->ip_block->n_exceptions; i++)
        np_buffer_format(t->b, "%s %s", i ? "," : " except", p->ip_block->exceptions[i]);
    np_buffer_text(t->b, " does not match ");
    np_buffer_shown(t->b, peer_name(t));
    np_buffer_text(t->b, peer_side(t)->known ? "" : ", whose address is not known");
    return true;
}

static void put_policy_port(np_buffer *b, const netpol_port *p)
{
    np_buffer_text(b, p->protocol ? p->protocol : "TCP");
    if (!p->port)
        return;
    if (p->port->string)
        np_buffer_format(b, " %s", p->port->string);
    else
        np_buffer_format(b, " %ld", (long)p->port->number);
    if (p->end_port)
        np_buffer_format(b, "-%ld", (long)*p->end_port);
}

static bool put_ports(telling *t)
{
    char room[4];
    if (t->miss->ports_fit)
        return false;
    np_buffer_text(t->b, "ports are ");
    for (size_t i = 0; i < t->miss->of->n_ports; i++) {
        np_buffer_text(t->b, i ? ", " : "");
        put_policy_port(t->b, t->miss->of->ports[i]);
    }
    np_buffer_format(t->b, ", not %s", np_protocol_name(t->x->protocol, room));
    for (size_t i = 0; i < t->f->n_ports; i++) {
        np_buffer_text(t->b, i ? "," : " ");
        np_conn_range_text(t->b, &t->f->ports[i]);
    }
    return true;
}

static bool (*const lacks[])(telling *t) = {put_namespace, put_pod, put_block, put_ports};

#define N_LACKS (sizeof lacks / sizeof *lacks)

/* The text of one thing that the rule lacked, for JSON. */
static void put_lack_json(telling *t, size_t i)
{
    np_buffer text;
    np_buffer_init(&text, &t->b->alloc);
    telling inside = *t;
    inside.b = &text;
    bool more = t->more;
    if (lacks[i](&inside)) {
        np_buffer_text(t->b, more ? "," : "");
        np_buffer_json(t->b, (np_slice){text.p, text.n});
        t->more = true;
    }
    t->b->failed |= text.failed;
    np_buffer_free(&text);
}

/* ---- JSON ---- */

static np_why why_of_miss(const telling *t)
{
    return (np_why){.reason = "no-rule",
                    .policy = t->miss->policy->object,
                    .rule = t->miss->rule,
                    .peer = t->miss->peer,
                    .port = -1,
                    .direction = (uint8_t)t->direction,
                    .tier = NETPOL_TIER_NETWORK_POLICY};
}

static void nearest_json(telling *t)
{
    np_why why = why_of_miss(t);
    netpol_decision d = np_decision_of(&why);
    np_buffer_text(t->b, ",\"nearest\":{");
    np_answer_policy_json(t->b, t->x, &d);
    np_buffer_text(t->b, ",\"misses\":[");
    t->more = false;
    for (size_t i = 0; i < N_LACKS; i++)
        put_lack_json(t, i);
    np_buffer_text(t->b, "]}");
}

static void edit_json(np_buffer *b, const np_remedy_edit *e)
{
    np_buffer_format(b, "{\"action\":\"%s\",\"path\":", e->action);
    np_buffer_json(b, (np_slice){e->path.p, e->path.n});
    if (e->value.n) {
        np_buffer_text(b, ",\"value\":");
        np_buffer_json(b, (np_slice){e->value.p, e->value.n});
    }
    np_buffer_char(b, '}');
}

static void change_json(telling *t, const np_remedy *c)
{
    np_why why = {.reason = "",
                  .policy = c->policy,
                  .rule = -1,
                  .peer = -1,
                  .port = -1,
                  .direction = (uint8_t)t->direction};
    netpol_decision d = np_decision_of(&why);
    np_buffer_format(t->b, ",\"change\":{\"to\":\"%s\",", why_of(t)->allowed ? "deny" : "allow");
    np_answer_policy_json(t->b, t->x, &d);
    np_buffer_format(t->b, ",\"document\":%lu,\"edits\":[", (unsigned long)c->policy->document);
    for (size_t i = 0; i < c->n; i++) {
        np_buffer_text(t->b, i ? "," : "");
        edit_json(t->b, &c->edits[i]);
    }
    np_buffer_text(t->b, "]}");
}

static bool is_of_policies(const np_why *why)
{
    return why->tier == NETPOL_TIER_NETWORK_POLICY;
}

void np_explain_json(np_buffer *b, const netpol_answer *x, const np_flow_answer *f,
                     int32_t direction)
{
    np_miss miss;
    np_remedy c;
    telling t = {.b = b, .x = x, .f = f, .direction = direction, .miss = &miss};
    const np_why *why = why_of(&t);
    if (!why->allowed && is_of_policies(why) &&
        np_nearest_miss(x->engine->snapshot, &x->engine->semantics, &f->packet, direction, &miss))
        nearest_json(&t);
    if (why->allowed != f->verdict.allowed)
        return;
    np_remedy_make(&c, x, f, direction);
    if (c.policy)
        change_json(&t, &c);
    b->failed |= np_remedy_failed(&c);
    np_remedy_free(&c);
}

/* ---- text ---- */

static void nearest_text(telling *t)
{
    np_why why = why_of_miss(t);
    netpol_decision d = np_decision_of(&why);
    np_buffer_text(t->b, "    nearest: ");
    np_answer_place_text(t->b, t->x, &d);
    np_buffer_char(t->b, '\n');
    for (size_t i = 0; i < N_LACKS; i++) {
        size_t before = t->b->n;
        np_buffer_text(t->b, "      ");
        if (lacks[i](t))
            np_buffer_char(t->b, '\n');
        else
            t->b->n = t->b->failed ? t->b->n : before;
    }
}

/* For a shell: as it is, or in single quotes. */
static void put_shell(np_buffer *b, const char *p, size_t n, bool always)
{
    bool plain = n > 0 && !always;
    for (size_t i = 0; i < n; i++)
        plain = plain && ((p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'z') ||
                          (p[i] >= 'A' && p[i] <= 'Z') || (p[i] && strchr("._/-+:@%", p[i])));
    np_buffer_text(b, plain ? "" : "'");
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\'')
            np_buffer_text(b, "'\\'");
        np_buffer_char(b, p[i]);
    }
    np_buffer_text(b, plain ? "" : "'");
}

/* As a command if there is a file to edit, else in words. */
static void change_text(telling *t, const np_remedy *c)
{
    const char *source = c->policy->source;
    bool file = source && *source && strcmp(source, "-") != 0 && *source != '<';
    np_buffer_format(t->b, "    to %s: ", why_of(t)->allowed ? "deny" : "allow");
    if (file) {
        np_buffer_text(t->b, "netpol edit ");
        np_buffer_text(t->b, *source == '-' ? "./" : "");
        put_shell(t->b, source, strlen(source), false);
        if (c->policy->document)
            np_buffer_format(t->b, " --document %lu", (unsigned long)c->policy->document);
    } else {
        np_why why = {.reason = "", .policy = c->policy, .rule = -1, .peer = -1, .port = -1};
        netpol_decision d = np_decision_of(&why);
        d.line = 0;
        np_buffer_format(t->b, "in %s ", netpol_object_kind_name(c->policy));
        np_answer_place_text(t->b, t->x, &d);
        np_buffer_char(t->b, ',');
    }
    for (size_t i = 0; i < c->n; i++) {
        const np_remedy_edit *e = &c->edits[i];
        np_buffer_format(t->b, " %s ", e->action);
        put_shell(t->b, e->path.p, e->path.n, true);
        if (e->value.n) {
            np_buffer_char(t->b, ' ');
            put_shell(t->b, e->value.p, e->value.n, true);
        }
    }
    np_buffer_char(t->b, '\n');
}

/* Rules that all allow the same: none of them alone can be said to. */
static void others_text(telling *t)
{
    np_miss rules[NP_MOST_RULES];
    size_t n = np_allowing_rules(t->x->engine->snapshot, &t->x->engine->semantics, &t->f->packet,
                                 t->direction, rules, NP_MOST_RULES);
    if (n < 2)
        return;
    np_buffer_format(t->b, "    to deny: all of %zu rules must go: ", n);
    for (size_t i = 0; i < n && i < NP_MOST_RULES; i++) {
        telling one = *t;
        one.miss = &rules[i];
        np_why why = why_of_miss(&one);
        why.peer = -1;
        netpol_decision d = np_decision_of(&why);
        np_buffer_text(t->b, i ? "; " : "");
        np_answer_place_text(t->b, t->x, &d);
    }
    np_buffer_text(t->b, n > NP_MOST_RULES ? "; …\n" : "\n");
}

/* Nothing restricts a pod until a policy selects it. */
static void isolate_text(telling *t)
{
    const np_side *side = t->direction == NETPOL_EGRESS ? &t->f->packet.src : &t->f->packet.dst;
    if (side->pod == NP_NONE)
        return;
    const np_pod *p = np_pod_at(snapshot_of(t), side->pod);
    np_buffer_format(t->b, "    to deny: a NetworkPolicy in %s with podSelector ",
                     np_namespace_at(snapshot_of(t), p->space)->name);
    np_remedy_selector(t->b, p);
    np_buffer_format(t->b, " and policyTypes [%s]\n",
                     t->direction == NETPOL_EGRESS ? "Egress" : "Ingress");
}

/* What NetworkPolicies never stop. */
static void own_node_text(telling *t)
{
    np_buffer_text(t->b, "    to deny: no NetworkPolicy can, for ");
    np_buffer_text(t->b, t->direction == NETPOL_EGRESS ? "it always reaches its own node\n"
                                                       : "its own node always reaches it\n");
}

/* Whether an allowed direction is one that NetworkPolicies could deny if they were otherwise. */
static bool is_up_to_policies(const np_why *why)
{
    return why->allowed && (strcmp(why->reason, "not-isolated") == 0 ||
                            (strcmp(why->reason, "rule") == 0 && is_of_policies(why)));
}

static void tier_text(telling *t)
{
    const np_why *why = why_of(t);
    if (why->tier == NETPOL_TIER_ADMIN)
        np_buffer_text(t->b, "    NetworkPolicies are not asked: only an earlier rule or a change "
                             "of this one makes it otherwise\n");
    if (why->tier == NETPOL_TIER_BASELINE)
        np_buffer_text(t->b, "    a NetworkPolicy that selects the pod would be asked first\n");
}

/* Of a flow that is denied, what allows it in one direction needs no change. */
static void way_out_text(telling *t)
{
    np_remedy c;
    const np_why *why = why_of(t);
    if (why->allowed != t->f->verdict.allowed)
        return;
    np_remedy_make(&c, t->x, t->f, t->direction);
    if (c.policy)
        change_text(t, &c);
    else if (is_up_to_policies(why) && np_remedy_is_own_node(t->x, t->f, t->direction))
        own_node_text(t);
    else if (strcmp(why->reason, "rule") == 0 && why->allowed && is_of_policies(why))
        others_text(t);
    else if (strcmp(why->reason, "not-isolated") == 0)
        isolate_text(t);
    t->b->failed |= np_remedy_failed(&c);
    np_remedy_free(&c);
}

void np_explain_text(np_buffer *b, const netpol_answer *x, const np_flow_answer *f,
                     int32_t direction)
{
    np_miss miss;
    telling t = {.b = b, .x = x, .f = f, .direction = direction, .miss = &miss};
    const np_why *why = why_of(&t);
    tier_text(&t);
    if (!why->allowed && is_of_policies(why)) {
        if (np_nearest_miss(x->engine->snapshot, &x->engine->semantics, &f->packet, direction,
                            &miss))
            nearest_text(&t);
        else
            np_buffer_text(b, "    nearest: none, for there are no rules\n");
    }
    way_out_text(&t);
}
