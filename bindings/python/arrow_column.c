/* SPDX-License-Identifier: MIT */
#include "arrow.h"

#include "cidr.h"
#include "port.h"

#include <stdlib.h>

enum { V6_BYTES = 16, V4_BYTES = 4 };

static bool is_address(np_arrow_role role)
{
    return role == NP_ARROW_SRC || role == NP_ARROW_DST;
}

/* Whether values of a type can mean what the column is for. */
static bool serves(const np_arrow_type *t, np_arrow_role role)
{
    return t->layout == NP_ARROW_NULLS || t->layout == NP_ARROW_INTS || is_address(role) ||
           (role == NP_ARROW_PROTOCOL && t->is_text);
}

static const char *wanted(np_arrow_role role)
{
    if (role == NP_ARROW_PORT)
        return "integers";
    if (role == NP_ARROW_PROTOCOL)
        return "strings (\"TCP\") or integers (6)";
    return "strings (addresses, or pods as \"ns/pod\"), unsigned integers (IPv4), "
           "or binary of 4 or 16 bytes (IPv4, IPv6)";
}

/* A dictionary has numbers for values that stand elsewhere. */
static bool open_types(np_arrow_column *c, const np_arrow_schema *schema)
{
    const np_arrow_schema *values = schema->dictionary;
    c->has_dictionary = values != NULL;
    if (!values)
        return np_arrow_type_of(schema->format, &c->type) && serves(&c->type, c->role);
    return np_arrow_type_of(schema->format, &c->type) && c->type.layout == NP_ARROW_INTS &&
           !values->dictionary && np_arrow_type_of(values->format, &c->value_type) &&
           serves(&c->value_type, c->role);
}

bool np_arrow_column_open(np_arrow_column *c, const np_arrow_schema *schema, np_arrow_failure *f)
{
    const char *format = schema->dictionary ? schema->dictionary->format : schema->format;
    return open_types(c, schema) ||
           np_arrow_fail(f, NP_ARROW_TYPE, "column %s: must hold %s, not %s", c->name,
                         wanted(c->role), np_arrow_type_name(format));
}

/* ---- batches ---- */

static bool turn_dictionary(np_arrow_column *c, np_arrow_failure *f)
{
    const np_arrow_array *d = c->array->dictionary;
    if (!np_arrow_has_shape(d, &c->value_type, 0))
        return np_arrow_fail(f, NP_ARROW_SOURCE, "column %s: its dictionary is broken", c->name);
    c->n_cells = (size_t)d->length;
    c->cells = calloc(c->n_cells + 1, sizeof *c->cells);
    return c->cells || np_arrow_fail(f, NP_ARROW_MEMORY, " ");
}

bool np_arrow_column_turn(np_arrow_column *c, const np_arrow_array *table, np_arrow_failure *f)
{
    np_arrow_column_close(c);
    if (c->child < 0)
        return true;
    c->array = c->child < table->n_children ? table->children[c->child] : NULL;
    if (!np_arrow_has_shape(c->array, &c->type, table->offset + table->length))
        return np_arrow_fail(f, NP_ARROW_SOURCE, "column %s: its array is broken", c->name);
    c->first = c->array->offset + table->offset;
    return !c->has_dictionary || turn_dictionary(c, f);
}

void np_arrow_column_close(np_arrow_column *c)
{
    free(c->cells);
    c->cells = NULL;
    c->array = NULL;
}

/* ---- what values mean ---- */

static void mean_pod(const netpol_engine *engine, np_slice text, np_arrow_cell *out)
{
    char room[640];
    uint32_t pod;
    out->state = NP_CELL_UNKNOWN;
    if (text.n >= sizeof room || memchr(text.p, '\0', text.n))
        return;
    memcpy(room, text.p, text.n);
    room[text.n] = '\0';
    char *slash = strchr(room, '/');
    if (slash)
        *slash = '\0';
    if (netpol_engine_pod(engine, slash ? room : NULL, slash ? slash + 1 : room, &pod) != NETPOL_OK)
        return;
    memset(out->bytes, 0, sizeof out->bytes);
    memcpy(out->bytes, &pod, sizeof pod);
    out->kind = NETPOL_BY_POD;
    out->state = NP_CELL_FINE;
}

