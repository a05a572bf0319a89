/* SPDX-License-Identifier: MIT */
/**
 * @file document.h  Text with its comments: changes to YAML and JSON that touch nothing else.
 *
 * A document keeps the bytes it was made of. An edit is a splice of a few bytes; comments, order,
 * quoting, flow style, line ends, byte order mark and anchors stay as they are. Every edit is
 * proved before it is accepted: the new text is read again, and must mean exactly the old meaning
 * with the change. What cannot be written so is refused, and nothing changes.
 */
#ifndef NETPOL_DOCUMENT_H
#define NETPOL_DOCUMENT_H

#include "object.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A text under edit: one or several YAML or JSON documents. One thread at a time. */
typedef struct netpol_document netpol_document;

/**
 * Takes a text for editing. UTF-8 only; a byte order mark stays.
 *
 * @param name     What diagnostics call it; NULL: "<memory>". Copied.
 * @param bytes    Copied. May be NULL when n is 0.
 * @param options  allocator and limits; NULL: defaults.
 * @param out      Owned; set on NETPOL_OK only.
 * @return NETPOL_OK; NETPOL_INVALID if a document of the text is not YAML or JSON; NETPOL_LIMIT,
 *         NETPOL_NO_MEMORY, NETPOL_MISUSE.
 * Since: 0.1
 */
NETPOL_API netpol_status netpol_document_new(const char *name, const void *bytes, size_t n,
                                             const netpol_options *options, netpol_document **out,
                                             netpol_diagnostics *diags);
/** Gives a document back. NULL is allowed. Since: 0.1 */
NETPOL_API void netpol_document_free(netpol_document *document);

/** The text as it stands, not NUL-terminated. Borrowed until the next edit. Since: 0.1 */
NETPOL_API const char *netpol_document_text(const netpol_document *document, size_t *n);

/** How many documents, separated by `---`, the text holds; blank ones do not count. Since: 0.1 */
NETPOL_API size_t netpol_document_count(const netpol_document *document);

/** What one edit does. */
enum {
    NETPOL_EDIT_SET = 1, /**< Puts a value at a path; missing maps on the way are made. Of a map or
                              list that is there, only what differs is touched. */
    NETPOL_EDIT_ADD = 2, /**< As SET, but nothing may be there; at a list it appends, and at
                              `list[i]` it inserts before element i. */
    NETPOL_EDIT_DELETE = 3, /**< Takes a field or an element away, with the comments on its lines
                               and right above it. The last one leaves {} or []; where that
                               opens a rule to everybody a warning says so. */
    NETPOL_EDIT_RENAME = 4  /**< Gives a map entry another key: `value` is the key, as text. */
};

/** One edit. Frozen. Strings are borrowed for the call. */
typedef struct netpol_edit {
    int32_t action;    /**< NETPOL_EDIT_… */
    int32_t reserved;  /**< Zero. */
    const char *path;  /**< "spec.ingress[0].ports[0].port"; `["a.b/c"]` for keys with dots, which
                            below labels, annotations and matchLabels may be written as they are. */
    const char *value; /**< YAML or JSON, not empty; NULL for DELETE. What is put into labels,
                            annotations or matchLabels is text, also if it looks otherwise. */
} netpol_edit;

/**
 * Applies edits in order, all or none. Each sees what those before it did.
 *
 * @param index  Which document of the text, from 0.
 * @return NETPOL_OK; NETPOL_NOT_FOUND if a path or the document is not there; NETPOL_INVALID for a
 *         path or value that does not parse, an ADD where something is, or an edit that this text
 *         does not allow (said why: it would change more than was asked, as inside an anchor that
 *         is used elsewhere); NETPOL_LIMIT, NETPOL_NO_MEMORY, NETPOL_MISUSE.
 * Cost: O(text) an edit.  Since: 0.1
 */
NETPOL_API netpol_status netpol_document_edit(netpol_document *document, size_t index,
                                              const netpol_edit *edits, size_t n,
                                              netpol_diagnostics *diags);

/**
 * Makes a document mean the same as an object, with the fewest edits found: what a program changed
 * in the typed form goes back into the text, and the comments stay.
 *
 * @param wanted  Of the same kind as the document.
 * @return as netpol_document_edit.  Since: 0.1
 */
NETPOL_API netpol_status netpol_document_update(netpol_document *document, size_t index,
                                                const netpol_object *wanted,
                                                netpol_diagnostics *diags);

#ifdef __cplusplus
}
#endif
#endif
