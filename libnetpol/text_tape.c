/* SPDX-License-Identifier: MIT */
/* Anchors and aliases. A node with an anchor is kept on a tape while it is read, aliases in it as
 * they stand; an alias gives the node's events again. What aliases bring is limited by what the
 * document itself has, so that nested aliases cannot make a small text large. */
#include "text.h"
#include "text_inside.h"

#define REPLAY_FACTOR 10u
#define REPLAY_ALLOWANCE 10000u

void np_tape_init(np_text *t)
{
    np_arena_init(&t->tape.texts, &t->alloc, 1024);
    t->tape.texts.max = t->options.max_memory;
}

void np_tape_reset(np_text *t)
{
    np_tape *tape = &t->tape;
    if (tape->anchors.n == 0 && tape->held.n == 0)
        return;
    tape->events.n = tape->held.n = tape->anchors.n = 0;
    tape->open.n = tape->depths.n = tape->replays.n = 0;
    tape->depth = 0;
    tape->replayed = 0;
    if (tape->buckets.n)
        memset(tape->buckets.at, 0, tape->buckets.n * sizeof *tape->buckets.at);
    np_arena_reset(&tape->texts);
}

#define RELEASE(list) np_release(&t->alloc, (list).at, (list).room * sizeof *(list).at)

void np_tape_free(np_text *t)
{
    np_tape *tape = &t->tape;
    RELEASE(tape->events);
    RELEASE(tape->held);
    RELEASE(tape->anchors);
    RELEASE(tape->buckets);
    RELEASE(tape->open);
    RELEASE(tape->depths);
    RELEASE(tape->replays);
    np_arena_free(&tape->texts);
}

/* Room for one more; fails the document otherwise. */
#define MORE(t, list)                                                                              \
    (np_grow(&(t)->alloc, (void **)&(list).at, &(list).room, (list).n + 1, sizeof *(list).at) ||   \
     np_text_stop((t), NETPOL_NO_MEMORY))

/* ---- keeping events ---- */

static bool over_memory(np_text *t, const np_event *e)
{
    return np_text_fail(t, NETPOL_LIMIT, NP_CODE_LIMIT, e->line, e->column, NULL,
                        "anchors and aliases take more than %llu bytes of memory",
                        (unsigned long long)t->options.max_memory);
}

/* The arena gave nothing. */
static bool no_texts(np_text *t, const np_event *e)
{
    return t->tape.texts.over_limit ? over_memory(t, e) : np_text_stop(t, NETPOL_NO_MEMORY);
}

static bool keep(np_text *t, np_taped_list *list, const np_event *e, uint32_t target)
{
    np_arena *texts = &t->tape.texts;
    np_taped x = {*e, target};
    uint64_t events = t->tape.events.n + t->tape.held.n + 1;
    if (events > UINT32_MAX || events * sizeof x + texts->held > t->options.max_memory)
        return over_memory(t, e);
    x.event.value.p = np_arena_text(texts, e->value.p, e->value.n);
    if (e->tag.n)
        x.event.tag.p = np_arena_text(texts, e->tag.p, e->tag.n);
    if (texts->failed)
        return no_texts(t, e);
    if (!MORE(t, *list))
        return false;
    list->at[list->n++] = x;
    return true;
}

/* ---- anchors by name ---- */

static uint32_t hash_of(np_slice name)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < name.n; i++)
        h = (h ^ (unsigned char)name.p[i]) * 16777619u;
    return h;
}

static void link_anchor(np_tape *tape, size_t i)
{
    np_anchor *a = &tape->anchors.at[i];
    uint32_t *bucket = &tape->buckets.at[hash_of(a->name) & (tape->buckets.n - 1)];
    a->next = *bucket;
    *bucket = (uint32_t)i + 1;
}

