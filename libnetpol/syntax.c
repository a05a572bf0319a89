/* SPDX-License-Identifier: MIT */
#include "syntax.h"

#include <yaml.h>

typedef struct builder {
    np_slice text;
    np_arena *arena;
    yaml_parser_t parser;
    size_t seen_character; /* a place in the text, both ways of counting */
    size_t seen_byte;
    np_node *open;     /* the innermost open collection */
    np_node **pending; /* nodes of the open collections, the outermost first */
    size_t n_pending;
    size_t pending_room;
} builder;

/* ---- places ---- */

/* libyaml counts characters. Marks hardly ever go back, so walking from the last place is cheap. */
static size_t byte_of(builder *b, size_t character)
{
    if (character < b->seen_character)
        b->seen_character = b->seen_byte = 0;
    while (b->seen_character < character && b->seen_byte < b->text.n) {
        b->seen_byte++;
        while (b->seen_byte < b->text.n && ((unsigned char)b->text.p[b->seen_byte] & 0xc0) == 0x80)
            b->seen_byte++;
        b->seen_character++;
    }
    return b->seen_byte;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip_blanks_and_comments(np_slice t, size_t at)
{
    while (at < t.n && (is_blank(t.p[at]) || t.p[at] == '#'))
        if (t.p[at++] == '#')
            while (at < t.n && t.p[at] != '\n' && t.p[at] != '\r')
                at++;
    return at;
}

/* Where a node itself begins, after its anchor and tag, in either order. */
static size_t after_properties(np_slice t, size_t at, int properties)
{
    for (; properties > 0 && at < t.n; properties--) {
        while (at < t.n && !is_blank(t.p[at]))
            at++;
        size_t next = skip_blanks_and_comments(t, at);
        if (properties == 1 && next >= t.n)
            return at;
        at = next;
    }
    return at;
}

/* Without the blank lines and the line feed that follow a block scalar. */
static size_t trimmed_end(np_slice t, size_t start, size_t end)
{
    while (end > start && is_blank(t.p[end - 1]))
        end--;
    return end;
}

/* ---- nodes ---- */

static bool keep_pending(builder *b, np_node *node)
{
    if (!np_grow(&b->arena->alloc, (void **)&b->pending, &b->pending_room, b->n_pending + 1,
                 sizeof(np_node *)))
        return false;
    b->pending[b->n_pending++] = node;
    return true;
}

static np_slice copy_text(builder *b, const yaml_char_t *p, size_t n)
{
    const char *copy = np_arena_text(b->arena, (const char *)p, n);
    return (np_slice){copy, copy ? n : 0};
}

static np_node *new_node(builder *b, np_node_type type, const yaml_event_t *e,
                         const yaml_char_t *anchor, const yaml_char_t *tag)
{
    np_node *node = NP_NEW(b->arena, np_node);
    if (!node)
        return NULL;
    node->type = (uint8_t)type;
    node->up = b->open;
    node->begin = byte_of(b, e->start_mark.index);
    node->start = node->begin;
    node->column = (uint32_t)e->start_mark.column;
    if (anchor)
        node->anchor = copy_text(b, anchor, strlen((const char *)anchor));
    if (type != NP_NODE_ALIAS && (anchor || tag)) {
        node->start = after_properties(b->text, node->begin, (anchor != NULL) + (tag != NULL));
        size_t line = node->start;
        while (line > 0 && b->text.p[line - 1] != '\n' && b->text.p[line - 1] != '\r')
            line--;
        node->column = 0;
        for (; line < node->start; line++)
            node->column += ((unsigned char)b->text.p[line] & 0xc0) != 0x80;
    }
    return b->arena->failed || !keep_pending(b, node) ? NULL : node;
}

static uint8_t scalar_style(yaml_scalar_style_t style)
{
    switch (style) {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE:
        return NP_NODE_SINGLE;
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
        return NP_NODE_DOUBLE;
    case YAML_LITERAL_SCALAR_STYLE:
    case YAML_FOLDED_SCALAR_STYLE:
        return NP_NODE_TEXT;
    case YAML_ANY_SCALAR_STYLE:
    case YAML_PLAIN_SCALAR_STYLE:
        break;
    }
    return NP_NODE_PLAIN;
}

static bool scalar(builder *b, const yaml_event_t *e)
{
    np_node *node = new_node(b, NP_NODE_SCALAR, e, e->data.scalar.anchor, e->data.scalar.tag);
    if (!node)
        return false;
    node->value = copy_text(b, e->data.scalar.value, e->data.scalar.length);
    node->style = scalar_style(e->data.scalar.style);
    node->end = byte_of(b, e->end_mark.index);
    if (node->style == NP_NODE_TEXT)
        node->end = trimmed_end(b->text, node->start, node->end);
    if (node->start > node->end) /* an anchor or a tag with nothing behind it */
        node->start = node->end;
    return !b->arena->failed;
}

static bool alias(builder *b, const yaml_event_t *e)
{
    np_node *node = new_node(b, NP_NODE_ALIAS, e, e->data.alias.anchor, NULL);
    if (node)
        node->end = byte_of(b, e->end_mark.index);
    return node != NULL;
}

static bool open_collection(builder *b, np_node_type type, const yaml_event_t *e, bool flow,
                            const yaml_char_t *anchor, const yaml_char_t *tag)
{
    np_node *node = new_node(b, type, e, anchor, tag);
    if (!node)
        return false;
    node->style = flow ? NP_NODE_FLOW : NP_NODE_BLOCK;
    b->open = node;
    return true;
}

/* The nodes that came after the collection itself are its own. */
static bool close_collection(builder *b, const yaml_event_t *e)
{
    np_node *node = b->open;
    size_t first = b->n_pending;
    while (b->pending[first - 1] != node)
        first--;
    node->n = b->n_pending - first;
    node->nodes = NP_NEW_ARRAY(b->arena, np_node *, node->n);
    if (!node->nodes)
        return false;
    for (size_t i = 0; i < node->n; i++) {
        node->nodes[i] = b->pending[first + i];
        node->nodes[i]->place = i;
    }
    b->n_pending = first;
    if (node->style == NP_NODE_FLOW)
        node->end = byte_of(b, e->end_mark.index);
    else /* libyaml's end mark is that of the next token, beyond comments */
        node->end = node->n ? node->nodes[node->n - 1]->end : node->start;
    b->open = node->up;
    return true;
}

static bool take(builder *b, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return scalar(b, e);
    case YAML_ALIAS_EVENT:
        return alias(b, e);
    case YAML_SEQUENCE_START_EVENT:
        return open_collection(b, NP_NODE_SEQ, e,
                               e->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE,
                               e->data.sequence_start.anchor, e->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return open_collection(b, NP_NODE_MAP, e,
                               e->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE,
                               e->data.mapping_start.anchor, e->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return close_collection(b, e);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return true;
}

static netpol_status read_events(builder *b)
{
    for (bool more = true; more;) {
        yaml_event_t e;
        if (!yaml_parser_parse(&b->parser, &e))
            return b->parser.error == YAML_MEMORY_ERROR ? NETPOL_NO_MEMORY : NETPOL_INVALID;
        more = e.type != YAML_DOCUMENT_END_EVENT && e.type != YAML_STREAM_END_EVENT;
        bool taken = take(b, &e);
        yaml_event_delete(&e);
        if (!taken)
            return NETPOL_NO_MEMORY;
    }
    return b->n_pending ? NETPOL_OK : NETPOL_NOT_FOUND;
}

netpol_status np_syntax_read(np_slice text, np_arena *arena, np_node **root)
{
    builder b = {.text = text, .arena = arena};
    if (!yaml_parser_initialize(&b.parser))
        return NETPOL_NO_MEMORY;
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)text.p, text.n);
    netpol_status s = read_events(&b);
    if (s == NETPOL_OK)
        *root = b.pending[0];
    yaml_parser_delete(&b.parser);
    np_release(&arena->alloc, b.pending, b.pending_room * sizeof *b.pending);
    return s;
}
