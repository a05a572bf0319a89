/* SPDX-License-Identifier: MIT */
/* What the parts of the text room share; no other room includes it.
 *
 *   text_cut      bytes -> pieces, one a document
 *   text_libyaml  piece -> raw events         text_json     the same for JSON
 *   text_plain    piece -> events, if it is of the plain subset (text_chars: its characters)
 *   text_tape     raw events, aliases followed
 *   text_events   -> events: merge keys, depth, recording
 *   text_explain  what libyaml found, for people
 *   text_scalar   what a scalar means         text_number   numbers and dates as text
 *
 * A further provider needs a start function like np_json_start, and a row in np_events_start. */
#ifndef NP_TEXT_INSIDE_H
#define NP_TEXT_INSIDE_H

#include "text.h"

/* For functions whose code is better kept out of the ones that every event passes. */
#if defined(__GNUC__)
#define NP_COLD __attribute__((cold, noinline))
#else
#define NP_COLD
#endif

/* ---- raw events ---- */

enum { NP_RAW_ALIAS = 100 }; /* a type of raw events beside np_event_type */

/* An event as a provider gives it. */
typedef struct np_raw {
    np_event event;  /* the first member: the user sees this part */
    np_slice anchor; /* the node's; of an alias the name it asks for; n 0: none */
    /* Where the alias stands that brought it, on the node's first event; 0: none did. */
    uint32_t alias_line;
    uint32_t alias_column;
} np_raw;

/* ---- pieces ---- */

/* A document's bytes and where they stand. */
typedef struct np_piece {
    np_slice text;
    uint32_t line;   /* of the first byte */
    uint32_t column; /* of the first byte, from 1; the lines after it begin at 1 */
    bool json;
} np_piece;

typedef struct np_cutter {
    const char *at;
    const char *end;
    uint32_t line;
    uint32_t column;
    uint32_t values;   /* JSON values so far */
    bool json;         /* still a stream of JSON values */
    bool marked;       /* a byte order mark stands before `at`, so this line is no separator */
    np_buffer nesting; /* of np_json_extent */
} np_cutter;

/* ---- the events of one document ---- */

typedef enum np_place { NP_IN_SEQ, NP_AT_KEY, NP_AT_VALUE } np_place;

/* An open collection. */
typedef struct np_frame {
    uint8_t place;    /* np_place */
    bool hidden;      /* a merged map: its entries belong to the map around it */
    uint32_t merging; /* maps of a merge list that come next, before the next key */
} np_frame;

/* What was remembered of a document because an alias or a merge may need it again. */
typedef struct np_taped {
    np_event event;
    uint32_t target; /* of an alias: the tape's index of its anchor's node */
} np_taped;

typedef struct np_anchor {
    np_slice name;
    uint32_t at;   /* on the tape */
    uint32_t next; /* of the same bucket, plus 1 */
    bool open;     /* its node is not complete yet */
} np_anchor;

typedef struct np_replay {
    uint32_t at;
    uint32_t depth;
    bool held; /* from np_tape.held */
} np_replay;

/* An array that grows. */
#define NP_LIST(type)                                                                              \
    struct {                                                                                       \
        type *at;                                                                                  \
        size_t n;                                                                                  \
        size_t room;                                                                               \
    }

typedef NP_LIST(np_taped) np_taped_list;
typedef NP_LIST(uint32_t) np_index_list;

typedef struct np_tape {
    np_taped_list events; /* nodes with an anchor, aliases in them kept */
    np_taped_list held;   /* lists of merge keys, which are given again last map first */
    NP_LIST(np_anchor) anchors;
    np_index_list buckets; /* indexes of anchors, plus 1; n is a power of two or 0 */
    np_index_list open;    /* anchors whose node is not complete, the innermost last */
    np_index_list depths;  /* how deep each of them began */
    NP_LIST(np_replay) replays;
    np_arena texts;
    uint32_t depth;    /* inside the outermost incomplete anchor */
    uint64_t replayed; /* events given again */
} np_tape;

