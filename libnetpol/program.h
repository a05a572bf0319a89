/* SPDX-License-Identifier: MIT */
/* program owns the compiled form of a cluster and the verdict by it. It does not know how the form
 * is made (compile does), nor what the rules say where a flow touches what upstream leaves open:
 * there it asks the reference, so that both always agree.
 *
 * Pods that no policy can tell apart are one class. A space is a namespace: the rules that hold for
 * its classes. A class has a programme for each direction in which NetworkPolicies isolate it: the
 * entries of all policies that select it. Within the namespace a row says for each class which
 * ports are open; for pods of other namespaces there are two kinds of entries, so that no product
 * of namespaces and pods is ever made: broad   the bit of a namespace selector in the row of the
 * peer's namespace, and the bit of a pod selector in the row of the peer's signature; narrow  one
 * namespace, and a bit that the peer's class has in its own namespace. Addresses are judged by a
 * table of intervals. Number 0 stands for what is no pod: the class, the space and the signature of
 * an outside address, none of whose bits is set. */
#ifndef NP_PROGRAM_H
#define NP_PROGRAM_H

#include "index_ip.h"
#include "portset.h"
#include "snapshot.h"

#include "netpol/engine.h"

/* Index of a direction in pairs. */
enum { NP_IN = 0, NP_OUT = 1 };

/* What is special about a class. The first two: when the reference judges it. */
enum {
    NP_CLASS_SLOW = 1,  /* always */
    NP_CLASS_NAMES = 2, /* when it is the destination and port names are asked for */
    NP_CLASS_POD = 4,   /* it is one of pods, not of addresses */
    NP_CLASS_TIERS = 8, /* all tiers and choices must be looked at: cluster-scoped policies select
                           it, or all verdicts depend on something, or it is of nodes */
    NP_CLASS_NODE = 16, /* it is the one of nodes */
    NP_CLASS_HOST =
        32 /* it is of pods on the host network, which are nodes or pods, as is chosen */
};

typedef struct np_class {
    const struct np_rules *rules[2]; /* NULL: not isolated */
    uint32_t space;
    uint32_t signature;
    unsigned flags : 8;
    unsigned row : 24; /* number of the class within its space */
    uint16_t ports;    /* its named ports */
    uint16_t tiers;    /* its cluster-scoped policies */
} np_class;

#define NP_CLASS_SHIFT 7
/* How addresses and pods name their class: its distance in bytes from the first, if pages were one
 * after the other. */
#define NP_CLASS_REF(number) ((uint32_t)((number) * sizeof(np_class)))
#define NP_MAX_ROW ((1u << 24) - 1)
#define NP_OUTSIDE 0u /* the class of other addresses */
#define NP_NODE 1u    /* the class of node addresses */
#define NP_NOBODY 2u  /* the class of numbers that no pod has */
#define NP_FIRST_CLASS 3u

/* The rules of one namespace: one block, of which this is the beginning. Offsets are from here. */
typedef struct np_space {
    uint32_t n_classes;
    uint32_t bits; /* local bits 0 to 63: uint64_t by class. Bit 0 is every class's */
    uint32_t wide; /* those from 64 on: uint32_t first[n_classes + 1], then the bits of each class;
                      0: there are none */
    uint32_t reserved;
} np_space;

#define NP_SPACE_SHIFT 9

typedef struct np_broad {
    uint32_t spaces; /* bit in the row of the peer's namespace */
    uint32_t pods;   /* bit in the row of the peer's signature */
    uint32_t ports;
} np_broad;

typedef struct np_narrow {
    uint32_t space;
    uint32_t bit; /* local bit of the peer's class */
    uint32_t ports;
} np_narrow;

/* Intervals of both families: where each begins, and the port set from there on. One piece of
 * memory: this, then np_u128 first6[n6], uint32_t first4[n4], and the port sets of IPv4, then of
 * IPv6, as their coding says. Lists of blocks are long, so port sets are not said for each. */
typedef struct np_ip_table {
    uint32_t n4;
    uint32_t n6;
    uint32_t coding4;
    uint32_t coding6;
} np_ip_table;

/* A coding: 0: two port sets take turns. Up to 256: so many different ones, and a byte for each
 * interval that says which. NP_CODING_EACH: one for each interval. */
