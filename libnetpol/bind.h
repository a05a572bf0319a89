/* SPDX-License-Identifier: MIT */
/* bind owns typed reading: the events of a document become objects, by the field tables. It knows
 * no file and no list of objects.
 *
 * Faults do not stop it: each is kept as a finding, and what follows is still read. The findings of
 * an object are given out when it is complete, in the order of the API server: types, then
 * duplicate keys, then unknown fields. */
#ifndef NP_BIND_H
#define NP_BIND_H

#include "marks.h"
#include "model.h"
#include "text.h"

typedef struct np_finding np_finding;
typedef struct np_bind_entry np_bind_entry;

/* Working memory of one reader, used again from object to object. */
typedef struct np_binder {
    netpol_options o;
    np_text *text;
    np_arena scratch; /* texts of findings, keys */
    np_buffer words;  /* a message under construction */
    np_arena *into;   /* of the object at hand */
    np_marker marks;

    np_finding *found;
    size_t n_found;
    size_t found_room;
    size_t unsaid;      /* findings beyond max_diagnostics */
    size_t wrong_types; /* since np_binder_clear */
    size_t strict_faults;
    size_t not_json; /* values and keys that no JSON has, since np_binder_init */

    const void **elements; /* of the lists that are open */
    size_t n_elements;
    size_t elements_room;
    np_bind_entry *entries; /* of the maps that are open */
    size_t n_entries;
    size_t entries_room;

    netpol_status status; /* what ended the reading beside the text itself: NO_MEMORY, LIMIT */
    uint32_t depth;       /* inside a plain value */
    bool strict;          /* not NETPOL_LENIENT */
    bool crd;             /* the kind at hand is a CustomResourceDefinition's */
    bool standard;        /* … of which only the standard channel is known */
    bool unchecked;       /* NP_CODE_SCHEMA_UNCHECKED was found */
    const char *name;     /* of the last object, if it was broken; in the scratch */
    const char *namespace_name;
    uint64_t budget;  /* bytes that the next object may take */
    size_t last_text; /* bytes of the last document; 0: it was an item */
    size_t last_used; /* bytes that the last one took */
} np_binder;

/* Options as np_options_read gives them. */
void np_binder_init(np_binder *b, const netpol_options *o);
void np_binder_free(np_binder *b);
/* Makes ready for another object: forgets all findings, and what lies in the scratch. */
void np_binder_clear(np_binder *b);
/* Forgets the findings alone. */
void np_binder_drop(np_binder *b);
/* Gives the findings out and forgets them. Returns how many were errors. */
size_t np_binder_report(np_binder *b, const np_where *where, netpol_diagnostics *diags);

/* What a document, or an item of a list, says that it is. NULL: absent, null or no string. Texts
 * lie in the binder's scratch until np_binder_clear. */
typedef struct np_head {
    const char *api_version;
    const char *kind;
    uint32_t line; /* of the map */
    uint32_t column;
} np_head;

typedef enum np_class {
    NP_CLASS_TYPED = 1,
    NP_CLASS_LIST,    /* v1 List, or a list of one typed kind */
    NP_CLASS_OTHER,   /* a kind of no interest */
    NP_CLASS_FOREIGN, /* a policy of another system */
    NP_CLASS_BROKEN   /* a finding says why */
} np_class;

/* Adds a finding of the type stage on a document as a whole; the text is static. */
void np_bind_refuse(np_binder *b, int32_t code, uint32_t line, uint32_t column, const char *why);

/* Looks into the map at hand for apiVersion and kind; the events stand as before. item: it lies
 * in a list. False: the text or the memory failed. */
bool np_bind_head(np_binder *b, np_text *t, bool item, np_head *out);
/* What to do with it. *kind: of NP_CLASS_TYPED, and of the items of a typed list. */
np_class np_bind_classify(np_binder *b, const np_head *head, const np_kind **kind);

/* Where an object comes from. */
typedef struct np_origin {
    const char *source;
    uint32_t line;
    uint32_t column;
    uint32_t document;
    int32_t item;
    np_slice text; /* the document's, if the object is all of it */
} np_origin;

/* Reads the map at hand as an object of a kind; with NETPOL_KEEP_OTHERS also as a plain value, if
 * the kind is not whole. *out is set unless a type is wrong (then it is NULL), and kept though
 * there may be strict faults. NETPOL_OK: read, look at the findings; else what ended the reading.
 */
netpol_status np_bind_object(np_binder *b, np_text *t, const np_kind *kind, const np_origin *from,
                             netpol_object **out);
/* Reads the map at hand as an object without a typed form; its value is kept with
 * NETPOL_KEEP_OTHERS. */
netpol_status np_bind_other(np_binder *b, np_text *t, const np_head *head, const np_origin *from,
                            netpol_object **out);
/* Reads the node at hand as the value of a field of `structure`. False: np_bind_status says why. */
bool np_bind_field(np_binder *b, np_text *t, const np_field *f, void *structure, np_arena *into,
                   const np_path *path);
/* Reads the node at hand as a plain value, keys sorted; of equal keys the last counts. NULL:
 * np_bind_status says why. */
const np_value *np_bind_plain(np_binder *b, np_text *t, np_arena *into);
netpol_status np_bind_status(const np_binder *b, const np_text *t);

#endif
