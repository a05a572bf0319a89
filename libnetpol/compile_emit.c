/* SPDX-License-Identifier: MIT */
/* Writes what was made of a namespace: its space, its classes, the classes of its pods. */
#include "compile_inside.h"

#define NO_ROW_SET UINT16_MAX /* port sets from here on have no room in a row */
#define SHARED_ROW 128u       /* shorter ones lie beside their programme, for the cache's sake */
#define CACHE_LINE 64u

/* Room at the end of the space being laid out; UINT32_MAX: no memory, or too large. */
static uint32_t lay(np_compiler *c, size_t size, size_t align)
{
    np_builder *b = &c->builder;
    size_t at = (b->out_n + align - 1) & ~(align - 1);
    if (at + size > INT32_MAX || !np_grow(&c->alloc, (void **)&b->out, &b->out_room, at + size, 1))
        return UINT32_MAX;
    memset(b->out + b->out_n, 0, at + size - b->out_n);
    b->out_n = at + size;
    return (uint32_t)at;
}

/* Where the same as what was laid from `at` on lies: there, or before, where another programme has
 * it. */
static uint32_t share(np_builder *b, np_laid *laid, uint32_t at)
{
    uint32_t bytes = (uint32_t)b->out_n - at;
    uint32_t hash = 0;
    for (uint32_t i = 0; i < bytes; i++)
        hash = (hash ^ (uint8_t)b->out[at + i]) * 0x9E3779B1u;
    uint32_t place = hash >> (32 - NP_LAID_SHIFT);
    if (laid->bytes[place] == bytes && memcmp(b->out + laid->at[place], b->out + at, bytes) == 0) {
        b->out_n = at;
        return laid->at[place];
    }
    laid->at[place] = at;
    laid->bytes[place] = bytes;
    return at;
}

/* ---- rows ---- */

static bool union_into(np_compiler *c, uint32_t *set, uint32_t more)
{
    if (more != NP_PORTS_NONE)
        *set = np_port_table_union(&c->ports, *set, more);
    return *set != NP_PORTS_FAILED;
}

/* What a plan opens to one class of the same namespace. */
static bool open_to_group(np_compiler *c, const np_plan *p, const np_group *g, uint32_t *set)
{
    np_builder *b = &c->builder;
    *set = p->any;
    for (uint32_t i = 0; i < g->n_matches; i++)
        if (!union_into(c, set, b->open_at.at[b->matches.at[g->first_match + i]]))
            return false;
    for (size_t i = 0; i < p->broad.n; i++) {
        const np_open *o = &b->opens.at[p->broad.first + i];
        if (np_rows_has(&c->g->space_rows, np_space_number(b->space), o->a) &&
            np_rows_tells(&c->g->signature_rows, g->signature, o->b) &&
            !union_into(c, set, o->ports))
            return false;
    }
    if (p->direction == NP_OUT) {
        np_port_map map = np_compile_port_map(c, g->port_map);
        *set = np_port_table_resolve(&c->ports, *set, &map);
    }
    return *set != NP_PORTS_FAILED;
}

static void set_open_at(np_builder *b, const np_plan *p, bool clear)
{
    for (size_t i = 0; i < p->local.n; i++) {
        const np_open *o = &b->opens.at[p->local.first + i];
        b->open_at.at[o->a] = clear ? NP_PORTS_NONE : o->ports;
    }
}

/* Lays the row of a plan; without one if a set has no room in it. */
static bool lay_row(np_compiler *c, np_plan *p, uint32_t *row)
{
    np_builder *b = &c->builder;
    size_t before = b->out_n;
    *row = lay(c, b->n_groups * sizeof(uint16_t), 2);
    if (*row == UINT32_MAX)
        return false;
    set_open_at(b, p, false);
    bool ok = true;
    for (size_t i = 0; ok && p->has_row && i < b->n_groups; i++) {
        uint32_t set;
        ok = open_to_group(c, p, &b->groups[i], &set);
        uint16_t narrow = (uint16_t)set;
        p->has_row = set < NO_ROW_SET;
        if (ok)
            memcpy(b->out + *row + i * sizeof narrow, &narrow, sizeof narrow);
    }
    set_open_at(b, p, true);
    if (!p->has_row) {
        b->out_n = before;
        *row = 0;
    } else if (ok && b->out_n - before >= SHARED_ROW) {
        *row = share(b, &b->rows, *row);
    }
    return ok && (p->has_row || np_compile_list_locals(c, p));
}

/* ---- entries ---- */

