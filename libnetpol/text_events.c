/* SPDX-License-Identifier: MIT */
/* The event at hand: raw events made into what the user of the room sees (merge keys taken apart,
 * keys checked, depth limited), one event of memory, and recording. */
#include "text.h"
#include "text_inside.h"

/* ---- collections ---- */

static bool more_frames(np_text *t)
{
    if (!np_grow(&t->alloc, (void **)&t->frames.at, &t->frames.room, t->frames.n + 2,
                 sizeof *t->frames.at))
        return np_text_stop(t, NETPOL_NO_MEMORY);
    t->top = t->frames.at + t->frames.n;
    return true;
}

static NP_COLD bool too_deep(np_text *t, const np_event *e)
{
    t->deep++;
    return np_text_fail(t, NETPOL_LIMIT, NP_CODE_LIMIT, e->line, e->column, NULL,
                        "nested more than %u levels deep", t->options.max_depth);
}

static bool enter(np_text *t, const np_event *e, bool hidden)
{
    if (t->frames.n >= t->options.max_depth)
        return too_deep(t, e);
    if (t->frames.n + 2 > t->frames.room && !more_frames(t))
        return false;
    t->frames.n++;
    *++t->top = (np_frame){.place = e->type == NP_EVENT_MAP_START ? NP_AT_KEY : NP_IN_SEQ,
                           .hidden = hidden};
    return true;
}

/* ---- merge keys ---- */

/* The tag `!` says nothing here, as upstream. */
static bool is_merge_key(const np_event *e)
{
    if (!np_slice_is(e->value, "<<") || e->json)
        return false;
    if (e->tag.n == 0)
        return e->style == NP_STYLE_PLAIN;
    return np_slice_is(e->tag, "tag:yaml.org,2002:merge") || np_slice_is(e->tag, "!");
}

/* The key `<<` was read: its value is a map, whose entries come next, or a list of maps. A list may
 * not come through an alias. */
static NP_COLD bool merge(np_text *t)
{
    const np_raw *raw = np_now(t);
    if (!np_tape_next(t))
        return false;
    if (raw->event.type == NP_EVENT_MAP_START)
        return enter(t, &raw->event, true);
    if (raw->event.type != NP_EVENT_SEQ_START || raw->alias_line)
        return np_explain_merge(t, raw);
    uint32_t maps = 0;
    if (!np_tape_merge_list(t, &maps))
        return false;
    t->top->merging = maps;
    return true;
}

/* ---- from raw events to events ---- */

/* What becomes of a raw event. */
typedef enum outcome { GIVEN, SWALLOWED, FAILED } outcome;

static outcome scalar(np_text *t, np_event *e)
{
    np_frame *f = t->top;
    if (f->place == NP_AT_KEY) {
        if (is_merge_key(e))
            return merge(t) ? SWALLOWED : FAILED;
        e->merged = f->hidden;
        f->place = NP_AT_VALUE;
    } else if (f->place == NP_AT_VALUE) {
        f->place = NP_AT_KEY;
    }
    return GIVEN;
}

static outcome start(np_text *t, np_event *e)
{
    np_frame *f = t->top;
    bool merged =
        f->merging > 0; /* then it is a map of the list, as np_tape_merge_list made sure */
    if (merged)
        f->merging--;
    else if (f->place == NP_AT_KEY)
        return np_explain_key(t, np_now(t)) ? GIVEN : FAILED;
    else if (f->place == NP_AT_VALUE)
        f->place = NP_AT_KEY;
    if (!enter(t, e, merged))
        return FAILED;
    return merged ? SWALLOWED : GIVEN;
}

