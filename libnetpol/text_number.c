/* SPDX-License-Identifier: MIT */
/* Decimal numbers and dates as text, the same in every locale.
 *
 * strtod and printf are correctly rounded but use the locale's decimal point. Both are asked in a
 * form without one: strtod gets an integer and an exponent, and of printf's output only the digits
 * and the exponent are taken. */
#include "text.h"
#include "text_inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* No decision between two doubles needs more digits than 767; what follows only matters as "not
 * zero". */
#define MOST_DIGITS 800

typedef struct decimal {
    char digits[MOST_DIGITS + 32]; /* with room for a sign, the sticky digit and the exponent */
    size_t n;
    long long exponent; /* of ten, for digits read as an integer */
    bool more;          /* digits that are not zero were left out */
} decimal;

static void decimal_add(decimal *d, char c, bool after_point)
{
    if (d->n == 0 && c == '0') {
        d->exponent -= after_point;
        return;
    }
    if (d->n < MOST_DIGITS) {
        d->digits[d->n++] = c;
        d->exponent -= after_point;
        return;
    }
    d->more |= c != '0';
    d->exponent += !after_point;
}

/* `[eE][-+]?[0-9]+` to the end of the text; nothing at all is 0. */
static bool read_exponent(np_slice s, size_t at, bool underscores, decimal *d)
{
    if (at == s.n)
        return true;
    if (s.p[at] != 'e' && s.p[at] != 'E')
        return false;
    at++;
    while (underscores && at < s.n && s.p[at] == '_')
        at++;
    bool minus = at < s.n && s.p[at] == '-';
    at += at < s.n && (s.p[at] == '-' || s.p[at] == '+');
    long long value = 0;
    bool any = false;
    for (; at < s.n; at++) {
        if (underscores && s.p[at] == '_')
            continue;
        if (s.p[at] < '0' || s.p[at] > '9')
            return false;
        any = true;
        if (value < 100000000000LL)
            value = value * 10 + (s.p[at] - '0');
    }
    d->exponent += minus ? -value : value;
    return any;
}

static bool decimal_parse(np_slice s, bool underscores, decimal *d)
{
    bool point = false, any = false;
    size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+');
    for (; i < s.n; i++) {
        char c = s.p[i];
        if (c == '_' && underscores)
            continue;
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9')
            break;
        any = true;
        decimal_add(d, c, point);
    }
    return any && read_exponent(s, i, underscores, d);
}

bool np_decimal_read(np_slice s, bool underscores, double *out)
{
    decimal d; /* its digits are not worth clearing */
    d.n = 0;
    d.exponent = 0;
    d.more = false;
    if (!decimal_parse(s, underscores, &d))
        return false;
    if (d.more) {
        d.digits[d.n++] = '1';
        d.exponent--;
    }
    if (d.n == 0)
        d.digits[d.n++] = '0';
    long e = d.exponent > 99999 ? 99999 : d.exponent < -99999 ? -99999 : (long)d.exponent;
    (void)snprintf(d.digits + d.n, sizeof d.digits - d.n, "e%ld", e);
    double value = strtod(d.digits, NULL);
    if (isinf(value))
        return false;
    *out = s.p[0] == '-' ? -value : value;
    return true;
}

/* ---- shortest text of a float ---- */

/* In the precision of a float instead of a double, if `single`. */
typedef struct shortest {
    bool single;
    char digits[20];
    size_t n;
    int exponent; /* of the first digit */
} shortest;

static bool reads_as(const shortest *s, double value)
{
    char text[40];
    (void)snprintf(text, sizeof text, "%.*se%d", (int)s->n, s->digits, s->exponent - (int)s->n + 1);
    return s->single ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value;
}

static void print_digits(double value, size_t n, shortest *out)
{
    char text[64];
    (void)snprintf(text, sizeof text, "%.*e", (int)n - 1, value);
    out->n = 0;
    const char *p = text;
    for (; *p != 'e'; p++)
        if (*p >= '0' && *p <= '9' && out->n < n)
            out->digits[out->n++] = *p;
    out->exponent = (int)strtol(p + 1, NULL, 10);
}

/* One more in the last place; false if that would need another digit. */
static bool step_up(shortest *s)
{
    size_t i = s->n;
    while (i > 0 && s->digits[i - 1] == '9')
        s->digits[--i] = '0';
    if (i == 0)
        return false;
    s->digits[i - 1]++;
    return true;
}

/* The fewest digits that read back as the value. Above a power of two the neighbour is twice as far
 * as below it, so there the next decimal above may serve where the nearest, below, does not. */
static shortest shorten(double value, bool single)
{
    shortest s = {.single = single};
    for (size_t n = 1; n <= 17; n++) {
        print_digits(value, n, &s);
        if (reads_as(&s, value))
            break;
        shortest up = s;
        if (step_up(&up) && reads_as(&up, value))
            return up;
    }
    return s;
}

