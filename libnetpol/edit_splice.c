/* SPDX-License-Identifier: MIT */
/* The change to the text. What comes out here is only a proposal: edit.c reads it again. */
#include "edit.h"

/* ---- lines ---- */

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static size_t line_start(np_slice t, size_t at)
{
    while (at > 0 && !is_line_end(t.p[at - 1]))
        at--;
    return at;
}

static size_t line_end(np_slice t, size_t at)
{
    while (at < t.n && !is_line_end(t.p[at]))
        at++;
    return at;
}

static size_t after_line(np_slice t, size_t at)
{
    at = line_end(t, at);
    if (at + 1 < t.n && t.p[at] == '\r' && t.p[at + 1] == '\n')
        return at + 2;
    return at < t.n ? at + 1 : at;
}

static bool first_on_line(np_slice t, size_t at)
{
    while (at > 0 && is_blank(t.p[at - 1]))
        at--;
    return at == 0 || is_line_end(t.p[at - 1]);
}

static size_t skip_blanks_and_comments(np_slice t, size_t at)
{
    while (at < t.n && (is_blank(t.p[at]) || is_line_end(t.p[at]) || t.p[at] == '#'))
        at = t.p[at] == '#' ? line_end(t, at) : at + 1;
    return at;
}

/* ---- cuts: what is taken out and put in, from the front to the back ---- */

enum { MOST_CUTS = 2 };

typedef struct cut {
    size_t from;
    size_t to;
    np_buffer put;
} cut;

typedef struct splice {
    np_edit_job *job;
    np_form form;
    cut cuts[MOST_CUTS];
    size_t n;
} splice;

static np_buffer *new_cut(splice *s, size_t from, size_t to)
{
    cut *c = &s->cuts[s->n++];
    c->from = from;
    c->to = to;
    np_buffer_init(&c->put, &s->job->arena->alloc);
    return &c->put;
}

static void new_line(const splice *s, np_buffer *b, size_t indent)
{
    np_buffer_text(b, s->job->line_end);
    np_buffer_repeat(b, ' ', indent);
}

static bool is_flow(const splice *s, const np_node *collection)
{
    return s->job->json || (collection && collection->style == NP_NODE_FLOW);
}

static bool goes_on_lines(const splice *s, const np_value *v, const np_node *into)
{
    return np_form_is_block(v) && !is_flow(s, into) && s->form != NP_FORM_QUOTED;
}

static bool put_inline(splice *s, np_buffer *b, const np_value *v, const np_node *was,
                       const np_node *into)
{
    return np_form_inline(b, s->job, v, s->form, was, is_flow(s, into));
}

/* Blocks have one form only. */
static bool put_block(splice *s, np_buffer *b, const np_value *v, size_t indent)
{
    np_form_block(b, s->job, v, indent);
    return s->form == NP_FORM_CANONICAL;
}

static size_t indent_below(const splice *s, const np_node *map, const np_value *v)
{
    bool further_in = v->type == NP_VALUE_MAP || s->job->indents_lists;
    return map->column + (further_in ? s->job->step : 0);
}

/* ---- a value in place of another ---- */

/* Behind the `:` or `-` that a node belongs to. */
static size_t after_indicator(np_slice t, const np_node *node)
{
    const np_node *up = node->up;
    size_t at = up->type == NP_NODE_MAP ? up->nodes[node->place - 1]->end
                : node->place == 0      ? up->start
                                        : up->nodes[node->place - 1]->end;
    return skip_blanks_and_comments(t, at) + 1;
}

/* Lines of their own below the key's: one line behind the key takes their place. */
static bool inline_for_lines(splice *s, const np_node *node, const np_value *v)
{
    np_slice t = s->job->text;
    size_t behind = after_indicator(t, node);
    np_buffer *b = new_cut(s, behind, behind);
    np_buffer_char(b, ' ');
    (void)new_cut(s, line_start(t, node->start), after_line(t, node->end));
    return put_inline(s, b, v, node, node->up);
}

