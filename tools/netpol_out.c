/* SPDX-License-Identifier: MIT */
#include "netpol_out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- colours ---- */

#define RED "\033[1;31m"
#define GREEN "\033[1;32m"
#define YELLOW "\033[1;33m"
#define BLUE "\033[1;36m"
#define PLAIN "\033[0m"

/* The words that are painted: in a diagnostic behind its place, of an answer at the front and
 * behind the name of a direction, of a test at the front. The first one found counts. */
static const struct {
    const char *before;
    const char *word;
    const char *color;
} paints[] = {
    {NULL, "  ok  ", GREEN},     {NULL, "  FAIL", RED},
    {NULL, "  ??? ", YELLOW},    {": ", "error:", RED},
    {": ", "warning:", YELLOW},  {": ", "note:", BLUE},
    {"      ", "hint:", BLUE},   {"  egress  ", "allow", GREEN},
    {"  egress  ", "deny", RED}, {"  ingress ", "allow", GREEN},
    {"  ingress ", "deny", RED}, {NULL, "allow", GREEN},
    {NULL, "deny", RED},         {NULL, "mixed", YELLOW},
};

static bool wants_color(const char *when, int fd)
{
    if (strcmp(when, "auto") != 0)
        return strcmp(when, "always") == 0;
    const char *term = getenv("TERM");
    return isatty(fd) && !getenv("NO_COLOR") && (!term || strcmp(term, "dumb") != 0);
}

static netpol_status put_bytes(void *ctx, const char *bytes, size_t n)
{
    return fwrite(bytes, 1, n, ctx) == n ? NETPOL_OK : NETPOL_IO;
}

/* What was read could drive the reader's terminal. */
static void put_visible(FILE *to, const char *p, size_t n)
{
    (void)netpol_visible(p, n, &(netpol_sink){put_bytes, to});
}

static void put_painted(FILE *to, const char *p, size_t n, const char *color)
{
    fputs(color, to);
    put_visible(to, p, n);
    fputs(PLAIN, to);
}

/* Where a word stands behind what must stand before it; `before` NULL: at the front of the line. */
static const char *find(const char *p, size_t n, const char *before, const char *word)
{
    size_t skip = before ? strlen(before) : 0;
    size_t length = strlen(word);
    for (size_t i = 0; i + skip + length <= n; i++) {
        if (memcmp(p + i, before ? before : "", skip) == 0 &&
            memcmp(p + i + skip, word, length) == 0)
            return p + i + skip;
        if (!before)
            return NULL;
    }
    return NULL;
}

static bool is_caret_line(const char *p, size_t n)
{
    size_t blanks = 0;
    while (blanks < n && (p[blanks] == ' ' || p[blanks] == '|' || p[blanks] == '\t'))
        blanks++;
    return blanks < n && p[blanks] == '^';
}

/* One line without its line feed. */
static void put_line(FILE *to, const char *p, size_t n)
{
    if (is_caret_line(p, n)) {
        put_painted(to, p, n, GREEN);
        return;
    }
    for (size_t i = 0; i < sizeof paints / sizeof *paints; i++) {
        const char *at = find(p, n, paints[i].before, paints[i].word);
        if (at) {
            size_t front = (size_t)(at - p);
            size_t length = strlen(paints[i].word);
            put_visible(to, p, front);
            put_painted(to, at, length, paints[i].color);
            put_visible(to, at + length, n - front - length);
            return;
        }
    }
    put_visible(to, p, n);
}

/* ---- standard output ---- */

void output_open(output *out, const char *when)
{
    *out = (output){.color = wants_color(when, STDOUT_FILENO),
                    .color_err = wants_color(when, STDERR_FILENO)};
}

static netpol_status fail(output *out)
{
    if (!out->failed)
        out->error = errno;
    out->failed = true;
    return NETPOL_IO;
}

static netpol_status write_bytes(void *ctx, const char *bytes, size_t n)
{
    output *out = ctx;
    return fwrite(bytes, 1, n, stdout) == n ? NETPOL_OK : fail(out);
}

netpol_sink output_bytes(output *out)
{
    return (netpol_sink){write_bytes, out};
}

static bool keep_line(output *out, const char *bytes, size_t n)
{
    if (out->n + n > out->room) {
        size_t room = 2 * (out->n + n);
        char *line = realloc(out->line, room);
        if (!line)
            return false;
        out->line = line;
        out->room = room;
    }
    memcpy(out->line + out->n, bytes, n);
    out->n += n;
    return true;
}

/* A line that is taken away, added, or tells where the hunk is; NULL: one that stays. */
static const char *diff_color(const output *out)
{
    char sign = out->n ? out->line[0] : ' ';
    return sign == '-' ? RED : sign == '+' ? GREEN : sign == '@' ? BLUE : NULL;
}

static void end_line(output *out)
{
    const char *sign = out->diff ? diff_color(out) : NULL;
    if (out->color && sign)
        put_painted(stdout, out->line, out->n, sign);
    else if (out->color && !out->diff)
        put_line(stdout, out->line, out->n);
    else
        put_visible(stdout, out->line, out->n);
    out->n = 0;
}

