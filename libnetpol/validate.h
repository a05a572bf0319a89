/* SPDX-License-Identifier: MIT */
/* validate owns what the API server would refuse of an object, and warn of: its rules, its words,
 * its order. It reads no text and answers no question about traffic. */
#ifndef NP_VALIDATE_H
#define NP_VALIDATE_H

#include "labels.h"
#include "marks.h"
#include "model.h"

typedef struct np_finding {
    int32_t code;
    uint64_t hash; /* of the message */
    const char *path;
    const char *message;
    const char *hint; /* or NULL */
    np_where where;
} np_finding;

/* One check of one object: what was found so far. */
typedef struct np_check {
    const netpol_object *object;
    np_arena arena; /* texts of the findings */
    np_finding *at;
    size_t n;
    size_t room;
    uint32_t *seen;   /* hash table over the findings: index + 1, 0 is free */
    size_t slots;     /* a power of two, or 0 */
    size_t uncounted; /* findings without a text: there were too many */
    size_t text_bytes;
    np_buffer value;   /* the value of the next finding, ready to print */
    np_buffer message; /* scratch, as the two below */
    np_buffer path;
    np_buffer hint;
    const char *title;     /* "NetworkPolicy shop/web" */
    np_marks_cursor marks; /* findings come in about the order of the document */
    bool texts;            /* whether anybody reads the texts */
    bool blocking;         /* a finding was of a kind that keeps CEL rules from being checked */
    bool no_memory;
} np_check;

/* Beyond this many bytes of text made for one object findings are only counted: messages may quote
 * whole lists, so their length is not bounded by the input's. */
enum { NP_CHECK_TEXT_MAX = 4 << 20 };

void np_check_init(np_check *c, const netpol_object *object, const netpol_allocator *alloc,
                   bool texts);
void np_check_free(np_check *c);
/* Errors and warnings found. */
size_t np_check_count(const np_check *c);
/* Orders the findings by their messages, unknown fields first: for kinds whose server gives no
 * stable order. */
void np_check_sort(np_check *c);
/* Hands the findings over. */
void np_check_flush(const np_check *c, netpol_diagnostics *diags);

/* Where a finding is: the path in its message and, where the position is known more exactly (an
 * entry of a map), the path of that. */
typedef struct np_spot {
    const np_path *path;
    const np_path *at; /* NULL: as path */
} np_spot;

static inline np_spot np_spot_of(const np_path *path)
{
    return (np_spot){path, NULL};
}

/* Kubernetes' kinds of field errors. Details are static or copied; "" is none. */
void np_check_required(np_check *c, int32_t code, np_spot spot, const char *detail);
void np_check_forbidden(np_check *c, int32_t code, np_spot spot, const char *detail);
void np_check_too_long(np_check *c, int32_t code, np_spot spot, const char *detail);
/* Invalid value: a Go string. */
void np_check_text(np_check *c, int32_t code, np_spot spot, np_slice value, const char *detail);
/* The same with a hint for people, which is copied. */
void np_check_text_hint(np_check *c, int32_t code, np_spot spot, np_slice value, const char *detail,
                        const char *hint);
/* Invalid value: a number. */
void np_check_number(np_check *c, int32_t code, np_spot spot, int64_t value, const char *detail);
/* Invalid value: any other Go value, shown as the JSON that np_check_value's buffer holds. */
void np_check_json(np_check *c, int32_t code, np_spot spot, const char *detail);
/* Whether a text is one of several, which end with NULL. */
bool np_is_one_of(const char *text, const char *const *values);
/* Unsupported value, with what is supported; the values end with NULL. A Go type derived from
 * string is shown as JSON, a Go string is not. */
void np_check_enum(np_check *c, int32_t code, np_spot spot, np_slice value, bool go_string,
                   const char *const *values);
/* Each broken rule of a text. */
void np_check_faults(np_check *c, np_spot spot, np_slice value, const np_faults *faults);
/* "Too many: 26: must have at most 25 items". */
void np_check_too_many(np_check *c, int32_t code, np_spot spot, size_t value, const char *detail);
/* "Duplicate value: …". */
void np_check_duplicate(np_check *c, int32_t code, np_spot spot, np_slice value);
/* "PATH: " and a text of its own form. */
void np_check_said(np_check *c, int32_t code, np_spot spot, const char *text);
/* "unknown field "PATH"". */
void np_check_unknown_field(np_check *c, int32_t code, np_spot spot);

/* The emptied buffer for np_check_json, or NULL if no text is wanted any more: then the finding is
 * counted by np_check_json all the same. */
np_buffer *np_check_value(np_check *c);
/* A JSON string as Go's json.Marshal writes it: with <, > and & escaped. */
void np_check_json_text(np_buffer *b, np_slice s);

/* ---- the rules ---- */

/* ObjectMeta of an object that is created. */
void np_check_meta(np_check *c, const netpol_metadata *meta, bool namespaced);
/* The server's last look at an object without errors: may the names stand in a URL? */
void np_check_meta_segments(np_check *c, const netpol_metadata *meta);
/* What only Kubernetes' own kinds demand of finalizers. */
void np_check_kube_finalizers(np_check *c, const netpol_metadata *meta);
/* ObjectMeta of an object that replaces another one. */
void np_check_meta_update(np_check *c, const netpol_metadata *meta, const netpol_metadata *old,
                          bool namespaced);
void np_check_labels(np_check *c, const np_path *path, const netpol_label *labels, size_t n);

/* `old` NULL: a create. */
void np_check_policy(np_check *c, const netpol_policy *policy, const netpol_policy *old,
                     bool tolerant);
void np_check_policy_warnings(np_check *c, const netpol_policy *policy);
/* What the CRD's schema and its CEL rules say of a spec; the kind is the object's. */
void np_check_cluster_policy(np_check *c, const netpol_cluster_policy *policy, bool standard);

#endif
