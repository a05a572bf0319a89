/* SPDX-License-Identifier: MIT */
/* edit owns lossless changes: edits as byte splices, each proved by reading the result again. It
 * knows no field; what it keeps of Kubernetes is which maps have keys with dots.
 *
 *   edit         the document, and how an edit is proved
 *   edit_path    paths, and where they lead
 *   edit_value   the change to the plain value
 *   edit_form    values as text
 *   edit_layout  how text is laid out around a place
 *   edit_splice  the change to the text
 *   edit_update  typed changes as edits */
#ifndef NP_EDIT_H
#define NP_EDIT_H

#include "bind.h"
#include "syntax.h"
#include "write.h"

#include "netpol/document.h"

/* ---- edit_path.c ---- */

enum { NP_EDIT_DEEPEST = 64 };

typedef struct np_edit_step {
    bool is_index;
    np_slice key;
    uint32_t index;
} np_edit_step;

typedef struct np_edit_path {
    np_edit_step steps[NP_EDIT_DEEPEST];
    size_t n;
} np_edit_path;

/* A field whose entries are strings by keys of any form. */
bool np_edit_is_text_map(np_slice name);
bool np_edit_path_read(const char *text, np_edit_path *out);

/* Where a path leads in a syntax tree. */
typedef struct np_edit_place {
    np_node *in;   /* the innermost collection on the way; NULL: the root itself */
    np_node *node; /* what the path names; or a null on the way that is to become a collection */
    np_node *key;  /* of node, in a map */
    size_t used;   /* steps taken to get to `node`, or to `in` if node is NULL */
} np_edit_place;

/* *why: static text, set if it fails. NETPOL_OK, NETPOL_NOT_FOUND (an index beyond its list, a step
 * into what has nothing inside), NETPOL_INVALID (through an alias, a key that is there twice). */
netpol_status np_edit_find(np_node *root, const np_edit_path *path, np_edit_place *out,
                           const char **why);
bool np_node_is_null(const np_node *node);

/* ---- one edit under way ---- */

typedef struct np_edit_job {
    np_arena *arena; /* for all that lives as long as this edit */
    int32_t action;
    np_edit_path path;
    const np_value *value; /* of SET and ADD */
    np_slice literal;      /* of a value that was written as one scalar on one line: as written */
    np_slice new_key;      /* of RENAME */
    np_slice text;         /* the document, without a BOM */
    np_node *root;
    const char *line_end; /* "\n" or "\r\n" */
    bool json;
    uint32_t step;      /* columns that this text indents by */
    bool indents_lists; /* `- ` of a list in a map stands further in than the map */
    bool json_flow;     /* keys in braces are quoted, as in JSON */
    bool pads_maps;     /* `{ a: 1 }` */
    bool pads_lists;    /* `[ 1 ]` */
    const char *why;    /* of a refusal; static text */
} np_edit_job;

/* ---- edit_value.c ---- */

/* The old value with the change; NULL: it cannot be made (job->why), or no memory (arena->failed).
 */
const np_value *np_edit_value(np_edit_job *job, const np_value *old);
/* The value at the end of the steps from `used` on, in maps and lists of one. NULL as above. */
const np_value *np_edit_nest(np_edit_job *job, size_t used);

/* In maps of strings (labels, annotations) `yes` and `1` are what they look like: text. */
void np_edit_keep_text(np_edit_job *job);

/* ---- edit_form.c ---- */

/* In which order the forms of a scalar are tried until one proves right. */
typedef enum np_form {
    NP_FORM_KEPT, /* quoted as what it replaces */
    NP_FORM_LITERAL,
    NP_FORM_CANONICAL,
    NP_FORM_QUOTED,
    NP_N_FORMS
} np_form;

/* Whether a value goes on lines of its own (a collection that is not empty, in a block). */
bool np_form_is_block(const np_value *v);
/* A value on one line; `was` may be NULL. False: it has no such form. */
bool np_form_inline(np_buffer *b, const np_edit_job *job, const np_value *v, np_form form,
                    const np_node *was, bool in_flow);
/* The entry of a map that is written as the at-th: fields in the order of the API. */
const np_entry *np_form_entry(const np_value *map, size_t at);
/* A block's lines, each but the first indented; no line end after the last. */
void np_form_block(np_buffer *b, const np_edit_job *job, const np_value *v, size_t indent);
void np_form_key(np_buffer *b, np_slice key, np_form form, const np_node *like, bool json);

/* ---- edit_splice.c ---- */

/* The document's text with the change, for one form. False: there is none (job->why). */
bool np_edit_splice(np_edit_job *job, np_form form, np_buffer *out);

/* ---- edit_layout.c ---- */

/* How new text is laid out that goes into a node: as what is in it, else in what is around it. */
void np_edit_lay_out(np_edit_job *job, const np_node *into);

/* ---- edit.c ---- */

struct netpol_document {
    netpol_options o; /* o.allocator is the one below */
    netpol_allocator alloc;
    char *name;
    size_t name_room;
    np_buffer text;
    size_t count;
};

/* Several edits of one document, on a copy of its text. */
typedef struct np_editing {
    const netpol_document *d;
    size_t index;
    np_buffer text;
    netpol_diagnostics *diags;
} np_editing;

/* One document of a text, as a plain value. */
typedef struct np_reading_of {
    const np_value *value;
    np_slice text; /* its bytes, without a BOM */
    size_t count;  /* documents of the whole text */
} np_reading_of;

/* Reads document `index` of a text into an arena. NETPOL_NOT_FOUND: there are not so many. */
netpol_status np_edit_read(const netpol_options *o, const char *name, np_slice bytes, size_t index,
                           np_arena *arena, np_reading_of *out, netpol_diagnostics *diags);
/* Makes one change: action, path and value of the job are set, and its arena. path_text: for
 * diagnostics. The text is untouched unless it returns NETPOL_OK. */
netpol_status np_edit_apply(np_editing *e, np_edit_job *job, const char *path_text);
/* Makes what is at a path mean `now`, by the edits of what differs; the text is untouched unless it
 * returns NETPOL_OK. It says nothing in the diagnostics. */
netpol_status np_edit_towards(np_editing *e, const np_edit_path *path, const np_value *old,
                              const np_value *now);
/* What is at a path; NULL: nothing. */
const np_value *np_edit_value_at(const np_value *v, const np_edit_path *path);
/* Gives the text to the document if all went well. Returns s. */
netpol_status np_edit_end(np_editing *e, netpol_document *d, netpol_status s);

/* ---- edit_warn.c ---- */

/* Warns of edits, all made, that opened what they look as if they closed. */
void np_edit_warn(const np_editing *e, const netpol_edit *edits, size_t n);

#endif
