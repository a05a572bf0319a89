/* SPDX-License-Identifier: MIT */
/* A table of flows in, a column of verdicts out. */
#include "arrow.h"

#include <errno.h>
#include <stdlib.h>

/* ---- failures ---- */

bool np_arrow_fail(np_arrow_failure *f, np_arrow_fault fault, const char *format, ...)
{
    if (f->fault != NP_ARROW_FINE)
        return false;
    va_list args;
    va_start(args, format);
    f->fault = fault;
    np_buffer_vformat(&f->text, format, args);
    np_buffer_char(&f->text, '\0');
    va_end(args);
    return false;
}

static PyObject *class_of(np_arrow_fault fault)
{
    switch (fault) {
    case NP_ARROW_TYPE:
        return Py_NewRef(PyExc_TypeError);
    case NP_ARROW_VALUE:
        return Py_NewRef(PyExc_ValueError);
    case NP_ARROW_SOURCE:
        return Py_NewRef(PyExc_RuntimeError);
    case NP_ARROW_NOT_FOUND: {
        PyObject *module = PyImport_ImportModule("netpol._errors");
        PyObject *found = module ? PyObject_GetAttrString(module, "NotFoundError") : NULL;
        Py_XDECREF(module);
        return found;
    }
    case NP_ARROW_FINE:
    case NP_ARROW_STOPPED:
    case NP_ARROW_MEMORY:
        break;
    }
    return NULL;
}

PyObject *np_arrow_raise(const np_arrow_failure *f)
{
    if (PyErr_Occurred())
        return NULL;
    if (f->fault == NP_ARROW_MEMORY || f->text.failed)
        return PyErr_NoMemory();
    PyObject *class = class_of(f->fault);
    if (class)
        PyErr_Format(class, "%s", f->text.p);
    Py_XDECREF(class);
    return NULL;
}

/* Producers may be Python, which does not run well with an exception set: it waits meanwhile. */
typedef struct pending {
    PyObject *type;
    PyObject *value;
    PyObject *trace;
} pending;

static pending set_aside(void)
{
    pending p;
    PyErr_Fetch(&p.type, &p.value, &p.trace);
    return p;
}

static void bring_back(pending p)
{
    PyErr_Restore(p.type, p.value, p.trace);
}

/* ---- which columns ---- */

/* What was asked for: a name, an int for all rows, or a tuple of these to be tried in turn. */
static bool find_name(PyObject *name, const np_arrow_schema *table, np_arrow_column *c)
{
    const char *text;
    if (!np_text_of(name, &text))
        return false;
    for (int64_t i = 0; text && i < table->n_children; i++) {
        const char *other = table->children[i]->name;
        if (!other || strcmp(other, text) != 0)
            continue;
        if (c->child >= 0)
            return (void)PyErr_Format(PyExc_ValueError, "there are two columns %s", text), false;
        c->child = i;
        c->name = other;
    }
    return true;
}

static bool take_int(PyObject *number, np_arrow_column *c, bool *found)
{
    static const char *const words[NP_ARROW_ROLES] = {"src", "dst", "protocol", "port"};
    long most = c->role == NP_ARROW_PORT ? UINT16_MAX : UINT8_MAX;
    int overflow;
    long n = PyLong_AsLongAndOverflow(number, &overflow);
    if (n == -1 && PyErr_Occurred())
        return false;
    if (overflow || n < 0 || n > most)
        return (void)PyErr_Format(PyExc_ValueError, "%s: must be from 0 to %ld", words[c->role],
                                  most),
               false;
    c->constant = (uint16_t)n;
    *found = true;
    return true;
}

static bool find_one(PyObject *asked, const np_arrow_schema *table, np_arrow_column *c, bool *found)
{
    if (PyUnicode_Check(asked)) {
        bool fine = find_name(asked, table, c);
        *found = c->child >= 0;
        return fine;
    }
    if (PyLong_Check(asked) && !PyBool_Check(asked) && c->role >= NP_ARROW_PROTOCOL)
        return take_int(asked, c, found);
    PyErr_Format(PyExc_TypeError, "must be the name of a column%s, not %R",
                 c->role >= NP_ARROW_PROTOCOL ? " or an int" : "", asked);
    return false;
}

