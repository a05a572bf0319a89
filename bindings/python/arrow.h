/* SPDX-License-Identifier: MIT */
/* arrow owns the way of columns in and out by Arrow's C data interface: what a column of a table
 * means as a side of flows, and the column of verdicts. It knows no policy, and no library of
 * Arrow.
 *
 * Everything but the functions that take or give a PyObject runs without the interpreter lock. */
#ifndef NP_ARROW_H
#define NP_ARROW_H

#include "values.h"

#include "str.h"

/* ---- the C data interface: the layout of these structs is Arrow's, and stable ---- */

typedef struct np_arrow_schema np_arrow_schema;
struct np_arrow_schema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    np_arrow_schema **children;
    np_arrow_schema *dictionary;
    void (*release)(np_arrow_schema *);
    void *private_data;
};

typedef struct np_arrow_array np_arrow_array;
struct np_arrow_array {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    np_arrow_array **children;
    np_arrow_array *dictionary;
    void (*release)(np_arrow_array *);
    void *private_data;
};

typedef struct np_arrow_stream np_arrow_stream;
struct np_arrow_stream {
    int (*get_schema)(np_arrow_stream *, np_arrow_schema *out);
    int (*get_next)(np_arrow_stream *, np_arrow_array *out); /* out->release NULL: the end */
    const char *(*get_last_error)(np_arrow_stream *);
    void (*release)(np_arrow_stream *);
    void *private_data;
};

enum { NP_ARROW_NULLABLE = 2 };

/* ---- what went wrong, told when the lock is held again ---- */

typedef enum np_arrow_fault {
    NP_ARROW_FINE = 0,
    NP_ARROW_TYPE,      /* TypeError */
    NP_ARROW_VALUE,     /* ValueError */
    NP_ARROW_NOT_FOUND, /* netpol.NotFoundError */
    NP_ARROW_SOURCE,    /* RuntimeError: the table itself failed */
    NP_ARROW_STOPPED,   /* Ctrl-C: its exception is kept */
    NP_ARROW_MEMORY
} np_arrow_fault;

typedef struct np_arrow_failure {
    np_arrow_fault fault;
    np_buffer text;
} np_arrow_failure;

