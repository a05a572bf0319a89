/* SPDX-License-Identifier: MIT */
/* The column of verdicts. Consumers release what they were given in any thread, with the
 * interpreter lock or without, even when the interpreter has ended: so this is counted memory of
 * its own. */
#include "arrow.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Rows go in by so many. */
enum { WORD = 64 };

struct np_arrow_verdicts {
    _Atomic uint32_t refs;
    size_t n;
    size_t nulls;
    uint8_t *allowed; /* bits, zero beyond n, with room for one more word */
    uint8_t *valid;
    size_t room; /* bytes of each */
    int64_t *ends;
    size_t n_ends;
    size_t ends_room;
};

np_arrow_verdicts *np_arrow_verdicts_new(void)
{
    np_arrow_verdicts *v = calloc(1, sizeof *v);
    if (v)
        atomic_init(&v->refs, 1);
    return v;
}

static np_arrow_verdicts *ref(np_arrow_verdicts *v)
{
    (void)atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
    return v;
}

void np_arrow_verdicts_unref(np_arrow_verdicts *v)
{
    if (!v || atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) != 1)
        return;
    free(v->allowed);
    free(v->valid);
    free(v->ends);
    free(v);
}

static bool widen(uint8_t **bits, size_t from, size_t to)
{
    uint8_t *p = realloc(*bits, to);
    if (!p)
        return false;
    memset(p + from, 0, to - from);
    *bits = p;
    return true;
}

bool np_arrow_verdicts_reserve(np_arrow_verdicts *v, size_t n)
{
    size_t wanted = (v->n + n) / 8 + sizeof(uint64_t) + 1;
    if (wanted <= v->room)
        return true;
    wanted = wanted < 2 * v->room ? 2 * v->room : wanted;
    if (!widen(&v->allowed, v->room, wanted) || !widen(&v->valid, v->room, wanted))
        return false;
    v->room = wanted;
    return true;
}

/* ORs bits in at any place. */
static void put_bits(uint8_t *at, size_t place, uint64_t bits)
{
    unsigned shift = place % 8;
    at += place / 8;
    uint64_t low = bits << shift;
    for (unsigned i = 0; i < 8; i++)
        at[i] |= (uint8_t)(low >> 8 * i);
    at[8] |= (uint8_t)(bits >> (63 - shift) >> 1);
}

static void add_word(np_arrow_verdicts *v, const netpol_verdict *at, const bool *judged, size_t n)
{
    uint64_t allowed = 0;
    uint64_t valid = 0;
    size_t n_valid = 0;
    for (size_t i = 0; i < n; i++) {
        allowed |= (uint64_t)(at[i].allowed & judged[i]) << i;
        valid |= (uint64_t)judged[i] << i;
        n_valid += judged[i];
    }
    put_bits(v->allowed, v->n, allowed);
    put_bits(v->valid, v->n, valid);
    v->nulls += n - n_valid;
    v->n += n;
}

void np_arrow_verdicts_add(np_arrow_verdicts *v, const netpol_verdict *at, const bool *judged,
                           size_t n)
{
    for (size_t i = 0; i < n; i += WORD)
        add_word(v, at + i, judged + i, n - i < WORD ? n - i : WORD);
}

bool np_arrow_verdicts_cut(np_arrow_verdicts *v)
{
    if (!np_grow(&np_libc_allocator, (void **)&v->ends, &v->ends_room, v->n_ends + 1,
                 sizeof *v->ends))
        return false;
    v->ends[v->n_ends++] = (int64_t)v->n;
    return true;
}

/* ---- for Python ---- */

static const char capsule_name[] = "netpol.verdicts";

static void end_capsule(PyObject *capsule)
{
    np_arrow_verdicts_unref(PyCapsule_GetPointer(capsule, capsule_name));
}

PyObject *np_arrow_verdicts_capsule(np_arrow_verdicts *v)
{
    PyObject *made = PyCapsule_New(ref(v), capsule_name, end_capsule);
    if (!made)
        np_arrow_verdicts_unref(v);
    return made;
}

/* NULL: an exception is set. */
static np_arrow_verdicts *of_capsule(PyObject *capsule)
{
    if (!PyCapsule_IsValid(capsule, capsule_name))
        return (void)PyErr_Format(PyExc_TypeError, "must be verdicts, not %R", capsule), NULL;
    return PyCapsule_GetPointer(capsule, capsule_name);
}

PyObject *np_verdicts_count(PyObject *verdicts)
{
    const np_arrow_verdicts *v = of_capsule(verdicts);
    if (!v)
        return NULL;
    size_t allowed = 0;
    for (size_t i = 0; i < v->room; i++)
        for (uint8_t bits = v->allowed[i]; bits; bits &= (uint8_t)(bits - 1))
            allowed++;
    return Py_BuildValue("(nnn)", (Py_ssize_t)v->n, (Py_ssize_t)v->nulls, (Py_ssize_t)allowed);
}

PyObject *np_verdicts_list(PyObject *verdicts, int64_t from, int64_t to)
{
    const np_arrow_verdicts *v = of_capsule(verdicts);
    if (!v)
        return NULL;
    if (from < 0 || to < from || (size_t)to > v->n)
        return (void)PyErr_Format(PyExc_IndexError, "there are %zu rows", v->n), NULL;
    PyObject *made = PyList_New((Py_ssize_t)(to - from));
    for (int64_t i = from; made && i < to; i++) {
        PyObject *one = !np_arrow_bit(v->valid, i)    ? Py_None
                        : np_arrow_bit(v->allowed, i) ? Py_True
                                                      : Py_False;
        Py_INCREF(one);
        if (PyList_SetItem(made, (Py_ssize_t)(i - from), one) < 0)
            Py_CLEAR(made);
    }
    return made;
}

