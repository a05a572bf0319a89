/* SPDX-License-Identifier: MIT */
/* Values as text that fits where it goes. */
#include "edit.h"

bool np_form_is_block(const np_value *v)
{
    return (v->type == NP_VALUE_MAP || v->type == NP_VALUE_LIST) && v->n > 0;
}

static bool has_line_feed(np_slice s)
{
    return s.n && (memchr(s.p, '\n', s.n) || memchr(s.p, '\r', s.n));
}

static void single_quoted(np_buffer *b, np_slice s)
{
    np_buffer_char(b, '\'');
    for (size_t i = 0; i < s.n; i++) {
        np_buffer_char(b, s.p[i]);
        if (s.p[i] == '\'')
            np_buffer_char(b, '\'');
    }
    np_buffer_char(b, '\'');
}

/* Quoted as the scalar it replaces. */
static bool kept_quotes(np_buffer *b, const np_value *v, const np_node *was)
{
    if (!was || v->type != NP_VALUE_STRING || has_line_feed(v->as.text))
        return false;
    if (was->style == NP_NODE_SINGLE)
        single_quoted(b, v->as.text);
    else if (was->style == NP_NODE_DOUBLE)
        np_buffer_json(b, v->as.text);
    else
        return false;
    return true;
}

/* A document of the value without its line feed. */
static void document(np_buffer *b, const np_value *v, int32_t format)
{
    np_write_value(b, v, format);
    if (!b->failed && b->n)
        b->n--;
}

/* A string as canonical YAML writes it as a value, if that takes one line. */
static bool canonical_string(np_buffer *b, np_slice s)
{
    size_t start = b->n;
    np_buffer_char(b, '\n'); /* the writer counts columns from here */
    np_write_yaml_string(b, s, 0);
    if (b->failed)
        return true;
    bool one_line = !memchr(b->p + start + 1, '\n', b->n - start - 1);
    memmove(b->p + start, b->p + start + 1, b->n - start - 1);
    b->n = one_line ? b->n - 1 : start;
    return one_line;
}

/* ---- the order of keys ---- */

/* As the API's documentation shows its objects; a plain value has its keys by bytes. */
static const char *const key_order[] = {
    "apiVersion",  "kind",        "metadata",
    "name",        "namespace",   "labels",
    "annotations", "spec",        "tier",
    "priority",    "subject",     "action",
    "podSelector", "ingress",     "egress",
    "policyTypes", "from",        "to",
    "ports",       "protocols",   "protocol",
    "port",        "endPort",     "cidr",
    "except",      "matchLabels", "matchExpressions",
    "key",         "operator",    "values",
    "start",       "end",         "status",
};

#define N_ORDER (sizeof key_order / sizeof *key_order)

static size_t rank_of(np_slice key)
{
    size_t i = 0;
    while (i < N_ORDER && !np_slice_is(key, key_order[i]))
        i++;
    return i;
}

/* Whether an entry comes before another; equal ranks stay as they are. */
static size_t entries_before(const np_value *map, size_t i)
{
    size_t rank = rank_of(map->as.map[i].key);
    size_t n = 0;
    for (size_t k = 0; k < map->n; k++) {
        size_t other = rank_of(map->as.map[k].key);
        n += other < rank || (other == rank && k < i);
    }
    return n;
}

/* Maps that a person writes are small; where one is not, its keys are no fields. */
const np_entry *np_form_entry(const np_value *map, size_t at)
{
    enum { MOST_FIELDS = 32 };
    for (size_t i = 0; map->n <= MOST_FIELDS && i < map->n; i++)
        if (entries_before(map, i) == at)
            return &map->as.map[i];
    return &map->as.map[at];
}

/* ---- flow collections ---- */

static void put_flow(np_buffer *b, const np_edit_job *job, const np_value *v)
{
    if (v->type == NP_VALUE_STRING) {
        np_write_flow_string(b, v->as.text);
        return;
    }
    if (!np_form_is_block(v)) {
        document(b, v, NETPOL_FORMAT_JSON);
        return;
    }
    bool map = v->type == NP_VALUE_MAP;
    const char *pad = (map ? job->pads_maps : job->pads_lists) ? " " : "";
    np_buffer_format(b, "%s%s", map ? "{" : "[", pad);
    for (size_t i = 0; i < v->n; i++) {
        np_buffer_text(b, i ? ", " : "");
        const np_entry *entry = map ? np_form_entry(v, i) : NULL;
        if (map)
            np_write_flow_string(b, entry->key);
        np_buffer_text(b, map ? ": " : "");
        put_flow(b, job, map ? entry->value : v->as.list[i]);
    }
    np_buffer_format(b, "%s%s", pad, map ? "}" : "]");
}

