/* SPDX-License-Identifier: MIT */
/* What a list is about: a workload by its name in reports, by its name alone, or by a word of the
 * grammar of questions. */
#include "list.h"
#include "question.h"

typedef struct focusing {
    const netpol_engine *e;
    const netpol_list_options *how;
    np_arena *arena;
    np_parties *parties;
    netpol_diagnostics *diags;
} focusing;

/* "shop/web" and "shop/web[Deployment]" are "shop/web[Deployment]". */
static bool is_called(const char *focus, const char *name)
{
    size_t n = strlen(focus);
    return strncmp(name, focus, n) == 0 && (!name[n] || name[n] == '[');
}

static size_t mark_called(const focusing *f, const char *name)
{
    size_t marked = 0;
    for (size_t i = 0; i < f->parties->n; i++) {
        np_party *p = &f->parties->at[i];
        if (p->pod == NP_NONE || !is_called(name, p->name))
            continue;
        p->in_focus = true;
        marked++;
    }
    return marked;
}

/* ---- a name alone ---- */

static const char *space_of(const focusing *f, const np_party *p)
{
    const np_snapshot *s = f->e->snapshot;
    return np_namespace_at(s, np_pod_at(s, p->pod)->space)->name;
}

static bool is_called_alone(const focusing *f, const np_party *p)
{
    if (p->pod == NP_NONE)
        return false;
    const char *name = p->name + strlen(space_of(f, p)) + 1;
    return is_called(f->how->focus, name);
}

/* "a/web[Deployment], b/web[Pod]": each name once, for the parties of one owner share it. */
static netpol_status say_ambiguous(const focusing *f)
{
    np_buffer b;
    np_buffer_init(&b, &f->e->alloc);
    np_buffer_format(&b, "%s may be", f->how->focus);
    const char *before = " ";
    for (size_t i = 0; i < f->parties->n; i++) {
        const np_party *p = &f->parties->at[i];
        if (!is_called_alone(f, p) || !p->first_of_owner)
            continue;
        np_buffer_format(&b, "%s%s", before, p->name);
        before = ", ";
    }
    np_buffer_char(&b, '\0');
    np_diag_text(f->diags, NP_CODE_QUESTION_ENDPOINT, NULL, NULL,
                 "say which: NAMESPACE/NAME, or -n NAMESPACE", b.failed ? "" : b.p);
    np_buffer_free(&b);
    return NETPOL_INVALID;
}

/* In the default namespace, or wherever it is the only one. NETPOL_NOT_FOUND: nobody has it. */
static netpol_status mark_alone(const focusing *f)
{
    const char *space = NULL;
    bool several = false;
    for (size_t i = 0; i < f->parties->n; i++) {
        const np_party *p = &f->parties->at[i];
        if (!is_called_alone(f, p))
            continue;
        const char *here = space_of(f, p);
        if (strcmp(here, f->e->snapshot->default_namespace) == 0) {
            space = here;
            several = false;
            break;
        }
        several = several || (space && strcmp(space, here) != 0);
        space = here;
    }
    if (several)
        return say_ambiguous(f);
    for (size_t i = 0; space && i < f->parties->n; i++) {
        np_party *p = &f->parties->at[i];
        if (is_called_alone(f, p) && strcmp(space_of(f, p), space) == 0)
            p->in_focus = true;
    }
    return space ? NETPOL_OK : NETPOL_NOT_FOUND;
}

/* ---- a word ---- */

/* A party is a line of its owner, unless pods are listed one by one. */
static void mark_pod(const focusing *f, uint32_t pod)
{
    np_party *of = &f->parties->at[f->parties->party_of_pod[pod]];
    of->in_focus = true;
    for (size_t i = 0; !f->how->pods && i < f->parties->n; i++)
        if (f->parties->at[i].pod != NP_NONE && f->parties->at[i].owner == of->owner)
            f->parties->at[i].in_focus = true;
}

static netpol_status mark_word(const focusing *f)
{
    np_reader r = {.engine = f->e,
                   .semantics = &f->e->semantics,
                   .arena = f->arena,
                   .diags = f->diags,
                   .space = f->e->snapshot->default_namespace,
                   .protocol = NETPOL_TCP};
    np_word word;
    size_t marked = 0;
    netpol_status status = np_word_read(&r, f->how->focus, &word);
    if (status != NETPOL_OK)
        return status;
    for (size_t i = 0; i < word.n; i++)
        for (size_t k = 0; k < word.groups[i].n; k++)
            if (word.groups[i].ends[k].pod != NP_NONE) {
                mark_pod(f, word.groups[i].ends[k].pod);
                marked++;
            }
    if (marked)
        return NETPOL_OK;
    return np_reader_say(&r, NETPOL_INVALID, NP_CODE_QUESTION_ENDPOINT,
                         "%s: a list is about pods and workloads", f->how->focus);
}

netpol_status np_parties_focus(const netpol_engine *e, const netpol_list_options *how,
                               np_arena *arena, np_parties *parties, netpol_diagnostics *diags)
{
    focusing f = {e, how, arena, parties, diags};
    for (size_t i = 0; !how->focus && i < parties->n; i++)
        parties->at[i].in_focus = parties->at[i].pod != NP_NONE;
    if (!how->focus || mark_called(&f, how->focus))
        return NETPOL_OK;
    netpol_status status = strchr(how->focus, '/') ? NETPOL_NOT_FOUND : mark_alone(&f);
    return status == NETPOL_NOT_FOUND ? mark_word(&f) : status;
}