typedef struct np_recorder {
    NP_LIST(np_event) events;
    np_arena texts;
    size_t at;    /* the next to give again; events.n: live events come next */
    size_t start; /* where the record at hand begins */
    bool recording;
    bool holds_current; /* the event at hand is the one before `at` */
    /* The record begins here in the window of the plain scanner, and all of it lies there; NULL: it
     * lies in `events`. */
    np_event *in_window;
} np_recorder;

typedef struct np_libyaml np_libyaml;
typedef struct np_plain np_plain;

/* The JSON scanner. The piece is known to be valid. */
typedef struct np_json {
    const char *at;
    const char *end;
    const char *line_start;
    const char *asked; /* keep_going */
    size_t hidden;     /* bytes on this line that begin no character */
    uint32_t line;
    uint32_t column; /* of line_start */
    uint32_t depth;
    bool begun;
    np_buffer decoded[2]; /* strings with escapes, by slot */
} np_json;

struct np_text {
    /* Its events are those of `slots`, where raw events are read too, or plain ones. */
    np_text_hand hand;
    np_raw slots[2];
    bool over; /* the provider's last event came */
    /* The provider: fills `out` (np_now) with the next raw event; false: the document failed. A
     * value stays valid until the same slot is filled again. */
    bool (*next)(np_text *t, np_raw *out);
    np_frame *top; /* the innermost open collection; frames.at[0] stands for the document */
    uint64_t source_events;   /* of this document */
    NP_LIST(np_frame) frames; /* n: how many there are beside the first */
    np_tape tape;
    np_recorder record;
    np_json scan;
    np_libyaml *libyaml;
    np_plain *plain;
    bool is_plain;       /* the document at hand is read by it; */
    np_event *plain_end; /* events from hand.ready on were read already */

    netpol_options options;
    netpol_allocator alloc;
    const char *name;
    netpol_diagnostics *diags;
    char *transcoded; /* of UTF-16 input */
    size_t transcoded_room;
    np_cutter cut;
    np_piece piece;
    np_document doc;
    uint32_t documents;   /* non-empty ones so far */
    uint32_t deep;        /* documents that passed the depth limit */
    bool template_said;   /* the hint about templates was given */
    netpol_status status; /* of the document */
    uint32_t fail_line;
    uint32_t fail_column;
    netpol_status ended;      /* not OK: no document comes any more */
    uint64_t work;            /* since keep_going was asked */
    uint64_t fed;             /* bytes given to libyaml, of all documents */
    uint32_t plain_documents; /* YAML ones that were read without it */
};

/* The raw event at hand. */
static inline np_raw *np_now(np_text *t)
{
    return (np_raw *)t->hand.now;
}

/* ---- text.c ---- */

/* Ends the document at hand with a diagnostic; only the first one counts. Always false. */
bool np_text_fail(np_text *t, netpol_status status, int32_t code, uint32_t line, uint32_t column,
                  const char *hint, const char *format, ...) __attribute__((format(printf, 7, 8)));
/* The same without a diagnostic: NETPOL_NO_MEMORY, NETPOL_CANCELLED. */
bool np_text_stop(np_text *t, netpol_status status);
/* Fails for a scalar that passes max_scalar. Always false. */
bool np_text_too_long(np_text *t, const np_event *e);
/* Asks keep_going; false: the document was stopped. */
bool np_text_ask(np_text *t);
/* Asks it now and then. Work is counted in bytes of input; an event that is given again counts as
 * NP_WORK_OF_EVENT. */
#define NP_WORK_PER_QUESTION 65536
#define NP_WORK_OF_EVENT 16
static inline bool np_text_goes_on(np_text *t, uint64_t work)
{
    t->work += work;
    return t->work < NP_WORK_PER_QUESTION || np_text_ask(t);
}
/* Line and column of an offset in the piece at hand. */
void np_text_place(const np_text *t, size_t offset, uint32_t *line, uint32_t *column);
/* Bytes compared at a time; a fixed number lets compilers use vector registers. */
#define NP_BLOCK 64
/* Characters, where each byte that is not part of one counts as one or none. */
size_t np_utf8_count(const char *p, size_t n);
/* Writes a character, up to 4 bytes; also a surrogate, which is then no valid UTF-8. */
size_t np_utf8_put(uint32_t r, char *out);
/* Copies with U+FFFD for each byte that is not UTF-8; room for n times NP_MEND_GROWTH is needed. */
#define NP_MEND_GROWTH 3
size_t np_utf8_mend(const char *p, size_t n, char *out);

