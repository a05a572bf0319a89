/* SPDX-License-Identifier: MIT */
/* marks owns positions of fields: a compact tape written while an object is read. It knows no text.
 *
 * The tape follows the document: for each field, list element or map entry a tag, the line as a
 * difference to the mark before, and the column, as variable-length integers; then the marks of
 * what is inside, and an end mark. About four bytes a field, found again by walking with a path. */
#ifndef NP_MARKS_H
#define NP_MARKS_H

#include "diag.h"
#include "table.h"

typedef struct np_marker {
    np_buffer tape;
    uint32_t line; /* of the last mark */
    size_t last;   /* where the last mark begins */
} np_marker;

void np_marker_init(np_marker *m, const netpol_allocator *alloc);
void np_marker_free(np_marker *m);
/* Begins a new tape, keeping the room. */
void np_marker_clear(np_marker *m);
/* A mark of a kind: these and 2 + the index of a field. */
enum { NP_MARK_END = 0, NP_MARK_ELEMENT = 1, NP_MARK_FIELD = 2 };
void np_mark(np_marker *m, size_t what, uint32_t line, uint32_t column);

/* A field, by its index in its table. */
static inline void np_mark_field(np_marker *m, size_t field, uint32_t line, uint32_t column)
{
    np_mark(m, NP_MARK_FIELD + field, line, column);
}
/* An element of a list, or an entry of a string map; those come in sorted order. */
static inline void np_mark_element(np_marker *m, uint32_t line, uint32_t column)
{
    np_mark(m, NP_MARK_ELEMENT, line, column);
}
/* The node marked last has marks inside, up to np_mark_end. */
static inline void np_mark_inside(np_marker *m)
{
    if (!m->tape.failed)
        m->tape.p[m->last] |= 1;
}
static inline void np_mark_end(np_marker *m)
{
    np_buffer_char(&m->tape, NP_MARK_END);
}

/* Finds the deepest marked ancestor-or-self of a path. `exact` tells whether it is the path itself.
 * A step by a name that is no field of its table, and a step into a string map by name, end the
 * walk. Of a field that was marked twice the last mark counts. False: nothing on the way is marked.
 */
bool np_marks_find(np_slice tape, const np_table *root, const np_path *path, uint32_t *line,
                   uint32_t *column, bool *exact);

enum { NP_MARKS_DEEPEST = 32 };

/* Where the steps of the path that was looked up last have led. */
typedef struct np_marks_step {
    uint64_t what;
    size_t index;
    const char *at; /* behind the mark */
    int64_t line_behind;
    bool inside;
    uint32_t line;
    uint32_t column;
} np_marks_step;

typedef struct np_marks_cursor {
    size_t n;
    np_marks_step steps[NP_MARKS_DEEPEST];
} np_marks_cursor;

/* As np_marks_find, with a cursor that begins as n = 0 and serves one tape: paths that are
 * looked up in the order of the tape cost one walk together. */
bool np_marks_follow(np_marks_cursor *c, np_slice tape, const np_table *root, const np_path *path,
                     uint32_t *line, uint32_t *column, bool *exact);

#endif
