/* SPDX-License-Identifier: MIT */
#include "place.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* What all places of one name have in common. */
typedef struct meeting {
    netpol_live *live;
    pthread_mutex_t publishing; /* netpol_live_publish takes one thread at a time */
    size_t places;              /* guarded by names_lock, as the list is */
    struct meeting *next;       /* of the named ones */
    char *name;                 /* NULL: nobody can find it */
} meeting;

struct np_lua_place {
    meeting *meeting;
    netpol_reader *reader;
};

static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;
static meeting *named;

/* ---- meetings; names_lock is held ---- */

static void end_meeting(meeting *m)
{
    netpol_live_free(m->live);
    (void)pthread_mutex_destroy(&m->publishing);
    free(m->name);
    free(m);
}

static meeting *find(const char *name)
{
    for (meeting *m = named; m; m = m->next)
        if (strcmp(m->name, name) == 0)
            return m;
    return NULL;
}

static char *copy_of(const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = malloc(n);
    return copy ? memcpy(copy, text, n) : NULL;
}

static netpol_status begin_meeting(const char *name, const netpol_engine *first, meeting **out)
{
    meeting *m = calloc(1, sizeof *m);
    if (!m)
        return NETPOL_NO_MEMORY;
    if (pthread_mutex_init(&m->publishing, NULL) != 0) {
        free(m);
        return NETPOL_NO_MEMORY;
    }
    netpol_status s = netpol_live_new(first, NULL, &m->live);
    if (name && s == NETPOL_OK && !(m->name = copy_of(name)))
        s = NETPOL_NO_MEMORY;
    if (s != NETPOL_OK) {
        end_meeting(m);
        return s;
    }
    if (name) {
        m->next = named;
        named = m;
    }
    *out = m;
    return NETPOL_OK;
}

static void leave_meeting(meeting *m)
{
    if (--m->places)
        return;
    for (meeting **at = &named; m->name && *at; at = &(*at)->next)
        if (*at == m) {
            *at = m->next;
            break;
        }
    end_meeting(m);
}

/* *fresh: the engine was published by this very call. */
static netpol_status join(np_lua_place *place, const char *name, const netpol_engine *engine,
                          bool *fresh)
{
    meeting *m = name ? find(name) : NULL;
    *fresh = !m;
    if (!m && !engine)
        return NETPOL_NOT_FOUND;
    netpol_status s = m ? NETPOL_OK : begin_meeting(name, engine, &m);
    if (s != NETPOL_OK)
        return s;
    m->places++;
    place->meeting = m;
    s = netpol_reader_new(m->live, &place->reader);
    if (s != NETPOL_OK)
        leave_meeting(m);
    return s;
}

/* ---- places ---- */

netpol_status np_lua_place_new(const char *name, const netpol_engine *engine, np_lua_place **out)
{
    np_lua_place *place = calloc(1, sizeof *place);
    bool fresh = false;
    if (!place)
        return NETPOL_NO_MEMORY;
    (void)pthread_mutex_lock(&names_lock);
    netpol_status s = join(place, name, engine, &fresh);
    (void)pthread_mutex_unlock(&names_lock);
    if (s != NETPOL_OK) {
        free(place);
        return s;
    }
    if (engine && !fresh)
        s = np_lua_place_publish(place, engine);
    if (s != NETPOL_OK)
        np_lua_place_free(place);
    else
        *out = place;
    return s;
}

void np_lua_place_free(np_lua_place *place)
{
    if (!place)
        return;
    netpol_reader_free(place->reader);
    (void)pthread_mutex_lock(&names_lock);
    leave_meeting(place->meeting);
    (void)pthread_mutex_unlock(&names_lock);
    free(place);
}

netpol_status np_lua_place_publish(np_lua_place *place, const netpol_engine *engine)
{
    (void)pthread_mutex_lock(&place->meeting->publishing);
    netpol_status s = netpol_live_publish(place->meeting->live, engine);
    (void)pthread_mutex_unlock(&place->meeting->publishing);
    return s;
}

const netpol_engine *np_lua_place_enter(np_lua_place *place)
{
    return netpol_reader_enter(place->reader);
}

void np_lua_place_leave(np_lua_place *place)
{
    netpol_reader_leave(place->reader);
}

netpol_status np_lua_place_engine(np_lua_place *place, netpol_engine **out)
{
    *out = netpol_engine_ref(np_lua_place_enter(place));
    np_lua_place_leave(place);
    return NETPOL_OK;
}

bool np_lua_place_holds(np_lua_place *place, const netpol_engine *engine)
{
    bool holds = np_lua_place_enter(place) == engine;
    np_lua_place_leave(place);
    return holds;
}