static netpol_status write_text(void *ctx, const char *bytes, size_t n)
{
    output *out = ctx;
    while (n) {
        const char *feed = memchr(bytes, '\n', n);
        size_t length = feed ? (size_t)(feed - bytes) : n;
        if (!keep_line(out, bytes, length))
            return NETPOL_NO_MEMORY;
        if (feed) {
            end_line(out);
            putchar('\n');
            length++;
        }
        bytes += length;
        n -= length;
    }
    return ferror(stdout) ? fail(out) : NETPOL_OK;
}

netpol_sink output_text(output *out)
{
    return (netpol_sink){write_text, out};
}

bool output_flush(output *out)
{
    if (fflush(stdout) != 0)
        fail(out);
    return !out->failed;
}

int output_close(output *out, int code)
{
    if (out->n)
        end_line(out);
    free(out->line);
    out->line = NULL;
    if (fclose(stdout) != 0)
        fail(out);
    if (!out->failed)
        return code;
    /* A reader that has seen enough (head, less) is no news. */
    if (out->error != EPIPE)
        say("cannot write the output: %s", strerror(out->error));
    return TOOL_FAILED;
}

/* ---- standard error ---- */

void say(const char *format, ...)
{
    char text[2048];
    va_list values;
    va_start(values, format);
    int n = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    size_t length = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    fputs("netpol: ", stderr);
    put_visible(stderr, text, length);
    fputc('\n', stderr);
}

/* "shop.yaml:12:7: ", as far as it is known. */
static void put_place(const netpol_diagnostic *d)
{
    const char *source = d->source ? d->source : "netpol";
    put_visible(stderr, source, strlen(source));
    if (d->source && d->line)
        fprintf(stderr, ":%u", d->line);
    if (d->source && d->line && d->column)
        fprintf(stderr, ":%u", d->column);
    fputs(": ", stderr);
}

/* The API server's messages name the field; others do not. */
static const char *path_of(const netpol_diagnostic *d)
{
    return d->path && !strstr(d->message, d->path) ? d->path : NULL;
}

static void say_one(const output *out, const netpol_diagnostic *d)
{
    static const char *const names[] = {"", "error", "warning", "note"};
    static const char *const colors[] = {"", RED, YELLOW, BLUE};
    const char *path = path_of(d);
    put_place(d);
    fprintf(stderr, "%s%s:%s ", out->color_err ? colors[d->severity & 3] : "",
            names[d->severity & 3], out->color_err ? PLAIN : "");
    if (path) {
        put_visible(stderr, path, strlen(path));
        fputs(": ", stderr);
    }
    put_visible(stderr, d->message, strlen(d->message));
    fprintf(stderr, " [%s]\n", netpol_code_name(d->code));
    if (d->hint) {
        fputs("    hint: ", stderr);
        put_visible(stderr, d->hint, strlen(d->hint));
        fputc('\n', stderr);
    }
}

void say_diagnostics(const output *out, const netpol_diagnostics *diags)
{
    enum { MOST = 20 };
    size_t n = netpol_diagnostics_count(diags);
    size_t shown = n <= MOST ? n : MOST;
    for (size_t i = 0; i < shown; i++)
        say_one(out, netpol_diagnostics_at(diags, i));
    size_t more = n - shown + netpol_diagnostics_dropped(diags);
    if (more)
        say("and %zu more; 'netpol check' shows them all", more);
}

int say_status(netpol_status status)
{
    if (status == NETPOL_NO_MEMORY)
        say("out of memory");
    if (status == NETPOL_MISUSE)
        say("this is a fault of netpol itself; please report it");
    return status == NETPOL_NO_MEMORY || status == NETPOL_MISUSE ? TOOL_FAILED : TOOL_BAD_INPUT;
}

/* ---- progress ---- */

static double seconds_since(const struct timespec *then, const struct timespec *now)
{
    return (double)(now->tv_sec - then->tv_sec) + (double)(now->tv_nsec - then->tv_nsec) / 1e9;
}

void progress_begin(progress *p, const char *what)
{
    *p = (progress){.terminal = isatty(STDERR_FILENO) != 0, .what = what};
    clock_gettime(CLOCK_MONOTONIC, &p->start);
    p->shown = p->start;
}

bool progress_tick(void *ctx)
{
    progress *p = ctx;
    struct timespec now;
    if (p->terminal && clock_gettime(CLOCK_MONOTONIC, &now) == 0 &&
        seconds_since(&p->shown, &now) >= 1) {
        fprintf(stderr, "\rnetpol: %s, %.0f s", p->what, seconds_since(&p->start, &now));
        p->shown = now;
    }
    return true;
}

void progress_end(progress *p)
{
    if (p->terminal && (p->shown.tv_sec != p->start.tv_sec || p->shown.tv_nsec != p->start.tv_nsec))
        fputs("\r\033[K", stderr);
}
