/* SPDX-License-Identifier: MIT */
/* The event at hand: raw events made into what the user of the room sees (merge keys taken apart,
 * keys checked, depth limited), one event of memory, and recording. */
#include "text.h"
#include "text_inside.h"

/* ---- collections ---- */

static np_frame *innermost(np_text *t)
{
    return t->frames.n ? &t->frames.at[t->frames.n - 1] : NULL;
}

static bool enter(np_text *t, const np_event *e, bool hidden)
{
    if (t->frames.n >= t->options.max_depth) {
        t->deep++;
        return np_text_fail(t, NETPOL_LIMIT, NP_CODE_LIMIT, e->line, e->column, NULL,
                            "nested more than %u levels deep", t->options.max_depth);
    }
    if (t->frames.n == t->frames.room &&
        !np_grow(&t->alloc, (void **)&t->frames.at, &t->frames.room, t->frames.n + 1,
                 sizeof *t->frames.at))
        return np_text_stop(t, NETPOL_NO_MEMORY);
    bool map = e->type == NP_EVENT_MAP_START;
    t->frames.at[t->frames.n++] =
        (np_frame){.place = map ? NP_AT_KEY : NP_IN_SEQ, .hidden = hidden};
    return true;
}

/* ---- merge keys ---- */

static bool is_merge_key(const np_event *e)
{
    return !e->json && np_slice_is(e->value, "<<") &&
           (e->tag.n ? np_slice_is(e->tag, "tag:yaml.org,2002:merge") : e->style == NP_STYLE_PLAIN);
}

/* The key `<<` was read: its value is a map, whose entries come next, or a list of maps. A list may
 * not come through an alias. */
static bool merge(np_text *t)
{
    const np_raw *raw = &t->slots[t->slot];
    if (!np_tape_next(t))
        return false;
    if (raw->event.type == NP_EVENT_MAP_START)
        return enter(t, &raw->event, true);
    if (raw->event.type != NP_EVENT_SEQ_START || raw->aliased)
        return np_explain_merge(t, &raw->event);
    uint32_t maps = 0;
    if (!np_tape_merge_list(t, &maps))
        return false;
    innermost(t)->merging = maps;
    return true;
}

/* ---- from raw events to events ---- */

/* What becomes of a raw event. */
typedef enum outcome { GIVEN, SWALLOWED, FAILED } outcome;

static outcome at_key(np_text *t, np_frame *f, np_event *e)
{
    if (f->merging) { /* then a map of the list comes, as np_tape_merge_list made sure */
        f->merging--;
        return enter(t, e, true) ? SWALLOWED : FAILED;
    }
    if (e->type != NP_EVENT_SCALAR) {
        (void)np_explain_key(t, e);
        return FAILED;
    }
    if (is_merge_key(e))
        return merge(t) ? SWALLOWED : FAILED;
    e->merged = f->hidden;
    f->place = NP_AT_VALUE;
    return GIVEN;
}

static outcome settle(np_text *t, np_event *e)
{
    if (e->type == NP_EVENT_END) {
        t->over = true;
        return GIVEN;
    }
    np_frame *f = innermost(t);
    if (e->type == NP_EVENT_MAP_END || e->type == NP_EVENT_SEQ_END) {
        t->frames.n--;
        return f->hidden ? SWALLOWED : GIVEN;
    }
    if (f && f->place == NP_AT_KEY)
        return at_key(t, f, e);
    if (f && f->place == NP_AT_VALUE)
        f->place = NP_AT_KEY;
    return e->type == NP_EVENT_SCALAR || enter(t, e, false) ? GIVEN : FAILED;
}

static void live(np_text *t)
{
    outcome o = SWALLOWED;
    while (o == SWALLOWED)
        o = np_tape_next(t) ? settle(t, &t->slots[t->slot].event) : FAILED;
}

/* ---- recording ---- */

static bool remember(np_text *t, const np_event *e)
{
    np_recorder *r = &t->record;
    np_event copy = *e;
    copy.value.p = np_arena_text(&r->texts, e->value.p, e->value.n);
    if (e->tag.n)
        copy.tag.p = np_arena_text(&r->texts, e->tag.p, e->tag.n);
    bool fits = (r->events.n + 1) * sizeof copy <= t->options.max_memory;
    if (r->texts.over_limit || !fits)
        return np_text_fail(t, NETPOL_LIMIT, NP_CODE_LIMIT, e->line, e->column, NULL,
                            "reading the document takes more than %llu bytes of memory",
                            (unsigned long long)t->options.max_memory);
    if (r->texts.failed ||
        !np_grow(&t->alloc, (void **)&r->events.at, &r->events.room, r->events.n + 1, sizeof copy))
        return np_text_stop(t, NETPOL_NO_MEMORY);
    r->events.at[r->events.n++] = copy;
    r->at = r->events.n;
    r->holds_current = true;
    return true;
}