/* ---- text_cut.c ---- */

void np_cut_start(np_text *t, const char *bytes, size_t n, bool marked);
/* The next piece that is not blank, in t->piece. NETPOL_OK; NETPOL_NOT_FOUND: the text ends;
 * others: np_text_fail or np_text_stop was called for this piece. */
netpol_status np_cut_next(np_text *t);
/* A piece without the separator line that it may begin with. */
np_slice np_cut_content(np_slice piece);

/* ---- providers ---- */

/* Each makes ready for t->piece and sets t->next. */
netpol_status np_libyaml_start(np_text *t);
void np_libyaml_stop(np_text *t);
void np_libyaml_free(np_text *t);

/* False: the document is not of the plain subset, or was stopped. */
bool np_plain_start(np_text *t);
/* Reads more events to hand.ready. False: the document was stopped. */
bool np_plain_more(np_text *t);
void np_plain_free(np_text *t);

void np_json_start(np_text *t);
/* Passes over the rest of the collection whose start came last. */
void np_json_skip(np_text *t);
void np_json_free(np_text *t);

/* Finds the end of the JSON value that begins at p; *at is set to it. False: it is not valid, *at
 * is where and *why static text, or NULL if the document was stopped (memory, keep_going). */
bool np_json_extent(np_text *t, const char *p, const char *end, const char **at, const char **why);

/* ---- text_events.c ---- */

/* Makes ready for the events of t->piece. */
netpol_status np_events_start(np_text *t);
void np_events_stop(np_text *t);

/* ---- text_tape.c ---- */

void np_tape_init(np_text *t);
void np_tape_reset(np_text *t);
void np_tape_free(np_text *t);
/* np_now has a raw event with an anchor, or one inside of such a node, or an alias:
 * keeps it; an alias is replaced by the first event of what it names. False: the document failed.
 */
bool np_tape_follow(np_text *t);
/* Fills np_now with the next event that is given again. */
bool np_tape_replay(np_text *t);
/* Fills np_now with the next raw event that is no alias. */
static inline bool np_tape_next(np_text *t)
{
    np_raw *now = np_now(t);
    if (t->tape.replays.n)
        return np_tape_replay(t);
    t->source_events++;
    return t->next(t, now) && ((!now->anchor.n && t->tape.open.n == 0) || np_tape_follow(t));
}
/* The start of a merge key's list was read: reads all of it, so that its maps come next, the last
 * one first (thus the first one wins where the last of equal keys does). *maps: how many. */
bool np_tape_merge_list(np_text *t, uint32_t *maps);

/* ---- text_explain.c ---- */

/* A place in the piece, as libyaml counts: from 0. */
typedef struct np_spot {
    size_t line;
    size_t column;
} np_spot;

/* Ends the document with what libyaml found, in our words. context may be NULL. Always false. */
bool np_explain(np_text *t, const char *problem, const char *context, np_spot at, np_spot begun);
/* Ends the document if its text has the markers of a merge conflict; false: it has none. */
bool np_explain_conflict(np_text *t);
/* Ends the document for a control character, or for bytes that are no UTF-8. offset: in the piece.
 * Always false. */
bool np_explain_byte(np_text *t, size_t offset, bool control, uint32_t value);
/* A merge key's value that is no map. Always false. */
bool np_explain_merge(np_text *t, const np_raw *value);
/* A key that is a list or a map. Always false. */
bool np_explain_key(np_text *t, const np_raw *key);

/* ---- text_number.c ---- */

/* `[-+]?` digits with a point or without, and an exponent. False: not that, or infinite. */
bool np_decimal_read(np_slice s, bool underscores, double *out);
bool np_timestamp_is(np_slice s);
bool np_base60_is(np_slice s);

#endif