static uint64_t picture(const np_compiler *c, uint32_t set)
{
    return c->ports.note[set].bits;
}

/* np_broad and np_narrow are both three numbers, as np_open is. */
static bool lay_run(np_compiler *c, const np_run *run, uint64_t *bits)
{
    np_builder *b = &c->builder;
    size_t bytes = run->n * sizeof(np_open);
    uint32_t at = lay(c, bytes, 4);
    if (at == UINT32_MAX)
        return false;
    if (run->n)
        memcpy(b->out + at, b->opens.at + run->first, bytes);
    for (size_t i = 0; i < run->n; i++)
        *bits |= picture(c, b->opens.at[run->first + i].ports);
    return true;
}

static bool lay_entries(np_compiler *c, const np_plan *p, uint32_t *at, uint64_t *bits)
{
    *at = lay(c, sizeof(np_admits), 4);
    return *at != UINT32_MAX && lay_run(c, &p->broad, bits) && lay_run(c, &p->narrow, bits);
}

/* The place of a port set among the first n different ones of the intervals. */
static uint32_t place_of(const uint32_t *sets, uint32_t n, uint32_t set)
{
    uint32_t i = 0;
    while (i < n && sets[i] != set)
        i++;
    return i;
}

uint32_t np_compile_coding(const np_interval *at, size_t n)
{
    uint32_t sets[256];
    uint32_t k = 0;
    bool turns = true;
    for (size_t i = 0; i < n; i++) {
        turns = turns && (i < 2 || at[i].payload == at[i - 2].payload);
        uint32_t place = place_of(sets, k, at[i].payload);
        if (place == 256)
            return NP_CODING_EACH;
        sets[place] = at[i].payload;
        k += place == k;
    }
    return turns ? 0 : k;
}

/* The memory is zero. */
static void write_sets(uint32_t *to, uint32_t coding, const np_interval *at, size_t n,
                       const uint32_t unknown[NP_SET_FIRST])
{
    if (n == 0)
        return;
    to[NP_SET_WHOLE] = unknown[NP_SET_WHOLE];
    to[NP_SET_SOME] = unknown[NP_SET_SOME];
    to += NP_SET_FIRST;
    if (coding == 0 || coding == NP_CODING_EACH) {
        for (size_t i = 0; i < (coding ? n : n < 2 ? n : 2); i++)
            to[i] = at[i].payload;
        return;
    }
    uint8_t *which = (uint8_t *)(to + coding);
    uint32_t k = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t place = place_of(to, k, at[i].payload);
        to[place] = at[i].payload;
        k += place == k;
        which[i] = (uint8_t)place;
    }
}

void np_compile_ip_table(np_ip_table *to, const np_interval *v4, size_t n4, const np_interval *v6,
                         size_t n6, uint32_t unknown[2][NP_SET_FIRST])
{
    *to = (np_ip_table){.n4 = (uint32_t)n4,
                        .n6 = (uint32_t)n6,
                        .coding4 = np_compile_coding(v4, n4),
                        .coding6 = np_compile_coding(v6, n6)};
    np_u128 *first6 = (np_u128 *)(void *)(to + 1);
    uint32_t *first4 = (uint32_t *)(void *)(first6 + n6);
    for (size_t i = 0; i < n4; i++)
        first4[i] = (uint32_t)v4[i].first.lo;
    for (size_t i = 0; i < n6; i++)
        first6[i] = v6[i].first;
    uint32_t *sets = first4 + n4;
    write_sets(sets, to->coding4, v4, n4, unknown[1]);
    sets += np_ip_table_words(n4, to->coding4);
    write_sets(sets, to->coding6, v6, n6, unknown[0]);
}

static bool lay_addresses(np_compiler *c, np_plan *p, uint32_t *at)
{
    np_builder *b = &c->builder;
    size_t n4 = p->n_intervals[1];
    size_t n6 = p->n_intervals[0];
    const np_interval *v4 = b->intervals.at + p->first_interval[1];
    const np_interval *v6 = b->intervals.at + p->first_interval[0];
    *at = 0;
    if (n4 + n6 == 0 && !(p->flags & NP_RULES_SLOW_IP))
        return true;
    size_t bytes = np_ip_table_bytes(n4, np_compile_coding(v4, n4), n6, np_compile_coding(v6, n6));
    *at = lay(c, bytes, 8);
    if (*at == UINT32_MAX)
        return false;
    np_compile_ip_table((np_ip_table *)(void *)(b->out + *at), v4, n4, v6, n6, p->unknown);
    *at = share(b, &b->tables, *at);
    return true;
}