/* The newest anchor of a name comes first in its bucket, also after the buckets grew. */
static bool more_buckets(np_text *t)
{
    np_tape *tape = &t->tape;
    if (tape->anchors.n < tape->buckets.n)
        return true;
    size_t n = tape->buckets.n ? tape->buckets.n * 2 : 16;
    if (!np_grow(&t->alloc, (void **)&tape->buckets.at, &tape->buckets.room, n,
                 sizeof *tape->buckets.at))
        return np_text_stop(t, NETPOL_NO_MEMORY);
    tape->buckets.n = n;
    memset(tape->buckets.at, 0, n * sizeof *tape->buckets.at);
    for (size_t i = 0; i < tape->anchors.n; i++)
        link_anchor(tape, i);
    return true;
}

/* The node that comes next on the tape has this anchor. */
static bool define(np_text *t, const np_raw *raw, bool open)
{
    np_tape *tape = &t->tape;
    np_slice name = raw->anchor;
    if (!more_buckets(t) || !MORE(t, tape->anchors))
        return false;
    const char *copy = np_arena_text(&tape->texts, name.p, name.n);
    if (!copy)
        return no_texts(t, &raw->event);
    tape->anchors.at[tape->anchors.n++] =
        (np_anchor){{copy, name.n}, (uint32_t)tape->events.n, 0, open};
    link_anchor(tape, tape->anchors.n - 1);
    if (!open)
        return true;
    if (!MORE(t, tape->open) || !MORE(t, tape->depths))
        return false;
    tape->open.at[tape->open.n++] = (uint32_t)tape->anchors.n - 1;
    tape->depths.at[tape->depths.n++] = tape->depth;
    return true;
}

static bool find(np_text *t, const np_raw *alias, uint32_t *target)
{
    const np_tape *tape = &t->tape;
    const np_event *e = &alias->event;
    uint32_t i =
        tape->buckets.n ? tape->buckets.at[hash_of(alias->anchor) & (tape->buckets.n - 1)] : 0;
    while (i && !np_slice_equal(tape->anchors.at[i - 1].name, alias->anchor))
        i = tape->anchors.at[i - 1].next;
    int shown = alias->anchor.n < 64 ? (int)alias->anchor.n : 64;
    if (!i)
        return np_text_fail(t, NETPOL_INVALID, NP_CODE_UNKNOWN_ANCHOR, e->line, e->column,
                            "define it earlier in this document, or quote the text",
                            "no anchor &%.*s stands before this alias", shown, alias->anchor.p);
    if (tape->anchors.at[i - 1].open)
        return np_text_fail(t, NETPOL_INVALID, NP_CODE_ANCHOR_IN_ITSELF, e->line, e->column, NULL,
                            "the value of anchor &%.*s contains itself", shown, alias->anchor.p);
    *target = tape->anchors.at[i - 1].at;
    return true;
}

/* ---- live events ---- */

static void close_anchors(np_tape *tape)
{
    while (tape->open.n && tape->depths.at[tape->depths.n - 1] == tape->depth) {
        tape->anchors.at[tape->open.at[--tape->open.n]].open = false;
        tape->depths.n--;
    }
}

/* Keeps an event of the provider if a node with an anchor begins here or is incomplete. */
static bool keep_live(np_text *t, const np_raw *raw, uint32_t target)
{
    np_tape *tape = &t->tape;
    const np_event *e = &raw->event;
    bool start = e->type == NP_EVENT_SEQ_START || e->type == NP_EVENT_MAP_START;
    if (e->type == NP_RAW_ALIAS ? tape->open.n == 0 : raw->anchor.n && !define(t, raw, start))
        return !t->status;
    if (!keep(t, &tape->events, e, target))
        return false;
    tape->depth += start;
    if (e->type == NP_EVENT_SEQ_END || e->type == NP_EVENT_MAP_END) {
        tape->depth--;
        close_anchors(tape);
    }
    return true;
}

/* ---- replayed events ---- */

static bool begin_replay(np_text *t, uint32_t at, bool held)
{
    np_tape *tape = &t->tape;
    if (!MORE(t, tape->replays))
        return false;
    tape->replays.at[tape->replays.n++] = (np_replay){.at = at, .held = held};
    return true;
}