/* "1.5e+21": a point only between digits, and at least `least` digits of exponent. */
static size_t put_scientific(const shortest *s, int least, char *out)
{
    return (size_t)snprintf(out, 32, "%c%s%.*se%c%0*d", s->digits[0], s->n > 1 ? "." : "",
                            (int)(s->n - 1), s->digits + 1, s->exponent < 0 ? '-' : '+', least,
                            s->exponent < 0 ? -s->exponent : s->exponent);
}

static size_t put_positional(const shortest *s, char *out)
{
    size_t at = 0;
    int e = s->exponent;
    if (e < 0)
        out[at++] = '0';
    for (int place = e < 0 ? -1 : e; place >= 0 || e - place < (int)s->n; place--) {
        if (place == -1)
            out[at++] = '.';
        int i = e - place;
        out[at++] = i >= 0 && i < (int)s->n ? s->digits[i] : '0';
    }
    return at;
}

size_t np_float_text(double value, char *out)
{
    size_t sign = signbit(value) != 0;
    out[0] = '-';
    shortest s = shorten(fabs(value), false);
    if (s.exponent < -6 || s.exponent >= 21)
        return sign + put_scientific(&s, 1, out + sign);
    return sign + put_positional(&s, out + sign);
}

size_t np_float_key_text(double value, char *out)
{
    size_t sign = signbit(value) != 0;
    out[0] = '-';
    double size = fabs(value);
    if (isinf((float)size)) {
        memcpy(out + sign, ".inf", 4);
        return sign + 4;
    }
    shortest s = shorten((double)(float)size, true);
    if (s.exponent < -4 || s.exponent >= 6)
        return sign + put_scientific(&s, 2, out + sign);
    return sign + put_positional(&s, out + sign);
}

/* ---- dates and base 60 ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads one or two digits (exactly two if `two`) of a number below `limit`. */
static bool take_number(np_slice *s, bool two, int limit, int *out)
{
    size_t n = s->n > 0 && is_digit(s->p[0]);
    n += n && s->n > 1 && is_digit(s->p[1]);
    if (n == 0 || (two && n != 2))
        return false;
    *out = n == 1 ? s->p[0] - '0' : (s->p[0] - '0') * 10 + (s->p[1] - '0');
    *s = (np_slice){s->p + n, s->n - n};
    return *out < limit;
}

static bool take_char(np_slice *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = (np_slice){s->p + 1, s->n - 1};
    return true;
}

static bool take_date(np_slice *s)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (size_t i = 0; i < 4; i++)
        if (i >= s->n || !is_digit(s->p[i]))
            return false;
    int year =
        (s->p[0] - '0') * 1000 + (s->p[1] - '0') * 100 + (s->p[2] - '0') * 10 + s->p[3] - '0';
    *s = (np_slice){s->p + 4, s->n - 4};
    int month, day;
    if (!take_char(s, '-') || !take_number(s, false, 13, &month) || month == 0 ||
        !take_char(s, '-') || !take_number(s, false, 32, &day) || day == 0)
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= days[month - 1] && (month != 2 || day <= 28 + leap);
}

static bool take_time(np_slice *s)
{
    int ignored;
    if (!take_number(s, false, 24, &ignored) || !take_char(s, ':') ||
        !take_number(s, false, 60, &ignored) || !take_char(s, ':') ||
        !take_number(s, false, 60, &ignored))
        return false;
    if (s->n > 1 && (s->p[0] == '.' || s->p[0] == ',') && is_digit(s->p[1]))
        for (*s = (np_slice){s->p + 1, s->n - 1}; s->n && is_digit(s->p[0]); s->p++)
            s->n--;
    return true;
}

/* Nothing but `Z` or `+hh:mm`. */
static bool is_zone(np_slice s)
{
    int ignored;
    if (take_char(&s, 'Z'))
        return s.n == 0;
    return (take_char(&s, '+') || take_char(&s, '-')) && take_number(&s, true, 25, &ignored) &&
           take_char(&s, ':') && take_number(&s, true, 61, &ignored) && s.n == 0;
}

bool np_timestamp_is(np_slice s)
{
    if (s.n < 8 || s.p[4] != '-' || !take_date(&s))
        return false;
    if (s.n == 0)
        return true;
    if (take_char(&s, 'T') || take_char(&s, 't'))
        return take_time(&s) && is_zone(s);
    if (!take_char(&s, ' '))
        return false;
    while (take_char(&s, ' ')) {
    }
    return take_time(&s) && s.n == 0;
}

/* `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?` */
bool np_base60_is(np_slice s)
{
    if (!take_char(&s, '-'))
        (void)take_char(&s, '+');
    if (s.n == 0 || !is_digit(s.p[0]))
        return false;
    while (s.n && (is_digit(s.p[0]) || s.p[0] == '_'))
        s = (np_slice){s.p + 1, s.n - 1};
    size_t parts = 0;
    for (int ignored; take_char(&s, ':'); parts++)
        if (!take_number(&s, false, 60, &ignored))
            return false;
    if (take_char(&s, '.'))
        while (s.n && (is_digit(s.p[0]) || s.p[0] == '_'))
            s = (np_slice){s.p + 1, s.n - 1};
    return parts > 0 && s.n == 0;
}