bool np_form_inline(np_buffer *b, const np_edit_job *job, const np_value *v, np_form form,
                    const np_node *was, bool in_flow)
{
    if (form == NP_FORM_KEPT)
        return kept_quotes(b, v, was);
    if (form == NP_FORM_LITERAL) {
        if (!job->literal.n || v != job->value || (job->json && job->literal.p[0] == '\''))
            return false;
        np_buffer_add(b, job->literal.p, job->literal.n);
        return true;
    }
    if (v->type == NP_VALUE_STRING && form == NP_FORM_CANONICAL && !in_flow && !job->json)
        return canonical_string(b, v->as.text);
    if (np_form_is_block(v) && !in_flow && form != NP_FORM_QUOTED)
        return false;
    if (form == NP_FORM_CANONICAL && in_flow && !job->json && !job->json_flow)
        put_flow(b, job, v);
    else
        document(b, v, NETPOL_FORMAT_JSON);
    return true;
}

/* ---- blocks, laid out as the text around them ---- */

static void put_lines(np_buffer *b, const np_edit_job *job, const np_value *v, size_t indent);

/* A scalar or an empty collection, behind `key:` or `-`; `indent` is of further lines. */
static void put_single(np_buffer *b, const np_value *v, size_t indent)
{
    if (v->type == NP_VALUE_STRING)
        np_write_yaml_string(b, v->as.text, indent);
    else
        document(b, v, NETPOL_FORMAT_JSON);
}

static void put_line_end(np_buffer *b, const np_edit_job *job, size_t indent)
{
    np_buffer_text(b, job->line_end);
    np_buffer_repeat(b, ' ', indent);
}

static void put_list(np_buffer *b, const np_edit_job *job, const np_value *v, size_t indent)
{
    for (size_t i = 0; i < v->n; i++) {
        if (i)
            put_line_end(b, job, indent);
        np_buffer_text(b, "- ");
        if (np_form_is_block(v->as.list[i]))
            put_lines(b, job, v->as.list[i], indent + 2);
        else
            put_single(b, v->as.list[i], indent + 2);
    }
}

static void put_map(np_buffer *b, const np_edit_job *job, const np_value *v, size_t indent)
{
    for (size_t i = 0; i < v->n; i++) {
        const np_entry *entry = np_form_entry(v, i);
        const np_value *inside = entry->value;
        if (i)
            put_line_end(b, job, indent);
        np_form_key(b, entry->key, NP_FORM_CANONICAL, NULL, false);
        np_buffer_char(b, ':');
        if (!np_form_is_block(inside)) {
            np_buffer_char(b, ' ');
            put_single(b, inside, indent + job->step);
            continue;
        }
        bool further_in = inside->type == NP_VALUE_MAP || job->indents_lists;
        size_t below = indent + (further_in ? job->step : 0);
        put_line_end(b, job, below);
        put_lines(b, job, inside, below);
    }
}

static void put_lines(np_buffer *b, const np_edit_job *job, const np_value *v, size_t indent)
{
    if (v->type == NP_VALUE_MAP)
        put_map(b, job, v, indent);
    else
        put_list(b, job, v, indent);
}

void np_form_block(np_buffer *b, const np_edit_job *job, const np_value *v, size_t indent)
{
    put_lines(b, job, v, indent);
}

void np_form_key(np_buffer *b, np_slice key, np_form form, const np_node *like, bool json)
{
    if (json || form == NP_FORM_QUOTED || (like && like->style == NP_NODE_DOUBLE))
        np_buffer_json(b, key);
    else if (like && like->style == NP_NODE_SINGLE && form == NP_FORM_KEPT)
        single_quoted(b, key);
    else if (!canonical_string(b, key))
        np_buffer_json(b, key);
}
