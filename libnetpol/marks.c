/* SPDX-License-Identifier: MIT */
#include "marks.h"

/* A mark is three variable-length integers:
 *   tag     (what << 1) | 1 if marks inside follow; what: 0 end, 1 element, 2 + field index
 *   line    difference to the mark before, zigzag
 *   column
 * An end mark is the tag alone. */

void np_marker_init(np_marker *m, const netpol_allocator *alloc)
{
    *m = (np_marker){.line = 0};
    np_buffer_init(&m->tape, alloc);
}

void np_marker_free(np_marker *m)
{
    np_buffer_free(&m->tape);
}

void np_marker_clear(np_marker *m)
{
    m->tape.n = 0;
    m->tape.failed = false;
    m->line = 0;
    m->last = 0;
}

/* ---- writing ---- */

static char *put_number(char *at, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *at++ = (char)(value | 0x80);
    *at++ = (char)value;
    return at;
}

static uint64_t zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

enum { MARK_MOST = 3 * 10, FIRST_ROOM = 512 }; /* bytes */

static void mark_at_length(np_marker *m, size_t what, uint64_t down, uint32_t column)
{
    if (!np_buffer_reserve(&m->tape, m->tape.room ? MARK_MOST : FIRST_ROOM))
        return;
    char *from = m->tape.p + m->tape.n;
    char *at = put_number(from, what << 1);
    at = put_number(at, down);
    at = put_number(at, column);
    m->last = m->tape.n;
    m->tape.n += (size_t)(at - from);
}

/* Nearly every number takes a single byte. */
void np_mark(np_marker *m, size_t what, uint32_t line, uint32_t column)
{
    uint64_t down = zigzag((int64_t)line - m->line);
    m->line = line;
    if ((what << 1 | down | column) >= 0x80 || m->tape.room - m->tape.n < 3) {
        mark_at_length(m, what, down, column);
        return;
    }
    char *at = m->tape.p + m->tape.n;
    at[0] = (char)(what << 1);
    at[1] = (char)down;
    at[2] = (char)column;
    m->last = m->tape.n;
    m->tape.n += 3;
}

/* ---- finding ---- */

typedef struct reader {
    const char *at;
    const char *end;
    int64_t line;
} reader;

typedef struct mark_read {
    uint64_t what;
    bool inside;
    uint32_t line;
    uint32_t column;
} mark_read;

static uint64_t take_number(reader *r)
{
    uint64_t value = 0;
    for (unsigned shift = 0; r->at < r->end; shift += 7) {
        unsigned char byte = (unsigned char)*r->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            break;
    }
    return value;
}

/* False at an end mark and at the end of the tape. */
static bool take_mark(reader *r, mark_read *out)
{
    if (r->at == r->end)
        return false;
    uint64_t tag = take_number(r);
    if (tag >> 1 == NP_MARK_END)
        return false;
    r->line += unzigzag(take_number(r));
    *out = (mark_read){tag >> 1, tag & 1, (uint32_t)r->line, (uint32_t)take_number(r)};
    return true;
}

static void skip_inside(reader *r)
{
    for (size_t open = 1; open > 0 && r->at < r->end;) {
        mark_read m;
        if (take_mark(r, &m))
            open += m.inside;
        else
            open--;
    }
}

/* Finds the mark for a step among those of one map or list, of which `r` gives those from number
 * `first` on. Of equal keys the last one counts. */
static bool find_step(reader r, size_t first, uint64_t what, size_t index, np_marks_step *out)
{
    bool found = false;
    mark_read m;
    for (size_t i = first; take_mark(&r, &m); i++) {
        if (m.what == what && (what != NP_MARK_ELEMENT || i == index)) {
            found = true;
            *out = (np_marks_step){what, index, r.at, r.line, m.inside, m.line, m.column};
            if (what == NP_MARK_ELEMENT)
                break;
        }
        if (m.inside)
            skip_inside(&r);
    }
    return found;
}

/* As find_step, for a later element of a list than the one found last. */
static bool find_later(reader r, size_t index, np_marks_step *step)
{
    size_t first = step->index + 1;
    r.at = step->at;
    r.line = step->line_behind;
    if (step->inside)
        skip_inside(&r);
    return find_step(r, first, NP_MARK_ELEMENT, index, step);
}

/* What follows the tape on the way down a path: the table of the struct, or what a list holds. */
typedef struct place {
    const np_table *table;   /* fields may follow */
    const np_table *element; /* elements may follow; their struct, or NULL */
    bool list;
} place;

static place place_of(const np_field *f)
{
    if (f->kind == NP_STRUCT || f->kind == NP_GROUP)
        return (place){f->sub, NULL, false};
    return (place){NULL, f->kind == NP_STRUCT_LIST ? f->sub : NULL, np_field_counted(f)};
}

/* Turns a step into what its mark says; false: no such step from here. */
static bool step_what(place from, const np_path *step, uint64_t *what, place *to)
{
    if (!step->name) {
        *what = NP_MARK_ELEMENT;
        *to = (place){from.element, NULL, false};
        return from.list;
    }
    const np_field *f = from.table ? np_table_find(from.table, np_slice_of(step->name)) : NULL;
    if (!f)
        return false;
    *what = NP_MARK_FIELD + (uint64_t)(f - from.table->fields);
    *to = place_of(f);
    return true;
}

/* The steps of a path from the root on; returns how many (the first NP_MARKS_DEEPEST are set). */
static size_t unroll(const np_path *path, const np_path **steps)
{
    size_t n = 0;
    for (const np_path *p = path; p; p = p->up)
        n++;
    size_t i = n;
    for (const np_path *p = path; p; p = p->up)
        if (--i < NP_MARKS_DEEPEST)
            steps[i] = p;
    return n;
}

/* Makes step i of the cursor lead to what is asked for; `r` reads the marks around it. */
static bool take_step(np_marks_cursor *c, size_t i, reader r, uint64_t what, size_t index)
{
    np_marks_step *step = &c->steps[i];
    bool known = i < c->n && step->what == what;
    if (known && step->index == index)
        return true;
    bool later = known && what == NP_MARK_ELEMENT && index > step->index;
    bool found = later ? find_later(r, index, step) : find_step(r, 0, what, index, step);
    c->n = found ? i + 1 : i;
    return found;
}

bool np_marks_follow(np_marks_cursor *c, np_slice tape, const np_table *root, const np_path *path,
                     uint32_t *line, uint32_t *column, bool *exact)
{
    const np_path *steps[NP_MARKS_DEEPEST];
    size_t n = unroll(path, steps);
    reader r = {tape.p, tape.p + tape.n, 0};
    place here = {root, NULL, false};
    bool inside = tape.n > 0;
    size_t i = 0;
    for (; inside && i < n && i < NP_MARKS_DEEPEST; i++) {
        uint64_t what;
        if (!step_what(here, steps[i], &what, &here) || !take_step(c, i, r, what, steps[i]->index))
            break;
        *line = c->steps[i].line;
        *column = c->steps[i].column;
        inside = c->steps[i].inside;
        r.at = c->steps[i].at;
        r.line = c->steps[i].line_behind;
    }
    *exact = i == n;
    return i > 0;
}

bool np_marks_find(np_slice tape, const np_table *root, const np_path *path, uint32_t *line,
                   uint32_t *column, bool *exact)
{
    np_marks_cursor c = {.n = 0};
    return np_marks_follow(&c, tape, root, path, line, column, exact);
}
