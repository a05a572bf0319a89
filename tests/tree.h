/* SPDX-License-Identifier: MIT */
/* tree owns case files as trees: YAML and JSON read by libyaml alone, so that what a test expects
 * does not pass through the library that it tests. It knows no case. */
#ifndef NP_TEST_TREE_H
#define NP_TEST_TREE_H

#include "harness.h"

#include <yaml.h>

typedef yaml_node_t tree_node;

/* One document of a text; false if it is none. Give it back with yaml_document_delete. */
static inline bool tree_read(yaml_document_t *doc, const char *text, size_t n)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return false;
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
    bool good = yaml_parser_load(&parser, doc) != 0;
    yaml_parser_delete(&parser);
    return good;
}

static inline const tree_node *tree_root(yaml_document_t *doc)
{
    return yaml_document_get_root_node(doc);
}

/* Text of a scalar; NULL for others and for an absent node. */
static inline const char *tree_text(const tree_node *node)
{
    return node && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

/* The value of a key; NULL when absent or null, or when the node is no map. */
static inline const tree_node *tree_get(yaml_document_t *doc, const tree_node *node,
                                        const char *key)
{
    if (!node || node->type != YAML_MAPPING_NODE)
        return NULL;
    for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top;
         p++) {
        const char *name = tree_text(yaml_document_get_node(doc, p->key));
        if (name && strcmp(name, key) == 0) {
            const tree_node *value = yaml_document_get_node(doc, p->value);
            const char *text = tree_text(value);
            bool null = text && value->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
                        (!*text || strcmp(text, "null") == 0);
            return null ? NULL : value;
        }
    }
    return NULL;
}

static inline const char *tree_get_text(yaml_document_t *doc, const tree_node *node,
                                        const char *key)
{
    return tree_text(tree_get(doc, node, key));
}

/* Elements of a list; 0 for others. */
static inline size_t tree_count(const tree_node *node)
{
    if (!node || node->type != YAML_SEQUENCE_NODE)
        return 0;
    return (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
}

static inline const tree_node *tree_at(yaml_document_t *doc, const tree_node *node, size_t i)
{
    return yaml_document_get_node(doc, node->data.sequence.items.start[i]);
}

#endif
