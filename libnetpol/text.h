/* SPDX-License-Identifier: MIT */
/* text owns text in: documents, events, positions, scalar meaning. It knows no Kubernetes kind.
 * (Not named yaml.h, which is libyaml's header.)
 *
 * A text is cut into documents as kubectl's reader does (a line that begins with "---"; JSON values
 * one after another), and each document is a stream of events from a provider: libyaml, our own
 * scanner for the most common form of YAML, or the one for JSON input. Aliases and merge keys are
 * already resolved in what the user of this room sees: an alias is replayed as the events of its
 * anchor (with the anchor's lines), and the entries of merged maps appear in place of the `<<` key,
 * of a list of maps those of the last first. So the last of equal keys in the order of events is
 * the one that wins upstream. */
#ifndef NP_TEXT_H
#define NP_TEXT_H

#include "diag.h"

typedef enum np_event_type {
    NP_EVENT_SCALAR = 1,
    NP_EVENT_SEQ_START,
    NP_EVENT_SEQ_END,
    NP_EVENT_MAP_START,
    NP_EVENT_MAP_END,
    NP_EVENT_END,  /* no more events in this document; peeking again gives it again */
    NP_EVENT_ERROR /* the document is broken; said in the diagnostics already */
} np_event_type;

typedef enum np_scalar_style {
    NP_STYLE_PLAIN = 1,
    NP_STYLE_SINGLE,
    NP_STYLE_DOUBLE,
    NP_STYLE_LITERAL,
    NP_STYLE_FOLDED
} np_scalar_style;

typedef struct np_event {
    uint8_t type;
    uint8_t style;   /* of scalars */
    bool json;       /* from the JSON scanner: numbers follow JSON's rules */
    bool flow;       /* of collections: written in flow style */
    bool merged;     /* a map key that arrived through a merge key */
    np_slice value;  /* of scalars; may hold NUL bytes; valid as long as the event */
    np_slice tag;    /* as libyaml resolves it ("tag:yaml.org,2002:str", "!foo"); n 0: none */
    uint32_t line;   /* from 1, in the whole text */
    uint32_t column; /* from 1, in characters */
} np_event;

/* One document of a text. */
typedef struct np_document {
    uint32_t index; /* among the non-empty ones */
    uint32_t line;  /* of its first event */
    bool json;
    np_slice text; /* its bytes, without the separator lines */
} np_document;

typedef struct np_text np_text;

/* Opens a text. `bytes`, `name` and `diags` (may be NULL) are borrowed until np_text_close. Options
 * come from np_options_read (limits, lenient, keep_going). A broken document gives one diagnostic
 * with `name` as source, whatever is wrong with it; want of memory and cancelling give none.
 * UTF-16 with a BOM is transcoded; a UTF-8 BOM is skipped.
 * NETPOL_OK; NETPOL_LIMIT (said in diags); NETPOL_NO_MEMORY; NETPOL_CANCELLED (of long UTF-16). */
netpol_status np_text_open(np_text **out, const netpol_options *o, const char *name,
                           const void *bytes, size_t n, netpol_diagnostics *diags);
void np_text_close(np_text *t);

/* Goes to the next non-empty document, whatever was read of the last one; documents that are blank,
 * all comments or null are passed over. Returns NETPOL_OK; NETPOL_NOT_FOUND at the end of the text;
 * NETPOL_INVALID if this document cannot even be started (a bad separator, an error before the
 * first event): doc is set, the diagnostic is given, and the caller may go on to the next;
 * NETPOL_LIMIT (too many documents), NETPOL_NO_MEMORY, NETPOL_CANCELLED: final. */
netpol_status np_text_next(np_text *t, np_document *doc);

/* The event at hand; never NULL. It stays valid until the event after it has been taken too, so a
 * key may be used while its value is at hand. After NP_EVENT_ERROR np_text_status says why; the
 * error's line and column are the event's. */
static inline const np_event *np_text_peek(np_text *t);
/* Takes the event at hand, unless it is NP_EVENT_END or NP_EVENT_ERROR. */
static inline void np_text_take(np_text *t);
/* Takes one whole node (scalar or collection). False: NP_EVENT_ERROR or NP_EVENT_END came. */
bool np_text_skip(np_text *t);
/* NETPOL_OK, or what ended this document: NETPOL_INVALID, _LIMIT, _NO_MEMORY, _CANCELLED. */
netpol_status np_text_status(const np_text *t);