static PyObject *names_of(const np_arrow_schema *table)
{
    PyObject *names = PyList_New((Py_ssize_t)table->n_children);
    for (int64_t i = 0; names && i < table->n_children; i++) {
        const char *name = table->children[i]->name;
        PyObject *one = PyUnicode_FromFormat("%s", name ? name : "");
        if (!one || PyList_SetItem(names, (Py_ssize_t)i, one) < 0)
            Py_CLEAR(names);
    }
    return names;
}

static bool no_such_column(PyObject *asked, const np_arrow_schema *table)
{
    PyObject *names = names_of(table);
    if (names)
        PyErr_Format(PyExc_ValueError, "there is no column %R among %R", asked, names);
    Py_XDECREF(names);
    return false;
}

static bool find_column(PyObject *asked, const np_arrow_schema *table, np_arrow_column *c)
{
    bool found = false;
    bool fine = true;
    if (!PyTuple_Check(asked))
        fine = find_one(asked, table, c, &found);
    else
        for (Py_ssize_t i = 0; fine && !found && i < PyTuple_Size(asked); i++)
            fine = find_one(PyTuple_GetItem(asked, i), table, c, &found);
    return fine && (found || no_such_column(asked, table));
}

/* ---- judging ---- */

typedef struct evaluation {
    const netpol_engine *engine;
    PyObject *asked; /* a tuple, one for each role */
    np_arrow_column columns[NP_ARROW_ROLES];
    np_arrow_rows rows;
    size_t unchecked;  /* rows since Ctrl-C was looked for */
    pending interrupt; /* what it raised */
    netpol_verdict verdicts[NP_ARROW_PIECE];
    np_arrow_verdicts *out;
    np_arrow_failure failure;
} evaluation;

static bool open_columns(evaluation *e, const np_arrow_schema *table)
{
    for (int role = 0; role < NP_ARROW_ROLES; role++) {
        np_arrow_column *c = &e->columns[role];
        *c = (np_arrow_column){.role = (np_arrow_role)role, .child = -1};
        if (!find_column(PyTuple_GetItem(e->asked, role), table, c))
            return false;
        if (c->child >= 0 && !np_arrow_column_open(c, table->children[c->child], &e->failure))
            return np_arrow_raise(&e->failure), false;
    }
    return true;
}

static bool read_schema(evaluation *e, const np_arrow_schema *table)
{
    if (table->format && strcmp(table->format, "+s") == 0)
        return open_columns(e, table);
    PyErr_Format(PyExc_TypeError, "must be a table with columns, not a column of format %s",
                 table->format ? table->format : "?");
    return false;
}

/* Texts that name one workload on both sides mean two of its replicas, as in single verdicts. */
static void part_replicas(const evaluation *e, netpol_flow *f, int64_t row)
{
    char room[2][640];
    netpol_flow parsed;
    for (int side = 0; side < 2; side++) {
        np_slice text = np_arrow_column_text(&e->columns[side], row);
        if (!text.p || text.n >= sizeof room[side])
            return;
        memcpy(room[side], text.p, text.n);
        room[side][text.n] = '\0';
    }
    if (netpol_flow_parse(e->engine, room[0], room[1], "ICMP", NULL, &parsed, NULL) == NETPOL_OK)
        memcpy(f->dst, parsed.dst, sizeof f->dst);
}

static void part_all_replicas(evaluation *e)
{
    np_arrow_rows *r = &e->rows;
    for (size_t i = 0; i < r->n; i++) {
        netpol_flow *f = &r->flows[i];
        if (f->src_kind == NETPOL_BY_POD && f->dst_kind == NETPOL_BY_POD && r->judged[i] &&
            memcmp(f->src, f->dst, sizeof f->src) == 0)
            part_replicas(e, f, r->from + (int64_t)i);
    }
}