/* Keeps the first failure. Returns false. */
bool np_arrow_fail(np_arrow_failure *f, np_arrow_fault fault, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Sets the exception. Returns NULL. */
PyObject *np_arrow_raise(const np_arrow_failure *f);

/* ---- how values lie in arrays: arrow_types.c ---- */

typedef enum np_arrow_layout {
    NP_ARROW_NULLS,
    NP_ARROW_INTS,
    NP_ARROW_FIXED,
    NP_ARROW_TEXT,
    NP_ARROW_VIEWS
} np_arrow_layout;

typedef struct np_arrow_type {
    np_arrow_layout layout;
    size_t width;   /* bytes of a number, of a value of fixed size, or of an offset */
    bool is_signed; /* of numbers */
    bool is_text;   /* UTF-8, not bytes */
} np_arrow_type;

/* False: a type of which no column here can be. */
bool np_arrow_type_of(const char *format, np_arrow_type *out);
/* For people: "float64". */
const char *np_arrow_type_name(const char *format);
/* Whether the sizes that are looked at here fit; a broken producer could get them wrong. */
bool np_arrow_has_shape(const np_arrow_array *a, const np_arrow_type *t, int64_t rows);
/* The bitmap of an array's nulls, or NULL if it has none. */
const uint8_t *np_arrow_validity(const np_arrow_array *a);
static inline bool np_arrow_bit(const uint8_t *bits, int64_t i)
{
    return !bits || (bits[i >> 3] >> (i & 7) & 1);
}
/* Numbers of any width; those beyond 63 bits come out negative. */
void np_arrow_ints(const np_arrow_type *t, const void *at, int64_t first, size_t n, int64_t *out);
/* A text or binary value. */
np_slice np_arrow_bytes(const np_arrow_type *t, const np_arrow_array *a, int64_t i);

/* ---- columns that come in: arrow_column.c ---- */

/* Rows are read in pieces that stay in the first cache. */
enum { NP_ARROW_PIECE = 256 };

typedef enum np_arrow_role {
    NP_ARROW_SRC,
    NP_ARROW_DST,
    NP_ARROW_PROTOCOL,
    NP_ARROW_PORT,
    NP_ARROW_ROLES
} np_arrow_role;

/* What one value means. */
typedef struct np_arrow_cell {
    uint8_t bytes[16]; /* of addresses */
    uint8_t kind;      /* NETPOL_BY_… */
    uint8_t state;     /* NP_CELL_… */
    uint16_t number;   /* of protocols and ports */
} np_arrow_cell;

enum { NP_CELL_UNREAD = 0, NP_CELL_FINE, NP_CELL_NULL, NP_CELL_WRONG, NP_CELL_UNKNOWN };

typedef struct np_arrow_column {
    np_arrow_role role;
    const char *name; /* as the table has it */
    int64_t child;    /* its place in the table; -1: `constant` in every row */
    uint16_t constant;
    np_arrow_type type; /* of the numbers in the dictionary, if there is one */
    bool has_dictionary;
    np_arrow_type value_type; /* of the dictionary */
    /* of the batch at hand: */
    const np_arrow_array *array;
    int64_t first;        /* place of the batch's first row in the array */
    np_arrow_cell *cells; /* of the dictionary, each read when it is first used */
    size_t n_cells;
} np_arrow_column;

/* Says what a column of this schema means; false: it cannot be read as such. */
bool np_arrow_column_open(np_arrow_column *c, const np_arrow_schema *schema, np_arrow_failure *f);
/* Turns to the column's part of a batch. */
bool np_arrow_column_turn(np_arrow_column *c, const np_arrow_array *table, np_arrow_failure *f);
void np_arrow_column_close(np_arrow_column *c);

/* Some rows under way. */
typedef struct np_arrow_rows {
    const netpol_engine *engine;
    np_arrow_failure *failure;
    bool tolerant;  /* rows that cannot be judged become null */
    int64_t before; /* rows of earlier batches, for messages */
    int64_t from;   /* of this batch */
    size_t n;       /* at most NP_ARROW_PIECE */
    netpol_flow flows[NP_ARROW_PIECE];
    bool judged[NP_ARROW_PIECE]; /* false: null */
} np_arrow_rows;

/* Puts a column's values into the flows. Protocols go before ports. */
bool np_arrow_column_read(np_arrow_column *c, np_arrow_rows *rows);
/* The text of a row's address, if it is one; else {NULL, 0}. */
np_slice np_arrow_column_text(const np_arrow_column *c, int64_t row);
/* ---- the column that goes out: arrow_verdicts.c ---- */

/* Verdicts as bits. Counted, since each consumer keeps it; immutable once it is handed out. */
typedef struct np_arrow_verdicts np_arrow_verdicts;

np_arrow_verdicts *np_arrow_verdicts_new(void); /* NULL: no memory */
void np_arrow_verdicts_unref(np_arrow_verdicts *v);
/* Room for n more rows; false: no memory. */
bool np_arrow_verdicts_reserve(np_arrow_verdicts *v, size_t n);
/* Appends rows for which there is room. */
void np_arrow_verdicts_add(np_arrow_verdicts *v, const netpol_verdict *at, const bool *judged,
                           size_t n);
/* A batch ends here; false: no memory. */
bool np_arrow_verdicts_cut(np_arrow_verdicts *v);

/* A capsule that owns one reference: the `verdicts` below. */
PyObject *np_arrow_verdicts_capsule(np_arrow_verdicts *v);

/* ---- what the package calls ---- */

/* columns: for each role a name, an int for all rows, or a tuple of these to be tried in turn. */
PyObject *np_evaluate(const netpol_engine *engine, PyObject *table, PyObject *columns,
                      bool tolerant);
/* (rows, nulls, allowed) */
PyObject *np_verdicts_count(PyObject *verdicts);
/* True, False and None of some rows. */
PyObject *np_verdicts_list(PyObject *verdicts, int64_t from, int64_t to);
/* The capsules of Arrow's protocol. */
PyObject *np_verdicts_schema(void);
PyObject *np_verdicts_array(PyObject *verdicts);
PyObject *np_verdicts_stream(PyObject *verdicts);

#endif