/* The picture of whom the entries and `any` are about. */
static uint64_t peers_of(const np_builder *b, const np_plan *p)
{
    uint64_t bits = p->any == NP_PORTS_NONE ? 0 : UINT64_MAX;
    for (size_t i = 0; i < p->broad.n; i++)
        bits |= np_broad_bits(b->opens.at[p->broad.first + i].a);
    for (size_t i = 0; i < p->narrow.n; i++)
        bits |= np_narrow_bits(b->opens.at[p->narrow.first + i].a);
    return bits;
}

/* How far something lies behind the beginning of a programme; 0: there is none. */
static int32_t from_here(const np_plan *p, uint32_t at)
{
    return at ? (int32_t)at - (int32_t)p->offset : 0;
}

/* The entries come after the row, which may add to them. */
static bool lay_plan(np_compiler *c, np_plan *p)
{
    np_builder *b = &c->builder;
    np_rules r = {.bits = picture(c, p->any), .ip_bits = p->ip_bits};
    uint32_t row = 0;
    uint32_t entries = 0;
    uint32_t ip = 0;
    p->offset = lay(c, sizeof r, CACHE_LINE);
    if (p->offset == UINT32_MAX || (p->has_row && !lay_row(c, p, &row)) ||
        !lay_entries(c, p, &entries, &r.bits) || !lay_addresses(c, p, &ip))
        return false;
    r.peers = peers_of(b, p);
    r.row = from_here(p, row);
    r.admits = from_here(p, entries);
    np_admits e = {.any = p->any,
                   .n_broad = (uint32_t)p->broad.n,
                   .n_narrow = (uint32_t)p->narrow.n,
                   .ip = from_here(p, ip),
                   .flags = p->flags};
    memcpy(b->out + p->offset, &r, sizeof r);
    memcpy(b->out + entries, &e, sizeof e);
    return true;
}

/* ---- local bits ---- */

/* The bits of a class beyond the first 64, as a list. Returns how many there are. */
static uint32_t set_bits(np_builder *b, np_group *g, uint32_t *more)
{
    uint32_t n = 0;
    g->bits = 1;
    for (uint32_t i = 0; i < g->n_matches; i++) {
        uint32_t bit = b->open_at.at[b->matches.at[g->first_match + i]];
        if (bit >= 64 && more)
            more[n] = bit;
        if (bit >= 64)
            n++;
        else if (bit)
            g->bits |= (uint64_t)1 << bit;
    }
    return n;
}

/* The first 64 bits of each class as a word; of the rest, where the list of each class begins, and
 * the lists. */
static bool lay_bits(np_compiler *c)
{
    np_builder *b = &c->builder;
    const np_numbers *bits = &c->drafts[b->space].bits;
    for (size_t k = 0; k < bits->n; k++)
        b->open_at.at[c->use[bits->at[k]].place] = (uint32_t)k + 1;
    np_space head = {.n_classes = (uint32_t)b->n_groups};
    head.bits = lay(c, b->n_groups * sizeof(uint64_t), 8);
    if (head.bits == UINT32_MAX)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < b->n_groups; i++) {
        n += set_bits(b, &b->groups[i], NULL);
        memcpy(b->out + head.bits + i * sizeof(uint64_t), &b->groups[i].bits, sizeof(uint64_t));
    }
    if (n) {
        head.wide = lay(c, (b->n_groups + 1 + n) * 4, 4);
        if (head.wide == UINT32_MAX)
            return false;
        uint32_t *first = (uint32_t *)(void *)(b->out + head.wide);
        uint32_t *list = first + b->n_groups + 1;
        for (size_t i = 0; i < b->n_groups; i++)
            first[i + 1] = first[i] + set_bits(b, &b->groups[i], list + first[i]);
    }
    memcpy(b->out, &head, sizeof head);
    return true;
}

/* ---- classes ---- */

static bool put_space(np_compiler *c)
{
    np_builder *b = &c->builder;
    void *block = np_store_block(c->store, b->out_n);
    void **to = np_pages_edit(c->store, &c->g->spaces, np_space_number(b->space));
    if (!block || !to) {
        np_store_drop(c->store, block);
        return false;
    }
    memcpy(block, b->out, b->out_n);
    np_store_drop(c->store, *to);
    *to = block;
    return true;
}

static const np_rules *rules_of(const np_builder *b, const char *space, uint32_t plan)
{
    return plan ? (const np_rules *)(const void *)(space + b->plans[plan - 1].offset) : NULL;
}

