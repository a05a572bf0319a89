/* SPDX-License-Identifier: MIT */
/** @file diagnostics.h  A list of what is wrong, for people and tools. */
#ifndef NETPOL_DIAGNOSTICS_H
#define NETPOL_DIAGNOSTICS_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How bad: an error makes a document unusable, a warning and a note do not. */
enum { NETPOL_ERROR = 1, NETPOL_WARNING = 2, NETPOL_NOTE = 3 };

/** Which stage of reading found it; the API server works in the same order. */
enum {
    NETPOL_STAGE_SYNTAX = 1,     /**< Not YAML or JSON, a limit, or not readable at all. */
    NETPOL_STAGE_TYPE = 2,       /**< A value of the wrong type, or an unknown apiVersion/kind. */
    NETPOL_STAGE_STRICT = 3,     /**< Unknown or duplicate field. */
    NETPOL_STAGE_VALIDATION = 4, /**< Refused by the API server's field validation. */
    NETPOL_STAGE_WARNING = 5,    /**< Accepted, with a warning of the API server. */
    NETPOL_STAGE_CLUSTER = 6     /**< Objects that do not fit together, or a question that cannot be answered. */
};

/** A list of diagnostics. One thread at a time. */
typedef struct netpol_diagnostics netpol_diagnostics;

/** One finding. Made by the library, borrowed from its list; grows at the end only. */
typedef struct netpol_diagnostic {
    int32_t severity;    /**< NETPOL_ERROR, … */
    int32_t stage;       /**< NETPOL_STAGE_SYNTAX, … */
    int32_t code;        /**< Stable number; netpol_code_name gives "NP0104". */
    const char *message; /**< What is wrong. For validation, strict and warning: byte-equal to the API server. */
    const char *hint;    /**< What to do, or NULL. */
    const char *source;  /**< File name as given, or the name given with memory; NULL when unknown. */
    const char *path;    /**< API field path, "spec.ingress[0].from[1]"; NULL when none applies. */
    const char *object;  /**< "NetworkPolicy shop/allow-web"; NULL when unknown. */
    uint32_t line;       /**< From 1; 0: unknown. */
    uint32_t column;     /**< From 1, in characters; 0: unknown. */
    uint32_t document;   /**< Number of the non-empty document in its source, from 0. */
    int32_t item;        /**< Number of the item in a List, from 0; -1: not in a list. */
} netpol_diagnostic;

/**
 * Makes an empty list.
 *
 * @param options  allocator and max_diagnostics are used; NULL: defaults.
 * @return Owned; NULL: no memory, or options of a bad size.
 * Threads: any.  Since: 0.1
 */
NETPOL_API netpol_diagnostics *netpol_diagnostics_new(const netpol_options *options);

/** Gives a list back. NULL is allowed. Since: 0.1 */
NETPOL_API void netpol_diagnostics_free(netpol_diagnostics *list);

/** Empties a list for another use. NULL is allowed. Since: 0.1 */
NETPOL_API void netpol_diagnostics_clear(netpol_diagnostics *list);

/** How many diagnostics are kept; 0 for NULL. Since: 0.1 */
NETPOL_API size_t netpol_diagnostics_count(const netpol_diagnostics *list);

/** How many more there were beyond max_diagnostics or for want of memory. Since: 0.1 */
NETPOL_API size_t netpol_diagnostics_dropped(const netpol_diagnostics *list);

/**
 * The i-th diagnostic in the order of finding. Borrowed until the list is cleared, added to or freed.
 * @return NULL if i is out of range.  Since: 0.1
 */
NETPOL_API const netpol_diagnostic *netpol_diagnostics_at(const netpol_diagnostics *list, size_t i);

/**
 * The text of a code, "NP0104"; "NP0000" for numbers that are not in the registry.
 * Static, never NULL. Threads: any.  Since: 0.1
 */
NETPOL_API const char *netpol_code_name(int32_t code);

/**
 * One sentence on what a code means and how to mend it; "" for numbers not in the registry.
 * Static, never NULL. Threads: any.  Since: 0.1
 */
NETPOL_API const char *netpol_code_meaning(int32_t code);

/**
 * Writes a text of somebody else's (a file name, a value) so that a terminal or a log shows it as one
 * line: bytes that are no UTF-8 as \xff, controls and line feeds as \x0a, characters that turn or hide
 * the text around them as \u202e. All else, tabs too, as it is. Nothing is escaped twice over: a
 * backslash stays.
 * @return NETPOL_OK; NETPOL_MISUSE; what the sink returned.  Threads: any.  Since: 0.1
 */
NETPOL_API netpol_status netpol_visible(const char *text, size_t n, const netpol_sink *to);

#ifdef __cplusplus
}
#endif
#endif
