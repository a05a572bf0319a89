/* SPDX-License-Identifier: MIT */
/* The architecture, as a test: a room includes rooms of lower levels, and those its own row names.
 */
#include "harness.h"

#include <dirent.h>

#define ROOMS_FOLDER "libnetpol"

/* `beside` are rooms of the same level that it may include. */
static const struct room {
    int level;
    const char *name;
    const char *beside[8];
} rooms[] = {
    {0, "version", {0}},
    {0, "mem", {0}},
    {0, "str", {"mem"}},
    {0, "rune", {"str"}},
    {0, "diag", {"mem", "str"}},
    {0, "index", {"str"}},
    {0, "pages", {"mem"}},
    {1, "port", {0}},
    {1, "cidr", {0}},
    {1, "labels", {0}},
    {1, "selector", {"labels"}},
    {1, "index_ip", {"cidr"}},
    {1, "portset", {"port"}},
    {2, "table", {0}},
    {2, "marks", {"table"}},
    {2, "model", {"table", "marks"}},
    {3, "text", {0}},
    {3, "bind", {"text"}},
    {3, "write", {"text"}},
    {3, "validate", {0}},
    {3, "manifests", {"bind", "text", "write"}},
    {3, "syntax", {0}},
    {3, "edit", {"bind", "syntax", "text", "write"}},
    {4, "cluster", {0}},
    {4, "semantics", {"cluster"}},
    {4, "snapshot", {"cluster"}},
    {5, "reference", {0}},
    {5, "program", {"reference"}},
    {5, "compile", {"program"}},
    {5, "engine", {"reference", "program", "compile"}},
    {5, "spans", {0}},
    {5, "conns", {"reference", "engine"}},
    {5, "explain", {"reference", "engine"}},
    {6, "live", {0}},
    {6, "question", {0}},
    {6, "list", {"question"}},
    {6, "check", {0}},
    {7, "scenario", {0}},
};

/* Foreign libraries, and the only files that may know each. */
static const struct {
    const char *header;
    const char *file;
} guests[] = {
    {"yaml.h", "text_libyaml.c"},
    {"yaml.h", "syntax.c"},
    {"cyaml/cyaml.h", "scenario_bind.c"},
};

/* What an embedded library does without (design: no locale, no signals, no environment). */
static const char *const unwelcome[] = {"locale.h", "signal.h", "ctype.h", "iconv.h", "syslog.h"};

/* "cidr_block.c" belongs to the room "cidr": the longest name that the file begins with. */
static const struct room *room_of(const char *file)
{
    const struct room *best = NULL;
    for (size_t i = 0; i < COUNT(rooms); i++) {
        size_t n = strlen(rooms[i].name);
        bool begins = strncmp(file, rooms[i].name, n) == 0 && (file[n] == '_' || file[n] == '.');
        if (begins && (!best || n > strlen(best->name)))
            best = &rooms[i];
    }
    return best;
}

/* "text_inside.h" is the room's own: the rest of the house sees "text.h" only. */
static bool is_front_door(const struct room *to, const char *header)
{
    return strlen(header) == strlen(to->name) + 2;
}

static bool may_include(const struct room *from, const struct room *to, const char *header)
{
    if (to == from)
        return true;
    if (!is_front_door(to, header))
        return false;
    if (to->level < from->level)
        return true;
    for (size_t i = 0; i < COUNT(from->beside) && from->beside[i]; i++)
        if (strcmp(from->beside[i], to->name) == 0)
            return true;
    return false;
}

/* The name between the marks of an #include line; NULL if it is none. `open` is set to '"' or '<'.
 */
static const char *included(char *line, char *open)
{
    static const char word[] = "#include ";
    if (strncmp(line, word, sizeof word - 1) != 0)
        return NULL;
    char *name = line + sizeof word - 1;
    *open = *name++;
    char *end = strpbrk(name, "\">");
    if (!end)
        return NULL;
    *end = '\0';
    return name;
}

static void expect_room_below(const char *file, const char *header)
{
    if (strncmp(header, "netpol/", 7) == 0 || strcmp(header, "diag_codes.def") == 0)
        return;
    const struct room *from = room_of(file);
    const struct room *to = room_of(header);
    if (!from || !to)
        fail_msg("%s includes %s: one of them is in no room of this table", file, header);
    else if (!may_include(from, to, header))
        fail_msg("%s includes %s: %s (level %d) may not look into %s (level %d) by this way", file,
                 header, from->name, from->level, to->name, to->level);
}

static void expect_welcome(const char *file, const char *header)
{
    bool guest = false;
    bool invited = false;
    for (size_t i = 0; i < COUNT(guests); i++) {
        guest |= strcmp(header, guests[i].header) == 0;
        invited |= strcmp(header, guests[i].header) == 0 && strcmp(file, guests[i].file) == 0;
    }
    if (guest && !invited)
        fail_msg("%s includes <%s>, which is not for this file", file, header);
    for (size_t i = 0; i < COUNT(unwelcome); i++)
        if (strcmp(header, unwelcome[i]) == 0)
            fail_msg("%s includes <%s>", file, header);
}

static void look_into(const char *file)
{
    char path[512];
    snprintf(path, sizeof path, ROOMS_FOLDER "/%s", file);
    char *text = test_read_file(path, NULL);
    char *rest = text;
    for (char *line; (line = strtok_r(rest, "\n", &rest)) != NULL;) {
        char open = 0;
        const char *header = included(line, &open);
        if (header && open == '"')
            expect_room_below(file, header);
        else if (header)
            expect_welcome(file, header);
    }
    free(text);
}

static bool is_source(const char *file)
{
    size_t n = strlen(file);
    return n > 2 && file[n - 2] == '.' && (file[n - 1] == 'c' || file[n - 1] == 'h');
}

static void rooms_include_only_what_lies_below(void **state)
{
    (void)state;
    DIR *folder = opendir(ROOMS_FOLDER);
    assert_non_null(folder);
    bool found[COUNT(rooms)] = {0};
    for (struct dirent *e; (e = readdir(folder)) != NULL;) {
        if (!is_source(e->d_name))
            continue;
        const struct room *room = room_of(e->d_name);
        if (!room)
            fail_msg("%s is in no room of this table", e->d_name);
        found[room - rooms] = true;
        look_into(e->d_name);
    }
    closedir(folder);
    for (size_t i = 0; i < COUNT(rooms); i++)
        if (!found[i])
            fail_msg("there is no room %s any more", rooms[i].name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rooms_include_only_what_lies_below)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
