/* SPDX-License-Identifier: MIT */
/* What the files of the room compile share. */
#ifndef NP_COMPILE_INSIDE_H
#define NP_COMPILE_INSIDE_H

#include "compile.h"
#include "compile_labels.h"
#include "compile_map.h"

#include "cidr.h"

#include <stdlib.h>

/* ---- policies as the compiler reads them ---- */

enum { NP_PEER_LOCAL, NP_PEER_SPACES, NP_PEER_BLOCK };

typedef struct np_form_peer {
    uint32_t kind;
    uint32_t spaces; /* selector of namespaces */
    uint32_t pods;   /* selector of pods */
    const np_interval_block *block;
} np_form_peer;

typedef struct np_form_rule {
    uint32_t ports; /* port set, names unresolved */
    uint32_t n_peers;
    const np_form_peer *peers;
    bool everyone; /* no peers were named */
} np_form_rule;

typedef struct np_form {
    uint32_t subject; /* selector of pods */
    uint8_t directions;
    uint32_t n_rules[2];
    const np_form_rule *rules[2];
    bool names[2]; /* some rule asks for port names */
} np_form;

/* Ports being read: scratch. */
typedef struct np_port_draft {
    np_port_range *ranges;
    size_t n;
    size_t ranges_room;
    np_port_name *names;
    size_t n_names;
    size_t names_room;
    np_named_key *named; /* of a pod, sorted, without duplicates */
    size_t n_named;
    size_t named_room;
} np_port_draft;

/* A class being made. */
typedef struct np_group {
    size_t first_pair; /* its labels: run of b->pairs */
    uint32_t n_pairs;
    uint32_t hash;
    uint32_t port_map;
    uint32_t signature;
    uint32_t tiers;
    uint32_t plan[2];   /* number + 1 in b->plans; 0: not isolated */
    size_t first_match; /* places that match: run of b->matches */
    uint32_t n_matches;
    uint8_t flags;
    uint32_t n_pods;
    uint64_t bits;
} np_group;

/* Whose a class is. */
typedef struct np_home {
    uint32_t space; /* namespace */
    uint32_t group; /* its place among the classes of the namespace */
} np_home;

/* What the compiler knows of one namespace. */
typedef struct np_draft {
    np_arena arena; /* holds the forms */
    np_form *forms;
    uint32_t n_forms;
    np_numbers bits;    /* selectors that have a local bit: place + 1 is the bit */
    np_numbers classes; /* their numbers in the program */
    np_numbers words;   /* that told pods apart when the classes were made, ascending */
    np_pair *pairs;     /* the classes: their labels … */
    size_t n_pairs;
    np_group *groups; /* … and what else was read of the pods */
    size_t n_groups;
    uint32_t *slot; /* group + 1, by hash */
    size_t n_slots;
    np_numbers waiting; /* pods that came or changed */
    bool assumed;       /* when it was built, the namespace was not defined */
    bool dirty;         /* is to be built again … */
    bool stale;         /* … and its pods to be read again */
} np_draft;

/* A namespace's number in the program is one more than in the snapshot: 0 is outside. */
static inline uint32_t np_space_number(uint32_t space)
{
    return space + 1;
}

/* The mark of words that matter in every namespace. */
#define NP_MARK_EVERYWHERE UINT32_MAX

/* What the compiler knows of a selector. */
typedef struct np_sel_use {
    uint32_t space_bit; /* in rows of namespaces; 0: none */
    uint32_t pod_bit;   /* in rows of signatures; 0: none */
    uint32_t first;     /* namespaces that it matches: run of c->matches */
    uint32_t n;
    bool of_spaces; /* it selects namespaces … */
    bool asked;     /* … and which is known */
    bool narrow;    /* its namespaces are so few that each is named */
    uint32_t place; /* in the list of the namespace being built … */
    uint32_t stamp; /* … if this is its stamp */
} np_sel_use;

/* ---- one namespace being built ---- */

/* Ports open to whom; `a` and `b` as in np_broad and np_narrow, or the place of a local selector.
 */
typedef struct np_open {
    uint32_t a;
    uint32_t b;
    uint32_t ports;
} np_open;

typedef struct np_open_list {
    np_open *at;
    size_t n;
    size_t room;
} np_open_list;

/* A run of an np_open_list. */
typedef struct np_run {
    size_t first;
    size_t n;
} np_run;

/* A programme being made. */
typedef struct np_plan {
    int direction;
    uint32_t port_map; /* that names are resolved with, of ingress */
    uint32_t key;      /* in b->keys */
    uint32_t any;
    np_run local;
    np_run broad;
    np_run narrow;
    size_t first_interval[2]; /* of IPv6, IPv4: runs of b->intervals */
    size_t n_intervals[2];
    uint32_t unknown[2][NP_SET_FIRST]; /* of the same families: for unknown addresses */
    uint64_t ip_bits;
    bool has_row;
    uint32_t flags;
    uint32_t offset; /* in the space */
} np_plan;

