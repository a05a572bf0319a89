/* SPDX-License-Identifier: MIT */
/* Cutting a text into documents exactly as kubectl's reader does (spec section 4, "Documents"):
 * JSON values one after another as long as the text goes on like that, else the pieces between
 * lines that begin with "---". */
#include "text.h"
#include "text_inside.h"

#define MOST_DIRECTIVES 32
/* Bytes compared at a time; a fixed number lets compilers use vector registers. */
#define BLOCK 64

/* ---- searching ---- */

/* Where the next line that begins with "---" begins, after p; or `end`. */
static const char *next_separator(const char *p, const char *end)
{
    while (end - p >= BLOCK + 4) {
        unsigned char any = 0;
        for (size_t i = 0; i < BLOCK; i++)
            any |= (unsigned char)((p[i] == '\n') & (p[i + 1] == '-') & (p[i + 2] == '-') &
                                   (p[i + 3] == '-'));
        if (any)
            break;
        p += BLOCK;
    }
    for (; end - p >= 4; p++) {
        p = memchr(p, '\n', (size_t)(end - p) - 3);
        if (!p)
            return end;
        if (p[1] == '-' && p[2] == '-' && p[3] == '-')
            return p + 1;
    }
    return end;
}

static uint32_t count_lines(const char *p, const char *end)
{
    uint32_t lines = 0;
    while (end - p >= BLOCK) {
        unsigned char some = 0;
        for (size_t i = 0; i < BLOCK; i++)
            some = (unsigned char)(some + (p[i] == '\n'));
        lines += some;
        p += BLOCK;
    }
    for (; p < end; p++)
        lines += *p == '\n';
    return lines;
}

static const char *line_end(const char *p, const char *end)
{
    const char *lf = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
    return lf ? lf + 1 : end;
}

static void move_to(np_cutter *c, const char *to)
{
    uint32_t lines = count_lines(c->at, to);
    if (lines) {
        c->line += lines;
        c->column = 1;
        const char *start = to;
        while (start > c->at && start[-1] != '\n')
            start--;
        c->at = start;
    }
    c->column += (uint32_t)np_utf8_count(c->at, (size_t)(to - c->at));
    c->at = to;
}

/* ---- what a piece begins with ---- */

/* Whether nothing but blank lines and comments stands in [p, end): told without the parser where
 * every byte is plain, so that a stray control character still gets its message. */
static bool is_blank(const char *p, const char *end)
{
    bool comment = false;
    for (; p < end; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '\n' || c == '\r')
            comment = false;
        else if (c < 0x20 || c >= 0x7f || (!comment && c != ' ' && c != '#'))
            return false;
        comment |= c == '#';
    }
    return true;
}

/* Counts the directive lines before the first line with content; *only: there is no such line. */
static size_t directives(np_slice text, bool *only, const char **first)
{
    size_t n = 0;
    const char *end = text.p + text.n;
    for (const char *p = text.p; p < end;) {
        const char *next = line_end(p, end);
        if (*p == '%') {
            if (n++ == 0)
                *first = p;
        } else if (!is_blank(p, next)) {
            *only = false;
            return n;
        }
        p = next;
    }
    *only = true;
    return n;
}

/* ---- separators ---- */

static bool is_space(uint32_t r)
{
    return (r >= 9 && r <= 13) || r == ' ' || r == 0x85 || r == 0xa0 || r == 0x1680 ||
           (r >= 0x2000 && r <= 0x200a) || r == 0x2028 || r == 0x2029 || r == 0x202f ||
           r == 0x205f || r == 0x3000;
}

/* What stands on a separator's line, without the blanks around it; a comment counts as nothing. */
static np_slice after_dashes(const char *line, const char *end)
{
    const char *p = line + 3;
    uint32_t r;
    for (size_t n; (n = np_utf8_read(p, (size_t)(end - p), &r)) && is_space(r);)
        p += n;
    while (end > p && (unsigned char)end[-1] <= ' ')
        end--;
    if (p < end && *p == '#')
        end = p;
    return (np_slice){p, (size_t)(end - p)};
}

#define SHOWN 40

/* The text ends here, as it does upstream, and the piece before the line is lost with it. */
static netpol_status bad_separator(np_text *t, const char *line, np_slice what)
{
    uint32_t row, column;
    np_text_place(t, (size_t)(what.p - t->piece.text.p), &row, &column);
    size_t shown = what.n < SHOWN ? what.n : SHOWN;
    while (shown < what.n && shown > 0 && ((unsigned char)what.p[shown] & 0xc0) == 0x80)
        shown--;
    t->ended = NETPOL_NOT_FOUND;
    t->cut.at = t->cut.end;
    const char *hint = line[3] == '-' ? "a separator is a line of exactly three dashes"
                                      : "put it on the next line";
    np_text_fail(t, NETPOL_INVALID, NP_CODE_SEPARATOR, row, column, hint,
                 "\"%.*s\" follows --- on the same line", (int)shown, what.p);
    return NETPOL_INVALID;
}