static bool judge_piece(evaluation *e, const np_arrow_array *table)
{
    np_arrow_rows *r = &e->rows;
    const uint8_t *valid = np_arrow_validity(table);
    memset(r->judged, 1, sizeof r->judged);
    for (size_t i = 0; valid && i < r->n; i++)
        r->judged[i] = np_arrow_bit(valid, table->offset + r->from + (int64_t)i);
    for (int role = 0; role < NP_ARROW_ROLES; role++)
        if (!np_arrow_column_read(&e->columns[role], r))
            return false;
    part_all_replicas(e);
    netpol_engine_verdicts(e->engine, r->flows, r->n, e->verdicts);
    np_arrow_verdicts_add(e->out, e->verdicts, r->judged, r->n);
    return true;
}

/* Ctrl-C is looked for now and then: that takes the interpreter lock, which others may hold. */
static bool stopped(evaluation *e)
{
    enum { ROWS_BETWEEN = 1 << 20 };
    e->unchecked += e->rows.n;
    if (e->unchecked < ROWS_BETWEEN)
        return false;
    e->unchecked = 0;
    PyGILState_STATE lock = PyGILState_Ensure();
    bool signalled = PyErr_CheckSignals() != 0;
    if (signalled)
        e->interrupt = set_aside();
    PyGILState_Release(lock);
    return signalled && !np_arrow_fail(&e->failure, NP_ARROW_STOPPED, " ");
}

static bool turn_columns(evaluation *e, const np_arrow_array *table)
{
    if (table->length < 0 || table->offset < 0 || table->length > INT64_MAX - table->offset)
        return np_arrow_fail(&e->failure, NP_ARROW_SOURCE, "the table's array is broken");
    for (int role = 0; role < NP_ARROW_ROLES; role++)
        if (!np_arrow_column_turn(&e->columns[role], table, &e->failure))
            return false;
    return np_arrow_verdicts_reserve(e->out, (size_t)table->length) ||
           np_arrow_fail(&e->failure, NP_ARROW_MEMORY, " ");
}

/* Without the interpreter lock. */
static bool judge_batch(evaluation *e, const np_arrow_array *table)
{
    np_arrow_rows *r = &e->rows;
    if (!turn_columns(e, table))
        return false;
    for (r->from = 0; r->from < table->length; r->from += (int64_t)r->n) {
        int64_t left = table->length - r->from;
        r->n = left < NP_ARROW_PIECE ? (size_t)left : NP_ARROW_PIECE;
        if (!judge_piece(e, table) || stopped(e))
            return false;
    }
    r->before += table->length;
    return np_arrow_verdicts_cut(e->out) || np_arrow_fail(&e->failure, NP_ARROW_MEMORY, " ");
}

static bool fail_stream(evaluation *e, np_arrow_stream *s, int error)
{
    const char *why = s->get_last_error(s);
    return np_arrow_fail(&e->failure, NP_ARROW_SOURCE, "the table cannot be read: %s",
                         why ? why : strerror(error));
}

/* Without the interpreter lock; a producer that needs it takes it. */
static bool judge_stream(evaluation *e, np_arrow_stream *s)
{
    for (;;) {
        np_arrow_array table = {0};
        int error = s->get_next(s, &table);
        if (error)
            return fail_stream(e, s, error);
        if (!table.release)
            return true;
        bool fine = judge_batch(e, &table);
        table.release(&table);
        if (!fine)
            return false;
    }
}

/* ---- what objects give ---- */

static void release_schema(np_arrow_schema *s)
{
    pending p = set_aside();
    if (s->release)
        s->release(s);
    bring_back(p);
}

static bool evaluate_stream(evaluation *e, np_arrow_stream *s)
{
    np_arrow_schema schema = {0};
    int error = s->get_schema(s, &schema);
    bool fine = error ? fail_stream(e, s, error) : read_schema(e, &schema);
    if (fine) {
        Py_BEGIN_ALLOW_THREADS fine = judge_stream(e, s);
        Py_END_ALLOW_THREADS
    }
    release_schema(&schema);
    return fine;
}

static bool evaluate_array(evaluation *e, const np_arrow_schema *schema,
                           const np_arrow_array *table)
{
    bool fine = read_schema(e, schema);
    if (fine) {
        Py_BEGIN_ALLOW_THREADS fine = judge_batch(e, table);
        Py_END_ALLOW_THREADS
    }
    return fine;
}