static outcome settle(np_text *t, np_event *e)
{
    switch (e->type) {
    case NP_EVENT_SCALAR:
        return scalar(t, e);
    case NP_EVENT_SEQ_START:
    case NP_EVENT_MAP_START:
        return start(t, e);
    case NP_EVENT_SEQ_END:
    case NP_EVENT_MAP_END:
        t->frames.n--;
        return (t->top--)->hidden ? SWALLOWED : GIVEN;
    default:
        t->over = true;
        return GIVEN;
    }
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

/* The events of the plain scanner lie where they are until its window is filled again, so a record
 * of them only needs to know where it begins. False: it does not begin in the window at hand. */
static bool record_in_window(np_text *t)
{
    np_text_hand *hand = &t->hand;
    np_recorder *r = &t->record;
    np_event *first = hand->have ? hand->now : hand->ready;
    r->in_window = NULL;
    bool here = t->is_plain && !t->over && !t->status && first != t->plain_end;
    if (!here || first + hand->have != hand->ready || r->at < r->events.n || r->holds_current)
        return false;
    r->in_window = first;
    hand->ready_end = t->plain_end;
    return true;
}

/* The window will be filled again: what was recorded in it is kept like other events. */
static bool keep_window(np_text *t)
{
    np_recorder *r = &t->record;
    const np_event *e = r->in_window;
    r->in_window = NULL;
    for (; e < t->plain_end; e++)
        if (!remember(t, e))
            return false;
    r->holds_current = false;
    return true;
}

void np_text_record(np_text *t)
{
    np_recorder *r = &t->record;
    bool current = t->hand.have && r->holds_current;
    if (r->at == r->events.n && !current) {
        np_arena_reset(&r->texts);
        r->events.n = r->at = 0;
    }
    r->start = r->at - current;
    r->recording = true;
    if (record_in_window(t))
        return;
    t->hand.ready_end = t->hand.ready;
    if (t->hand.have && !current && t->hand.now->type < NP_EVENT_END)
        (void)remember(t, t->hand.now);
}

void np_text_rewind(np_text *t)
{
    np_recorder *r = &t->record;
    if (!r->recording)
        return;
    r->recording = false;
    r->at = r->start;
    r->holds_current = false;
    t->hand.have = false;
    if (r->in_window)
        t->hand.ready = t->status ? t->hand.ready_end : r->in_window;
    r->in_window = NULL;
}

void np_text_forget(np_text *t)
{
    t->record.recording = false;
    t->record.in_window = NULL;
}

static void reset_recorder(np_recorder *r)
{
    np_arena_reset(&r->texts);
    r->events.n = r->at = r->start = 0;
    r->recording = r->holds_current = false;
    r->in_window = NULL;
}

/* ---- the event at hand ---- */

/* Events of the plain scanner are handed out where they lie. Those after this one need not come
 * this way, unless they are to be remembered. */
static void live_plain(np_text *t)
{
    np_text_hand *hand = &t->hand;
    np_recorder *r = &t->record;
    bool filled =
        hand->ready < t->plain_end || ((!r->in_window || keep_window(t)) && np_plain_more(t));
    if (!filled)
        return;
    hand->now = hand->ready++;
    t->over = hand->now->type == NP_EVENT_END;
    bool single = t->over || (r->recording && !r->in_window);
    hand->ready_end = single ? hand->ready : t->plain_end;
}

/* The next event that is not given again from the recorder. */
static void live(np_text *t)
{
    outcome o;
    if (t->is_plain) {
        live_plain(t);
        return;
    }
    do
        o = np_tape_next(t) ? settle(t, t->hand.now) : FAILED;
    while (o == SWALLOWED);
}

/* What is not simply the provider's next event. `fresh`: that was read, but is recorded or an
 * error. */
static NP_COLD void fetch_other(np_text *t, bool fresh)
{
    np_recorder *r = &t->record;
    np_event *e = t->hand.now;
    if (!t->status && fresh && !t->over) {
        (void)remember(t, e);
    } else if (!t->status && r->at < r->events.n) {
        *e = r->events.at[r->at++];
        r->holds_current = true;
    } else if (!t->status && !fresh) {
        *e = (np_event){.type = NP_EVENT_END};
    }
    if (t->status)
        *e = (np_event){.type = NP_EVENT_ERROR, .line = t->fail_line, .column = t->fail_column};
}

void np_text_fetch(np_text *t)
{
    np_recorder *r = &t->record;
    t->hand.have = true;
    r->holds_current = false;
    bool fresh = !t->over && !t->status && r->at == r->events.n;
    if (fresh)
        live(t);
    if (!fresh || t->status || (r->recording && !r->in_window))
        fetch_other(t, fresh);
}

/* The JSON scanner passes over the rest of a collection without making events of it. */
static bool skip_json(np_text *t, const np_event *start)
{
    const np_recorder *r = &t->record;
    if (!start->json || r->recording || r->holds_current || start->type == NP_EVENT_SCALAR)
        return false;
    np_json_skip(t);
    t->frames.n--;
    t->top--;
    np_text_take(t);
    return true;
}

bool np_text_skip(np_text *t)
{
    size_t depth = 0;
    do {
        const np_event *e = np_text_peek(t);
        if (e->type >= NP_EVENT_END ||
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
    t->over = t->is_plain = false;
    t->source_events = 0;
    if ((!t->piece.json && np_plain_start(t)) || t->status || !more_frames(t))
        return t->status;
    *t->top = (np_frame){.place = NP_IN_SEQ};
    if (!t->piece.json)
        return np_libyaml_start(t);
    np_json_start(t);
    return t->status;
}

void np_events_stop(np_text *t)
{
    np_libyaml_stop(t);
    np_tape_reset(t);
    reset_recorder(&t->record);
    t->frames.n = 0;
    t->hand = (np_text_hand){.now = &t->slots[0].event, .last = &t->slots[1].event};
    t->over = true;
}