static void mean_address(const netpol_engine *engine, np_slice text, bool is_text,
                         np_arrow_cell *out)
{
    np_ip ip;
    out->kind = NETPOL_BY_ADDRESS;
    out->state = NP_CELL_FINE;
    if (is_text && np_ip_parse(text, &ip))
        memcpy(out->bytes, ip.b, sizeof out->bytes);
    else if (is_text)
        mean_pod(engine, text, out);
    else if (text.n == V6_BYTES)
        memcpy(out->bytes, text.p, V6_BYTES);
    else if (text.n == V4_BYTES)
        np_put_ipv4(out->bytes, (uint32_t)(uint8_t)text.p[0] << 24 |
                                    (uint32_t)(uint8_t)text.p[1] << 16 |
                                    (uint32_t)(uint8_t)text.p[2] << 8 | (uint8_t)text.p[3]);
    else
        out->state = NP_CELL_WRONG;
}

static void mean_protocol(np_slice text, np_arrow_cell *out)
{
    uint8_t protocol = NETPOL_TCP;
    out->state = np_slice_is(text, "TCP") || np_protocol_parse(text, &protocol) ? NP_CELL_FINE
                                                                                : NP_CELL_WRONG;
    out->number = protocol;
}

static int64_t most_of(np_arrow_role role)
{
    return role == NP_ARROW_PORT ? UINT16_MAX : role == NP_ARROW_PROTOCOL ? UINT8_MAX : UINT32_MAX;
}

static void mean_int(np_arrow_role role, int64_t number, np_arrow_cell *out)
{
    out->kind = NETPOL_BY_ADDRESS;
    out->state = number < 0 || number > most_of(role) ? NP_CELL_WRONG : NP_CELL_FINE;
    out->number = (uint16_t)number;
    if (is_address(role))
        np_put_ipv4(out->bytes, (uint32_t)number);
}

static void mean(const np_arrow_column *c, const netpol_engine *engine, const np_arrow_type *t,
                 const np_arrow_array *a, int64_t i, np_arrow_cell *out)
{
    int64_t number;
    if (t->layout == NP_ARROW_NULLS || !np_arrow_bit(np_arrow_validity(a), i)) {
        out->state = NP_CELL_NULL;
    } else if (t->layout == NP_ARROW_INTS) {
        np_arrow_ints(t, a->buffers[1], i, 1, &number);
        mean_int(c->role, number, out);
    } else if (is_address(c->role)) {
        mean_address(engine, np_arrow_bytes(t, a, i), t->is_text, out);
    } else {
        mean_protocol(np_arrow_bytes(t, a, i), out);
    }
}

/* ---- failures of a row ---- */

static void print_value(np_buffer *b, const np_arrow_type *t, const np_arrow_array *a, int64_t i)
{
    enum { SHOWN = 80 };
    if (t->layout == NP_ARROW_INTS) {
        int64_t number;
        np_arrow_ints(t, a->buffers[1], i, 1, &number);
        if (t->is_signed)
            np_buffer_format(b, "%lld", (long long)number);
        else
            np_buffer_format(b, "%llu", (unsigned long long)number);
        return;
    }
    np_slice text = np_arrow_bytes(t, a, i);
    if (t->is_text)
        np_buffer_quote(b, (np_slice){text.p, text.n < SHOWN ? text.n : SHOWN});
    else
        np_buffer_format(b, "binary of %zu bytes", text.n);
}

static const char *reason(const np_arrow_column *c, uint8_t state)
{
    if (state == NP_CELL_UNKNOWN)
        return "neither an address nor a pod";
    if (c->role == NP_ARROW_PORT)
        return "no port from 0 to 65535";
    if (c->role == NP_ARROW_PROTOCOL)
        return "no protocol";
    return "no address";
}

static int64_t dictionary_index(const np_arrow_column *c, int64_t row)
{
    int64_t index;
    np_arrow_ints(&c->type, c->array->buffers[1], c->first + row, 1, &index);
    return index;
}