/* What a capsule holds becomes the caller's, as the protocol wants it. */
static bool move_out(PyObject *capsule, const char *name, void *out, size_t size, size_t release)
{
    void *at = PyCapsule_IsValid(capsule, name) ? PyCapsule_GetPointer(capsule, name) : NULL;
    void (*live)(void) = NULL;
    if (at)
        memcpy(&live, (char *)at + release, sizeof live);
    if (!live) {
        PyErr_Format(PyExc_TypeError, "the table gave %R instead of an %s", capsule, name);
        return false;
    }
    memcpy(out, at, size);
    memset((char *)at + release, 0, sizeof live);
    return true;
}

static bool from_stream(evaluation *e, PyObject *table)
{
    np_arrow_stream s;
    PyObject *capsule = PyObject_CallMethod(table, "__arrow_c_stream__", NULL);
    bool fine = capsule && move_out(capsule, "arrow_array_stream", &s, sizeof s,
                                    offsetof(np_arrow_stream, release));
    Py_XDECREF(capsule);
    if (!fine)
        return false;
    fine = evaluate_stream(e, &s);
    pending p = set_aside();
    s.release(&s);
    bring_back(p);
    return fine;
}

static bool from_pair(evaluation *e, PyObject *pair)
{
    np_arrow_schema schema;
    np_arrow_array table;
    if (!PyTuple_Check(pair) || PyTuple_Size(pair) != 2) {
        PyErr_Format(PyExc_TypeError, "the table gave %R instead of a pair of capsules", pair);
        return false;
    }
    if (!move_out(PyTuple_GetItem(pair, 0), "arrow_schema", &schema, sizeof schema,
                  offsetof(np_arrow_schema, release)))
        return false;
    bool fine = move_out(PyTuple_GetItem(pair, 1), "arrow_array", &table, sizeof table,
                         offsetof(np_arrow_array, release));
    if (fine) {
        fine = evaluate_array(e, &schema, &table);
        pending p = set_aside();
        table.release(&table);
        bring_back(p);
    }
    release_schema(&schema);
    return fine;
}

static bool from_array(evaluation *e, PyObject *table)
{
    PyObject *pair = PyObject_CallMethod(table, "__arrow_c_array__", NULL);
    bool fine = pair && from_pair(e, pair);
    Py_XDECREF(pair);
    return fine;
}

static bool has(PyObject *x, const char *method)
{
    PyObject *found = PyObject_GetAttrString(x, method);
    if (!found)
        PyErr_Clear();
    Py_XDECREF(found);
    return found != NULL;
}

static bool evaluate(evaluation *e, PyObject *table)
{
    if (has(table, "__arrow_c_stream__"))
        return from_stream(e, table);
    if (has(table, "__arrow_c_array__"))
        return from_array(e, table);
    PyErr_Format(PyExc_TypeError,
                 "must be an Arrow table (with __arrow_c_stream__ or __arrow_c_array__), not %R",
                 table);
    return false;
}

PyObject *np_evaluate(const netpol_engine *engine, PyObject *table, PyObject *columns,
                      bool tolerant)
{
    evaluation *e = PyTuple_Check(columns) && PyTuple_Size(columns) == NP_ARROW_ROLES
                        ? calloc(1, sizeof *e)
                        : NULL;
    PyObject *made = NULL;
    if (!e)
        return PyErr_NoMemory();
    e->engine = e->rows.engine = engine;
    e->asked = columns;
    e->rows.tolerant = tolerant;
    e->rows.failure = &e->failure;
    np_buffer_init(&e->failure.text, &np_libc_allocator);
    e->out = np_arrow_verdicts_new();
    if (!e->out)
        PyErr_NoMemory();
    else if (evaluate(e, table))
        made = np_arrow_verdicts_capsule(e->out);
    else if (e->failure.fault == NP_ARROW_STOPPED)
        bring_back(e->interrupt);
    else
        np_arrow_raise(&e->failure);
    for (int role = 0; role < NP_ARROW_ROLES; role++)
        np_arrow_column_close(&e->columns[role]);
    np_arrow_verdicts_unref(e->out);
    np_buffer_free(&e->failure.text);
    free(e);
    return made;
}