/* ---- pieces of YAML ---- */

/* Takes everything up to the next separator, and the separator's line. */
static netpol_status take_piece(np_text *t)
{
    np_cutter *c = &t->cut;
    const char *start = c->at;
    bool at_once = !c->marked && c->end - start >= 3 && memcmp(start, "---", 3) == 0;
    const char *separator = at_once ? start : next_separator(start, c->end);
    const char *next = line_end(separator, c->end);
    t->piece = (np_piece){
        .text = {start, (size_t)(separator - start)}, .line = c->line, .column = c->column};
    c->marked = false;
    if (separator < c->end) {
        np_slice what = after_dashes(separator, next);
        if (what.n)
            return bad_separator(t, separator, what);
    }
    move_to(c, next);
    return NETPOL_OK;
}

/* In lenient reading a piece of nothing but directives belongs to the document after it. */
static netpol_status join_directives(np_text *t)
{
    np_piece before = t->piece;
    netpol_status s = take_piece(t);
    before.text.n = (size_t)(t->piece.text.p + t->piece.text.n - before.text.p);
    t->piece = before;
    return s;
}

static netpol_status check_directives(np_text *t)
{
    bool only;
    const char *first = t->piece.text.p;
    size_t n = directives(t->piece.text, &only, &first);
    if (n == 0)
        return NETPOL_OK;
    uint32_t line, column;
    np_text_place(t, (size_t)(first - t->piece.text.p), &line, &column);
    netpol_status s = NETPOL_INVALID;
    if (n > MOST_DIRECTIVES)
        np_text_fail(t, s = NETPOL_LIMIT, NP_CODE_LIMIT, line, column, NULL,
                     "more than %d directive lines", MOST_DIRECTIVES);
    else if (!(t->options.flags & NETPOL_LENIENT))
        np_text_fail(t, s, NP_CODE_DIRECTIVE, line, column, "remove the line",
                     "Kubernetes does not read %%YAML and %%TAG directives");
    else
        return only && t->cut.at < t->cut.end ? join_directives(t) : NETPOL_OK;
    return s;
}

static netpol_status cut_yaml(np_text *t)
{
    np_cutter *c = &t->cut;
    while (c->at < c->end) {
        if (!np_text_goes_on(t, 1))
            return t->status;
        netpol_status s = take_piece(t);
        if (s)
            return s;
        if (!is_blank(t->piece.text.p, t->piece.text.p + t->piece.text.n))
            return check_directives(t);
    }
    return t->ended = NETPOL_NOT_FOUND;
}

/* ---- JSON values ---- */

static const char *skip_json_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
        p++;
    return p;
}

/* From here on the text is YAML. Upstream first passes over blanks up to the end of the line. */
static netpol_status switch_to_yaml(np_text *t, const char *from)
{
    np_cutter *c = &t->cut;
    c->json = false;
    while (from < c->end && (*from == ' ' || *from == '\t' || *from == '\r'))
        from++;
    move_to(c, from < c->end && *from == '\n' ? from + 1 : from);
    return cut_yaml(t);
}

static netpol_status broken_json(np_text *t, const char *from, const char *at, const char *why)
{
    np_cutter *c = &t->cut;
    t->piece = (np_piece){{from, (size_t)(c->end - from)}, c->line, c->column, true};
    np_text_place(t, (size_t)(at - from), &c->json_line, &c->json_column);
    c->json_why = why;
    if (c->values <= 1)
        return switch_to_yaml(t, from);
    t->ended = NETPOL_NOT_FOUND;
    np_text_fail(t, NETPOL_INVALID, NP_CODE_JSON_SYNTAX, c->json_line, c->json_column, NULL,
                 "not valid JSON: %s", why);
    return NETPOL_INVALID;
}

static netpol_status cut_json(np_text *t)
{
    np_cutter *c = &t->cut;
    const char *before = c->at;
    if (!np_text_goes_on(t, 1))
        return t->status;
    const char *start = skip_json_blanks(before, c->end);
    if (start == c->end)
        return t->ended = NETPOL_NOT_FOUND;
    const char *at, *why;
    if (!np_json_extent(t, start, c->end, &at, &why))
        return why ? broken_json(t, before, at, why) : t->status;
    c->values++;
    move_to(c, start);
    t->piece = (np_piece){{start, (size_t)(at - start)}, c->line, c->column, true};
    move_to(c, at);
    return NETPOL_OK;
}

void np_cut_start(np_text *t, const char *bytes, size_t n, bool marked)
{
    np_cutter *c = &t->cut;
    c->at = bytes;
    c->end = bytes + n;
    c->line = c->column = 1;
    c->marked = marked;
    const char *first = skip_json_blanks(bytes, c->end);
    c->json = !marked && first < c->end && *first == '{';
}

netpol_status np_cut_next(np_text *t)
{
    return t->cut.json ? cut_json(t) : cut_yaml(t);
}
