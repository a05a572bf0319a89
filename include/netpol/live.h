/* SPDX-License-Identifier: MIT */
/** @file live.h  One engine after the other, for readers that never wait. */
#ifndef NETPOL_LIVE_H
#define NETPOL_LIVE_H

#include "engine.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The engine that holds now. One thread at a time publishes; any number of readers use what was
 * published last, without locks and without writing anything that others read often.
 */
typedef struct netpol_live netpol_live;

/** One reading thread's place at a netpol_live. Used by one thread at a time. */
typedef struct netpol_reader netpol_reader;

/**
 * Makes a place where engines are published.
 *
 * @param first    The first engine; referenced.
 * @param options  allocator; NULL: libc.
 * @param out      Owned; set on NETPOL_OK only.
 * @return NETPOL_OK; NETPOL_NO_MEMORY, NETPOL_MISUSE.
 * Since: 0.1
 */
NETPOL_API netpol_status netpol_live_new(const netpol_engine *first, const netpol_options *options,
                                         netpol_live **out);

/** Gives it back; all its readers must have been given back before. NULL is allowed. Since: 0.1 */
NETPOL_API void netpol_live_free(netpol_live *live);

/**
 * Puts another engine in place of the last, and gives back those that no reader uses any more. Whoever
 * enters afterwards gets the new one; who is inside keeps theirs.
 *
 * @param next  Referenced.
 * @return NETPOL_OK; NETPOL_NO_MEMORY (then the last engine stays); NETPOL_MISUSE.
 * Threads: one at a time.  Cost: O(readers).  Since: 0.1
 */
NETPOL_API netpol_status netpol_live_publish(netpol_live *live, const netpol_engine *next);

/**
 * Makes a reader. @param out Owned; set on NETPOL_OK only.
 * @return NETPOL_OK; NETPOL_NO_MEMORY, NETPOL_MISUSE.
 * Threads: any.  Since: 0.1
 */
NETPOL_API netpol_status netpol_reader_new(netpol_live *live, netpol_reader **out);
/** Gives a reader back; it must not be inside. NULL is allowed. Threads: any. Since: 0.1 */
NETPOL_API void netpol_reader_free(netpol_reader *reader);

/**
 * The engine that holds now, valid until netpol_reader_leave. Borrowed. Entering again before leaving
 * gives the same engine, and needs one netpol_reader_leave only. NULL for NULL.
 * Threads: the reader's.  Cost: a few instructions, no lock, no allocation.  Since: 0.1
 */
NETPOL_API const netpol_engine *netpol_reader_enter(netpol_reader *reader);
/** The engine is not used any more. NULL is allowed. Threads: the reader's. Since: 0.1 */
NETPOL_API void netpol_reader_leave(netpol_reader *reader);

#ifdef __cplusplus
}
#endif
#endif
