/* SPDX-License-Identifier: MIT */
#include "netpol_diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONTEXT = 3,
    MOST_EDITS = 1000 /* texts that differ more are shown as one change */
};

typedef struct line {
    const char *p;
    size_t n; /* with its line feed */
} line;

typedef struct side {
    line *at;
    size_t n;
} side;

/* What happens to a line: ' ' kept, '-' taken away, '+' added. */
typedef struct step {
    char sign;
    size_t before; /* line numbers from 0, where the step stands */
    size_t after;
} step;

typedef struct script {
    step *at;
    size_t n;
} script;

static bool split(side *s, const char *p, size_t n)
{
    size_t lines = 1;
    for (size_t i = 0; i < n; i++)
        lines += p[i] == '\n';
    *s = (side){.at = malloc(lines * sizeof *s->at)};
    while (s->at && n) {
        const char *feed = memchr(p, '\n', n);
        size_t length = feed ? (size_t)(feed - p) + 1 : n;
        s->at[s->n++] = (line){p, length};
        p += length;
        n -= length;
    }
    return s->at != NULL;
}

static bool same(const line *a, const line *b)
{
    return a->n == b->n && memcmp(a->p, b->p, a->n) == 0;
}

/* ---- the shortest way from one to the other (Myers, "An O(ND) Difference Algorithm") ---- */

/* How far down diagonal k = x - y the d-th front reaches; rows[d] holds k from -d to d. */
typedef struct fronts {
    long *rows[MOST_EDITS + 1];
    long n; /* rows that are there */
} fronts;

static long front_at(const fronts *f, long d, long k)
{
    return f->rows[d][k + d];
}

/* Whether diagonal k of front d is reached by adding a line, from above. */
static bool comes_from_above(const fronts *f, long d, long k)
{
    return k == -d || (k != d && front_at(f, d - 1, k - 1) < front_at(f, d - 1, k + 1));
}

static long slide(const side *a, const side *b, long x, long k)
{
    while (x < (long)a->n && x - k < (long)b->n && same(&a->at[x], &b->at[x - k]))
        x++;
    return x;
}

/* One more front; true when it reaches the end of both. *failed: no memory. */
static bool advance(fronts *f, const side *a, const side *b, bool *failed)
{
    long d = f->n;
    long *row = malloc((2 * (size_t)d + 1) * sizeof *row);
    *failed = !row;
    if (!row)
        return false;
    f->rows[f->n++] = row;
    for (long k = -d; k <= d; k += 2) {
        long x = 0;
        if (d)
            x = comes_from_above(f, d, k) ? front_at(f, d - 1, k + 1)
                                          : front_at(f, d - 1, k - 1) + 1;
        x = x > (long)a->n ? (long)a->n : x;
        row[k + d] = slide(a, b, x, k);
        if (row[k + d] >= (long)a->n && row[k + d] - k >= (long)b->n)
            return true;
    }
    return false;
}

static void push(script *s, char sign, long before, long after)
{
    s->at[s->n++] = (step){sign, (size_t)before, (size_t)after};
}

/* Walks back from the end; the steps come out last first. */
static void walk_back(script *s, const fronts *f, const side *a, const side *b)
{
    long x = (long)a->n;
    long y = (long)b->n;
    for (long d = f->n - 1; d > 0; d--) {
        long k = x - y;
        bool above = comes_from_above(f, d, k);
        long from = above ? k + 1 : k - 1;
        long start = front_at(f, d - 1, from) + !above;
        while (x > start && y > 0) {
            x--;
            y--;
            push(s, ' ', x, y);
        }
        x -= !above;
        y -= above;
        push(s, above ? '+' : '-', x, y);
    }
    while (x > 0) {
        x--;
        y--;
        push(s, ' ', x, y);
    }
}

static void replace_all(script *s, const side *a, const side *b)
{
    for (long y = (long)b->n; y-- > 0;)
        push(s, '+', (long)a->n, y);
    for (long x = (long)a->n; x-- > 0;)
        push(s, '-', x, 0);
}

