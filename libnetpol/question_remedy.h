/* SPDX-License-Identifier: MIT */
/* What the files of explanations share: the smallest edits of policies that turn a direction. */
#ifndef NP_QUESTION_REMEDY_H
#define NP_QUESTION_REMEDY_H

#include "explain.h"
#include "question.h"

enum { NP_MOST_EDITS = 2, NP_MOST_RULES = 8 };

/* One edit, as netpol_edit has it. */
typedef struct np_remedy_edit {
    const char *action; /* "add", "set", "delete" */
    np_buffer path;
    np_buffer value; /* flow YAML; empty for delete */
} np_remedy_edit;

typedef struct np_remedy {
    const netpol_object *policy; /* NULL: no change of one policy is known to do */
    np_remedy_edit edits[NP_MOST_EDITS];
    size_t n;
} np_remedy;

/* The edits that make one direction of a flow come out otherwise, if the NetworkPolicies decide it.
 * For an allowed one that is the loss of a rule, which may have allowed more. */
void np_remedy_make(np_remedy *c, const netpol_answer *x, const np_flow_answer *f,
                    int32_t direction);
/* Whether the other end is the pod's own node, whose traffic NetworkPolicies do not stop. */
bool np_remedy_is_own_node(const netpol_answer *x, const np_flow_answer *f, int32_t direction);
void np_remedy_free(np_remedy *c);
bool np_remedy_failed(const np_remedy *c);

/* "{matchLabels: {app: web}}" of a pod's own labels; "{}" if it has none of its own. */
void np_remedy_selector(np_buffer *b, const np_pod *pod);

#endif
