/* SPDX-License-Identifier: MIT */
/* Many verdicts at once, from columns that speak the buffer protocol (NumPy, array.array, bytes).
 */
#include "values.h"

#include <string.h>
#include <time.h>

/* Flows are made in pieces that stay in the cache. */
enum { PIECE = 1024, ADDRESS_BYTES = 16 };

typedef struct column {
    const char *name;
    Py_buffer view;
    bool held;         /* view is to be released */
    const uint8_t *at; /* NULL: `constant` in every row */
    size_t width;      /* bytes of a row */
    size_t n;
    uint32_t constant;
} column;

static bool refuse(PyObject *kind, const column *c, const char *why)
{
    PyErr_Format(kind, "%s: %s", c->name, why);
    return false;
}

/* struct's format of one element, without the byte order of this machine. */
static const char *plain_format(const char *format)
{
    if (!format)
        return "B";
    const uint16_t one = 1;
    bool little = *(const uint8_t *)&one == 1;
    if (*format == '@' || *format == '=' || *format == (little ? '<' : '>') ||
        (!little && *format == '!'))
        format++;
    return format;
}

static bool is_unsigned(const char *format)
{
    return format[0] && strchr("BHILQ", format[0]) && !format[1];
}

static bool open_view(column *c, PyObject *from)
{
    if (!PyObject_CheckBuffer(from)) {
        PyErr_Format(PyExc_TypeError,
                     "%s: must be an array (NumPy, array.array, bytes) or an int, not %R", c->name,
                     from);
        return false;
    }
    if (PyObject_GetBuffer(from, &c->view, PyBUF_STRIDED_RO | PyBUF_FORMAT) < 0)
        return false;
    c->held = true;
    c->at = c->view.buf;
    if (!PyBuffer_IsContiguous(&c->view, 'C'))
        return refuse(PyExc_ValueError, c,
                      "the elements do not follow each other in memory; copy them first, with "
                      "numpy.ascontiguousarray()");
    return true;
}

static bool open_constant(column *c, PyObject *from, uint32_t most)
{
    int overflow = 0;
    PyObject *whole = PyNumber_Index(from);
    long long n = whole ? PyLong_AsLongLongAndOverflow(whole, &overflow) : -1;
    bool failed = !whole || (n == -1 && !overflow && PyErr_Occurred());
    Py_XDECREF(whole);
    if (failed)
        return false;
    if (overflow || n < 0 || n > (long long)most)
        return refuse(PyExc_ValueError, c, "the number is out of range");
    c->constant = (uint32_t)n;
    return true;
}

/* An int, or a number of NumPy's that has no dimension though it has a buffer. */
static bool is_int(PyObject *from)
{
    if (PyLong_Check(from))
        return !PyBool_Check(from);
    return PyIndex_Check(from) && !PySequence_Check(from);
}

/* Numbers of so many bytes, or one for all rows. */
static bool open_numbers(column *c, PyObject *from, size_t width)
{
    if (is_int(from))
        return open_constant(c, from, width == 1 ? UINT8_MAX : UINT16_MAX);
    if (!open_view(c, from))
        return false;
    if (c->view.ndim != 1 || (size_t)c->view.itemsize != width ||
        !is_unsigned(plain_format(c->view.format)))
        return refuse(PyExc_TypeError, c,
                      width == 1
                          ? "must be one-dimensional, of uint8"
                          : "must be one-dimensional, of uint16 in this machine's byte order");
    c->width = width;
    c->n = (size_t)c->view.shape[0];
    return true;
}

static bool open_rows(column *c, bool single_bytes)
{
    size_t bytes = (size_t)c->view.len;
    bool flat = single_bytes && c->view.ndim == 1;
    bool table = single_bytes && c->view.ndim == 2 && c->view.shape[1] == ADDRESS_BYTES;
    bool items = c->view.ndim == 1 && c->view.itemsize == ADDRESS_BYTES;
    if (!flat && !table && !items)
        return refuse(
            PyExc_TypeError, c,
            "must be one-dimensional, of uint32 (IPv4) in this machine's byte order, or rows "
            "of 16 bytes (IPv6, or IPv4 as ::ffff:a.b.c.d)");
    if (bytes % ADDRESS_BYTES)
        return refuse(PyExc_ValueError, c, "the length is no multiple of 16 bytes");
    c->width = ADDRESS_BYTES;
    c->n = bytes / ADDRESS_BYTES;
    return true;
}

/* IPv4 as numbers, or any address as 16 bytes. */
static bool open_addresses(column *c, PyObject *from)
{
    if (is_int(from))
        return open_constant(c, from, UINT32_MAX);
    if (!open_view(c, from))
        return false;
    const char *format = plain_format(c->view.format);
    if (c->view.ndim == 1 && c->view.itemsize == sizeof(uint32_t) && is_unsigned(format)) {
        c->width = sizeof(uint32_t);
        c->n = (size_t)c->view.shape[0];
        return true;
    }
    return open_rows(c, c->view.itemsize == 1 && format[0] && strchr("Bbc", format[0]));
}

