/* SPDX-License-Identifier: MIT */
/* The two kinds of text that a field may hold beside plain strings: times and JSON. */
#include "table.h"

/* ---- times ---- */

typedef struct when {
    int64_t year;
    unsigned month;
    unsigned day;
    unsigned hour;
    unsigned minute;
    unsigned second;
    int offset; /* minutes east of UTC */
    bool fraction;
} when;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes `n` digits off the front; false if there are fewer. */
static bool take_digits(np_slice *s, size_t n, unsigned *out)
{
    unsigned value = 0;
    if (s->n < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(s->p[i]))
            return false;
        value = value * 10 + (unsigned)(s->p[i] - '0');
    }
    *out = value;
    s->p += n;
    s->n -= n;
    return true;
}

static bool take_char(np_slice *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    s->p++;
    s->n--;
    return true;
}

static bool take_date(np_slice *s, when *w)
{
    unsigned year;
    if (!take_digits(s, 4, &year) || !take_char(s, '-') || !take_digits(s, 2, &w->month) ||
        !take_char(s, '-') || !take_digits(s, 2, &w->day))
        return false;
    w->year = year;
    static const unsigned char lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (w->month < 1 || w->month > 12 || w->day < 1)
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return w->day <= lengths[w->month - 1] + (unsigned)(leap && w->month == 2);
}

/* Go takes an hour of one digit, and a fraction after a point or a comma, though RFC 3339 does not.
 */
static bool take_clock(np_slice *s, when *w)
{
    if (!take_digits(s, 2, &w->hour) && !take_digits(s, 1, &w->hour))
        return false;
    if (!take_char(s, ':') || !take_digits(s, 2, &w->minute) || !take_char(s, ':') ||
        !take_digits(s, 2, &w->second))
        return false;
    if (s->n >= 2 && (s->p[0] == '.' || s->p[0] == ',') && is_digit(s->p[1])) {
        for (s->p++, s->n--; s->n && is_digit(s->p[0]); s->p++, s->n--)
            w->fraction |= s->p[0] != '0';
    }
    return w->hour < 24 && w->minute < 60 && w->second < 60;
}

static bool take_zone(np_slice *s, when *w)
{
    if (take_char(s, 'Z'))
        return true;
    bool west = s->n && s->p[0] == '-';
    unsigned hours;
    unsigned minutes;
    if (!take_char(s, '+') && !take_char(s, '-'))
        return false;
    if (!take_digits(s, 2, &hours) || !take_char(s, ':') || !take_digits(s, 2, &minutes))
        return false;
    w->offset = (int)(hours * 60 + minutes) * (west ? -1 : 1);
    return hours <= 24 && minutes <= 60;
}

/* Days before (or since) 0000-03-01, with years that begin in March: leap days then come last. */
static int64_t days_of(const when *w)
{
    int64_t year = w->year - (w->month < 3);
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * ((w->month + 9) % 12) + 2) / 5 + w->day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year;
}

static void date_of(int64_t days, when *w)
{
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t of_era = days - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    w->day = (unsigned)(of_year - (153 * month + 2) / 5 + 1);
    w->month = (unsigned)(month < 10 ? month + 3 : month - 9);
    w->year = year + era * 400 + (w->month < 3);
}

static void to_utc(when *w)
{
    int64_t minutes = days_of(w) * 1440 + w->hour * 60 + w->minute - w->offset;
    int64_t days = (minutes >= 0 ? minutes : minutes - 1439) / 1440;
    unsigned rest = (unsigned)(minutes - days * 1440);
    date_of(days, w);
    w->hour = rest / 60;
    w->minute = rest % 60;
}

static void put_digits(char *at, unsigned value, unsigned n)
{
    while (n-- > 0) {
        at[n] = (char)('0' + value % 10);
        value /= 10;
    }
}

bool np_time_normal(np_slice text, char out[NP_TIME_ROOM])
{
    when w = {0};
    if (!take_date(&text, &w) || !take_char(&text, 'T') || !take_clock(&text, &w) ||
        !take_zone(&text, &w) || text.n)
        return false;
    to_utc(&w);
    if (w.year < 0 || w.year > 9999)
        return false;
    memcpy(out, "0000-00-00T00:00:00Z", 21);
    put_digits(out, (unsigned)w.year, 4);
    put_digits(out + 5, w.month, 2);
    put_digits(out + 8, w.day, 2);
    put_digits(out + 11, w.hour, 2);
    put_digits(out + 14, w.minute, 2);
    put_digits(out + 17, w.second, 2);
    if (!w.fraction && strcmp(out, "0001-01-01T00:00:00Z") == 0)
        out[0] = '\0';
    return true;
}