static bool refuse(const np_arrow_column *c, const np_arrow_rows *rows, size_t i, uint8_t state)
{
    const np_arrow_array *a = c->array;
    int64_t row = rows->from + (int64_t)i;
    int64_t at = c->first + row;
    const np_arrow_type *t = &c->type;
    np_buffer value;
    if (c->has_dictionary) {
        a = c->array->dictionary;
        at = a->offset + dictionary_index(c, row);
        t = &c->value_type;
    }
    np_buffer_init(&value, &np_libc_allocator);
    print_value(&value, t, a, at);
    np_arrow_fail(rows->failure, state == NP_CELL_UNKNOWN ? NP_ARROW_NOT_FOUND : NP_ARROW_VALUE,
                  "column %s, row %lld: %s: %.*s", c->name, (long long)(rows->before + row),
                  reason(c, state), (int)value.n, value.n ? value.p : "");
    np_buffer_free(&value);
    return false;
}

/* ---- values into flows ---- */

static void put(const np_arrow_column *c, np_arrow_rows *rows, size_t i, const np_arrow_cell *cell)
{
    netpol_flow *f = &rows->flows[i];
    switch (c->role) {
    case NP_ARROW_SRC:
        memcpy(f->src, cell->bytes, sizeof f->src);
        f->src_kind = cell->kind;
        break;
    case NP_ARROW_DST:
        memcpy(f->dst, cell->bytes, sizeof f->dst);
        f->dst_kind = cell->kind;
        break;
    case NP_ARROW_PROTOCOL:
        f->protocol = (uint8_t)cell->number;
        break;
    case NP_ARROW_PORT:
        f->port = cell->number;
        break;
    case NP_ARROW_ROLES:
        break;
    }
}

/* A null port is none, which is right for protocols without ports. */
static void leave_out(const np_arrow_column *c, np_arrow_rows *rows, size_t i)
{
    rows->flows[i].port = c->role == NP_ARROW_PORT ? 0 : rows->flows[i].port;
    if (c->role != NP_ARROW_PORT || np_protocol_has_ports(rows->flows[i].protocol))
        rows->judged[i] = false;
}

static bool take(const np_arrow_column *c, np_arrow_rows *rows, size_t i, const np_arrow_cell *cell)
{
    if (cell->state == NP_CELL_FINE) {
        put(c, rows, i, cell);
        return true;
    }
    if (cell->state != NP_CELL_NULL && !rows->tolerant)
        return refuse(c, rows, i, cell->state);
    rows->judged[i] = rows->judged[i] && cell->state == NP_CELL_NULL;
    leave_out(c, rows, i);
    return true;
}

static bool take_constant(const np_arrow_column *c, np_arrow_rows *rows)
{
    np_arrow_cell cell = {.number = c->constant, .state = NP_CELL_FINE};
    for (size_t i = 0; i < rows->n; i++)
        put(c, rows, i, &cell);
    return true;
}

/* ---- the usual table, without nulls and faults, in tight loops ---- */

static void put_ipv4s(uint8_t *bytes, uint8_t *kind, const int64_t *number, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        np_put_ipv4(bytes + i * sizeof(netpol_flow), (uint32_t)number[i]);
        kind[i * sizeof(netpol_flow)] = NETPOL_BY_ADDRESS;
    }
}

static void put_numbers(np_arrow_role role, np_arrow_rows *rows, const int64_t *number)
{
    netpol_flow *f = rows->flows;
    if (role == NP_ARROW_SRC)
        put_ipv4s(f->src, &f->src_kind, number, rows->n);
    else if (role == NP_ARROW_DST)
        put_ipv4s(f->dst, &f->dst_kind, number, rows->n);
    else if (role == NP_ARROW_PROTOCOL)
        for (size_t i = 0; i < rows->n; i++)
            f[i].protocol = (uint8_t)number[i];
    else
        for (size_t i = 0; i < rows->n; i++)
            f[i].port = (uint16_t)number[i];
}

/* False: not all of them are right; nothing is put. */
static bool take_plain_ints(const np_arrow_column *c, np_arrow_rows *rows)
{
    int64_t number[NP_ARROW_PIECE];
    int64_t beyond = 0;
    int64_t most = most_of(c->role);
    np_arrow_ints(&c->type, c->array->buffers[1], c->first + rows->from, rows->n, number);
    for (size_t i = 0; i < rows->n; i++)
        beyond |= number[i] & ~most;
    if (beyond)
        return false;
    put_numbers(c->role, rows, number);
    return true;
}

