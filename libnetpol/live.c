/* SPDX-License-Identifier: MIT */
/* live owns the engine that holds now and who is reading which. It does not know how engines are
 * made.
 *
 * Each reader has a slot of its own (a hazard pointer): it writes there which engine it is about to
 * use, and looks once more whether that is still the one. The publisher changes the pointer first
 * and reads the slots then; with both in one total order, either the reader sees the change or the
 * publisher sees the slot. */
#include "netpol/live.h"

#include "mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define LINE 64

/* Its slot shares no cache line with anything else, since its reader writes it all the time. */
struct netpol_reader {
    char before[LINE];
    _Atomic(netpol_engine *) in_use; /* NULL: outside */
    netpol_live *live;
    netpol_reader *next;
    char after[LINE];
};

struct netpol_live {
    _Atomic(netpol_engine *) now;
    netpol_allocator alloc;
    pthread_mutex_t lock; /* over what follows: never taken by who enters or leaves */
    netpol_reader *readers;
    netpol_engine **old; /* published before, perhaps in use */
    size_t n_old;
    size_t old_room;
};

netpol_status netpol_live_new(const netpol_engine *first, const netpol_options *options,
                              netpol_live **out)
{
    netpol_options o;
    if (!first || !out || !np_options_read(options, &o))
        return NETPOL_MISUSE;
    netpol_live *live = np_resize(o.allocator, NULL, 0, sizeof *live);
    if (!live)
        return NETPOL_NO_MEMORY;
    memset(live, 0, sizeof *live);
    live->alloc = *o.allocator;
    if (pthread_mutex_init(&live->lock, NULL) != 0) {
        np_release(o.allocator, live, sizeof *live);
        return NETPOL_NO_MEMORY;
    }
    atomic_init(&live->now, netpol_engine_ref(first));
    *out = live;
    return NETPOL_OK;
}

void netpol_live_free(netpol_live *live)
{
    if (!live)
        return;
    for (size_t i = 0; i < live->n_old; i++)
        netpol_engine_unref(live->old[i]);
    netpol_engine_unref(atomic_load(&live->now));
    pthread_mutex_destroy(&live->lock);
    netpol_allocator alloc = live->alloc;
    np_release(&alloc, live->old, live->old_room * sizeof *live->old);
    np_release(&alloc, live, sizeof *live);
}

static bool is_in_use(const netpol_live *live, const netpol_engine *e)
{
    for (netpol_reader *r = live->readers; r; r = r->next)
        if (atomic_load(&r->in_use) == e)
            return true;
    return false;
}

/* Gives back old engines that no reader is in. */
static void sweep(netpol_live *live)
{
    size_t kept = 0;
    for (size_t i = 0; i < live->n_old; i++) {
        if (is_in_use(live, live->old[i]))
            live->old[kept++] = live->old[i];
        else
            netpol_engine_unref(live->old[i]);
    }
    live->n_old = kept;
}

netpol_status netpol_live_publish(netpol_live *live, const netpol_engine *next)
{
    if (!live || !next)
        return NETPOL_MISUSE;
    netpol_status status = NETPOL_NO_MEMORY;
    pthread_mutex_lock(&live->lock);
    if (np_grow(&live->alloc, (void **)&live->old, &live->old_room, live->n_old + 1,
                sizeof *live->old)) {
        live->old[live->n_old++] = atomic_exchange(&live->now, netpol_engine_ref(next));
        sweep(live);
        status = NETPOL_OK;
    }
    pthread_mutex_unlock(&live->lock);
    return status;
}

netpol_status netpol_reader_new(netpol_live *live, netpol_reader **out)
{
    if (!live || !out)
        return NETPOL_MISUSE;
    netpol_reader *r = np_resize(&live->alloc, NULL, 0, sizeof *r);
    if (!r)
        return NETPOL_NO_MEMORY;
    memset(r, 0, sizeof *r);
    atomic_init(&r->in_use, NULL);
    r->live = live;
    pthread_mutex_lock(&live->lock);
    r->next = live->readers;
    live->readers = r;
    pthread_mutex_unlock(&live->lock);
    *out = r;
    return NETPOL_OK;
}

void netpol_reader_free(netpol_reader *r)
{
    if (!r)
        return;
    netpol_live *live = r->live;
    pthread_mutex_lock(&live->lock);
    netpol_reader **at = &live->readers;
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    pthread_mutex_unlock(&live->lock);
    np_release(&live->alloc, r, sizeof *r);
}

const netpol_engine *netpol_reader_enter(netpol_reader *r)
{
    if (!r)
        return NULL;
    netpol_engine *e = atomic_load_explicit(&r->in_use, memory_order_relaxed);
    if (e)
        return e;
    do {
        e = atomic_load_explicit(&r->live->now, memory_order_acquire);
        atomic_store(&r->in_use, e);
    } while (atomic_load(&r->live->now) != e);
    return e;
}

void netpol_reader_leave(netpol_reader *r)
{
    if (r)
        atomic_store_explicit(&r->in_use, NULL, memory_order_release);
}