/* Remembers events from the one at hand on, so that np_text_rewind can give them again. Not nested:
 * a new record forgets the old one. np_text_rewind ends recording, as does np_text_forget. Events
 * taken before np_text_record are not valid after it. Once the document has failed there is nothing
 * but NP_EVENT_ERROR, rewound or not. */
void np_text_record(np_text *t);
void np_text_rewind(np_text *t);
void np_text_forget(np_text *t);

/* Looks for string values of the document's root map without touching the events at hand (a second
 * pass over the document, as far as needed). For each key found values[i] is set to its string,
 * copied into the arena, else left alone. Used when `kind` comes after a long `items`. False: no
 * memory. */
bool np_text_scout(np_text *t, const char *const *keys, const char **values, size_t n,
                   np_arena *arena);

/* The beginning of an np_text, for the two functions that every event passes. */
typedef struct np_text_hand {
    np_event *now;   /* where the event at hand is, or will be */
    np_event *last;  /* where the event before it is */
    np_event *ready; /* events that come next and need nothing done, up to ready_end */
    np_event *ready_end;
    bool have; /* there is an event at hand */
} np_text_hand;

void np_text_fetch(np_text *t);

static inline const np_event *np_text_peek(np_text *t)
{
    np_text_hand *hand = (np_text_hand *)t;
    if (hand->have)
        return hand->now;
    if (hand->ready == hand->ready_end) {
        np_text_fetch(t);
        return hand->now;
    }
    hand->have = true;
    return hand->now = hand->ready++;
}

static inline void np_text_take(np_text *t)
{
    np_text_hand *hand = (np_text_hand *)t;
    np_event *now = hand->now;
    if (np_text_peek(t)->type >= NP_EVENT_END)
        return;
    hand->now = hand->last;
    hand->last = now;
    hand->have = false;
}

/* ---- what a scalar means: Kubernetes' YAML 1.1 rules (spec section 4) ---- */

typedef enum np_scalar_kind {
    NP_SCALAR_NULL = 1,
    NP_SCALAR_BOOL,
    NP_SCALAR_INT,   /* fits int64 */
    NP_SCALAR_UINT,  /* fits uint64 only */
    NP_SCALAR_FLOAT, /* finite */
    NP_SCALAR_STRING,
    NP_SCALAR_BAD /* impossible cast (`!!int x`), or not representable in JSON (.inf, .nan) */
} np_scalar_kind;

typedef struct np_scalar {
    np_scalar_kind kind;
    union {
        bool boolean;
        int64_t integer;
        uint64_t natural;
        double real;
    } as;
    np_slice text;   /* of strings; of !!binary the decoded bytes, in the arena */
    const char *why; /* of NP_SCALAR_BAD: static text */
} np_scalar;

/* `arena` serves !!binary only and may be NULL (then !!binary is NP_SCALAR_BAD; as it is for want
 * of memory, which the arena tells). A tag that is not of the core schema makes a string. */
np_scalar np_scalar_resolve(const np_event *scalar, np_arena *arena);
/* What may begin with a character apart from a string: a Word, a Digit or sign, a point. */
extern const char np_scalar_hints[256];
/* Which characters come second in a word. */
extern const bool np_scalar_seconds[256];
/* Whether a plain scalar of YAML is a string, told by a glance: false if it might be something
 * else. */
static inline bool np_plain_is_text(np_slice s)
{
    char hint = s.n ? np_scalar_hints[(unsigned char)s.p[0]] : 'W';
    return !hint || (hint == 'W' && s.n > 1 && !np_scalar_seconds[(unsigned char)s.p[1]]);
}
/* The same of any scalar. */
static inline bool np_scalar_is_text(const np_event *e)
{
    return e->tag.n == 0 &&
           (e->style != NP_STYLE_PLAIN || (!e->json && np_plain_is_text(e->value)));
}
/* Whether a plain scalar of this text would be read as anything but a string, or looks like a base
 * 60 number: what the canonical writer quotes. */
bool np_scalar_needs_quotes(np_slice text);
/* A float as Go's encoding/json prints it ("1.5", "1e+21"). Returns the length; room for 32 is
 * enough; not NUL-terminated. */
size_t np_float_text(double value, char *out);
/* A float that was a map key, or stands for a string in lenient reading, as sigs.k8s.io/yaml prints
 * it: in the precision of 32 bits ("0.1", "1e+06", ".inf"). The rest as np_float_text. */
size_t np_float_key_text(double value, char *out);

#endif