/* One length for all that have one; *n is it. */
static bool same_length(const column *columns, size_t count, size_t *n)
{
    const column *first = NULL;
    for (size_t i = 0; i < count; i++) {
        const column *c = &columns[i];
        if (!c->at)
            continue;
        first = first ? first : c;
        if (c->n != first->n) {
            PyErr_Format(PyExc_ValueError, "%s has %zu rows, %s has %zu", first->name, first->n,
                         c->name, c->n);
            return false;
        }
    }
    *n = first ? first->n : 1;
    return true;
}

void np_put_ipv4(uint8_t out[16], uint32_t ip)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    memcpy(out, mapped, sizeof mapped);
    out[12] = (uint8_t)(ip >> 24);
    out[13] = (uint8_t)(ip >> 16);
    out[14] = (uint8_t)(ip >> 8);
    out[15] = (uint8_t)ip;
}

static void put_address(const column *c, size_t row, uint8_t *out)
{
    if (c->at && c->width == ADDRESS_BYTES) {
        memcpy(out, c->at + row * ADDRESS_BYTES, ADDRESS_BYTES);
        return;
    }
    uint32_t ip = c->constant;
    if (c->at)
        memcpy(&ip, c->at + row * sizeof ip, sizeof ip);
    np_put_ipv4(out, ip);
}

static uint32_t number_at(const column *c, size_t row)
{
    uint16_t wide;
    if (!c->at)
        return c->constant;
    if (c->width == 1)
        return c->at[row];
    memcpy(&wide, c->at + row * sizeof wide, sizeof wide);
    return wide;
}

enum { SRC, DST, PROTOCOLS, PORTS, COLUMNS };

/* Ctrl-C is looked for now and then: that takes the interpreter lock, which others may hold. By the
 * clock, since an engine may be slow. */
static bool due(struct timespec *last)
{
    struct timespec now;
    if (!timespec_get(&now, TIME_UTC) || now.tv_sec == last->tv_sec)
        return false;
    *last = now;
    return true;
}

/* False: a signal's exception is set. Without the interpreter lock. */
static bool judge(const netpol_engine *engine, const column *c, size_t n, char *out)
{
    netpol_flow flows[PIECE];
    netpol_verdict verdicts[PIECE];
    struct timespec last = {0};
    timespec_get(&last, TIME_UTC);
    memset(flows, 0, sizeof flows);
    for (size_t from = 0; from < n; from += PIECE) {
        size_t rows = n - from < PIECE ? n - from : PIECE;
        for (size_t i = 0; i < rows; i++) {
            put_address(&c[SRC], from + i, flows[i].src);
            put_address(&c[DST], from + i, flows[i].dst);
            flows[i].protocol = (uint8_t)number_at(&c[PROTOCOLS], from + i);
            flows[i].port = (uint16_t)number_at(&c[PORTS], from + i);
        }
        netpol_engine_verdicts(engine, flows, rows, verdicts);
        for (size_t i = 0; i < rows; i++)
            out[from + i] = (char)verdicts[i].allowed;
        if (due(&last) && !np_keep_going(NULL))
            return false;
    }
    return true;
}

static PyObject *judge_all(const netpol_engine *engine, const column *columns)
{
    size_t n;
    if (!same_length(columns, COLUMNS, &n))
        return NULL;
    PyObject *made = PyByteArray_FromStringAndSize(NULL, (Py_ssize_t)n);
    if (!made)
        return NULL;
    char *out = PyByteArray_AsString(made);
    PyThreadState *lock = PyEval_SaveThread();
    bool done = judge(engine, columns, n, out);
    PyEval_RestoreThread(lock);
    if (!done)
        Py_CLEAR(made);
    return made;
}

PyObject *np_batch(const netpol_engine *engine, PyObject *src, PyObject *dst, PyObject *protocols,
                   PyObject *ports)
{
    column c[COLUMNS] = {
        {.name = "src_ips"}, {.name = "dst_ips"}, {.name = "protocols"}, {.name = "ports"}};
    PyObject *made = NULL;
    if (open_addresses(&c[SRC], src) && open_addresses(&c[DST], dst) &&
        open_numbers(&c[PROTOCOLS], protocols, sizeof(uint8_t)) &&
        open_numbers(&c[PORTS], ports, sizeof(uint16_t)))
        made = judge_all(engine, c);
    for (size_t i = 0; i < COLUMNS; i++)
        if (c[i].held)
            PyBuffer_Release(&c[i].view);
    return made;
}
