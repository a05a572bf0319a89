/* SPDX-License-Identifier: MIT */
#include "harness.h"

/* ---- random numbers: splitmix64, so that every seed is as good as any other ---- */

np_rand np_rand_of(uint64_t seed)
{
    return (np_rand){.seed = seed, .state = seed};
}

np_rand np_rand_from_env(const char *name)
{
    const char *text = getenv(name);
    return np_rand_of(text && *text ? strtoull(text, NULL, 10) : 1);
}

uint64_t np_rand_next(np_rand *r)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint32_t np_rand_below(np_rand *r, uint32_t n)
{
    return (uint32_t)(((np_rand_next(r) >> 32) * n) >> 32);
}

bool np_rand_once_in(np_rand *r, uint32_t n)
{
    return np_rand_below(r, n) == 0;
}

size_t test_stride(void)
{
    const char *text = getenv("NETPOL_SLOW");
    long factor = text ? strtol(text, NULL, 10) : 1;
    return factor > 1 ? (size_t)factor : 1;
}

int np_rounds(int n)
{
    return (int)((size_t)n / test_stride()) + (test_stride() > 1);
}

/* ---- memory ---- */

/* Stands right before each block. `canary` tells our blocks from others' and from freed ones. */
typedef struct header {
    void *base; /* what malloc gave */
    size_t size;
    size_t align;
    uint64_t canary;
} header;

static const uint64_t alive = UINT64_C(0x6e6574706f6c2131);

static header *header_of(void *block)
{
    return (header *)(void *)((char *)block - sizeof(header));
}

static void *block_new(test_memory *m, size_t size, size_t align)
{
    if (align < _Alignof(max_align_t))
        align = _Alignof(max_align_t);
    char *base = malloc(size + align + sizeof(header));
    if (!base)
        return NULL;
    uintptr_t at = (uintptr_t)(base + sizeof(header) + align - 1) & ~(uintptr_t)(align - 1);
    char *block = base + (at - (uintptr_t)base);
    *header_of(block) = (header){base, size, align, alive};
    memset(block, 0xa5, size);
    m->live_blocks++;
    m->live_bytes += size;
    if (m->live_bytes > m->most_bytes)
        m->most_bytes = m->live_bytes;
    return block;
}

static void block_free(test_memory *m, void *block)
{
    header *h = header_of(block);
    m->live_blocks--;
    m->live_bytes -= h->size;
    h->canary = 0;
    free(h->base);
}

static void expect_told_rightly(void *old, size_t old_size)
{
    if (header_of(old)->canary != alive)
        fail_msg("a block was given back that the allocator did not make");
    if (header_of(old)->size != old_size)
        fail_msg("a block of %zu bytes was said to have %zu", header_of(old)->size, old_size);
}

static void *memory_resize(void *ctx, void *old, size_t old_size, size_t new_size, size_t align)
{
    test_memory *m = ctx;
    if (old)
        expect_told_rightly(old, old_size);
    if (new_size == 0) {
        if (old)
            block_free(m, old);
        return NULL;
    }
    if (++m->calls == m->fail_at)
        return NULL;
    void *block = block_new(m, new_size, align);
    if (block && old) {
        memcpy(block, old, old_size < new_size ? old_size : new_size);
        block_free(m, old);
    }
    return block;
}

void test_memory_ready(test_memory *m)
{
    *m = (test_memory){.allocator = {.resize = memory_resize, .ctx = m}};
}

void test_memory_fail_at(test_memory *m, size_t n)
{
    m->calls = 0;
    m->fail_at = n;
}

bool test_memory_has_failed(const test_memory *m)
{
    return m->fail_at != 0 && m->calls >= m->fail_at;
}

void test_memory_expect_empty(const test_memory *m)
{
    if (m->live_blocks != 0)
        fail_msg("%zu blocks of %zu bytes leaked (allocation %zu failing)", m->live_blocks,
                 m->live_bytes, m->fail_at);
}

