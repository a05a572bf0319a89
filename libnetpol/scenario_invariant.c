/* SPDX-License-Identifier: MIT */
/* Invariants: what must hold for every pod of some namespaces, whoever is there. Pods that no
 * policy tells apart are looked at once (the parties of room list). */
#include "scenario_scope.h"

static const np_snapshot *snapshot_of(const np_scope *c)
{
    return c->e->snapshot;
}

/* ---- who is looked at ---- */

static netpol_status unanswered(np_scope *c, const char *what)
{
    np_run_unanswered(c->r, what);
    return NETPOL_OK;
}

static bool can_be_tested(const np_scope *c)
{
    return c->r->result->outcome != NETPOL_UNANSWERED;
}

/* Each of these gives NETPOL_OK, and sets the outcome if it finds that nothing can be tested. */
static netpol_status choose_namespaces(np_scope *c)
{
    const np_trial *t = c->r->trial;
    const np_snapshot *s = snapshot_of(c);
    for (uint32_t i = 0; i < s->n_namespaces; i++)
        c->chosen[i] = t->n_namespaces == 0;
    for (uint32_t i = 0; i < t->n_namespaces; i++) {
        uint32_t space = np_snapshot_namespace(s, t->namespaces[i]);
        if (space != NP_NONE) {
            c->chosen[space] = true;
            continue;
        }
        np_diag(c->r->diags, NP_CODE_QUESTION_NOT_FOUND, NULL, NULL, NULL,
                "there is no namespace %s", t->namespaces[i]);
        return unanswered(c, "");
    }
    return NETPOL_OK;
}

/* One end stands for all replicas of a template that are alike. */
static void leave_out_pod(np_scope *c, uint32_t pod)
{
    const np_snapshot *s = snapshot_of(c);
    const np_pod *p = np_pod_at(s, pod);
    c->left_out[pod] = true;
    if (!p->replica)
        return;
    for (uint32_t i = np_owner_at(s, p->owner)->first_pod; i != NP_NONE;
         i = np_next_of_owner(s, i)) {
        const np_pod *q = np_pod_at(s, i);
        if (q->replica && q->object == p->object && q->labels == p->labels)
            c->left_out[i] = true;
    }
}

static bool leave_out_word(np_scope *c, const np_word *w)
{
    for (size_t g = 0; g < w->n; g++)
        for (size_t i = 0; i < w->groups[g].n; i++) {
            if (w->groups[g].ends[i].pod == NP_NONE)
                return false;
            leave_out_pod(c, w->groups[g].ends[i].pod);
        }
    return true;
}

static netpol_status leave_out(np_scope *c)
{
    const np_trial *t = c->r->trial;
    const char *space = c->r->scenario->file->namespace_name;
    np_reader reader = {.engine = c->e,
                        .semantics = &c->e->semantics,
                        .arena = &c->arena,
                        .diags = c->r->diags,
                        .space = space ? space : snapshot_of(c)->default_namespace,
                        .protocol = NETPOL_TCP};
    for (uint32_t i = 0; i < t->n_except; i++) {
        np_word word;
        netpol_status status = np_word_read(&reader, t->except[i], &word);
        if (status == NETPOL_NO_MEMORY)
            return status;
        if (status == NETPOL_OK && leave_out_word(c, &word))
            continue;
        if (status == NETPOL_OK)
            np_diag(c->r->diags, NP_CODE_QUESTION_ENDPOINT, NULL, NULL, NULL,
                    "%s: only pods can be excepted", t->except[i]);
        return unanswered(c, "");
    }
    return NETPOL_OK;
}

/* Pods without an owner are called as in answers: "shop/db", not "shop/db[Pod]". */
static bool shorten_names(np_scope *c)
{
    static const char kind[] = "[Pod]";
    for (size_t i = 0; i < c->parties.n; i++) {
        np_party *p = &c->parties.at[i];
        size_t n = strlen(p->name);
        if (p->pod == NP_NONE || n < sizeof kind || strcmp(p->name + n - 5, kind) != 0)
            continue;
        p->name = np_arena_text(&c->arena, p->name, n - 5);
        if (!p->name)
            return false;
    }
    return true;
}

/* One pod for each party, of those that are not left out. */
static void choose_pods(np_scope *c)
{
    const np_snapshot *s = snapshot_of(c);
    for (size_t i = 0; i < c->parties.n; i++)
        c->pods[i] = NP_NONE;
    for (uint32_t pod = 0; pod < s->n_pods; pod++) {
        if (!np_pod_at(s, pod) || c->left_out[pod])
            continue;
        uint32_t *one = &c->pods[c->parties.party_of_pod[pod]];
        if (*one == NP_NONE)
            *one = pod;
    }
}

static netpol_status scope_fill(np_scope *c)
{
    const np_snapshot *s = snapshot_of(c);
    const netpol_list_options how = {.size = sizeof how};
    c->chosen = NP_NEW_ARRAY(&c->arena, bool, s->n_namespaces);
    c->left_out = NP_NEW_ARRAY(&c->arena, bool, s->n_pods);
    netpol_status status = c->chosen && c->left_out
                               ? np_parties_make(c->e, &how, &c->arena, &c->parties, NULL)
                               : NETPOL_NO_MEMORY;
    if (status != NETPOL_OK)
        return status;
    c->pods = NP_NEW_ARRAY(&c->arena, uint32_t, c->parties.n);
    if (!c->pods || !shorten_names(c))
        return NETPOL_NO_MEMORY;
    status = choose_namespaces(c);
    if (status == NETPOL_OK && can_be_tested(c))
        status = leave_out(c);
    if (status == NETPOL_OK)
        choose_pods(c);
    return status;
}

