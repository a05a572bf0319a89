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
    if (!np_grow(&t->alloc, (void **)&t->frames.at, &t->frames.room, t->frames.n + 1,
                 sizeof *t->frames.at))
        return np_text_stop(t, NETPOL_NO_MEMORY);
    bool map = e->type == NP_EVENT_MAP_START;
    t->frames.at[t->frames.n++] =
        (np_frame){.place = map ? NP_AT_KEY : NP_IN_SEQ, .hidden = hidden};
    return true;
}

/* A node begins in the innermost collection: the next one stands at the other place of a map. */
static void pass_place(np_text *t)
{
    np_frame *f = innermost(t);
    if (f && f->place != NP_IN_SEQ)
        f->place = f->place == NP_AT_KEY ? NP_AT_VALUE : NP_AT_KEY;
}

/* ---- merge keys ---- */

static bool is_merge_key(const np_event *e)
{
    return !e->json && np_slice_is(e->value, "<<") &&
           (e->tag.n ? np_slice_is(e->tag, "tag:yaml.org,2002:merge") : e->style == NP_STYLE_PLAIN);
}

/* The key `<<` was read: its value is a map, whose entries come next, or a list of maps. A list may
 * not come through an alias. */
static bool merge(np_text *t, np_raw *raw)
{
    if (!np_tape_next(t, raw, t->slot))
        return false;
    if (raw->event.type == NP_EVENT_MAP_START)
        return enter(t, &raw->event, true);
    if (raw->event.type != NP_EVENT_SEQ_START || raw->aliased)
        return np_explain_merge(t, &raw->event);
    uint32_t maps = 0;
    if (!np_tape_merge_list(t, t->slot, &maps))
        return false;
    innermost(t)->merging = maps;
    return true;
}

/* ---- from raw events to events ---- */

/* What became of a raw event. */
typedef enum outcome { GIVEN, SWALLOWED, FAILED } outcome;

static outcome at_key(np_text *t, np_raw *raw)
{
    np_frame *f = innermost(t);
    if (f->merging) { /* then a map of the list comes, as np_tape_merge_list made sure */
        f->merging--;
        return enter(t, &raw->event, true) ? SWALLOWED : FAILED;
    }
    if (raw->event.type != NP_EVENT_SCALAR) {
        (void)np_explain_key(t, &raw->event);
        return FAILED;
    }
    if (is_merge_key(&raw->event))
        return merge(t, raw) ? SWALLOWED : FAILED;
    raw->event.merged = f->hidden;
    f->place = NP_AT_VALUE;
    return GIVEN;
}

static outcome settle(np_text *t, np_raw *raw)
{
    np_event *e = &raw->event;
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
        return at_key(t, raw);
    pass_place(t);
    return e->type == NP_EVENT_SCALAR || enter(t, e, false) ? GIVEN : FAILED;
}

static void live(np_text *t, np_event *out)
{
    np_raw raw;
    outcome o = SWALLOWED;
    while (o == SWALLOWED && !t->over)
        o = np_tape_next(t, &raw, t->slot) ? settle(t, &raw) : FAILED;
    if (o == GIVEN)
        *out = raw.event;
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
    if (t->have && !current && !is_last(&t->slots[t->slot]))
        (void)remember(t, &t->slots[t->slot]);
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

static void fetch(np_text *t)
{
    np_recorder *r = &t->record;
    np_event *e = &t->slots[t->slot];
    e->type = NP_EVENT_END;
    r->holds_current = false;
    if (t->status == NETPOL_OK && r->at < r->events.n) {
        *e = r->events.at[r->at++];
        r->holds_current = true;
    } else if (t->status == NETPOL_OK) {
        live(t, e);
        if (r->recording && t->status == NETPOL_OK && !is_last(e))
            (void)remember(t, e);
    }
    if (t->status)
        *e = (np_event){.type = NP_EVENT_ERROR, .line = t->fail_line, .column = t->fail_column};
    t->have = true;
}

const np_event *np_text_peek(np_text *t)
{
    if (!t->have)
        fetch(t);
    return &t->slots[t->slot];
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
    if (!t->piece.json)
        return np_libyaml_start(t);
    np_json_start(t);
    return NETPOL_OK;
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
