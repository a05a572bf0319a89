/* SPDX-License-Identifier: MIT */
/* Pieces that pictures are made of: numbers, held objects, notes, what changed. */
#include "snapshot_build.h"

bool np_build_again(np_build *b)
{
    b->again = true;
    return false;
}

size_t np_build_first(const np_build *b, int32_t kind)
{
    return b->first_of_kind[kind];
}

size_t np_build_end(const np_build *b, int32_t kind)
{
    return b->first_of_kind[kind + 1];
}

const char *np_build_space(const np_build *b, const netpol_object *x)
{
    return np_cluster_space(b->c, x);
}

netpol_status np_build_pause(const np_build *b, size_t i)
{
    const netpol_options *o = &b->c->options;
    return i % 4096 == 4095 && o->keep_going && !o->keep_going(o->ctx) ? NETPOL_CANCELLED
                                                                       : NETPOL_OK;
}

/* ---- pieces ---- */

static void let_go(void *block)
{
    netpol_object_unref(((np_held *)block)->object);
}

np_held *np_build_hold(np_build *b, const netpol_object *x, size_t extra)
{
    np_held *h = np_store_record(b->store, sizeof *h + extra, let_go);
    if (h)
        h->object = netpol_object_ref(x);
    return h;
}

bool np_build_number(np_build *b, np_free *unused, np_tree *t, uint32_t *n, uint32_t *out)
{
    if (unused->n) {
        *out = unused->at[--unused->n];
        return true;
    }
    if (*n + 1 >= NP_EVERY_NODE || !np_tree_grow(b->store, t, *n + 1))
        return false;
    *out = (*n)++;
    return true;
}

bool np_build_unused(np_build *b, np_free *unused, uint32_t number)
{
    if (!np_grow(&b->alloc, (void **)&unused->at, &unused->room, unused->n + 1, sizeof number))
        return false;
    unused->at[unused->n++] = number;
    return true;
}

void np_build_count_ip(np_build *b, const np_ip *ip, int by)
{
    b->n_ips[ip->v4] += (uint64_t)by;
}

/* ---- what changed ---- */

static bool note_number(np_build *b, uint32_t **at, size_t *n, size_t *room, uint32_t number)
{
    if (!b->changing)
        return true;
    if (!np_grow(&b->alloc, (void **)at, room, *n + 1, sizeof number))
        return false;
    (*at)[(*n)++] = number;
    return true;
}

bool np_delta_pod(np_build *b, uint32_t pod)
{
    np_delta *d = &b->delta;
    return note_number(b, &d->pods, &d->n_pods, &d->pods_room, pod);
}

bool np_delta_space(np_build *b, uint32_t space)
{
    np_delta *d = &b->delta;
    return note_number(b, &d->spaces, &d->n_spaces, &d->spaces_room, space);
}

bool np_delta_policies(np_build *b, uint32_t space)
{
    np_delta *d = &b->delta;
    return note_number(b, &d->policies, &d->n_policies, &d->policies_room, space);
}

bool np_delta_ip(np_build *b, const np_ip *ip)
{
    np_delta *d = &b->delta;
    if (!b->changing)
        return true;
    if (!np_grow(&b->alloc, (void **)&d->ips, &d->ips_room, d->n_ips + 1, sizeof *ip))
        return false;
    d->ips[d->n_ips++] = *ip;
    return true;
}

const np_delta *np_build_delta(const np_build *b)
{
    return &b->delta;
}

/* ---- notes ---- */

static void say_note(const np_build *b, const np_note *note, netpol_diagnostics *diags)
{
    np_buffer title;
    np_buffer_init(&title, &b->alloc);
    if (note->object)
        np_object_title(&title, note->object);
    np_buffer_char(&title, '\0');
    np_where where = {.item = -1};
    if (note->object)
        where = np_object_where(note->object, NULL, title.failed ? NULL : title.p);
    np_diag_text(diags, note->code, &where, NULL, NULL, note->text ? note->text : "");
    np_buffer_free(&title);
}

static void keep_note(np_build *b, const np_note *note)
{
    if (!np_grow(&b->alloc, (void **)&b->notes, &b->notes_room, b->n_notes + 1, sizeof *note)) {
        b->again = true; /* so that nobody relies on the list */
        return;
    }
    np_note *kept = &b->notes[b->n_notes];
    *kept = (np_note){.code = note->code, .size = note->size};
    kept->text = np_resize(&b->alloc, NULL, 0, note->size);
    if (!kept->text) {
        b->again = true;
        return;
    }
    memcpy(kept->text, note->text, note->size);
    kept->object = netpol_object_ref(note->object);
    b->n_notes++;
}

void np_build_say(np_build *b, int32_t code, const netpol_object *x, const char *format, ...)
{
    if (b->changing) {
        b->again = true;
        return;
    }
    np_buffer message;
    np_buffer_init(&message, &b->alloc);
    va_list args;
    va_start(args, format);
    np_buffer_vformat(&message, format, args);
    va_end(args);
    np_buffer_char(&message, '\0');
    np_note note = {(netpol_object *)(uintptr_t)x, code, message.failed ? NULL : message.p,
                    message.failed ? 0 : message.n};
    say_note(b, &note, b->diags);
    if (note.text)
        keep_note(b, &note);
    np_buffer_free(&message);
}

bool np_build_said(const np_build *b, const netpol_object *x)
{
    for (size_t i = 0; x && i < b->n_notes; i++)
        if (b->notes[i].object == x)
            return true;
    return false;
}

void np_build_repeat(const np_build *b, netpol_diagnostics *diags)
{
    for (size_t i = 0; diags && i < b->n_notes; i++)
        say_note(b, &b->notes[i], diags);
}
