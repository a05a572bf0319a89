/* SPDX-License-Identifier: MIT */
/* Cutting a text into documents exactly as kubectl's reader does (spec section 4, "Documents"):
 * JSON values one after another as long as the text goes on like that, else the pieces between
 * lines that begin with "---". */
#include "text.h"
#include "text_inside.h"

#define MOST_DIRECTIVES 32

/* ---- searching ---- */

/* Where the next line that begins with "---" begins, after p; or `end`. Adds the line feeds before
 * it to *lines. */
static const char *next_separator(const char *p, const char *end, uint32_t *lines)
{
    for (; end - p >= NP_BLOCK + 4; p += NP_BLOCK) {
        unsigned char dashes = 0, feeds = 0;
        for (size_t i = 0; i < NP_BLOCK; i++) {
            unsigned char feed = p[i] == '\n';
            feeds = (unsigned char)(feeds + feed);
            dashes |= (unsigned char)(feed & (p[i + 1] == '-') & (p[i + 2] == '-'));
        }
        if (dashes)
            break;
        *lines += feeds;
    }
    while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
        ++*lines;
        p++;
        if (end - p >= 3 && memcmp(p, "---", 3) == 0)
            return p;
    }
    return end;
}

static const char *line_end(const char *p, const char *end)
{
    const char *lf = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
    return lf ? lf + 1 : end;
}

/* Goes on within the line or over some lines, counting. */
static void move_to(np_cutter *c, const char *to)
{
    for (const char *next; (next = line_end(c->at, to)) < to || (to > c->at && to[-1] == '\n');) {
        c->at = next;
        c->line++;
        c->column = 1;
    }
    c->column += (uint32_t)np_utf8_count(c->at, (size_t)(to - c->at));
    c->at = to;
}

/* ---- what a piece begins with ---- */

static bool is_separator(const char *p, const char *end)
{
    return end - p >= 3 && memcmp(p, "---", 3) == 0;
}

static bool is_plain_byte(char c)
{
    return (unsigned char)c - 0x20u < 0x7f - 0x20;
}

/* The first byte that is neither blank nor of a comment, or `end`. Told without the parser only
 * where every byte is plain, so that a stray control character still gets its message. */
static const char *first_content(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '#')) {
        bool comment = *p++ == '#';
        while (comment && p < end && is_plain_byte(*p))
            p++;
        if (comment && p < end && *p != '\n' && *p != '\r')
            break;
    }
    return p;
}

np_slice np_cut_content(np_slice piece)
{
    if (piece.n == 0)
        return piece;
    const char *end = piece.p + piece.n;
    bool separator = is_separator(piece.p, end) && (piece.n == 3 || strchr(" \t\r\n", piece.p[3]));
    const char *p = separator ? line_end(piece.p, end) : piece.p;
    return (np_slice){p, (size_t)(end - p)};
}

/* Counts the directive lines from p on; *rest is the first content after them. */
static size_t directives(const char *p, const char *end, const char **rest)
{
    size_t n = 0;
    for (; p < end && *p == '%'; n++)
        p = first_content(line_end(p, end), end);
    *rest = p;
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
    const char *p = end - line > 3 ? line + 3 : end;
    uint32_t r;
    for (size_t n; (n = np_utf8_read(p, (size_t)(end - p), &r)) && is_space(r);)
        p += n;
    while (end > p && (end[-1] == ' ' || (end[-1] >= '\t' && end[-1] <= '\r')))
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

/* Takes everything up to the next separator, and that line. Where the piece begins with a separator
 * that line is part of it, as upstream: what YAML does not take for one (`---#`) is content. */
static netpol_status take_piece(np_text *t)
{
    np_cutter *c = &t->cut;
    const char *start = c->at;
    const char *from = start;
    uint32_t lines = 0;
    t->piece = (np_piece){{start, 0}, c->line, c->column, false};
    if (!c->marked && is_separator(start, c->end)) {
        from = line_end(start, c->end);
        np_slice what = after_dashes(start, from);
        if (what.n)
            return bad_separator(t, start, what);
        from -= from[-1] == '\n';
    }
    c->marked = false;
    const char *separator = next_separator(from, c->end, &lines);
    t->piece.text.n = (size_t)(separator - start);
    c->at = line_end(separator, c->end);
    c->line += lines + 1;
    c->column = 1;
    np_slice what = after_dashes(separator, c->at);
    return what.n ? bad_separator(t, separator, what) : NETPOL_OK;
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

/* `first` is the first directive of the piece. */
static netpol_status check_directives(np_text *t, const char *first)
{
    const char *end = t->piece.text.p + t->piece.text.n;
    const char *rest;
    size_t n = directives(first, end, &rest);
    bool lenient = t->options.flags & NETPOL_LENIENT;
    if (lenient && n <= MOST_DIRECTIVES)
        return rest == end && t->cut.at < t->cut.end ? join_directives(t) : NETPOL_OK;
    uint32_t line, column;
    np_text_place(t, (size_t)(first - t->piece.text.p), &line, &column);
    if (lenient)
        np_text_fail(t, NETPOL_LIMIT, NP_CODE_LIMIT, line, column, NULL,
                     "more than %d directive lines", MOST_DIRECTIVES);
    else
        np_text_fail(t, NETPOL_INVALID, NP_CODE_DIRECTIVE, line, column, "remove the line",
                     "Kubernetes does not read %%YAML and %%TAG directives");
    return t->status;
}

static netpol_status cut_yaml(np_text *t)
{
    np_cutter *c = &t->cut;
    while (c->at < c->end) {
        if (!np_text_goes_on(t, NP_WORK_OF_EVENT))
            return t->status;
        netpol_status s = take_piece(t);
        if (s)
            return s;
        const char *end = t->piece.text.p + t->piece.text.n;
        const char *first = first_content(np_cut_content(t->piece.text).p, end);
        bool directive =
            first < end && *first == '%' && (first == t->piece.text.p || first[-1] == '\n');
        if (first < end)
            return directive ? check_directives(t, first) : NETPOL_OK;
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

/* More than one value makes a text JSON for good. */
static netpol_status broken_json(np_text *t, const char *from, const char *at, const char *why)
{
    np_cutter *c = &t->cut;
    if (c->values <= 1)
        return switch_to_yaml(t, from);
    uint32_t line, column;
    t->piece = (np_piece){{from, (size_t)(c->end - from)}, c->line, c->column, true};
    np_text_place(t, (size_t)(at - from), &line, &column);
    t->ended = NETPOL_NOT_FOUND;
    if (!np_explain_conflict(t))
        np_text_fail(t, NETPOL_INVALID, NP_CODE_JSON_SYNTAX, line, column, NULL,
                     "not valid JSON: %s", why);
    return NETPOL_INVALID;
}

static netpol_status cut_json(np_text *t)
{
    np_cutter *c = &t->cut;
    const char *before = c->at;
    if (!np_text_goes_on(t, NP_WORK_OF_EVENT))
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
