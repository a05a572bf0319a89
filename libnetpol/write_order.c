/* SPDX-License-Identifier: MIT */
#include "rune.h"
#include "write.h"

static uint32_t rune_at(np_slice s, size_t i, size_t *bytes)
{
    uint32_t rune = 0xfffd;
    size_t n = np_utf8_read(s.p + i, s.n - i, &rune);
    *bytes = n ? n : 1;
    return rune;
}

static size_t rune_start(np_slice s, size_t i)
{
    while (i > 0 && i < s.n && ((unsigned char)s.p[i] & 0xc0) == 0x80)
        i--;
    return i;
}

/* Whether the digits that end before `end` have one that is not zero: then a zero that follows
 * counts as a digit of a number, and is not a leading one. */
static bool inside_number(np_slice s, size_t end)
{
    while (end > 0) {
        size_t bytes;
        end = rune_start(s, end - 1);
        uint32_t r = rune_at(s, end, &bytes);
        if (!np_rune_is_digit(r))
            return false;
        if (r != '0')
            return true;
    }
    return false;
}

/* The number that the digits from i on make, continued from `value`; wraps around as int64 does. */
static int64_t number_at(np_slice s, size_t i, uint64_t value, size_t *n_digits)
{
    *n_digits = 0;
    while (i < s.n) {
        size_t bytes;
        uint32_t r = rune_at(s, i, &bytes);
        if (!np_rune_is_digit(r))
            break;
        value = value * 10 + r - '0';
        i += bytes;
        ++*n_digits;
    }
    return (int64_t)value;
}

static bool numbers_less(np_slice a, np_slice b, size_t i, uint32_t ra, uint32_t rb)
{
    uint64_t before = (ra == '0' || rb == '0') && inside_number(a, i);
    size_t n_a;
    size_t n_b;
    int64_t value_a = number_at(a, i, before, &n_a);
    int64_t value_b = number_at(b, i, before, &n_b);
    if (value_a != value_b)
        return value_a < value_b;
    return n_a != n_b ? n_a < n_b : ra < rb;
}

bool np_natural_less(np_slice a, np_slice b)
{
    size_t both = a.n < b.n ? a.n : b.n;
    size_t i = 0;
    while (i < both && a.p[i] == b.p[i])
        i++;
    if (i == both)
        return a.n < b.n;
    i = rune_start(a, i);
    size_t bytes;
    uint32_t ra = rune_at(a, i, &bytes);
    uint32_t rb = rune_at(b, i, &bytes);
    bool letter_a = np_rune_is_letter(ra);
    bool letter_b = np_rune_is_letter(rb);
    if (letter_a && letter_b)
        return ra < rb;
    if (letter_a || letter_b)
        return letter_b;
    return numbers_less(a, b, i, ra, rb);
}

/* Merges two neighbouring runs, [0, half) and [half, n); on a tie the left one goes first. */
static void merge(const np_keyed *from, size_t half, size_t n, np_keyed *to)
{
    size_t left = 0;
    size_t right = half;
    for (size_t i = 0; i < n; i++) {
        bool take_right =
            left == half || (right < n && np_natural_less(from[right].key, from[left].key));
        to[i] = from[take_right ? right++ : left++];
    }
}

static bool in_order(const np_keyed *at, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (!np_natural_less(at[i - 1].key, at[i].key))
            return false;
    return true;
}

void np_natural_order(np_keyed *at, np_keyed *spare, size_t n)
{
    if (in_order(at, n))
        return;
    np_keyed *from = at;
    np_keyed *to = spare;
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t i = 0; i < n; i += 2 * width) {
            size_t rest = n - i;
            merge(from + i, rest < width ? rest : width, rest < 2 * width ? rest : 2 * width,
                  to + i);
        }
        np_keyed *swap = from;
        from = to;
        to = swap;
    }
    if (from != at)
        memcpy(at, from, n * sizeof *at);
}
