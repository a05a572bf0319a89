/* SPDX-License-Identifier: MIT */
#include "netpol_comments.h"

#include <string.h>

/* What reaches over the end of a line. */
typedef struct scan {
    char quote;    /* of the string that is open; 0: none */
    unsigned flow; /* brackets and braces that are open */
    bool block;    /* in a block scalar … */
    size_t indent; /* … whose lines stand further in than this */
} scan;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static size_t skip_blanks(const char *p, size_t n, size_t i)
{
    while (i < n && is_blank(p[i]))
        i++;
    return i;
}

/* Where the node of a line begins, behind the dashes of lists that begin in it. */
static size_t node_column(const char *p, size_t n)
{
    size_t i = skip_blanks(p, n, 0);
    while (i + 1 < n && p[i] == '-' && is_blank(p[i + 1]))
        i = skip_blanks(p, n, i + 1);
    return i;
}

/* Whether a value may begin at p[i]: after an indicator, a tag or an anchor, or at the front. */
static bool begins_value(const scan *s, const char *p, size_t i)
{
    size_t end = i;
    while (end > 0 && is_blank(p[end - 1]))
        end--;
    if (end == 0)
        return true;
    if (s->flow && strchr("[{,", p[end - 1]))
        return true;
    if (end == i)
        return false;
    size_t word = end;
    while (word > 0 && !is_blank(p[word - 1]))
        word--;
    bool dash = end - word == 1 && (p[word] == '-' || p[word] == '?');
    return p[end - 1] == ':' || dash || p[word] == '!' || p[word] == '&';
}

/* Whether "|" or ">" at p[i] begins a block scalar: only its own signs and a comment may follow. */
static bool begins_block(const char *p, size_t n, size_t i, bool *comment)
{
    size_t k = i + 1;
    while (k < n && strchr("+-123456789", p[k]))
        k++;
    size_t rest = skip_blanks(p, n, k);
    *comment = rest < n && rest > k && p[rest] == '#';
    return rest == n || p[rest] == '\r' || *comment;
}

/* The place behind the character at p[i] of an open string. */
static size_t in_string(scan *s, const char *p, size_t n, size_t i)
{
    if (s->quote == '"' && p[i] == '\\')
        return i + 2;
    if (p[i] != s->quote)
        return i + 1;
    if (s->quote == '\'' && i + 1 < n && p[i + 1] == '\'')
        return i + 2;
    s->quote = 0;
    return i + 1;
}

static bool line_has_comment(scan *s, const char *p, size_t n)
{
    size_t first = skip_blanks(p, n, 0);
    if (s->block && (first == n || p[first] == '\r' || first > s->indent))
        return false;
    s->block = false;
    for (size_t i = 0; i < n;) {
        bool comment = false;
        if (s->quote) {
            i = in_string(s, p, n, i);
            continue;
        }
        if (p[i] == '#' && (i == 0 || is_blank(p[i - 1])))
            return true;
        bool value = strchr("\"'[{|>", p[i]) && begins_value(s, p, i);
        if (value && (p[i] == '"' || p[i] == '\''))
            s->quote = p[i];
        else if (value && (p[i] == '[' || p[i] == '{'))
            s->flow++;
        else if (s->flow && (p[i] == ']' || p[i] == '}'))
            s->flow--;
        else if (value && !s->flow && begins_block(p, n, i, &comment)) {
            size_t node = node_column(p, n);
            s->block = true;
            s->indent = node < i ? node : first;
            return comment;
        }
        i++;
    }
    return false;
}

bool has_comments(const char *text, size_t n)
{
    scan s = {0};
    while (n) {
        const char *feed = memchr(text, '\n', n);
        size_t length = feed ? (size_t)(feed - text) : n;
        if (line_has_comment(&s, text, length))
            return true;
        length += feed != NULL;
        text += length;
        n -= length;
    }
    return false;
}