size_t test_every_allocation_fails(netpol_status (*work)(const netpol_options *o, void *ctx),
                                   void *ctx)
{
    test_memory m;
    test_memory_ready(&m);
    netpol_options o = {.size = sizeof o, .allocator = &m.allocator};
    assert_int_equal(work(&o, ctx), NETPOL_OK);
    test_memory_expect_empty(&m);
    size_t usual = m.calls;
    for (size_t n = 1;; n += test_stride()) {
        test_memory_fail_at(&m, n);
        netpol_status s = work(&o, ctx);
        test_memory_expect_empty(&m);
        if (!test_memory_has_failed(&m))
            return usual;
        if (s != NETPOL_OK && s != NETPOL_NO_MEMORY)
            fail_msg("allocation %zu failed and the status is %d", n, (int)s);
    }
}

/* ---- text ---- */

static netpol_status text_write(void *ctx, const char *bytes, size_t n)
{
    test_text *t = ctx;
    if (t->n + n + 1 > t->room) {
        size_t room = (t->n + n + 1) * 2;
        char *p = realloc(t->p, room);
        if (!p)
            return NETPOL_NO_MEMORY;
        t->p = p;
        t->room = room;
    }
    memcpy(t->p + t->n, bytes, n);
    t->n += n;
    t->p[t->n] = '\0';
    return NETPOL_OK;
}

netpol_sink test_text_sink(test_text *t)
{
    return (netpol_sink){.write = text_write, .ctx = t};
}

void test_text_free(test_text *t)
{
    free(t->p);
    *t = (test_text){0};
}

const char *test_text_of(const test_text *t)
{
    return t->p ? t->p : "";
}

static bool read_all(FILE *f, test_text *t)
{
    char piece[65536];
    size_t got;
    while ((got = fread(piece, 1, sizeof piece, f)) > 0)
        if (text_write(t, piece, got) != NETPOL_OK)
            return false;
    return !ferror(f) && text_write(t, "", 0) == NETPOL_OK;
}

char *test_read_file_if_any(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    test_text t = {0};
    bool ok = read_all(f, &t);
    fclose(f);
    if (!ok)
        fail_msg("%s: cannot be read", path);
    if (n)
        *n = t.n;
    return t.p;
}

char *test_read_file(const char *path, size_t *n)
{
    char *text = test_read_file_if_any(path, n);
    if (!text)
        fail_msg("%s: cannot be opened", path);
    return text;
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "wb");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0)
        fail_msg("%s: cannot be written", path);
}

static void show_difference(const char *path, const char *have, const char *want)
{
    size_t line = 1;
    size_t start = 0;
    size_t i = 0;
    for (; have[i] && have[i] == want[i]; i++)
        if (have[i] == '\n') {
            line++;
            start = i + 1;
        }
    fail_msg("%s:%zu: differs (NETPOL_BLESS=1 accepts)\n  golden: %.*s\n  now:    %.*s", path, line,
             (int)strcspn(want + start, "\n"), want + start, (int)strcspn(have + start, "\n"),
             have + start);
}

void test_expect_golden(const char *path, const char *text)
{
    if (getenv("NETPOL_BLESS")) {
        write_file(path, text);
        return;
    }
    char *want = test_read_file_if_any(path, NULL);
    if (!want)
        fail_msg("%s: missing (NETPOL_BLESS=1 makes it)", path);
    if (strcmp(text, want) != 0)
        show_difference(path, text, want);
    free(want);
}

char *test_repeated(const char *before, const char *piece, size_t times, const char *after,
                    size_t *n)
{
    size_t one = strlen(piece);
    *n = strlen(before) + one * times + strlen(after);
    char *text = malloc(*n + 1);
    char *p = text + strlen(before);
    memcpy(text, before, strlen(before));
    for (size_t i = 0; i < times; i++, p += one)
        memcpy(p, piece, one);
    memcpy(p, after, strlen(after) + 1);
    return text;
}
