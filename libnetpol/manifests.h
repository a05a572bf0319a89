/* SPDX-License-Identifier: MIT */
/* manifests owns what was loaded, in order, and the files it came from. It knows no field. */
#ifndef NP_MANIFESTS_H
#define NP_MANIFESTS_H

#include "bind.h"

#include "netpol/manifests.h"

/* The text of one input, kept with NETPOL_KEEP_TEXT. */
typedef struct np_kept_text {
    const char *source;
    char *p;
    size_t n;
    size_t room;
} np_kept_text;

struct netpol_manifests {
    netpol_options o; /* o.allocator is the one below */
    netpol_allocator alloc;
    np_arena names; /* sources, and what broken documents are called */
    netpol_diagnostics *diags;
    netpol_document_info *documents;
    size_t n_documents;
    size_t documents_room;
    netpol_object **objects; /* every one is referenced, those of broken documents too */
    size_t n_objects;
    size_t objects_room;
    const netpol_object **good; /* what netpol_manifests_at gives */
    size_t n_good;
    size_t good_room;
    np_kept_text *texts;
    size_t n_texts;
    size_t texts_room;
    uint64_t used; /* bytes of the objects */
    size_t broken;
    size_t foreign;
};

/* ---- between the parts of this room ---- */

/* How much there is, so that what came later can be taken back. */
typedef struct np_manifests_mark {
    size_t documents;
    size_t objects;
    size_t good;
    size_t texts;
    size_t broken;
    size_t foreign;
    uint64_t used;
} np_manifests_mark;

np_manifests_mark np_manifests_here(const netpol_manifests *m);
void np_manifests_back_to(netpol_manifests *m, const np_manifests_mark *mark);

/* Room for one more document with an object. */
bool np_manifests_make_room(netpol_manifests *m);
/* Adds a document with its object, if there is one; the reference becomes the list's. There must be
 * room. */
void np_manifests_add_document(netpol_manifests *m, netpol_document_info info, netpol_object *x);

/* One call that reads. */
typedef struct np_reading {
    netpol_manifests *m;
    np_binder binder;
    netpol_status worst; /* the latest in the order of manifests.h */
} np_reading;

/* Keeps the worse of two outcomes; true: reading may go on. */
bool np_reading_note(np_reading *r, netpol_status s);
/* Reads all documents of an open text. */
bool np_reading_documents(np_reading *r, np_text *t, const char *source);
/* Reads one text; `source` lies in m->names. All ways of reading return whether more may follow. */
bool np_reading_text(np_reading *r, const char *source, const char *bytes, size_t n);
/* Reads a file, a directory, or "-". */
bool np_reading_path(np_reading *r, const char *path);
/* Says that a source cannot be read. */
bool np_reading_fail(np_reading *r, const char *source, netpol_status s, const char *why);
/* Keeps a text if the options say so; takes it (else frees it). False: no memory. */
bool np_reading_keep_text(np_reading *r, const char *source, char *p, size_t n, size_t room);

#endif