/* ---- UTF-8 ---- */

bool np_utf8_valid(np_slice text)
{
    for (size_t i = 0; i < text.n;) {
        uint32_t rune;
        size_t n =
            (unsigned char)text.p[i] < 0x80 ? 1 : np_utf8_read(text.p + i, text.n - i, &rune);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

/* ---- JSON ---- */

enum { JSON_DEPTH = 64 };

typedef struct compactor {
    np_slice in;
    char *out;
    size_t n;
} compactor;

static void skip_blanks(compactor *c)
{
    while (c->in.n && strchr(" \t\r\n", c->in.p[0]) && c->in.p[0]) {
        c->in.p++;
        c->in.n--;
    }
}

static bool keep(compactor *c, size_t n)
{
    if (n == 0 || c->in.n < n)
        return false;
    memcpy(c->out + c->n, c->in.p, n);
    c->n += n;
    c->in.p += n;
    c->in.n -= n;
    return true;
}

static bool keep_char(compactor *c, char wanted)
{
    return c->in.n && c->in.p[0] == wanted && keep(c, 1);
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static size_t escape_length(np_slice s)
{
    if (s.n < 2)
        return 0;
    if (s.p[1] != 'u')
        return s.p[1] && strchr("\"\\/bfnrt", s.p[1]) ? 2 : 0;
    for (size_t i = 2; i < 6; i++)
        if (i >= s.n || !is_hex(s.p[i]))
            return 0;
    return 6;
}

static bool keep_string(compactor *c)
{
    if (!keep_char(c, '"'))
        return false;
    while (c->in.n && c->in.p[0] != '"') {
        uint32_t rune;
        size_t n = c->in.p[0] == '\\'               ? escape_length(c->in)
                   : (unsigned char)c->in.p[0] < 32 ? 0
                                                    : np_utf8_read(c->in.p, c->in.n, &rune);
        if (!keep(c, n))
            return false;
    }
    return keep_char(c, '"');
}

static bool keep_digits(compactor *c)
{
    size_t n = 0;
    while (n < c->in.n && is_digit(c->in.p[n]))
        n++;
    return keep(c, n);
}

static bool keep_number(compactor *c)
{
    (void)keep_char(c, '-');
    if (!keep_char(c, '0') && !keep_digits(c))
        return false;
    if (keep_char(c, '.') && !keep_digits(c))
        return false;
    if (keep_char(c, 'e') || keep_char(c, 'E')) {
        if (!keep_char(c, '+'))
            (void)keep_char(c, '-');
        return keep_digits(c);
    }
    return true;
}

static bool keep_word(compactor *c)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i]);
        if (c->in.n >= n && memcmp(c->in.p, words[i], n) == 0)
            return keep(c, n);
    }
    return false;
}

static bool keep_value(compactor *c, unsigned depth);

static bool keep_member(compactor *c, bool named, unsigned depth)
{
    if (named) {
        skip_blanks(c);
        if (!keep_string(c))
            return false;
        skip_blanks(c);
        if (!keep_char(c, ':'))
            return false;
    }
    return keep_value(c, depth);
}

static bool keep_collection(compactor *c, char close, unsigned depth)
{
    (void)keep(c, 1);
    skip_blanks(c);
    if (keep_char(c, close))
        return true;
    do {
        if (depth == 0 || !keep_member(c, close == '}', depth - 1))
            return false;
        skip_blanks(c);
    } while (keep_char(c, ','));
    return keep_char(c, close);
}

static bool keep_value(compactor *c, unsigned depth)
{
    skip_blanks(c);
    if (c->in.n == 0)
        return false;
    switch (c->in.p[0]) {
    case '{':
        return keep_collection(c, '}', depth);
    case '[':
        return keep_collection(c, ']', depth);
    case '"':
        return keep_string(c);
    case 't':
    case 'f':
    case 'n':
        return keep_word(c);
    default:
        return keep_number(c);
    }
}

size_t np_json_compact(np_slice text, char *out)
{
    compactor c = {text, out, 0};
    bool good = keep_value(&c, JSON_DEPTH);
    skip_blanks(&c);
    return good && c.in.n == 0 ? c.n : 0;
}
