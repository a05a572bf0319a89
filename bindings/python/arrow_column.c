/* SPDX-License-Identifier: MIT */
#include "arrow.h"

#include "cidr.h"
#include "port.h"

#include <stdlib.h>

enum { ADDRESS_BYTES = 16, V4_BYTES = 4, VIEW_BYTES = 16, VIEW_INLINE = 12 };

/* ---- types ---- */

static const char *type_name(const char *format)
{
    static const struct {
        const char *start;
        const char *name;
    } names[] = {
        {"n", "null"},
        {"b", "bool"},
        {"e", "float16"},
        {"f", "float32"},
        {"g", "float64"},
        {"d:", "decimal"},
        {"tt", "time"},
        {"ts", "timestamp"},
        {"td", "date"},
        {"tD", "duration"},
        {"ti", "interval"},
        {"+l", "list"},
        {"+L", "list"},
        {"+v", "list"},
        {"+w", "list"},
        {"+s", "struct"},
        {"+m", "map"},
        {"+u", "union"},
        {"+r", "run-end encoded"},
        {"c", "int8"},
        {"C", "uint8"},
        {"s", "int16"},
        {"S", "uint16"},
        {"i", "int32"},
        {"I", "uint32"},
        {"l", "int64"},
        {"L", "uint64"},
        {"w:", "fixed_size_binary"},
        {"u", "string"},
        {"U", "large_string"},
        {"vu", "string_view"},
        {"z", "binary"},
        {"Z", "large_binary"},
        {"vz", "binary_view"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(format, names[i].start, strlen(names[i].start)) == 0)
            return names[i].name;
    return format;
}

static bool int_type(const char *format, np_arrow_type *out)
{
    static const char letters[] = "cCsSiIlL";
    const char *at = format[0] && !format[1] ? strchr(letters, format[0]) : NULL;
    if (!at)
        return false;
    size_t i = (size_t)(at - letters);
    *out = (np_arrow_type){NP_ARROW_INTS, (size_t)1 << i / 2, i % 2 == 0, false};
    return true;
}

static bool fixed_type(const char *format, np_arrow_type *out)
{
    char *end;
    if (strncmp(format, "w:", 2) != 0)
        return false;
    unsigned long width = strtoul(format + 2, &end, 10);
    *out = (np_arrow_type){NP_ARROW_FIXED, width, false, false};
    return !*end && (width == V4_BYTES || width == ADDRESS_BYTES);
}

static bool text_type(const char *format, np_arrow_type *out)
{
    static const struct {
        const char *format;
        np_arrow_type type;
    } types[] = {
        {"u", {NP_ARROW_TEXT, sizeof(int32_t), false, true}},
        {"U", {NP_ARROW_TEXT, sizeof(int64_t), false, true}},
        {"vu", {NP_ARROW_VIEWS, VIEW_BYTES, false, true}},
        {"z", {NP_ARROW_TEXT, sizeof(int32_t), false, false}},
        {"Z", {NP_ARROW_TEXT, sizeof(int64_t), false, false}},
        {"vz", {NP_ARROW_VIEWS, VIEW_BYTES, false, false}},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(format, types[i].format) == 0) {
            *out = types[i].type;
            return true;
        }
    return false;
}

static bool is_address(np_arrow_role role)
{
    return role == NP_ARROW_SRC || role == NP_ARROW_DST;
}

/* The type of values, and whether they can mean what the column is for. */
static bool value_type(np_arrow_role role, const char *format, np_arrow_type *out)
{
    if (int_type(format, out))
        return true;
    if (role == NP_ARROW_PORT)
        return false;
    if (role == NP_ARROW_PROTOCOL)
        return text_type(format, out) && out->is_text;
    return text_type(format, out) || fixed_type(format, out);
}

static const char *wanted(np_arrow_role role)
{
    if (role == NP_ARROW_PORT)
        return "integers";
    if (role == NP_ARROW_PROTOCOL)
        return "strings (\"TCP\") or integers (6)";
    return "strings (addresses, or pods as \"ns/pod\"), unsigned integers (IPv4), or binary of 4 "
           "or "
           "16 bytes (IPv4, IPv6)";
}

bool np_arrow_column_open(np_arrow_column *c, const np_arrow_schema *schema, np_arrow_failure *f)
{
    const char *format = schema->dictionary ? schema->dictionary->format : schema->format;
    c->has_dictionary = schema->dictionary != NULL;
    bool known = c->has_dictionary
                     ? int_type(schema->format, &c->type) && !schema->dictionary->dictionary &&
                           value_type(c->role, format, &c->value_type)
                     : value_type(c->role, format, &c->type);
    return known || np_arrow_fail(f, NP_ARROW_TYPE, "column %s: must hold %s, not %s", c->name,
                                  wanted(c->role), type_name(format));
}

/* ---- batches ---- */

const uint8_t *np_arrow_validity(const np_arrow_array *a)
{
    return a->null_count != 0 && a->n_buffers > 0 ? a->buffers[0] : NULL;
}

static int64_t buffers_of(const np_arrow_type *t)
{
    return t->layout == NP_ARROW_TEXT || t->layout == NP_ARROW_VIEWS ? 3 : 2;
}

/* What a broken producer could get wrong in sizes that are looked at here. */
static bool has_shape(const np_arrow_array *a, const np_arrow_type *t, int64_t rows)
{
    return a && a->offset >= 0 && a->length >= rows && a->n_buffers >= buffers_of(t) &&
           a->buffers && (a->buffers[1] || a->length == 0);
}

static bool turn_dictionary(np_arrow_column *c, np_arrow_failure *f)
{
    const np_arrow_array *d = c->array->dictionary;
    if (!has_shape(d, &c->value_type, 0))
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
    if (!has_shape(c->array, &c->type, table->offset + table->length))
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

/* ---- values in memory ---- */

static void read_ints(const np_arrow_type *t, const void *at, int64_t first, size_t n, int64_t *out)
{
    const char *p = (const char *)at + (size_t)first * t->width;
#define NP_WIDEN(type)                                                                             \
    for (size_t i = 0; i < n; i++) {                                                               \
        type x;                                                                                    \
        memcpy(&x, p + i * sizeof x, sizeof x);                                                    \
        out[i] = (int64_t)x;                                                                       \
    }
    switch (t->width * 2 + t->is_signed) {
    case 2:
        NP_WIDEN(uint8_t) break;
    case 3:
        NP_WIDEN(int8_t) break;
    case 4:
        NP_WIDEN(uint16_t) break;
    case 5:
        NP_WIDEN(int16_t) break;
    case 8:
        NP_WIDEN(uint32_t) break;
    case 9:
        NP_WIDEN(int32_t) break;
    default:
        NP_WIDEN(int64_t) break; /* beyond 63 bits becomes negative: out of range, too */
    }
#undef NP_WIDEN
}

static np_slice text_at(const np_arrow_type *t, const np_arrow_array *a, int64_t i)
{
    int64_t ends[2];
    if (t->width == sizeof(int32_t)) {
        int32_t narrow[2];
        memcpy(narrow, (const char *)a->buffers[1] + (size_t)i * sizeof *narrow, sizeof narrow);
        ends[0] = narrow[0];
        ends[1] = narrow[1];
    } else {
        memcpy(ends, (const char *)a->buffers[1] + (size_t)i * sizeof *ends, sizeof ends);
    }
    if (ends[1] <= ends[0] || !a->buffers[2])
        return (np_slice){"", 0};
    return (np_slice){(const char *)a->buffers[2] + ends[0], (size_t)(ends[1] - ends[0])};
}

/* Short values stand in the view itself, long ones at an offset of one of several buffers. */
static np_slice view_at(const np_arrow_array *a, int64_t i)
{
    const char *view = (const char *)a->buffers[1] + (size_t)i * VIEW_BYTES;
    int32_t n;
    int32_t at[2];
    memcpy(&n, view, sizeof n);
    if (n <= VIEW_INLINE)
        return (np_slice){view + sizeof n, n > 0 ? (size_t)n : 0};
    memcpy(at, view + 2 * sizeof n, sizeof at);
    if (at[0] < 0 || at[0] >= a->n_buffers - 3)
        return (np_slice){"", 0};
    return (np_slice){(const char *)a->buffers[2 + at[0]] + at[1], (size_t)n};
}

static np_slice bytes_at(const np_arrow_type *t, const np_arrow_array *a, int64_t i)
{
    if (t->layout == NP_ARROW_TEXT)
        return text_at(t, a, i);
    if (t->layout == NP_ARROW_VIEWS)
        return view_at(a, i);
    return (np_slice){(const char *)a->buffers[1] + (size_t)i * t->width, t->width};
}

/* ---- what values mean ---- */

static void put_ipv4(uint8_t out[16], uint32_t ip)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    memcpy(out, mapped, sizeof mapped);
    out[12] = (uint8_t)(ip >> 24);
    out[13] = (uint8_t)(ip >> 16);
    out[14] = (uint8_t)(ip >> 8);
    out[15] = (uint8_t)ip;
}

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
    else if (text.n == ADDRESS_BYTES)
        memcpy(out->bytes, text.p, ADDRESS_BYTES);
    else if (text.n == V4_BYTES)
        put_ipv4(out->bytes, (uint32_t)(uint8_t)text.p[0] << 24 |
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
        put_ipv4(out->bytes, (uint32_t)number);
}

static void mean(const np_arrow_column *c, const netpol_engine *engine, const np_arrow_type *t,
                 const np_arrow_array *a, int64_t i, np_arrow_cell *out)
{
    int64_t number;
    if (!np_arrow_bit(np_arrow_validity(a), i)) {
        out->state = NP_CELL_NULL;
    } else if (t->layout == NP_ARROW_INTS) {
        read_ints(t, a->buffers[1], i, 1, &number);
        mean_int(c->role, number, out);
    } else if (is_address(c->role)) {
        mean_address(engine, bytes_at(t, a, i), t->is_text, out);
    } else {
        mean_protocol(bytes_at(t, a, i), out);
    }
}

/* ---- failures of a row ---- */

static void print_value(np_buffer *b, const np_arrow_type *t, const np_arrow_array *a, int64_t i)
{
    enum { SHOWN = 80 };
    if (t->layout == NP_ARROW_INTS) {
        int64_t number;
        read_ints(t, a->buffers[1], i, 1, &number);
        if (t->is_signed)
            np_buffer_format(b, "%lld", (long long)number);
        else
            np_buffer_format(b, "%llu", (unsigned long long)number);
        return;
    }
    np_slice text = bytes_at(t, a, i);
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
    read_ints(&c->type, c->array->buffers[1], c->first + row, 1, &index);
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

static bool take_indexed(np_arrow_column *c, np_arrow_rows *rows)
{
    int64_t index[NP_ARROW_PIECE];
    const np_arrow_cell null = {.state = NP_CELL_NULL};
    const np_arrow_array *d = c->array->dictionary;
    const uint8_t *valid = np_arrow_validity(c->array);
    read_ints(&c->type, c->array->buffers[1], c->first + rows->from, rows->n, index);
    for (size_t i = 0; i < rows->n; i++) {
        np_arrow_cell *cell = NULL;
        if (np_arrow_bit(valid, c->first + rows->from + (int64_t)i)) {
            if (index[i] < 0 || (size_t)index[i] >= c->n_cells)
                return np_arrow_fail(rows->failure, NP_ARROW_SOURCE,
                                     "column %s, row %lld: not in its dictionary", c->name,
                                     (long long)(rows->before + rows->from) + (long long)i);
            cell = &c->cells[index[i]];
            if (cell->state == NP_CELL_UNREAD)
                mean(c, rows->engine, &c->value_type, d, d->offset + index[i], cell);
        }
        if (!take(c, rows, i, cell ? cell : &null))
            return false;
    }
    return true;
}

/* Numbers without nulls, which is the usual table, go in tight loops. */
static bool take_plain_ints(const np_arrow_column *c, np_arrow_rows *rows, const int64_t *number)
{
    int64_t beyond = 0;
    for (size_t i = 0; i < rows->n; i++)
        beyond |= number[i] & ~most_of(c->role);
    if (beyond)
        return false;
    if (c->role == NP_ARROW_SRC || c->role == NP_ARROW_DST) {
        for (size_t i = 0; i < rows->n; i++) {
            netpol_flow *f = &rows->flows[i];
            put_ipv4(c->role == NP_ARROW_SRC ? f->src : f->dst, (uint32_t)number[i]);
            *(c->role == NP_ARROW_SRC ? &f->src_kind : &f->dst_kind) = NETPOL_BY_ADDRESS;
        }
    } else if (c->role == NP_ARROW_PROTOCOL) {
        for (size_t i = 0; i < rows->n; i++)
            rows->flows[i].protocol = (uint8_t)number[i];
    } else {
        for (size_t i = 0; i < rows->n; i++)
            rows->flows[i].port = (uint16_t)number[i];
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
    int64_t number[NP_ARROW_PIECE];
    if (c->child < 0)
        return take_constant(c, rows);
    if (c->has_dictionary)
        return take_indexed(c, rows);
    if (c->type.layout == NP_ARROW_INTS && !np_arrow_validity(c->array)) {
        read_ints(&c->type, c->array->buffers[1], c->first + rows->from, rows->n, number);
        if (take_plain_ints(c, rows, number))
            return true;
    }
    return take_values(c, rows);
}

np_slice np_arrow_column_text(const np_arrow_column *c, int64_t row)
{
    const np_arrow_array *a = c->has_dictionary ? c->array->dictionary : c->array;
    const np_arrow_type *t = c->has_dictionary ? &c->value_type : &c->type;
    int64_t at = c->has_dictionary ? a->offset + dictionary_index(c, row) : c->first + row;
    return t->is_text ? bytes_at(t, a, at) : (np_slice){NULL, 0};
}