/* ---- for Arrow ---- */

static void release_schema(np_arrow_schema *s)
{
    s->release = NULL;
}

static void fill_schema(np_arrow_schema *out)
{
    *out = (np_arrow_schema){
        .format = "b", .name = "allowed", .flags = NP_ARROW_NULLABLE, .release = release_schema};
}

typedef struct handed_out {
    np_arrow_verdicts *verdicts;
    const void *buffers[2];
} handed_out;

static void release_array(np_arrow_array *a)
{
    handed_out *h = a->private_data;
    np_arrow_verdicts_unref(h->verdicts);
    free(h);
    a->release = NULL;
}

static int64_t nulls_of(const np_arrow_verdicts *v, int64_t from, int64_t n)
{
    return v->nulls == 0 ? 0 : from == 0 && (size_t)n == v->n ? (int64_t)v->nulls : -1;
}

/* Rows without a copy. 0, or ENOMEM. */
static int fill_array(np_arrow_verdicts *v, int64_t from, int64_t n, np_arrow_array *out)
{
    handed_out *h = malloc(sizeof *h);
    if (!h)
        return ENOMEM;
    *h = (handed_out){ref(v), {v->nulls ? v->valid : NULL, v->allowed}};
    *out = (np_arrow_array){.length = n,
                            .null_count = nulls_of(v, from, n),
                            .offset = from,
                            .n_buffers = 2,
                            .buffers = h->buffers,
                            .release = release_array,
                            .private_data = h};
    return 0;
}

typedef struct walk {
    np_arrow_verdicts *verdicts;
    size_t next; /* batch */
} walk;

static int stream_schema(np_arrow_stream *s, np_arrow_schema *out)
{
    (void)s;
    fill_schema(out);
    return 0;
}

static int stream_next(np_arrow_stream *s, np_arrow_array *out)
{
    walk *w = s->private_data;
    const np_arrow_verdicts *v = w->verdicts;
    *out = (np_arrow_array){0};
    if (w->next == v->n_ends)
        return 0;
    int64_t from = w->next ? v->ends[w->next - 1] : 0;
    int error = fill_array(w->verdicts, from, v->ends[w->next] - from, out);
    w->next += error == 0;
    return error;
}

static const char *stream_error(np_arrow_stream *s)
{
    (void)s;
    return NULL;
}

static void release_stream(np_arrow_stream *s)
{
    walk *w = s->private_data;
    np_arrow_verdicts_unref(w->verdicts);
    free(w);
    s->release = NULL;
}

/* A capsule that was never consumed still owns what is in it. */
#define NP_ARROW_CAPSULE(type, name, end)                                                          \
    static void end(PyObject *capsule)                                                             \
    {                                                                                              \
        type *p = PyCapsule_GetPointer(capsule, name);                                             \
        if (p && p->release)                                                                       \
            p->release(p);                                                                         \
        free(p);                                                                                   \
    }
NP_ARROW_CAPSULE(np_arrow_schema, "arrow_schema", end_schema)
NP_ARROW_CAPSULE(np_arrow_array, "arrow_array", end_array)
NP_ARROW_CAPSULE(np_arrow_stream, "arrow_array_stream", end_stream)

/* Zeroed memory in a capsule, for the caller to fill: released is what zeroes mean. */
static PyObject *new_capsule(size_t size, const char *name, PyCapsule_Destructor end, void **out)
{
    *out = calloc(1, size);
    PyObject *made = *out ? PyCapsule_New(*out, name, end) : PyErr_NoMemory();
    if (!made)
        free(*out);
    return made;
}

PyObject *np_verdicts_schema(void)
{
    void *out;
    PyObject *made = new_capsule(sizeof(np_arrow_schema), "arrow_schema", end_schema, &out);
    if (made)
        fill_schema(out);
    return made;
}

static PyObject *array_capsule(np_arrow_verdicts *v)
{
    void *out;
    PyObject *made = new_capsule(sizeof(np_arrow_array), "arrow_array", end_array, &out);
    if (made && fill_array(v, 0, (int64_t)v->n, out)) {
        Py_CLEAR(made);
        PyErr_NoMemory();
    }
    return made;
}

PyObject *np_verdicts_array(PyObject *verdicts)
{
    np_arrow_verdicts *v = of_capsule(verdicts);
    PyObject *schema = v ? np_verdicts_schema() : NULL;
    PyObject *array = schema ? array_capsule(v) : NULL;
    if (!array) {
        Py_XDECREF(schema);
        return NULL;
    }
    return Py_BuildValue("(NN)", schema, array);
}

PyObject *np_verdicts_stream(PyObject *verdicts)
{
    void *out;
    np_arrow_verdicts *v = of_capsule(verdicts);
    PyObject *made =
        v ? new_capsule(sizeof(np_arrow_stream), "arrow_array_stream", end_stream, &out) : NULL;
    walk *w = made ? malloc(sizeof *w) : NULL;
    if (!w) {
        Py_XDECREF(made);
        return v && made ? PyErr_NoMemory() : NULL;
    }
    *w = (walk){ref(v), 0};
    *(np_arrow_stream *)out =
        (np_arrow_stream){stream_schema, stream_next, stream_error, release_stream, w};
    return made;
}
