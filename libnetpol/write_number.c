/* SPDX-License-Identifier: MIT */
/* Numbers as text, the same in every locale. */
#include "text.h"
#include "write.h"

void np_write_uint(np_buffer *b, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    np_buffer_add(b, digits + at, sizeof digits - at);
}

void np_write_int(np_buffer *b, int64_t value)
{
    if (value < 0)
        np_buffer_char(b, '-');
    np_write_uint(b, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

/* Go's 'e' format: at least two digits of exponent. */
static void put_exponent(np_buffer *b, const char *digits, size_t n, long exponent)
{
    np_buffer_char(b, digits[0]);
    if (n > 1)
        np_buffer_char(b, '.');
    np_buffer_add(b, digits + 1, n - 1);
    np_buffer_text(b, exponent < 0 ? "e-" : "e+");
    unsigned long size = (unsigned long)(exponent < 0 ? -exponent : exponent);
    if (size < 10)
        np_buffer_char(b, '0');
    np_write_uint(b, size);
}

/* A number as JSON writes it, taken apart: its digits without zeros at either end, and the power of
 * ten of the first. */
typedef struct decimal {
    char digits[32];
    size_t n;
    long exponent;
    bool point; /* or an exponent: not written as an integer */
} decimal;

static long read_exponent(const char *p, const char *end)
{
    bool minus = p < end && *p == '-';
    long value = 0;
    for (; p < end; p++)
        if (*p >= '0' && *p <= '9')
            value = value * 10 + (*p - '0');
    return minus ? -value : value;
}

static decimal take_apart(np_slice text)
{
    decimal d = {.exponent = -1};
    bool after_point = false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == 'e' || c == 'E') {
            d.point = true;
            d.exponent += read_exponent(text.p + i + 1, text.p + text.n);
            break;
        }
        d.point |= c == '.';
        after_point |= c == '.';
        if (c < '0' || c > '9')
            continue;
        if (d.n || c != '0')
            d.digits[d.n++] = c;
        if (!after_point && d.n)
            d.exponent++;
        else if (after_point && !d.n)
            d.exponent--;
    }
    while (d.n && d.digits[d.n - 1] == '0')
        d.n--;
    return d;
}

/* Whether a number that JSON writes with digits alone is then read as a 64-bit integer. */
static bool fits_integer(double value)
{
    return value > -9223372036854775808.0 && value < 18446744073709551616.0;
}

void np_write_yaml_float(np_buffer *b, double value)
{
    char text[40];
    np_slice json = {text, np_float_text(value, text)};
    decimal d = take_apart(json);
    if (d.n == 0) {
        np_buffer_char(b, '0'); /* -0 too */
    } else if ((!d.point && fits_integer(value)) || (d.exponent >= -4 && d.exponent < 6)) {
        np_buffer_add(b, json.p, json.n);
    } else {
        if (value < 0)
            np_buffer_char(b, '-');
        put_exponent(b, d.digits, d.n, d.exponent);
    }
}