/* Whether a party is one that the invariant speaks of. */
static bool is_subject(const np_scope *c, size_t party)
{
    return c->parties.at[party].pod != NP_NONE && c->pods[party] != NP_NONE &&
           c->chosen[np_pod_at(snapshot_of(c), c->pods[party])->space];
}

/* ---- what must be reached ---- */

static const struct goal {
    const char *to;
    const char *port;
    const char *protocols[2];
} goals[] = {
    [NP_ENSURE_DNS] = {"svc:kube-system/kube-dns", "53", {"UDP", "TCP"}},
    [NP_ENSURE_API_SERVER] = {"svc:default/kubernetes", "443", {"TCP", NULL}},
};

/* The i-th question of a subject; false: there is none. */
static bool goal_question(const np_scope *c, uint32_t i, netpol_question *q)
{
    const np_trial *t = c->r->trial;
    const struct goal *g = &goals[t->ensure];
    uint32_t n_to = t->n_to ? t->n_to : 1;
    uint32_t n_ports = t->n_ports ? t->n_ports : 1;
    uint32_t protocol = i / (n_to * n_ports);
    q->dst = t->n_to ? t->to[i % n_to] : g->to;
    q->port = t->n_ports ? t->ports[i / n_to % n_ports] : g->port;
    if (protocol >= (t->n_protocols ? t->n_protocols : 2))
        return false;
    q->protocol = t->n_protocols ? t->protocols[protocol] : g->protocols[protocol];
    return q->protocol != NULL;
}

static netpol_status reach(np_scope *c, size_t party)
{
    const np_trial *t = c->r->trial;
    const np_snapshot *s = snapshot_of(c);
    const np_pod *p = np_pod_at(s, c->pods[party]);
    netpol_status status = NETPOL_OK;
    bool good;
    np_buffer name;
    np_buffer_init(&name, &c->e->alloc);
    np_buffer_format(&name, "%s/%s", np_namespace_at(s, p->space)->name, p->name);
    np_buffer_char(&name, '\0');
    netpol_question q = np_run_question(c->r, name.p, NULL, NULL, NULL);
    if (name.failed)
        status = NETPOL_NO_MEMORY;
    for (uint32_t i = 0; status == NETPOL_OK && can_be_tested(c) && goal_question(c, i, &q); i++)
        status = np_run_ask(c->r, &q, t->expect ? t->expect : NP_EXPECT_ALLOW, false, &good);
    if (!can_be_tested(c) && t->n_to == 0)
        np_buffer_text(&c->r->message, "; say where it is with \"to\"");
    np_buffer_free(&name);
    return status;
}

/* ---- the whole ---- */

static bool must_be_reached(uint32_t ensure)
{
    return ensure == NP_ENSURE_DNS || ensure == NP_ENSURE_API_SERVER;
}

static netpol_status look_at(np_scope *c, size_t party)
{
    np_run *r = c->r;
    if (must_be_reached(r->trial->ensure))
        return reach(c, party);
    bool holds = true;
    r->result->n_checks++;
    netpol_status status = np_forbid(c, party, &holds);
    if (status != NETPOL_OK || holds)
        return status;
    r->result->outcome = NETPOL_FAILED;
    r->result->n_failed++;
    if (r->result->n_failed <= NP_MOST_TOLD)
        np_buffer_format(&r->message, "%s%s", r->message.n ? ", " : "does not hold for ",
                         c->parties.at[party].name);
    return NETPOL_OK;
}

static netpol_status look_at_all(np_scope *c)
{
    np_run *r = c->r;
    netpol_status status = NETPOL_OK;
    size_t n = 0;
    for (size_t i = 0; i < c->parties.n && status == NETPOL_OK && can_be_tested(c); i++) {
        if (!is_subject(c, i))
            continue;
        n++;
        status = np_run_may_go_on(r) ? look_at(c, i) : NETPOL_CANCELLED;
    }
    if (status == NETPOL_OK && n == 0)
        return unanswered(c, "no pod is left to look at");
    return status;
}

netpol_status np_run_invariant(np_run *r)
{
    np_scope c = {.r = r, .e = r->report->engine};
    np_arena_init(&c.arena, &c.e->alloc, 4096);
    np_arena_init(&c.of_party, &c.e->alloc, 4096);
    np_arena_init(&c.scratch, &c.e->alloc, 4096);
    netpol_status status = scope_fill(&c);
    if (status == NETPOL_OK && can_be_tested(&c))
        status = np_forbid_prepare(&c);
    if (status == NETPOL_OK && can_be_tested(&c))
        status = look_at_all(&c);
    np_arena_free(&c.scratch);
    np_arena_free(&c.of_party);
    np_arena_free(&c.arena);
    return status;
}
