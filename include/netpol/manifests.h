/* SPDX-License-Identifier: MIT */
/** @file manifests.h  Text in: files, directories and memory become an ordered list of objects. */
#ifndef NETPOL_MANIFESTS_H
#define NETPOL_MANIFESTS_H

#include "object.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What was loaded, in order. One thread while reading; any number once nobody reads into it. */
typedef struct netpol_manifests netpol_manifests;

/** What became of one document, or of one item of a List. */
enum {
    NETPOL_DOCUMENT_OK = 1,      /**< It became an object. */
    NETPOL_DOCUMENT_BROKEN = 2,  /**< Not YAML/JSON, of a wrong type, or with unknown or duplicate
                                      fields. It does not count, see netpol_document_info.object. */
    NETPOL_DOCUMENT_SKIPPED = 3, /**< A kind that libnetpol does not use. */
    NETPOL_DOCUMENT_FOREIGN = 4  /**< A policy kind of another system (Calico, Cilium, …): it may change
                                      what is allowed, and libnetpol does not read it. A warning is given. */
};

/** One document as it was met. Made by the library, borrowed; grows at the end only. */
typedef struct netpol_document_info {
    const char *source;      /**< File name as given or found; the name given with memory. */
    uint32_t document;       /**< Number of the non-empty document in its source, from 0. */
    int32_t item;            /**< Number of the item in a List, from 0; -1: not in a list. */
    uint32_t line;           /**< Where it begins, from 1. */
    int32_t state;           /**< NETPOL_DOCUMENT_… */
    const char *api_version; /**< "" when unknown. */
    const char *kind;        /**< "" when unknown. */
    const char *name;        /**< "" when unknown. */
    const char *namespace_name;  /**< "" when absent. */
    const netpol_object *object; /**< Of state OK; of SKIPPED and FOREIGN with NETPOL_KEEP_OTHERS; of
                                      BROKEN only if unknown and duplicate fields are all that is
                                      wrong: what is left without them, so that it can be validated
                                      all the same. Else NULL. Borrowed. */
    size_t first_diagnostic;     /**< Index of its first one in netpol_manifests_diagnostics … */
    size_t n_diagnostics;        /**< … and how many there are. */
} netpol_document_info;

/**
 * Makes an empty list.
 *
 * @param options  For everything read into it; NULL: defaults. Copied, allocator too.
 * @param out      Owned; set on NETPOL_OK only.
 * @return NETPOL_OK, NETPOL_NO_MEMORY, NETPOL_MISUSE.
 * Threads: any.  Since: 0.1
 */
NETPOL_API netpol_status netpol_manifests_new(const netpol_options *options,
                                              netpol_manifests **out);

/** Gives a list back; objects referenced elsewhere live on. NULL is allowed. Since: 0.1 */
NETPOL_API void netpol_manifests_free(netpol_manifests *manifests);

/**
 * Reads a file, a directory (recursively, *.yaml *.yml *.json, names in byte order, no links to
 * directories) or standard input ("-").
 *
 * Everything readable is added, and all errors of all documents are reported: a broken document
 * does not hide the ones after it. netpol_manifests_broken then tells that the list is incomplete.
 *
 * @param path   Copied; diagnostics show it as given.
 * @return NETPOL_OK if all was read and understood; NETPOL_INVALID if a document is broken;
 *         NETPOL_IO if a path could not be read (what could be is added); NETPOL_LIMIT;
 *         NETPOL_NO_MEMORY and NETPOL_CANCELLED (nothing is added); NETPOL_MISUSE.
 *         If several apply: the one latest in this list.
 * Threads: one at a time per list.  Since: 0.1
 */
NETPOL_API netpol_status netpol_manifests_read(netpol_manifests *manifests, const char *path,
                                               netpol_diagnostics *diags);

/**
 * Reads text from memory, as netpol_manifests_read reads a file.
 * @param name   What diagnostics call the source; NULL: "<memory>". Copied.
 * @param bytes  May be NULL when n is 0. Copied as far as needed.
 * Since: 0.1
 */
NETPOL_API netpol_status netpol_manifests_read_memory(netpol_manifests *manifests,
                                                      const char *name, const void *bytes,
                                                      size_t n, netpol_diagnostics *diags);

/** Adds an object, which is referenced. NETPOL_OK, NETPOL_NO_MEMORY, NETPOL_MISUSE. Since: 0.1 */
NETPOL_API netpol_status netpol_manifests_add(netpol_manifests *manifests,
                                              const netpol_object *object);

/** How many objects there are (states OK, and what NETPOL_KEEP_OTHERS kept). Since: 0.1 */
NETPOL_API size_t netpol_manifests_count(const netpol_manifests *manifests);

/** The i-th object in order of reading. Borrowed; NULL if out of range. Since: 0.1 */
NETPOL_API const netpol_object *netpol_manifests_at(const netpol_manifests *manifests, size_t i);

/** How many documents were met, of every state. Since: 0.1 */
NETPOL_API size_t netpol_manifests_document_count(const netpol_manifests *manifests);

/** The i-th document. Borrowed until the next read into the list; NULL if out of range. Since: 0.1 */
NETPOL_API const netpol_document_info *
netpol_manifests_document_at(const netpol_manifests *manifests, size_t i);

/**
 * All that the reads into this list found, document by document. Each read call gives the same to
 * its `diags`. Borrowed until the next read; never NULL for a non-NULL list. Since: 0.1
 */
NETPOL_API const netpol_diagnostics *
netpol_manifests_diagnostics(const netpol_manifests *manifests);

/**
 * The text of an input that was read with NETPOL_KEEP_TEXT, as it was read.
 *
 * @param source  As netpol_document_info and diagnostics give it; of several of one name the last.
 * @param n       Set when there is one.
 * @return Borrowed, not NUL-terminated; NULL: no such text.
 * Threads: any, while nobody reads into the list.  Since: 0.1
 */
NETPOL_API const char *netpol_manifests_text(const netpol_manifests *manifests, const char *source,
                                             size_t *n);

/** How many documents, files or directories could not be loaded. 0: complete. Since: 0.1 */
NETPOL_API size_t netpol_manifests_broken(const netpol_manifests *manifests);

/** How many documents are policies of another system. Since: 0.1 */
NETPOL_API size_t netpol_manifests_foreign(const netpol_manifests *manifests);

#ifdef __cplusplus
}
#endif
#endif
