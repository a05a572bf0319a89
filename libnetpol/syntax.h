/* SPDX-License-Identifier: MIT */
/* syntax owns the tree of one YAML document with the bytes of each node, nothing resolved: what an
 * edit of the text needs. It knows no meaning. */
#ifndef NP_SYNTAX_H
#define NP_SYNTAX_H

#include "diag.h"

typedef enum np_node_type {
    NP_NODE_SCALAR = 1,
    NP_NODE_SEQ,
    NP_NODE_MAP,
    NP_NODE_ALIAS
} np_node_type;
typedef enum np_node_style {
    NP_NODE_BLOCK = 1, /* a collection by indentation */
    NP_NODE_FLOW,      /* a collection in brackets or braces */
    NP_NODE_PLAIN,
    NP_NODE_SINGLE,
    NP_NODE_DOUBLE,
    NP_NODE_TEXT /* a literal or folded scalar */
} np_node_style;

/* Offsets are bytes in the document's text; the bytes of a node are [start, end). */
typedef struct np_node np_node;
struct np_node {
    uint8_t type;    /* np_node_type */
    uint8_t style;   /* np_node_style; 0 of an alias */
    np_slice value;  /* of scalars */
    np_slice anchor; /* of an alias: what it names; n 0: none */
    size_t begin;    /* of its anchor and tag, or start */
    size_t start;    /* of itself */
    size_t end;      /* a block collection ends where its last node does; a block scalar with its
                        last line that is not blank, without the line feed */
    uint32_t column; /* of start, in characters from 0: its indentation if it is a block */
    np_node *up;     /* NULL: the root */
    size_t place;    /* among the nodes of the collection around it */
    np_node **nodes; /* of a sequence its elements; of a map key, value, key, value, … */
    size_t n;
};

/* Reads a document that np_text found sound: one document, without a BOM, not deeper than it
 * allows. NETPOL_OK; NETPOL_NOT_FOUND: there is no node; NETPOL_INVALID: libyaml refuses it (JSON
 * escapes of surrogate pairs are the one known case); NETPOL_NO_MEMORY. */
netpol_status np_syntax_read(np_slice text, np_arena *arena, np_node **root);

#endif