/* Gives the next event of the innermost replay, which may be an alias again. */
static bool replay(np_text *t, uint32_t *target)
{
    np_tape *tape = &t->tape;
    np_replay *r = &tape->replays.at[tape->replays.n - 1];
    const np_taped *x = &(r->held ? &tape->held : &tape->events)->at[r->at++];
    *np_now(t) = (np_raw){.event = x->event};
    *target = x->target;
    if (x->event.type == NP_EVENT_SEQ_START || x->event.type == NP_EVENT_MAP_START)
        r->depth++;
    if (x->event.type == NP_EVENT_SEQ_END || x->event.type == NP_EVENT_MAP_END)
        r->depth--;
    if (r->depth == 0)
        tape->replays.n--;
    if (tape->replayed++ < REPLAY_ALLOWANCE + REPLAY_FACTOR * t->source_events)
        return np_text_goes_on(t, NP_WORK_OF_EVENT);
    return np_text_fail(t, NETPOL_LIMIT, NP_CODE_LIMIT, x->event.line, x->event.column, NULL,
                        "aliases make the document more than %u times as large", REPLAY_FACTOR);
}

/* Follows aliases of aliases up to an event that is none. */
static bool follow_alias(np_text *t, uint32_t target)
{
    np_raw *out = np_now(t);
    uint32_t line = out->event.line, column = out->event.column;
    while (out->event.type == NP_RAW_ALIAS)
        if (!begin_replay(t, target, false) || !replay(t, &target))
            return false;
    out->alias_line = line;
    out->alias_column = column;
    return true;
}

bool np_tape_follow(np_text *t)
{
    np_raw *out = np_now(t);
    uint32_t target = 0;
    bool alias = out->event.type == NP_RAW_ALIAS;
    if (alias && !find(t, out, &target))
        return false;
    return keep_live(t, out, target) && (!alias || follow_alias(t, target));
}

bool np_tape_replay(np_text *t)
{
    uint32_t target;
    if (!replay(t, &target))
        return false;
    return np_now(t)->event.type != NP_RAW_ALIAS || follow_alias(t, target);
}

/* ---- lists of merge keys ---- */

/* Holds a whole map whose start was read. */
static bool hold_map(np_text *t)
{
    const np_event *e = &np_now(t)->event;
    uint32_t depth = 0;
    for (;;) {
        uint8_t type = e->type;
        if (!keep(t, &t->tape.held, e, 0))
            return false;
        depth += type == NP_EVENT_MAP_START || type == NP_EVENT_SEQ_START;
        depth -= type == NP_EVENT_MAP_END || type == NP_EVENT_SEQ_END;
        if (depth > t->options.max_depth)
            return np_text_fail(t, NETPOL_LIMIT, NP_CODE_LIMIT, e->line, e->column, NULL,
                                "nested more than %u levels deep", t->options.max_depth);
        if (depth == 0)
            return true;
        if (!np_tape_next(t))
            return false;
    }
}

/* The maps of the list up to its end, each held; `starts` tells where they begin. */
static bool hold_list(np_text *t, np_index_list *starts)
{
    const np_raw *raw = np_now(t);
    for (;;) {
        if (!np_tape_next(t))
            return false;
        if (raw->event.type == NP_EVENT_SEQ_END)
            return true;
        if (raw->event.type != NP_EVENT_MAP_START)
            return np_explain_merge(t, raw);
        if (!MORE(t, *starts))
            return false;
        starts->at[starts->n++] = (uint32_t)t->tape.held.n;
        if (!hold_map(t))
            return false;
    }
}

bool np_tape_merge_list(np_text *t, uint32_t *maps)
{
    np_index_list starts = {0};
    bool good = hold_list(t, &starts);
    for (size_t i = 0; good && i < starts.n; i++)
        good = begin_replay(t, starts.at[i], true);
    *maps = (uint32_t)starts.n;
    RELEASE(starts);
    return good;
}