#define NP_CODING_EACH UINT32_MAX
/* Before them stand two sets for peers of unknown addresses. */
enum {
    NP_SET_WHOLE, /* what is open to the whole family */
    NP_SET_SOME,  /* what is open to some address at all */
    NP_SET_FIRST
};

static inline const np_u128 *np_ip_table_first6(const np_ip_table *t)
{
    return (const np_u128 *)(const void *)(t + 1);
}
static inline const uint32_t *np_ip_table_first4(const np_ip_table *t)
{
    return (const uint32_t *)(const void *)(np_ip_table_first6(t) + t->n6);
}
/* 4-byte words that the port sets of n intervals take. */
static inline size_t np_ip_table_words(size_t n, uint32_t coding)
{
    if (n == 0)
        return 0;
    if (coding == 0)
        return NP_SET_FIRST + 2;
    return NP_SET_FIRST + (coding == NP_CODING_EACH ? n : coding + (n + 3) / 4);
}
static inline const uint32_t *np_ip_table_sets4(const np_ip_table *t)
{
    return np_ip_table_first4(t) + t->n4;
}
static inline const uint32_t *np_ip_table_sets6(const np_ip_table *t)
{
    return np_ip_table_sets4(t) + np_ip_table_words(t->n4, t->coding4);
}
/* The port set of the i-th of n intervals. */
static inline uint32_t np_ip_table_set(const uint32_t *sets, uint32_t coding, uint32_t i)
{
    sets += NP_SET_FIRST;
    if (coding == 0)
        return sets[i & 1];
    return sets[coding == NP_CODING_EACH ? i : ((const uint8_t *)(sets + coding))[i]];
}
static inline size_t np_ip_table_bytes(size_t n4, uint32_t coding4, size_t n6, uint32_t coding6)
{
    return sizeof(np_ip_table) + n6 * sizeof(np_u128) + n4 * 4 +
           4 * (np_ip_table_words(n4, coding4) + np_ip_table_words(n6, coding6));
}

enum {
    NP_RULES_NAMES = 1,  /* asks for port names of the destination */
    NP_RULES_SLOW_IP = 2 /* addresses are to be judged by the reference */
};

/* A programme. Offsets are in bytes from here; what programmes of a namespace have in common, long
 * rows and tables, may lie before it. It begins with a cache line, to which a short row belongs. */
typedef struct np_rules {
    uint64_t bits;    /* coarse picture of the ports of `any` and of entries (np_port_bits) */
    uint64_t ip_bits; /* of the addresses */
    uint64_t peers;   /* coarse picture of whom the entries and `any` are about (np_peer_bits) */
    int32_t row;      /* uint16_t port set by class of the same namespace, all told; 0: no row, the
                         entries serve the same namespace too */
    int32_t admits;   /* np_admits */
} np_rules;

/* The entries of a programme: this, then the broad ones, then the narrow ones. */
typedef struct np_admits {
    uint32_t any; /* port set open to everybody */
    uint32_t n_broad;
    uint32_t n_narrow;
    int32_t ip; /* np_ip_table, as seen from np_rules; 0: none */
    uint32_t flags;
} np_admits;

/* ---- cluster-scoped policies ---- */

enum { NP_ACTION_NONE = 0, NP_ACTION_ACCEPT, NP_ACTION_DENY, NP_ACTION_PASS };

enum {
    NP_ENTRY_PODS,    /* bits as np_broad */
    NP_ENTRY_ADDRESS, /* an address in `table` */
    NP_ENTRY_NODES,   /* a node with labels as `nodes` says */
    NP_ENTRY_ANY,     /* every peer */
    NP_ENTRY_DOUBT    /* only the reference can tell */
};

/* One peer of one rule, in the order in which they are asked. */
typedef struct np_tier_entry {
    uint32_t spaces;
    uint32_t pods;
    uint32_t ports;
    uint8_t kind;
    uint8_t action;
    bool rival; /* a policy of the same priority comes later and could decide otherwise */
    union {
        const np_ip_table *table;
        const netpol_label_selector *nodes; /* the policy's */
    };
} np_tier_entry;