/* Where what programmes may share, long rows or tables of addresses, was laid last in the namespace
 * at hand, by hash: two that fall on one place push each other out. */
#define NP_LAID_SHIFT 8
#define NP_LAID_PLACES (1u << NP_LAID_SHIFT)
typedef struct np_laid {
    uint32_t at[NP_LAID_PLACES];
    uint32_t bytes[NP_LAID_PLACES]; /* 0: nothing */
} np_laid;

typedef struct np_builder {
    uint32_t space;
    np_numbers list; /* selectors of pods that matter here */
    np_matcher local;
    np_pair *pairs;
    size_t n_pairs;
    size_t pairs_room;
    np_group *groups;
    size_t n_groups;
    size_t groups_room;
    uint32_t *slot; /* group + 1 */
    size_t n_slots;
    np_numbers pods;     /* whose class was found, … */
    np_numbers group_of; /* … and which it is */
    np_numbers words;    /* that tell pods apart here */
    np_numbers matches;
    np_numbers found;      /* scratch */
    np_numbers first_form; /* by place: form + 1 that has it as subject */
    np_numbers next_form;  /* by form: the next of the same subject + 1 */
    np_lists keys;         /* of plans: direction, port map, places of subjects */
    np_plan *plans;
    size_t n_plans;
    size_t plans_room;
    np_open_list opens;
    np_open_list work[3]; /* local, broad, narrow of the plan being filled */
    np_interval_block *blocks;
    size_t n_blocks;
    size_t blocks_room;
    np_interval_list intervals;
    np_numbers open_at; /* by place: port set open to it in the plan at hand */
    char *out;          /* the space being laid out */
    size_t out_n;
    size_t out_room;
    np_laid rows;
    np_laid tables;
} np_builder;

struct np_compiler {
    const np_snapshot *s; /* while a program is made */
    const netpol_semantics *how;
    const netpol_options *options;
    netpol_allocator alloc;
    np_store *store;
    np_program *g;

    np_words words;
    np_sels sels;
    np_port_table ports;
    np_port_draft port_draft;
    np_sel_use *use; /* by selector */
    size_t n_use;
    size_t use_room;
    np_draft *drafts; /* by namespace */
    np_numbers matches;
    np_numbers space_sels; /* selectors with a space_bit: place + 1 is the bit */
    np_numbers pod_sels;   /* selectors with a pod_bit */
    np_matcher broad;      /* of pod_sels */
    np_map bit_of;         /* local bits: namespace and selector */
    np_lists port_maps;
    np_lists signatures; /* the signature is one more: 0 is outside */
    np_lists tier_sets;  /* number 0 is the empty one */
    np_lists tier_lists; /* by policies, direction and group */
    const np_tier_list **tier_list_at;
    size_t tier_lists_room;
    np_numbers tier_key;             /* scratch */
    struct np_cluster_form *cluster; /* by cluster-scoped policy */
    np_arena arena;                  /* holds them */
    uint32_t n_classes;
    uint32_t stamp;
    uint16_t generated_keys; /* that some selector of pods names */
    bool space_labels;       /* some selector of namespaces names another key than their name */
    uint32_t n_drafts;
    size_t drafts_room;
    size_t litter; /* what there was when everything was made: see np_compile_litter */
    np_numbers free_classes; /* numbers of classes that no pod has any more */
    np_home *homes;          /* by class */
    size_t homes_room;
    np_numbers dirty;   /* namespaces to build again */
    np_numbers touched; /* namespaces with pods waiting */
    bool placed;             /* addresses are in the program: they follow their pods */
    np_builder builder;
};

/* All functions that return bool: false is no memory. */

/* Makes c->use as long as the list of selectors. */
bool np_compile_uses(np_compiler *c);
/* NETPOL_CANCELLED now and then when the caller wants to stop; i counts the work. */
netpol_status np_compile_pause(const np_compiler *c, size_t i);

/* Port sets of rules, names unresolved. NP_PORTS_FAILED: no memory. */
uint32_t np_compile_ports(np_compiler *c, const netpol_port *const *ports, size_t n);
uint32_t np_compile_cluster_ports(np_compiler *c, const netpol_cluster_rule *r);
/* The named ports of a pod that some rule asks for, into c->port_draft; `sidecar` tells whether one
 * of them is a sidecar's. */
bool np_compile_named(np_compiler *c, const np_pod *p, bool *sidecar);
/* The named ports of a class. */
np_port_map np_compile_port_map(const np_compiler *c, uint32_t number);

const np_interval_block *np_compile_block(np_compiler *c, np_arena *arena, const char *cidr,
                                          const char *const *exceptions, size_t n);