static bool compare(script *s, const side *a, const side *b)
{
    fronts f = {.n = 0};
    bool failed = false;
    bool done = false;
    s->at = malloc((a->n + b->n + 1) * sizeof *s->at);
    while (s->at && !done && !failed && f.n <= MOST_EDITS)
        done = advance(&f, a, b, &failed);
    if (s->at && done)
        walk_back(s, &f, a, b);
    else if (s->at && !failed)
        replace_all(s, a, b);
    for (long i = 0; i < f.n; i++)
        free(f.rows[i]);
    return s->at && !failed;
}

/* ---- hunks ---- */

static const step *step_at(const script *s, size_t i)
{
    return &s->at[s->n - 1 - i];
}

/* The end of the hunk that begins at step `from`: two changes are one hunk if their contexts meet.
 */
static size_t hunk_end(const script *s, size_t from)
{
    size_t last = from;
    for (size_t i = from; i < s->n && i <= last + 2 * CONTEXT + 1; i++)
        if (step_at(s, i)->sign != ' ')
            last = i;
    size_t end = last + 1 + CONTEXT;
    return end < s->n ? end : s->n;
}

/* "@@ -3,7 +3,7 @@"; a side without lines stands behind the line before it. */
static netpol_status write_head(const netpol_sink *to, const script *s, size_t from, size_t end)
{
    size_t before = 0;
    size_t after = 0;
    char text[128];
    for (size_t i = from; i < end; i++) {
        before += step_at(s, i)->sign != '+';
        after += step_at(s, i)->sign != '-';
    }
    int n = snprintf(text, sizeof text, "@@ -%zu,%zu +%zu,%zu @@\n",
                     step_at(s, from)->before + (before != 0), before,
                     step_at(s, from)->after + (after != 0), after);
    return to->write(to->ctx, text, (size_t)n);
}

static netpol_status write_step(const netpol_sink *to, const step *x, const side *a, const side *b)
{
    const line *l = x->sign == '+' ? &b->at[x->after] : &a->at[x->before];
    netpol_status status = to->write(to->ctx, &x->sign, 1);
    if (status == NETPOL_OK)
        status = to->write(to->ctx, l->p, l->n);
    if (status == NETPOL_OK && (l->n == 0 || l->p[l->n - 1] != '\n')) {
        static const char none[] = "\n\\ No newline at end of file\n";
        status = to->write(to->ctx, none, sizeof none - 1);
    }
    return status;
}

static netpol_status write_hunks(const netpol_sink *to, const script *s, const side *a,
                                 const side *b)
{
    netpol_status status = NETPOL_OK;
    size_t i = 0;
    while (status == NETPOL_OK && i < s->n) {
        if (step_at(s, i)->sign == ' ') {
            i++;
            continue;
        }
        size_t end = hunk_end(s, i);
        size_t from = i > CONTEXT ? i - CONTEXT : 0;
        status = write_head(to, s, from, end);
        for (size_t k = from; status == NETPOL_OK && k < end; k++)
            status = write_step(to, step_at(s, k), a, b);
        i = end;
    }
    return status;
}

static netpol_status write_names(const netpol_sink *to, const char *name)
{
    static const char *const parts[] = {"--- ", "\n+++ ", "\n"};
    netpol_status status = NETPOL_OK;
    for (size_t i = 0; i < 3 && status == NETPOL_OK; i++) {
        status = to->write(to->ctx, parts[i], strlen(parts[i]));
        if (status == NETPOL_OK && i < 2)
            status = to->write(to->ctx, name, strlen(name));
    }
    return status;
}

netpol_status diff_write(output *out, const char *name, const char *before, size_t n_before,
                         const char *after, size_t n_after)
{
    side a;
    side b;
    script s = {0};
    netpol_sink to = output_text(out);
    netpol_status status = NETPOL_OK;
    if (n_before == n_after && memcmp(before, after, n_after) == 0)
        return NETPOL_OK;
    out->diff = true;
    bool split_a = split(&a, before, n_before);
    bool split_b = split(&b, after, n_after);
    if (!split_a || !split_b || !compare(&s, &a, &b))
        status = NETPOL_NO_MEMORY;
    if (status == NETPOL_OK)
        status = write_names(&to, name);
    if (status == NETPOL_OK)
        status = write_hunks(&to, &s, &a, &b);
    free(a.at);
    free(b.at);
    free(s.at);
    return status;
}