typedef struct np_tier_list {
    uint64_t bits; /* coarse picture of all entries */
    uint32_t n;
    uint32_t flags; /* NP_RULES_NAMES */
    np_tier_entry entry[];
} np_tier_list;

/* What holds for a class: by direction and group (NP_GROUP_…); NULL: nothing. */
typedef struct np_tiers {
    const np_tier_list *list[2][NP_GROUPS];
} np_tiers;

#define NP_TIERS_SHIFT 6

/* ---- the whole ---- */

/* Rows of bits, of so many words each: one block, which versions share as long as rows are only
 * added. Rows of very many bits, few of which are set, are lists of those that are. */
typedef struct np_rows {
    uint64_t *at;
    uint32_t words; /* 0: lists */
    uint32_t n;
    uint32_t room;
    uint32_t lists_room;
    uint32_t *first; /* of lists: where each begins in `lists`, and one more */
    uint32_t *lists; /* ascending bits */
} np_rows;

static inline bool np_rows_has(const np_rows *r, uint32_t row, uint32_t bit)
{
    return r->at[(size_t)row * r->words + (bit >> 6)] >> (bit & 63) & 1;
}

/* A coarse picture of peers in 64 bits: below, the namespace selectors of broad entries, above, the
 * namespaces of narrow ones. */
static inline uint64_t np_broad_bits(uint32_t selector)
{
    return (uint64_t)1 << (selector & 31);
}
static inline uint64_t np_narrow_bits(uint32_t space)
{
    return (uint64_t)1 << (32 + (space * 0x9E3779B1u >> 27));
}

/* An entry of a programme is about the peers of a namespace only if its picture has a bit in common
 * with theirs. `rows` are those of namespaces. */
static inline uint64_t np_peer_bits(const np_rows *rows, uint32_t space)
{
    uint64_t row = rows->at[(size_t)space * rows->words];
    for (uint32_t i = 1; i < rows->words; i++)
        row |= rows->at[(size_t)space * rows->words + i];
    return (uint32_t)(row | row >> 32) | np_narrow_bits(space);
}

/* Whether the bit is in the list of a row. */
bool np_rows_lists(const np_rows *r, uint32_t row, uint32_t bit);

/* The same where rows may be lists. */
static inline bool np_rows_tells(const np_rows *r, uint32_t row, uint32_t bit)
{
    return r->words ? np_rows_has(r, row, bit) : np_rows_lists(r, row, bit);
}

/* Under which choices what upstream leaves open holds; what the bits stand for is known where they
 * are used (program_worlds.c). */
typedef struct np_worlds {
    uint32_t blocks_of_pods;
    uint32_t blocks_of_nodes;
    uint32_t own_node[2];
    uint32_t no_protocols;
    uint32_t free_protocols;
    uint32_t shield;
} np_worlds;
void np_worlds_make(np_worlds *w, const netpol_semantics *how);

typedef struct np_program {
    np_ip4_map ip4; /* NP_CLASS_REF of an address; a missing one is NP_OUTSIDE */
    np_ip6_map ip6;
    np_pages classes;
    np_pages spaces; /* const np_space *, by number of the namespace + 1 */
    np_rows space_rows;
    np_rows signature_rows;
    np_pages pods;         /* uint32_t class by number of the pod */
    const np_ports *ports; /* by port set */
    np_pages port_maps;
    np_pages tiers;
    const np_snapshot *snapshot; /* borrowed */
    netpol_semantics how;
    np_worlds worlds;
    uint32_t depends;     /* what every verdict depends on */
    uint8_t without_tree; /* IPv4 addresses are in the hash */
    bool large;           /* more than NP_LARGE: does not stay in caches */
    np_version *version;
    np_store *store;
    netpol_allocator alloc;
} np_program;

/* From so many bytes on batches fetch programmes and rows ahead, too. */
#define NP_LARGE ((uint64_t)8 << 20)

#define NP_POD_SHIFT 10
#define NP_PORT_MAP_SHIFT 7

netpol_verdict np_program_verdict(const np_program *g, const netpol_flow *flow);
void np_program_verdicts(const np_program *g, const netpol_flow *flows, size_t n,
                         netpol_verdict *out);
void np_program_free(np_program *g);
/* Bytes of memory, without the snapshot. */
uint64_t np_program_bytes(const np_program *g);

#endif