static bool is_last(const np_event *e)
{
    return e->type == NP_EVENT_END || e->type == NP_EVENT_ERROR;
}

void np_text_record(np_text *t)
{
    np_recorder *r = &t->record;
    bool current = t->have && r->holds_current;
    if (r->at == r->events.n && !current) {
        np_arena_reset(&r->texts);
        r->events.n = r->at = 0;
    }
    r->start = r->at - current;
    r->recording = true;
    if (t->have && !current && !is_last(&t->slots[t->slot].event))
        (void)remember(t, &t->slots[t->slot].event);
}

void np_text_rewind(np_text *t)
{
    np_recorder *r = &t->record;
    if (!r->recording)
        return;
    r->recording = false;
    r->at = r->start;
    r->holds_current = false;
    t->have = false;
}

void np_text_forget(np_text *t)
{
    t->record.recording = false;
}

static void reset_recorder(np_recorder *r)
{
    np_arena_reset(&r->texts);
    r->events.n = r->at = r->start = 0;
    r->recording = r->holds_current = false;
}

/* ---- the event at hand ---- */

/* All but the next live event of a document that is not being recorded. */
static void fetch_other(np_text *t)
{
    np_recorder *r = &t->record;
    np_event *e = &t->slots[t->slot].event;
    if (!t->status && r->at < r->events.n) {
        *e = r->events.at[r->at++];
        r->holds_current = true;
    } else if (!t->status && !t->over) {
        live(t);
        if (!t->status && !t->over)
            (void)remember(t, e);
    } else if (!t->status) {
        *e = (np_event){.type = NP_EVENT_END};
    }
    if (t->status)
        *e = (np_event){.type = NP_EVENT_ERROR, .line = t->fail_line, .column = t->fail_column};
}

static void fetch(np_text *t)
{
    np_recorder *r = &t->record;
    t->have = true;
    r->holds_current = false;
    if (t->over || t->status || r->recording || r->at < r->events.n) {
        fetch_other(t);
        return;
    }
    live(t);
    if (t->status)
        fetch_other(t);
}

const np_event *np_text_peek(np_text *t)
{
    if (!t->have)
        fetch(t);
    return &t->slots[t->slot].event;
}

void np_text_take(np_text *t)
{
    if (is_last(np_text_peek(t)))
        return;
    t->have = false;
    t->slot ^= 1;
}

/* The JSON scanner passes over the rest of a collection without making events of it. */
static bool skip_json(np_text *t, const np_event *start)
{
    const np_recorder *r = &t->record;
    if (!start->json || r->recording || r->holds_current || start->type == NP_EVENT_SCALAR)
        return false;
    np_json_skip(t);
    t->frames.n--;
    np_text_take(t);
    return true;
}

bool np_text_skip(np_text *t)
{
    size_t depth = 0;
    do {
        const np_event *e = np_text_peek(t);
        if (is_last(e) ||
            (depth == 0 && (e->type == NP_EVENT_MAP_END || e->type == NP_EVENT_SEQ_END)))
            return false;
        if (depth == 0 && skip_json(t, e))
            return true;
        depth += e->type == NP_EVENT_MAP_START || e->type == NP_EVENT_SEQ_START;
        depth -= e->type == NP_EVENT_MAP_END || e->type == NP_EVENT_SEQ_END;
        np_text_take(t);
    } while (depth);
    return true;
}

/* ---- a document's life ---- */

netpol_status np_events_start(np_text *t)
{
    t->over = false;
    t->source_events = 0;
    if (t->piece.json)
        np_json_start(t);
    return t->piece.json ? NETPOL_OK : np_libyaml_start(t);
}

void np_events_stop(np_text *t)
{
    np_libyaml_stop(t);
    np_tape_reset(t);
    reset_recorder(&t->record);
    t->frames.n = 0;
    t->have = false;
    t->over = true;
}
