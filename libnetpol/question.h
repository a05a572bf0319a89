/* SPDX-License-Identifier: MIT */
/* question owns the words of questions and what answers look like. It does not know how a flow is
 * judged. */
#ifndef NP_QUESTION_H
#define NP_QUESTION_H

#include "conns.h"
#include "engine.h"

#include "netpol/question.h"

/* One pod or address that a word stands for. */
typedef struct np_end {
    const char *name; /* as answers show it */
    np_ip ip4;        /* of an address, or of a node: those of `families` */
    np_ip ip6;
    uint32_t pod; /* NP_NONE: by address */
    uint8_t families;
    bool outside;  /* it stands for a range of outside addresses: nobody's, whoever has this one */
    bool service;  /* a backend that is reached through its service */
    uint16_t port; /* at the end itself; 0: the question's */
} np_end;

/* What answers show as one: the pods of an owner, the backends of a service, the internet. */
typedef struct np_group {
    const char *name;
    np_end *ends;
    size_t n;
    size_t room;
    bool replicas; /* the word means any of them: traffic among them is not a pod's with itself */
    bool apart;    /* show its ends one by one */
} np_group;

typedef struct np_word {
    np_group *groups;
    size_t n;
    size_t room;
    uint32_t service; /* NP_NONE: it is none */
    bool headless;    /* a service without an address: clients connect to its pods */
    uint16_t port;    /* that the word itself names; 0: none */
} np_word;

/* What words are read with. */
typedef struct np_reader {
    const netpol_engine *engine;
    const netpol_semantics *semantics;
    np_arena *arena;
    netpol_diagnostics *diags;
    const char *space; /* of words that name none */
    const char *port;  /* of the question; NULL: none */
    uint8_t protocol;
    bool destination;
} np_reader;

/* NETPOL_OK, _NOT_FOUND, _INVALID (said in diags), _NO_MEMORY. */
netpol_status np_word_read(const np_reader *r, const char *text, np_word *out);

/* Adds the backends of a service, at the port asked for (NULL: every port of the protocol). */
netpol_status np_word_service(const np_reader *r, uint32_t service, const char *port, np_word *out);
/* Adds every node as a group: whose address a connection from outside may come in with. */
netpol_status np_word_nodes(const np_reader *r, np_word *out);

/* Building blocks; NULL: no memory. */
np_group *np_word_group(const np_reader *r, np_word *w, const char *name);
np_end *np_group_end(const np_reader *r, np_group *g, const char *name);
np_end *np_group_pod(const np_reader *r, np_group *g, uint32_t pod);
const char *np_reader_text(const np_reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* "deploy" of "Deployment"; NULL: a kind that words do not name. */
const char *np_kind_word(const char *kind);

/* ---- question_missing.c: says that there is nobody, and what to ask instead ---- */

/* Each gives NETPOL_NOT_FOUND, or NETPOL_NO_MEMORY. */
/* inside: the name of what was looked for in it; or NULL. */
netpol_status np_missing_namespace(const np_reader *r, const char *name, const char *inside);
netpol_status np_missing_node(const np_reader *r, const char *name);
netpol_status np_missing_service(const np_reader *r, uint32_t space, const char *name);
netpol_status np_missing_pod(const np_reader *r, uint32_t space, const char *name);
netpol_status np_missing_workload(const np_reader *r, uint32_t space, const char *kind,
                                  const char *name);
/* selector NULL: any pod. */
netpol_status np_missing_match(const np_reader *r, uint32_t space, const char *selector);

/* Says why a word cannot be answered, and gives the status back. */
netpol_status np_reader_say(const np_reader *r, netpol_status status, int32_t code,
                            const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A larger array in an arena, with its first `n` elements; false: no memory. */
bool np_arena_grow(np_arena *a, void **at, size_t n, size_t *room, size_t element);

/* ---- answers ---- */

/* One line of an answer: ports between two ends that came out alike. */
typedef struct np_flow_answer {
    const char *src;
    const char *dst;
    np_conn_range *ports; /* ascending, apart */
    size_t n_ports;       /* 0: the protocol has none */
    size_t ports_room;
    uint8_t family; /* 4 or 6, where the other comes out otherwise; else 0 */
    netpol_verdict verdict;
    np_why egress;
    np_why ingress;
    np_packet packet; /* one of those that came out so */
    bool on_host;     /* the destination is a pod that counts as its node */
    bool range;       /* the other end stands for a range of addresses */
} np_flow_answer;

/* What another preset answers. */
typedef struct np_preset_answer {
    const char *name;
    int32_t outcome;
    uint32_t depends;
} np_preset_answer;

struct netpol_answer {
    netpol_engine *engine;
    np_arena arena;
    const char *src; /* the group's name, or the word */
    const char *dst;
    const char *port; /* as asked; NULL: all */
    uint8_t protocol;
    bool several;  /* more than the one flow that was asked for */
    bool headless; /* the destination is a service without an address */
    np_flow_answer *flows;
    size_t n;
    size_t room;
    int32_t outcome;
    uint32_t depends;
    np_preset_answer *presets; /* that answer otherwise, if asked for */
    size_t n_presets;
    bool all_presets;
};

/* ---- question_explain.c: what an explanation says beyond a decision ---- */

/* Adds ,"nearest":{…} and ,"change":{…}, as far as there are. */
void np_explain_json(np_buffer *b, const netpol_answer *x, const np_flow_answer *f,
                     int32_t direction);
/* Adds lines, each indented by four. */
void np_explain_text(np_buffer *b, const netpol_answer *x, const np_flow_answer *f,
                     int32_t direction);

/* ---- question_write.c ---- */

/* "policy":…,"kind":… and what else is known of a place: "rule", "source", "line", … */
void np_answer_policy_json(np_buffer *b, const netpol_answer *x, const netpol_decision *d);
/* "shop/db, ingress[0] from[1] ports[0]  db.yaml:12:5". */
void np_answer_place_text(np_buffer *b, const netpol_answer *x, const netpol_decision *d);

/* "shop/db", or the name alone of what has no namespace. */
void np_policy_text(np_buffer *b, const np_snapshot *s, const netpol_object *policy);
/* "policy":"shop/db","kind":"NetworkPolicy". */
void np_policy_json(np_buffer *b, const np_snapshot *s, const netpol_object *policy);

const char *np_direction_name(int32_t direction);
const char *np_outcome_name(int32_t outcome);
/* "[]", or ["own-node","self"]. */
void np_depends_json(np_buffer *b, uint32_t depends);

#endif
