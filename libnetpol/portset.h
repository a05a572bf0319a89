/* SPDX-License-Identifier: MIT */
/* portset owns interned sets of ports, and the named ports of pods. It knows no peers.
 *
 * A port key is one number: which of TCP, UDP, SCTP or "another protocol", and the port. A set is a
 * sorted list of ranges of keys and, until it is resolved for a pod, of port names. Equal sets have
 * one number. A set of the numbers alone is tested without knowing the pod. */
#ifndef NP_PORTSET_H
#define NP_PORTSET_H

#include "pages.h"
#include "str.h"

/* The order of protocols in a key. */
enum { NP_PORT_TCP = 0, NP_PORT_UDP = 1, NP_PORT_SCTP = 2, NP_PORT_OTHER = 3, NP_PORT_ANY = 4 };

#define NP_PORT_KEY(protocol, port) ((uint32_t)(protocol) << 16 | (uint32_t)(port))
#define NP_PORT_KEYS ((uint32_t)4 << 16)

/* Both ends are keys in the range. */
typedef struct np_port_range {
    uint32_t lo;
    uint32_t hi;
} np_port_range;

/* A port name with its protocol, or NP_PORT_ANY. */
typedef struct np_port_name {
    uint32_t name; /* interned by the caller */
    uint32_t protocol;
} np_port_name;

/* One set as verdicts read it: the first range is at hand, the others behind a pointer. */
typedef struct np_ports {
    uint32_t lo;     /* UINT32_MAX: no range */
    uint32_t span;   /* the last key of the range is lo + span */
    uint32_t n_more; /* ranges besides the first */
    uint32_t n_names;
    const np_port_range *more; /* ascending; then the names */
} np_ports;

#define NP_PORTS_NONE 0u /* the empty set */
#define NP_PORTS_ALL 1u  /* every port of every protocol */

bool np_ports_has_more(const np_ports *p, uint32_t key);

/* Whether the numbers of a set hold a key. */
static inline bool np_ports_has(const np_ports *p, uint32_t key)
{
    return key - p->lo <= p->span || (p->n_more && np_ports_has_more(p, key));
}

static inline const np_port_name *np_ports_names(const np_ports *p)
{
    return (const np_port_name *)(const void *)(p->more + p->n_more);
}

/* The named ports of a pod, sorted; only names that some policy asks for matter. */
typedef struct np_named_key {
    uint32_t name;
    uint32_t key;
} np_named_key;

typedef struct np_port_map {
    const np_named_key *at;
    uint32_t n;
} np_port_map;

/* Whether the names of a set hold a key at a pod with these named ports. */
bool np_ports_has_named(const np_ports *p, uint32_t key, const np_port_map *map);

/* A coarse picture of a set in 64 bits: a key is in the set only if its bit is in the picture. */
static inline uint64_t np_port_bits(uint32_t key)
{
    return (uint64_t)1 << (key * 0x9E3779B1u >> 26);
}

/* ---- interning ---- */

/* What the writer alone keeps of a set. */
typedef struct np_port_note {
    uint64_t bits; /* see np_port_bits */
    uint64_t hash;
} np_port_note;

/* A union that was asked before. */
typedef struct np_port_memo {
    uint32_t a;
    uint32_t b;
    uint32_t both; /* 0: free, since no union of two different sets is empty */
} np_port_memo;

typedef struct np_port_table {
    np_store *store;
    np_ports *sets; /* a block; versions share it, since sets are only added */
    uint32_t n;
    uint32_t room;
    np_pool pool;
    np_port_note *note;
    size_t note_room;
    uint32_t *slot; /* open addressing: set number + 1; 0: free */
    size_t n_slots;
    np_port_memo *memo;
    np_port_range *ranges; /* scratch */
    size_t ranges_room;
    np_port_name *names;
    size_t names_room;
} np_port_table;

/* With the sets "none" and "all" in it. False: no memory, nothing made. */
bool np_port_table_init(np_port_table *t, np_store *s);
void np_port_table_drop(np_port_table *t);

#define NP_PORTS_FAILED UINT32_MAX /* no memory */

/* The number of a set of ranges and names in any order; both arrays are sorted in place. */
uint32_t np_port_table_intern(np_port_table *t, np_port_range *ranges, size_t n,
                              np_port_name *names, size_t n_names);
uint32_t np_port_table_union(np_port_table *t, uint32_t a, uint32_t b);
/* A set with its names replaced by the ports that they stand for at a pod. */
uint32_t np_port_table_resolve(np_port_table *t, uint32_t set, const np_port_map *map);

static inline const np_ports *np_port_table_at(const np_port_table *t, uint32_t set)
{
    return &t->sets[set];
}
static inline uint32_t np_port_table_count(const np_port_table *t)
{
    return t->n;
}

#endif
