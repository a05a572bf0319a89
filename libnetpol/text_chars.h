/* SPDX-License-Identifier: MIT */
/* What characters are to the plain scanner, and passing over runs of them. For text_plain.c only.
 */
#ifndef NP_TEXT_CHARS_H
#define NP_TEXT_CHARS_H

#include "text_inside.h"

enum {
    IN = 1,     /* stands in a plain value whatever is beside it */
    FIRST = 2,  /* may begin one */
    FLOW = 4,   /* stands in one within brackets */
    QUOTED = 8, /* stands in quotes, unless it is the quote itself */
    NOTED = 16, /* stands in comments */
};

/* Letters for combinations of them, so that the table reads like a chart. */
#define Q (QUOTED | NOTED)
#define I (Q | IN)
#define F (I | FIRST)
#define A (F | FLOW)

/* clang-format off */
static const uint8_t classes[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, NOTED, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
/*     !  "  #  $  %  &  '  (  )  *  +  ,  -       .  / */
    Q, I, I, I, F, I, I, I, F, F, I, F, I, I|FLOW, A, A,
/*  0  1  2  3  4  5  6  7  8  9  :  ;  <  =  >  ? */
    A, A, A, A, A, A, A, A, A, A, Q, F, I, F, I, I,
/*  @  A  B  C  D  E  F  G  H  I  J  K  L  M  N  O */
    I, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A,
/*  P  Q  R  S  T  U  V  W  X  Y  Z  [  \  ]  ^  _ */
    A, A, A, A, A, A, A, A, A, A, A, I, F, I, F, A,
/*  `  a  b  c  d  e  f  g  h  i  j  k  l  m  n  o */
    I, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A,
/*  p  q  r  s  t  u  v  w  x  y  z  {  |  }  ~ */
    A, A, A, A, A, A, A, A, A, A, A, I, I, I, F, 0
};
/* clang-format on */

#undef Q
#undef I
#undef F
#undef A

static inline bool is(const char *p, unsigned class)
{
    return classes[(unsigned char)*p] & class;
}

/* Part of a character of several bytes. */
static inline bool is_wide(const char *p)
{
    return (unsigned char)*p >= 0x80;
}

/* A line feed with a carriage return or without; libyaml knows more ends of lines, which are given
 * up. Every line in reach has one, so nothing looks beyond the end. */
static inline bool ends_line(const char *p)
{
    return *p == '\n' || (*p == '\r' && p[1] == '\n');
}

static inline bool ends_word(const char *p)
{
    return *p == ' ' || ends_line(p);
}

static inline const char *skip_blanks(const char *p)
{
    while (*p == ' ')
        p++;
    return p;
}

/* Words are short, and are passed over byte by byte. */
static inline const char *skip_plain(const char *p)
{
    while (is(p, IN))
        p++;
    return p;
}

/* Whether eight bytes are all printed ones of ASCII. */
static inline bool are_printed(const char *p)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t w;
    memcpy(&w, p, sizeof w);
    uint64_t low = (w - each * ' ') & ~w;
    uint64_t high = (w + each) | w;
    return ((low | high) & each * 0x80) == 0;
}

/* Over what stands in comments, which are long. */
static inline const char *skip_noted(const char *p, const char *end)
{
    while (end - p >= 8 && are_printed(p))
        p += 8;
    while (is(p, NOTED))
        p++;
    return p;
}

#endif
