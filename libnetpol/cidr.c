/* SPDX-License-Identifier: MIT */
#include "cidr.h"

#include <stdio.h>

#define ADDRESS_BYTES 16u
#define V4_AT 12u /* where the four octets of ::ffff:a.b.c.d stand */
#define V4_PREFIX_BITS 96u
#define NO_GAP SIZE_MAX

static const uint8_t mapped_prefix[V4_AT] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_mapped(const uint8_t b[ADDRESS_BYTES])
{
    return memcmp(b, mapped_prefix, V4_AT) == 0;
}

static void skip(np_slice *s, size_t n)
{
    s->p += n;
    s->n -= n;
}

static bool starts_with(np_slice s, char c)
{
    return s.n && *s.p == c;
}

/* Takes decimal digits off the front. Leading zeros do not count towards `max`. */
static bool take_decimal(np_slice *s, unsigned max, unsigned *value, bool *zeros)
{
    const char *first = s->p;
    unsigned v = 0;
    while (s->n && *s->p >= '0' && *s->p <= '9') {
        v = v * 10 + (unsigned)(*s->p - '0');
        if (v > max)
            return false;
        skip(s, 1);
    }
    if (s->p == first)
        return false;
    if (s->p - first > 1 && *first == '0')
        *zeros = true;
    *value = v;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Takes one group of an IPv6 address; more than four digits can only be leading zeros. */
static bool take_group(np_slice *s, unsigned *value, bool *zeros)
{
    const char *first = s->p;
    unsigned v = 0;
    while (s->n && hex_digit(*s->p) >= 0) {
        v = v * 16 + (unsigned)hex_digit(*s->p);
        if (v > 0xffff)
            return false;
        skip(s, 1);
    }
    if (s->p - first > 4)
        *zeros = true;
    *value = v;
    return s->p != first;
}

static bool read_v4(np_slice s, uint8_t out[4], bool *zeros)
{
    for (int i = 0; i < 4; i++) {
        if (i > 0) {
            if (!starts_with(s, '.'))
                return false;
            skip(&s, 1);
        }
        unsigned octet;
        if (!take_decimal(&s, 255, &octet, zeros))
            return false;
        out[i] = (uint8_t)octet;
    }
    return s.n == 0;
}

/* Moves what follows the "::" to the end. It stands for at least one group. */
static bool fill_gap(uint8_t b[ADDRESS_BYTES], size_t n, size_t gap)
{
    if (n == ADDRESS_BYTES)
        return gap == NO_GAP;
    if (gap == NO_GAP)
        return false;
    memmove(b + ADDRESS_BYTES - (n - gap), b + gap, n - gap);
    memset(b + gap, 0, ADDRESS_BYTES - n);
    return true;
}

/* Steps over the colon after a group, and over the second one of a "::". */
static bool take_colon(np_slice *s, size_t n, size_t *gap)
{
    if (!starts_with(*s, ':') || s->n == 1)
        return false;
    skip(s, 1);
    if (!starts_with(*s, ':'))
        return true;
    if (*gap != NO_GAP)
        return false;
    *gap = n;
    skip(s, 1);
    return true;
}

static bool read_v6(np_slice s, uint8_t b[ADDRESS_BYTES], bool *zeros)
{
    size_t n = 0;
    size_t gap = NO_GAP;
    if (s.n >= 2 && s.p[0] == ':' && s.p[1] == ':') {
        gap = 0;
        skip(&s, 2);
    }
    while (n < ADDRESS_BYTES && (s.n || gap != n)) {
        np_slice group = s;
        unsigned v;
        if (!take_group(&s, &v, zeros))
            return false;
        if (starts_with(s, '.')) { /* an IPv4 tail takes the last two groups */
            if (n > V4_AT || (gap == NO_GAP && n != V4_AT) || !read_v4(group, b + n, zeros))
                return false;
            return fill_gap(b, n + 4, gap);
        }
        b[n++] = (uint8_t)(v >> 8);
        b[n++] = (uint8_t)v;
        if (!s.n)
            break;
        if (!take_colon(&s, n, &gap))
            return false;
    }
    return s.n == 0 && fill_gap(b, n, gap);
}

/* The writings that Kubernetes has ever read; leading zeros are decimal there. */
static bool read_address(np_slice s, uint8_t b[ADDRESS_BYTES], bool *v6, bool *zeros)
{
    *v6 = s.n && memchr(s.p, ':', s.n);
    if (*v6)
        return read_v6(s, b, zeros);
    memcpy(b, mapped_prefix, V4_AT);
    return read_v4(s, b + V4_AT, zeros);
}

bool np_ip_parse(np_slice text, np_ip *out)
{
    uint8_t b[ADDRESS_BYTES];
    bool v6;
    bool zeros = false;
    if (!read_address(text, b, &v6, &zeros) || zeros)
        return false;
    *out = np_ip_of_bytes(b);
    return true;
}

np_ip np_ip_of_bytes(const uint8_t b[16])
{
    np_ip ip = {.v4 = is_mapped(b)};
    memcpy(ip.b, b, ADDRESS_BYTES);
    return ip;
}

bool np_ip_equal(const np_ip *a, const np_ip *b)
{
    return memcmp(a->b, b->b, ADDRESS_BYTES) == 0;
}

static unsigned group_at(const uint8_t b[ADDRESS_BYTES], unsigned i)
{
    return (unsigned)b[2 * i] << 8 | b[2 * i + 1];
}

/* RFC 5952 4.2: the first of the longest runs of zero groups, two or more, becomes "::". */
static unsigned longest_zeros(const uint8_t b[ADDRESS_BYTES], unsigned *length)
{
    unsigned best = 0;
    *length = 1;
    for (unsigned i = 0; i < 8;) {
        unsigned end = i;
        while (end < 8 && group_at(b, end) == 0)
            end++;
        if (end - i > *length) {
            best = i;
            *length = end - i;
        }
        i = end + 1;
    }
    return *length > 1 ? best : 8;
}

static size_t format_v6(const uint8_t b[ADDRESS_BYTES], char out[NP_IP_TEXT])
{
    unsigned gap_length;
    unsigned gap = longest_zeros(b, &gap_length);
    size_t n = 0;
    for (unsigned i = 0; i < 8; i++) {
        if (i == gap) {
            out[n++] = ':';
            out[n++] = ':';
            i += gap_length - 1;
            continue;
        }
        if (i > 0 && out[n - 1] != ':')
            out[n++] = ':';
        n += (size_t)snprintf(out + n, NP_IP_TEXT - n, "%x", group_at(b, i));
    }
    out[n] = '\0';
    return n;
}

size_t np_ip_format(const np_ip *ip, char out[NP_IP_TEXT])
{
    if (!ip->v4)
        return format_v6(ip->b, out);
    const uint8_t *o = ip->b + V4_AT;
    return (size_t)snprintf(out, NP_IP_TEXT, "%u.%u.%u.%u", o[0], o[1], o[2], o[3]);
}

static unsigned prefix_bits(const np_cidr_form *f)
{
    return f->length + (f->v6 ? 0u : V4_PREFIX_BITS);
}

static void mask(uint8_t b[ADDRESS_BYTES], unsigned bits)
{
    for (unsigned i = 0; i < ADDRESS_BYTES; i++) {
        unsigned keep = bits > 8 * i ? bits - 8 * i : 0;
        if (keep < 8)
            b[i] &= (uint8_t)(0xff00u >> keep);
    }
}

np_ip np_cidr_first(const np_cidr_form *form)
{
    uint8_t b[ADDRESS_BYTES];
    memcpy(b, form->addr, sizeof b);
    mask(b, prefix_bits(form));
    return np_ip_of_bytes(b);
}

size_t np_cidr_format(const np_cidr_form *form, char out[NP_IP_TEXT + 4])
{
    np_ip first = np_cidr_first(form);
    size_t n = np_ip_format(&first, out);
    unsigned length = first.v4 ? prefix_bits(form) - V4_PREFIX_BITS : form->length;
    return n + (size_t)snprintf(out + n, NP_IP_TEXT + 4 - n, "/%u", length);
}

bool np_cidr_read(np_slice text, np_cidr_form *out)
{
    const char *slash = text.n ? memchr(text.p, '/', text.n) : NULL;
    if (!slash)
        return false;
    np_slice address = {text.p, (size_t)(slash - text.p)};
    np_slice length = {slash + 1, text.n - address.n - 1};
    np_cidr_form f = {.length = 0};
    unsigned bits;
    if (!read_address(address, f.addr, &f.v6, &f.leading_zeros) ||
        !take_decimal(&length, f.v6 ? 128 : 32, &bits, &f.leading_zeros) || length.n)
        return false;
    f.length = (uint8_t)bits;
    f.mapped = f.v6 && is_mapped(f.addr);
    np_ip first = np_cidr_first(&f);
    f.host_bits = memcmp(first.b, f.addr, ADDRESS_BYTES) != 0;
    *out = f;
    return true;
}

bool np_cidr_parse(np_slice text, np_cidr *out)
{
    np_cidr_form f;
    if (!np_cidr_read(text, &f))
        return false;
    unsigned bits = prefix_bits(&f);
    bool v4 = !f.v6 || f.mapped;
    np_ip first = np_cidr_first(&f);
    np_cidr c = {.bits = (uint8_t)bits, .v4 = v4, .nothing = v4 && bits < V4_PREFIX_BITS};
    memcpy(c.addr, first.b, sizeof c.addr);
    *out = c;
    return true;
}

static bool same_prefix(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8;
    unsigned rest = bits % 8;
    if (memcmp(a, b, whole) != 0)
        return false;
    return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

bool np_cidr_contains(const np_cidr *block, const np_ip *ip)
{
    return block->v4 == ip->v4 && !block->nothing && same_prefix(block->addr, ip->b, block->bits);
}

bool np_cidr_covers(const np_cidr *outer, const np_cidr *inner)
{
    if (inner->nothing || outer->nothing)
        return inner->nothing;
    return outer->v4 == inner->v4 && outer->bits <= inner->bits &&
           same_prefix(outer->addr, inner->addr, outer->bits);
}