/* Reads the policies of a namespace into its draft. */
bool np_compile_forms(np_compiler *c, uint32_t space);

/* The namespace is to be built again. */
bool np_compile_dirty(np_compiler *c, uint32_t space);
/* The local bit of a selector in a namespace; given if it has none yet. UINT32_MAX: no memory. */
uint32_t np_compile_bit(np_compiler *c, uint32_t space, uint32_t sel);
/* Gives the selector a bit in the rows of namespaces, or of signatures. */
bool np_compile_space_bit(np_compiler *c, uint32_t sel);
bool np_compile_pod_bit(np_compiler *c, uint32_t sel);

/* Sets the class of an address, an NP_CLASS_REF. */
bool np_compile_address(np_compiler *c, const np_ip *ip, uint32_t ref);
/* Sets it, or takes it out, as the picture says whose it is. */
bool np_compile_settle_address(np_compiler *c, const np_ip *ip);
/* The class of a pod, an NP_CLASS_REF. */
static inline uint32_t np_compile_class_of(const np_compiler *c, uint32_t pod)
{
    return *(const uint32_t *)np_pages_at(&c->g->pods, pod);
}
bool np_compile_set_class(np_compiler *c, uint32_t pod, uint32_t ref);

/* ---- namespaces ---- */

/* Asks the selectors of namespaces that are new. */
bool np_compile_select_spaces(np_compiler *c);
/* Gives bits to what the policies of a namespace ask of others. */
bool np_compile_reach_out(np_compiler *c, uint32_t space);
bool np_compile_space_rows(np_compiler *c);
/* Columns for selectors from the n-th on. */
bool np_compile_widen_space_rows(np_compiler *c, size_t before);
/* The labels of a namespace are others, or it is new. */
bool np_compile_change_space(np_compiler *c, uint32_t space);
/* Of words from the i-th on: keys that controllers generate. */
void np_compile_note_keys(np_compiler *c, size_t i);

/* Builds a namespace: its classes, programmes, rows. */
bool np_compile_build_space(np_compiler *c, uint32_t space);
/* What only making everything anew gets rid of. */
size_t np_compile_litter(const np_compiler *c);
/* Publishes what was made, if the status is NETPOL_OK; else the status to tell. */
netpol_status np_compile_finish(np_compiler *c, netpol_status status, np_program **out);
bool np_compile_more_drafts(np_compiler *c, size_t n);
/* Makes room for rows up to n; new ones are zero. */
bool np_compile_rows(np_compiler *c, np_rows *rows, uint32_t n);
/* Rows for bits 0 to n, none yet; where lists may take the place of words, or not. */
np_rows np_compile_no_rows(size_t n, bool lists);
/* Adds the next row, with these bits set, in order. */
bool np_compile_add_row(np_compiler *c, np_rows *rows, const uint32_t *bits, size_t n);
void np_compile_drop_rows(np_compiler *c, np_rows *rows);

/* The classes of b->space: groups, their matches, signatures. Pods that are as they were are not
 * read again, if what told them apart before still does. */
bool np_compile_groups(np_compiler *c);
/* Finds classes for the pods that wait in a namespace among those that it has. `found` is false if
 * one of them needs a class of its own: then nothing has changed. */
bool np_compile_place_pods(np_compiler *c, uint32_t space, bool *found);
/* What is read of a pod; its labels stand at the end of b->pairs, beyond b->n_pairs. */
bool np_compile_read_pod(np_compiler *c, const np_pod *p, np_group *g);
void np_compile_forget_groups(np_compiler *c, np_draft *d);
/* The programmes of the classes. */
bool np_compile_plans(np_compiler *c);
/* Without a row, pods of the own namespace become entries like those of others. */
bool np_compile_list_locals(np_compiler *c, np_plan *plan);
/* Writes the space and the classes, and tells the pods their classes. */
bool np_compile_emit(np_compiler *c);

/* How the port sets of intervals are written. */
uint32_t np_compile_coding(const np_interval *at, size_t n);
/* A table of intervals, in their codings, in memory of np_ip_table_bytes. `unknown` as in np_plan.
 */
void np_compile_ip_table(np_ip_table *to, const np_interval *v4, size_t n4, const np_interval *v6,
                         size_t n6, uint32_t unknown[2][NP_SET_FIRST]);

/* Reads the cluster-scoped policies; gives their selectors bits. Sets of them that were made before
 * are forgotten. */
bool np_compile_cluster_forms(np_compiler *c);
/* Finds anew what of them holds for each class that is there. */
bool np_compile_retier(np_compiler *c);
/* The number of what holds for a class; matched are the pod bits of its signature, in order. */
bool np_compile_tiers(np_compiler *c, uint32_t space, const uint32_t *matched, size_t n,
                      uint32_t *tiers);

#endif