static bool put_inline_for(splice *s, const np_node *node, const np_value *v)
{
    np_slice t = s->job->text;
    if (node->style == NP_NODE_BLOCK && node->up && node->begin == node->start &&
        first_on_line(t, node->start))
        return inline_for_lines(s, node, v);
    bool whole = node->style == NP_NODE_BLOCK || node->type == NP_NODE_ALIAS;
    size_t from = whole ? node->begin : node->start;
    np_buffer *b = new_cut(s, from, node->end);
    if (from == node->end && from > 0 && !is_blank(t.p[from - 1]) && !is_line_end(t.p[from - 1]))
        np_buffer_char(b, ' ');
    return put_inline(s, b, v, node, node->up);
}

static bool same_shape(const np_node *node, const np_value *v)
{
    return node->style == NP_NODE_BLOCK &&
           node->type == (v->type == NP_VALUE_MAP ? NP_NODE_MAP : NP_NODE_SEQ);
}

/* Below the key's line; a comment on that line stays there. */
static bool block_for_line(splice *s, const np_node *node, const np_value *v)
{
    np_slice t = s->job->text;
    size_t indent = indent_below(s, node->up, v);
    (void)new_cut(s, after_indicator(t, node), node->end);
    size_t end = line_end(t, node->end);
    np_buffer *b = new_cut(s, end, end);
    new_line(s, b, indent);
    return put_block(s, b, v, indent);
}

static bool put_block_for(splice *s, const np_node *node, const np_value *v)
{
    np_slice t = s->job->text;
    const np_node *up = node->up;
    if (up && up->type == NP_NODE_MAP && node->style != NP_NODE_BLOCK)
        return block_for_line(s, node, v);
    size_t indent = node->column;
    size_t from = node->start;
    if (up && !same_shape(node, v))
        indent = up->type == NP_NODE_MAP ? indent_below(s, up, v) : up->column + 2;
    bool own_line = node->start > 0 && first_on_line(t, node->start);
    if (own_line)
        from = line_start(t, node->start);
    np_buffer *b = new_cut(s, from, node->end);
    if (own_line)
        np_buffer_repeat(b, ' ', indent);
    else if (from == node->end && from > 0 && !is_blank(t.p[from - 1]))
        np_buffer_char(b, ' ');
    return put_block(s, b, v, indent);
}

static bool put_for(splice *s, const np_node *node, const np_value *v)
{
    return goes_on_lines(s, v, node->up) ? put_block_for(s, node, v) : put_inline_for(s, node, v);
}

/* ---- a new entry or element ---- */

static size_t units_of(const np_node *collection)
{
    return collection->type == NP_NODE_MAP ? collection->n / 2 : collection->n;
}

static const np_node *unit_first(const np_node *c, size_t i)
{
    return c->nodes[c->type == NP_NODE_MAP ? 2 * i : i];
}

static const np_node *unit_last(const np_node *c, size_t i)
{
    return c->nodes[c->type == NP_NODE_MAP ? 2 * i + 1 : i];
}

/* `key: ` (key not NULL) and the value, for a place in a flow collection. */
static bool put_flow_unit(splice *s, np_buffer *b, const np_node *c, const np_slice *key,
                          const np_value *v)
{
    if (key) {
        np_form_key(b, *key, s->form, c->n ? c->nodes[0] : NULL, s->job->json);
        np_buffer_text(b, ": ");
    }
    return put_inline(s, b, v, NULL, c);
}

/* Between units: a blank, or where each has a line of its own the same indentation. */
static void put_gap(const splice *s, np_buffer *b, const np_node *c)
{
    np_slice t = s->job->text;
    size_t at = unit_first(c, 0)->begin;
    if (!first_on_line(t, at)) {
        np_buffer_char(b, ' ');
        return;
    }
    size_t start = line_start(t, at);
    np_buffer_text(b, s->job->line_end);
    np_buffer_add(b, t.p + start, at - start);
}