/* Numbers for the classes: those that the namespace had, then free ones, then new ones. */
static bool number_classes(np_compiler *c)
{
    np_builder *b = &c->builder;
    np_numbers *have = &c->drafts[b->space].classes;
    while (have->n > b->n_groups)
        if (!np_numbers_add(&c->alloc, &c->free_classes, have->at[--have->n]))
            return false;
    while (have->n < b->n_groups) {
        bool again = c->free_classes.n > 0;
        uint32_t number = again ? c->free_classes.at[c->free_classes.n - 1] : c->n_classes;
        if (!np_numbers_add(&c->alloc, have, number))
            return false;
        if (again)
            c->free_classes.n--;
        else
            c->n_classes++;
    }
    if (!np_grow(&c->alloc, (void **)&c->homes, &c->homes_room, c->n_classes, sizeof *c->homes))
        return false;
    for (uint32_t i = 0; i < have->n; i++)
        c->homes[have->at[i]] = (np_home){b->space, i};
    return np_pages_grow(c->store, &c->g->classes, c->n_classes);
}

static bool put_class(np_compiler *c, uint32_t number, size_t group)
{
    np_builder *b = &c->builder;
    const np_group *g = &b->groups[group];
    const char *space = *(void *const *)np_pages_at(&c->g->spaces, np_space_number(b->space));
    np_class *to = np_pages_edit(c->store, &c->g->classes, number);
    if (!to)
        return false;
    bool slow = (g->flags & NP_CLASS_SLOW) || group > NP_MAX_ROW;
    unsigned flags =
        g->flags | (g->tiers || c->g->depends ? NP_CLASS_TIERS : 0) | (slow ? NP_CLASS_SLOW : 0);
    *to = (np_class){
        .rules = {rules_of(b, space, g->plan[NP_IN]), rules_of(b, space, g->plan[NP_OUT])},
        .space = np_space_number(b->space),
        .signature = g->signature,
        .flags = flags & 0xff,
        .row = slow ? 0 : (unsigned)group & NP_MAX_ROW,
        .ports = slow ? 0 : (uint16_t)g->port_map,
        .tiers = slow ? 0 : (uint16_t)g->tiers};
    return true;
}

/* An address that the pod has, unless it is another one's. */
static bool move_address(np_compiler *c, uint32_t pod, const np_ip *ip, uint32_t ref)
{
    if (!ip || np_snapshot_pod_of_ip(c->s, ip) != pod)
        return true;
    return np_compile_address(c, ip, ref);
}

bool np_compile_set_class(np_compiler *c, uint32_t pod, uint32_t ref)
{
    if (np_compile_class_of(c, pod) == ref)
        return true;
    uint32_t *to = np_pages_edit(c->store, &c->g->pods, pod);
    if (to)
        *to = ref;
    return to != NULL;
}

static bool put_pod(np_compiler *c, uint32_t pod, uint32_t ref)
{
    if (np_compile_class_of(c, pod) == ref)
        return true;
    const np_pod *p = np_pod_at(c->s, pod);
    return np_compile_set_class(c, pod, ref) &&
           (!c->placed || (move_address(c, pod, np_pod_ip(p, NP_FAMILY_4), ref) &&
                           move_address(c, pod, np_pod_ip(p, NP_FAMILY_6), ref)));
}

static bool put_classes(np_compiler *c)
{
    np_builder *b = &c->builder;
    if (!number_classes(c))
        return false;
    const uint32_t *numbers = c->drafts[b->space].classes.at;
    for (size_t i = 0; i < b->n_groups; i++)
        if (!put_class(c, numbers[i], i))
            return false;
    for (size_t i = 0; i < b->pods.n; i++)
        if (!put_pod(c, b->pods.at[i], NP_CLASS_REF(numbers[b->group_of.at[i]])))
            return false;
    return true;
}

bool np_compile_emit(np_compiler *c)
{
    np_builder *b = &c->builder;
    b->out_n = 0;
    memset(b->rows.bytes, 0, sizeof b->rows.bytes);
    memset(b->tables.bytes, 0, sizeof b->tables.bytes);
    if (lay(c, sizeof(np_space), 16) == UINT32_MAX)
        return false;
    if (!np_numbers_resize(&c->alloc, &b->open_at, 0) ||
        !np_numbers_resize(&c->alloc, &b->open_at, b->list.n))
        return false;
    for (size_t i = 0; i < b->n_plans; i++)
        if (!lay_plan(c, &b->plans[i]))
            return false;
    return lay_bits(c) && put_space(c) && put_classes(c);
}
