/* SPDX-License-Identifier: MIT */
#include "mutants.h"

#include <dirent.h>

/* ---- the corpus ---- */

void test_corpus_add(test_corpus *c, const char *p, size_t n)
{
    if (c->n == c->room) {
        c->room = c->room ? c->room * 2 : 64;
        c->at = realloc(c->at, c->room * sizeof *c->at);
    }
    char *copy = malloc(n + 1);
    memcpy(copy, p, n);
    c->at[c->n++] = (test_piece){copy, n};
}

/* Every document of a file by itself, long ones in runs of lines. */
static void add_file(test_corpus *c, const char *path)
{
    enum { SHORT = 700 };
    size_t n;
    char *text = test_read_file(path, &n);
    const char *start = text, *end = text + n;
    for (const char *p = text; p < end;) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        p = lf ? lf + 1 : end;
        bool separator = end - p >= 3 && memcmp(p, "---", 3) == 0;
        if (separator || p == end || p - start > SHORT) {
            test_corpus_add(c, start, (size_t)(p - start));
            start = p;
        }
    }
    free(text);
}

bool test_is_yaml(const char *name)
{
    size_t n = strlen(name);
    return (n > 5 && strcmp(name + n - 5, ".yaml") == 0) ||
           (n > 4 && strcmp(name + n - 4, ".yml") == 0);
}

static void add_folder(test_corpus *c, const char *folder)
{
    char path[1024];
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_name[0] == '.')
            continue;
        if (test_is_yaml(e->d_name))
            add_file(c, path);
        else
            add_folder(c, path);
    }
    if (d)
        closedir(d);
}

void test_corpus_free(test_corpus *c)
{
    for (size_t i = 0; i < c->n; i++)
        free(c->at[i].p);
    free(c->at);
}

void test_corpus_add_manifests(test_corpus *c)
{
    add_folder(c, "tests/cases");
    add_folder(c, "tests/golden");
    add_folder(c, "examples");
    add_folder(c, "../shared/cases/thirdparty/manifests");
}

/* ---- mutants ---- */

static void insert(test_mutant *m, size_t at, const char *p, size_t n)
{
    if (m->n + n > TEST_MUTANT_MOST)
        return;
    memmove(m->p + at + n, m->p + at, m->n - at);
    memcpy(m->p + at, p, n);
    m->n += n;
}

static void take_out(test_mutant *m, size_t at, size_t n)
{
    if (n > m->n - at)
        n = m->n - at;
    memmove(m->p + at, m->p + at + n, m->n - at - n);
    m->n -= n;
}

/* What means something to YAML. */
static const char *const words[] = {
    "\n",
    "\n",
    " ",
    " ",
    "  ",
    "- ",
    "-",
    ":",
    ": ",
    ":\n",
    "#",
    " # ",
    "{}",
    "[",
    "]",
    "{",
    "}",
    ",",
    "'",
    "\"",
    "\\",
    "\\/",
    "\t",
    "---\n",
    "...\n",
    "&a ",
    "*a",
    "!!str ",
    "!",
    "|\n",
    ">-\n",
    "? ",
    "?",
    "\r\n",
    "\r",
    "%",
    "\xc3\xa9",
    "\xe2\x80\xa8",
    "\xc2\x85",
    "\xef\xbb\xbf",
    "\xff",
    "\xe2",
    "\x7f",
    "\x01",
    "<<: ",
    "@",
    "`",
    "a: b\n",
    "- c\n",
    "  d: e\n",
    "\"f\"",
    "'g'",
    "[h, i]",
    "{j: k}",
    "~",
    "=",
    "\xf0\x9f\x98\x80",
    "--- ",
    "- - ",
    "\n\n",
};

/* The beginning of a line, at random. */
static size_t some_line(const test_mutant *m, np_rand *r)
{
    size_t at = np_rand_below(r, (uint32_t)m->n + 1);
    while (at > 0 && m->p[at - 1] != '\n')
        at--;
    return at;
}

static size_t line_length(const test_mutant *m, size_t at)
{
    const char *lf = at < m->n ? memchr(m->p + at, '\n', m->n - at) : NULL;
    return lf ? (size_t)(lf - (m->p + at)) + 1 : m->n - at;
}

static void copy_line(test_mutant *m, np_rand *r)
{
    char line[TEST_MUTANT_MOST];
    size_t from = some_line(m, r), n = line_length(m, from);
    memcpy(line, m->p + from, n);
    insert(m, some_line(m, r), line, n);
}

static void mutate(test_mutant *m, np_rand *r)
{
    size_t at = np_rand_below(r, (uint32_t)m->n + 1);
    const char *word = words[np_rand_below(r, COUNT(words))];
    switch (np_rand_below(r, 8)) {
    case 0:
        take_out(m, at, 1 + np_rand_below(r, 4));
        break;
    case 1:
        at = some_line(m, r);
        take_out(m, at, line_length(m, at));
        break;
    case 2:
        copy_line(m, r);
        break;
    case 3: /* indentation */
        insert(m, some_line(m, r), "    ", 1 + np_rand_below(r, 4));
        break;
    case 4:
        at = some_line(m, r);
        if (at < m->n && m->p[at] == ' ')
            take_out(m, at, 1 + np_rand_below(r, 2));
        break;
    case 5:
        if (at < m->n)
            m->p[at] = (char)np_rand_below(r, np_rand_once_in(r, 4) ? 256 : 128);
        break;
    default:
        insert(m, np_rand_once_in(r, 3) ? some_line(m, r) : at, word, strlen(word));
    }
}

void test_mutant_make(test_mutant *m, const test_corpus *c, np_rand *r)
{
    const test_piece *from = &c->at[np_rand_below(r, (uint32_t)c->n)];
    m->n = from->n < TEST_MUTANT_MOST / 2 ? from->n : TEST_MUTANT_MOST / 2;
    memcpy(m->p, from->p, m->n);
    for (uint32_t i = 1 + np_rand_below(r, 3); i > 0; i--)
        mutate(m, r);
}

int test_mutants_wanted(int n)
{
    const char *wanted = getenv("NETPOL_MUTANTS");
    return wanted ? atoi(wanted) : np_rounds(n);
}