static bool insert_in_flow(splice *s, const np_node *c, size_t at, const np_slice *key,
                           const np_value *v)
{
    size_t n = units_of(c);
    if (n == 0) {
        size_t inside = c->start + 1;
        return put_flow_unit(s, new_cut(s, inside, inside), c, key, v);
    }
    if (at == n) {
        size_t end = unit_last(c, n - 1)->end;
        np_buffer *b = new_cut(s, end, end);
        np_buffer_char(b, ',');
        put_gap(s, b, c);
        return put_flow_unit(s, b, c, key, v);
    }
    size_t begin = unit_first(c, at)->begin;
    np_buffer *b = new_cut(s, begin, begin);
    bool good = put_flow_unit(s, b, c, key, v);
    np_buffer_char(b, ',');
    put_gap(s, b, c);
    return good;
}

static bool add_block_entry(splice *s, const np_node *map, np_slice key, const np_value *v)
{
    size_t end = line_end(s->job->text, map->end);
    np_buffer *b = new_cut(s, end, end);
    new_line(s, b, map->column);
    np_form_key(b, key, s->form, map->nodes[0], false);
    np_buffer_char(b, ':');
    if (!goes_on_lines(s, v, map)) {
        np_buffer_char(b, ' ');
        return put_inline(s, b, v, NULL, map);
    }
    size_t indent = indent_below(s, map, v);
    new_line(s, b, indent);
    return put_block(s, b, v, indent);
}

static bool put_element(splice *s, np_buffer *b, const np_node *list, const np_value *v)
{
    np_buffer_text(b, "- ");
    return goes_on_lines(s, v, list) ? put_block(s, b, v, list->column + 2)
                                     : put_inline(s, b, v, NULL, list);
}

/* After the element before it, so that comments above the next one stay with that. */
static bool insert_block_element(splice *s, const np_node *list, size_t at, const np_value *v)
{
    if (at == 0) {
        np_buffer *b = new_cut(s, list->start, list->start);
        bool good = put_element(s, b, list, v);
        new_line(s, b, list->column);
        return good;
    }
    size_t end = line_end(s->job->text, list->nodes[at - 1]->end);
    np_buffer *b = new_cut(s, end, end);
    new_line(s, b, list->column);
    return put_element(s, b, list, v);
}

/* Into a collection that is there. An empty one in a block is written anew, as a block. */
static bool insert(splice *s, const np_node *c, size_t at, const np_slice *key, const np_value *v)
{
    if (c->n == 0 && !is_flow(s, c->up) && s->form != NP_FORM_QUOTED) {
        np_entry entry = {key ? *key : NP_SLICE(""), v};
        np_value one = {.type = key ? NP_VALUE_MAP : NP_VALUE_LIST, .n = 1};
        if (key)
            one.as.map = &entry;
        else
            one.as.list = &v;
        return put_for(s, c, &one);
    }
    if (is_flow(s, c))
        return insert_in_flow(s, c, at, key, v);
    return key ? add_block_entry(s, c, *key, v) : insert_block_element(s, c, at, v);
}

/* ---- taking away ---- */

/* Where the comments begin that stand right above a line, as far in as what stands on it: they are
 * about it, and would mislead above what comes next. */
static size_t with_comments_above(np_slice t, size_t first)
{
    size_t start = line_start(t, first);
    size_t indent = first - start;
    while (start > 0) {
        size_t above = start - 1;
        if (above > 0 && t.p[above] == '\n' && t.p[above - 1] == '\r')
            above--;
        above = line_start(t, above);
        bool comment = above + indent < start && first_on_line(t, above + indent) &&
                       t.p[above + indent] == '#';
        if (!comment)
            break;
        start = above;
    }
    return start;
}

/* A comment above the first key of a document is rather about the document. */
static void take_lines(splice *s, const np_node *c, size_t first, size_t last)
{
    np_slice t = s->job->text;
    bool heads_document = !c->up && first == c->nodes[0]->begin;
    size_t from = heads_document ? line_start(t, first) : with_comments_above(t, first);
    (void)new_cut(s, from, after_line(t, last));
}

/* Where the `-` of an element stands, or the key of an entry. */
static size_t unit_start(const splice *s, const np_node *c, size_t i)
{
    if (c->type == NP_NODE_MAP)
        return unit_first(c, i)->begin;
    return i == 0 ? c->start : skip_blanks_and_comments(s->job->text, c->nodes[i - 1]->end);
}