static void put_cells(uint8_t *bytes, uint8_t *kind, const np_arrow_cell *cells,
                      const int64_t *index, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        memcpy(bytes + i * sizeof(netpol_flow), cells[index[i]].bytes, sizeof cells->bytes);
        kind[i * sizeof(netpol_flow)] = cells[index[i]].kind;
    }
}

static bool all_fine(const np_arrow_column *c, const int64_t *index, size_t n)
{
    bool fine = true;
    for (size_t i = 0; i < n && fine; i++)
        fine = (uint64_t)index[i] < c->n_cells && c->cells[index[i]].state == NP_CELL_FINE;
    return fine;
}

/* As take_plain_ints, of values that all have been met before. */
static bool take_known(const np_arrow_column *c, np_arrow_rows *rows, const int64_t *index)
{
    int64_t number[NP_ARROW_PIECE];
    netpol_flow *f = rows->flows;
    if (np_arrow_validity(c->array) || !all_fine(c, index, rows->n))
        return false;
    if (c->role == NP_ARROW_SRC) {
        put_cells(f->src, &f->src_kind, c->cells, index, rows->n);
    } else if (c->role == NP_ARROW_DST) {
        put_cells(f->dst, &f->dst_kind, c->cells, index, rows->n);
    } else {
        for (size_t i = 0; i < rows->n; i++)
            number[i] = c->cells[index[i]].number;
        put_numbers(c->role, rows, number);
    }
    return true;
}

/* ---- any table ---- */

/* NULL: the number is outside of the dictionary. */
static const np_arrow_cell *cell_of(const np_arrow_column *c, const np_arrow_rows *rows,
                                    int64_t index)
{
    const np_arrow_array *d = c->array->dictionary;
    np_arrow_cell *cell = (uint64_t)index < c->n_cells ? &c->cells[index] : NULL;
    if (cell && cell->state == NP_CELL_UNREAD)
        mean(c, rows->engine, &c->value_type, d, d->offset + index, cell);
    return cell;
}

static bool take_indexed(const np_arrow_column *c, np_arrow_rows *rows)
{
    static const np_arrow_cell null = {.state = NP_CELL_NULL};
    int64_t index[NP_ARROW_PIECE];
    const uint8_t *valid = np_arrow_validity(c->array);
    np_arrow_ints(&c->type, c->array->buffers[1], c->first + rows->from, rows->n, index);
    if (take_known(c, rows, index))
        return true;
    for (size_t i = 0; i < rows->n; i++) {
        bool is_null = !np_arrow_bit(valid, c->first + rows->from + (int64_t)i);
        const np_arrow_cell *cell = is_null ? &null : cell_of(c, rows, index[i]);
        if (!cell)
            return np_arrow_fail(rows->failure, NP_ARROW_SOURCE,
                                 "column %s, row %lld: not in its dictionary", c->name,
                                 (long long)(rows->before + rows->from) + (long long)i);
        if (!take(c, rows, i, cell))
            return false;
    }
    return true;
}

static bool take_values(const np_arrow_column *c, np_arrow_rows *rows)
{
    for (size_t i = 0; i < rows->n; i++) {
        np_arrow_cell cell;
        mean(c, rows->engine, &c->type, c->array, c->first + rows->from + (int64_t)i, &cell);
        if (!take(c, rows, i, &cell))
            return false;
    }
    return true;
}

bool np_arrow_column_read(np_arrow_column *c, np_arrow_rows *rows)
{
    if (c->child < 0)
        return take_constant(c, rows);
    if (c->has_dictionary)
        return take_indexed(c, rows);
    bool plain = c->type.layout == NP_ARROW_INTS && !np_arrow_validity(c->array);
    return (plain && take_plain_ints(c, rows)) || take_values(c, rows);
}

np_slice np_arrow_column_text(const np_arrow_column *c, int64_t row)
{
    const np_arrow_array *a = c->has_dictionary ? c->array->dictionary : c->array;
    const np_arrow_type *t = c->has_dictionary ? &c->value_type : &c->type;
    int64_t at = c->has_dictionary ? a->offset + dictionary_index(c, row) : c->first + row;
    return t->is_text ? np_arrow_bytes(t, a, at) : (np_slice){NULL, 0};
}