/* The first unit of a block that begins behind a `- `: the second one moves up to it, unless
 * comments of their own lines stand between. */
static void take_first_of_line(splice *s, const np_node *c)
{
    np_slice t = s->job->text;
    size_t from = unit_start(s, c, 0);
    size_t next = unit_start(s, c, 1);
    size_t end = line_end(t, unit_last(c, 0)->end);
    bool comments =
        skip_blanks_and_comments(t, end) > next || line_start(t, next) > after_line(t, end);
    if (!comments) {
        (void)new_cut(s, from, next);
        return;
    }
    while (from > 0 && is_blank(t.p[from - 1]))
        from--;
    (void)new_cut(s, from, end);
}

static void take_unit(splice *s, const np_node *c, size_t i)
{
    size_t n = units_of(c);
    if (is_flow(s, c) && i + 1 < n)
        (void)new_cut(s, unit_first(c, i)->begin, unit_first(c, i + 1)->begin);
    else if (is_flow(s, c))
        (void)new_cut(s, unit_last(c, i - 1)->end, unit_last(c, i)->end);
    else if (first_on_line(s->job->text, unit_start(s, c, i)))
        take_lines(s, c, unit_start(s, c, i), unit_last(c, i)->end);
    else
        take_first_of_line(s, c);
}

static bool take_away(splice *s, const np_edit_place *p)
{
    const np_node *c = p->in;
    if (units_of(c) > 1) {
        take_unit(s, c, c->type == NP_NODE_MAP ? p->node->place / 2 : p->node->place);
        return s->form == NP_FORM_CANONICAL;
    }
    np_value none = {.type = c->type == NP_NODE_MAP ? NP_VALUE_MAP : NP_VALUE_LIST};
    return put_for(s, c, &none);
}

/* ---- all together ---- */

static bool rename_key(splice *s, const np_edit_place *p)
{
    np_buffer *b = new_cut(s, p->key->start, p->key->end);
    np_form_key(b, s->job->new_key, s->form, p->key, s->job->json);
    return true;
}

static bool put_new(splice *s, const np_edit_place *p)
{
    np_edit_job *job = s->job;
    const np_edit_step *step = &job->path.steps[p->used];
    const np_value *v = np_edit_nest(job, p->used + 1);
    return v && insert(s, p->in, units_of(p->in), step->is_index ? NULL : &step->key, v);
}

static bool make(splice *s, const np_edit_place *p)
{
    np_edit_job *job = s->job;
    if (job->action == NETPOL_EDIT_DELETE)
        return take_away(s, p);
    if (job->action == NETPOL_EDIT_RENAME)
        return rename_key(s, p);
    if (!p->node)
        return put_new(s, p);
    if (job->action == NETPOL_EDIT_ADD && p->used == job->path.n) {
        if (job->path.steps[job->path.n - 1].is_index)
            return insert(s, p->in, p->node->place, NULL, job->value);
        if (p->node->type == NP_NODE_SEQ)
            return insert(s, p->node, p->node->n, NULL, job->value);
    }
    const np_value *v = np_edit_nest(job, p->used);
    return v && put_for(s, p->node, v);
}

static void join(splice *s, np_buffer *out)
{
    np_slice t = s->job->text;
    size_t at = 0;
    for (size_t i = 0; i < s->n; i++) {
        const cut *c = &s->cuts[i];
        size_t from = c->from < at ? at : c->from;
        np_buffer_add(out, t.p + at, from - at);
        np_buffer_add(out, c->put.p, c->put.n);
        out->failed |= c->put.failed;
        at = c->to < from ? from : c->to;
    }
    np_buffer_add(out, t.p + at, t.n - at);
}

bool np_edit_splice(np_edit_job *job, np_form form, np_buffer *out)
{
    splice s = {.job = job, .form = form};
    np_edit_place place;
    bool good =
        np_edit_find(job->root, &job->path, &place, &job->why) == NETPOL_OK && make(&s, &place);
    if (good)
        join(&s, out);
    for (size_t i = 0; i < s.n; i++) {
        out->failed |= s.cuts[i].put.failed;
        np_buffer_free(&s.cuts[i].put);
    }
    return good;
}
