/* SPDX-License-Identifier: MIT */
#include "netpol_args.h"

#include "netpol_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum takes {
    TAKES_NOTHING = 1, /* bool */
    TAKES_TEXT,        /* const char *; once */
    TAKES_TEXTS        /* words */
} takes;

typedef struct option {
    const char *name;
    char letter; /* 0: none */
    uint8_t takes;
    uint16_t offset; /* in args */
    uint32_t commands;
    const char *value;   /* what it is called in the help */
    const char *choices; /* "a|b"; NULL: any text */
    const char *help;
} option;

#define ASKS (COMMAND_EVAL | COMMAND_EXPLAIN)
#define ANSWERS (ASKS | COMMAND_LIST)
#define ENGINES (ANSWERS | COMMAND_BENCH)
#define READS (COMMAND_CHECK | COMMAND_CONVERT | ANSWERS)
#define ALL (READS | COMMAND_EDIT | COMMAND_TEST | COMMAND_BENCH)
#define AT(field) (uint16_t) offsetof(args, field)

static const option options[] = {
    {"filename", 'f', TAKES_TEXTS, AT(files), READS | COMMAND_TEST | COMMAND_BENCH, "PATH", NULL,
     "a file, a directory, or - for standard input; repeatable"},
    {"coverage", 0, TAKES_NOTHING, AT(coverage), COMMAND_TEST, NULL, NULL,
     "say which rules decided in no case"},
    {"quiet", 'q', TAKES_NOTHING, AT(quiet), COMMAND_TEST, NULL, NULL,
     "say nothing about what passed"},
    {"from", 0, TAKES_TEXT, AT(from), ASKS, "SRC", NULL, "who connects"},
    {"to", 0, TAKES_TEXT, AT(to), ASKS, "DST", NULL, "what is connected to"},
    {"port", 'p', TAKES_TEXT, AT(port), ASKS, "PORT", NULL,
     "number or name; without it the answer is about all ports"},
    {"protocol", 0, TAKES_TEXT, AT(protocol), ASKS, "PROTO", NULL,
     "TCP (default), UDP, SCTP, ICMP, ICMPv6 or a number"},
    {"family", 0, TAKES_TEXT, AT(family), ASKS, "4|6", "4|6",
     "IPv4 or IPv6 only; without it every family of both sides"},
    {"queries", 0, TAKES_TEXT, AT(queries), COMMAND_EVAL, "FILE", NULL,
     "one question a line as JSON, one answer a line; - is stdin"},
    {"focus", 0, TAKES_TEXT, AT(focus), COMMAND_LIST, "NS/NAME", NULL,
     "only the connections of this workload"},
    {"pods", 0, TAKES_NOTHING, AT(pods), COMMAND_LIST, NULL, NULL,
     "pods one by one instead of their owners"},
    {"self", 0, TAKES_NOTHING, AT(self), COMMAND_LIST, NULL, NULL,
     "connections of a workload with itself too"},
    {"kind", 0, TAKES_TEXT, AT(kind), COMMAND_CHECK, "KIND", NULL,
     "accept this kind only, NetworkPolicy for instance"},
    {"kubernetes-version", 0, TAKES_TEXT, AT(kubernetes_version), COMMAND_CHECK, "X.Y", NULL,
     "rules of this release; before 1.36 odd CIDRs only warn"},
    {"channel", 0, TAKES_TEXT, AT(channel), COMMAND_CHECK, "CHANNEL", "experimental|standard",
     "fields of ClusterNetworkPolicy: experimental (default), standard"},
    {"exit-zero", 0, TAKES_NOTHING, AT(exit_zero), COMMAND_CHECK, NULL, NULL,
     "invalid documents do not fail the run"},
    {"summary", 0, TAKES_NOTHING, AT(summary), COMMAND_CHECK, NULL, NULL,
     "count the documents on standard error (text always does)"},
    {"defaults", 0, TAKES_NOTHING, AT(defaults), COMMAND_CONVERT, NULL, NULL,
     "add what the API server adds: protocol TCP, policyTypes"},
    {"only-known", 0, TAKES_NOTHING, AT(only_known), COMMAND_CONVERT, NULL, NULL,
     "leave out documents of kinds that netpol does not use"},
    {"show-managed-fields", 0, TAKES_NOTHING, AT(show_managed_fields), COMMAND_CONVERT, NULL, NULL,
     "keep metadata.managedFields in YAML"},
    {"write", 'w', TAKES_NOTHING, AT(write), COMMAND_EDIT, NULL, NULL,
     "put the new text into the file itself"},
    {"diff", 0, TAKES_NOTHING, AT(diff), COMMAND_EDIT, NULL, NULL,
     "show what changes, and no more"},
    {"document", 0, TAKES_TEXT, AT(document), COMMAND_EDIT, "N", NULL,
     "which document of the file, from 0; needed if there are several"},
    {"flows", 0, TAKES_TEXT, AT(flows), COMMAND_BENCH, "N", NULL,
     "so many flows are judged (default: 100000)"},
    {"output", 'o', TAKES_TEXT, AT(format), READS | COMMAND_TEST | COMMAND_BENCH, "FORMAT", NULL,
     NULL},
    {"namespace", 'n', TAKES_TEXT, AT(namespace_name), ENGINES, "NS", NULL,
     "of objects and names that give none (default: default)"},
    {"semantics", 0, TAKES_TEXT, AT(semantics), ASKS, "PRESET", NULL,
     "what is left to the network plug-in: spec, cilium, …; all"},
    {"semantics", 0, TAKES_TEXT, AT(semantics), COMMAND_LIST | COMMAND_BENCH, "PRESET", NULL,
     "what is left to the network plug-in: spec, cilium, …"},
    {"on-undefined", 0, TAKES_TEXT, AT(on_undefined), ASKS, "WHAT", "report|deny|fail",
     "when the plug-in decides: report (default), deny, fail"},
    {"on-undefined", 0, TAKES_TEXT, AT(on_undefined), COMMAND_LIST, "WHAT", "report|deny",
     "when the plug-in decides: report (default), deny"},
    {"node-address", 0, TAKES_TEXTS, AT(node_addresses), ENGINES, "[NODE=]IP", NULL,
     "one more address that is local to nodes; repeatable"},
    {"resolve", 0, TAKES_TEXTS, AT(resolve), ENGINES, "NAME=IP,…", NULL,
     "what a domain name stands for; repeatable"},
    {"require", 0, TAKES_TEXT, AT(require), ANSWERS, "policies,pods", NULL,
     "no answer if none of these were read"},
    {"engine", 0, TAKES_TEXT, AT(engine), ENGINES | COMMAND_TEST, "ENGINE", "compiled|reference",
     "compiled (default), or reference: slow, read from the text"},
    {"keep-going", 0, TAKES_NOTHING, AT(keep_going), ENGINES | COMMAND_CONVERT | COMMAND_TEST, NULL,
     NULL, "go on without what could not be loaded"},
    {"fail-on-foreign", 0, TAKES_NOTHING, AT(fail_on_foreign), READS, NULL, NULL,
     "policies of another system (Calico, Cilium, …) are an error"},
    {"lenient", 0, TAKES_NOTHING, AT(lenient), READS | COMMAND_TEST | COMMAND_BENCH, NULL, NULL,
     "read as a server without strict checks does"},
    {"color", 0, TAKES_TEXT, AT(color), ALL, "WHEN", "auto|always|never",
     "auto (default), always or never"},
    {"help", 'h', TAKES_NOTHING, AT(help), ALL, NULL, NULL, "this text"},
    {"version", 'V', TAKES_NOTHING, AT(version), ALL, NULL, NULL, "the version of netpol"},
};

#define N_OPTIONS (sizeof options / sizeof *options)

_Static_assert(N_OPTIONS <= 64, "args.given has a bit for each option");

unsigned args_distance(const char *a, const char *b)
{
    enum { MOST = 32 };
    size_t n = strlen(a);
    size_t m = strlen(b);
    if (n >= MOST || m >= MOST)
        return MOST;
    unsigned row[MOST];
    for (size_t j = 0; j <= m; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned corner = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned least = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            if (row[j] + 1 < least)
                least = row[j] + 1;
            if (row[j - 1] + 1 < least)
                least = row[j - 1] + 1;
            row[j] = least;
        }
    }
    return row[m];
}

bool args_choice(const char *choices, const char *text)
{
    size_t n = strlen(text);
    while (*choices) {
        size_t length = strcspn(choices, "|");
        if (length == n && memcmp(choices, text, n) == 0)
            return true;
        choices += length + (choices[length] == '|');
    }
    return false;
}

static const option *find_long(const command *c, const char *name, size_t n)
{
    for (size_t i = 0; i < N_OPTIONS; i++)
        if ((options[i].commands & c->bit) && strlen(options[i].name) == n &&
            memcmp(options[i].name, name, n) == 0)
            return &options[i];
    return NULL;
}

static const option *find_short(const command *c, char letter)
{
    for (size_t i = 0; i < N_OPTIONS; i++)
        if ((options[i].commands & c->bit) && options[i].letter == letter)
            return &options[i];
    return NULL;
}

/* The one option that begins so; NULL: none, or several. */
static const option *find_begun(const command *c, const char *given)
{
    const option *found = NULL;
    for (size_t i = 0; i < N_OPTIONS; i++) {
        if (!(options[i].commands & c->bit) || strncmp(options[i].name, given, strlen(given)) != 0)
            continue;
        if (found)
            return NULL;
        found = &options[i];
    }
    return found;
}

static const option *find_near(const command *c, const char *given)
{
    enum { NEAR = 3 };
    const option *near = *given ? find_begun(c, given) : NULL;
    unsigned best = NEAR;
    for (size_t i = 0; !near && i < N_OPTIONS; i++) {
        unsigned d = args_distance(given, options[i].name);
        if (!(options[i].commands & c->bit) || d >= best)
            continue;
        best = d;
        near = &options[i];
    }
    return near;
}

/* Whether other commands have it: then it is no slip. */
static bool is_elsewhere(const char *given)
{
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (strcmp(options[i].name, given) == 0)
            return true;
    return false;
}

static int unknown_option(const command *c, const char *name, size_t n)
{
    char given[64];
    snprintf(given, sizeof given, "%.*s", (int)(n < sizeof given ? n : sizeof given - 1), name);
    const option *near = is_elsewhere(given) ? NULL : find_near(c, given);
    say("netpol %s has no option --%s%s%s%s%s", c->name, given,
        is_elsewhere(given) ? ", though other commands have" : "", near ? "; did you mean --" : "",
        near ? near->name : "", near ? "?" : "");
    say("see 'netpol %s --help'", c->name);
    return TOOL_FAILED;
}

/* "a|b" as "a, b"; `first` is said behind the first. */
static void print_choices(FILE *to, const char *choices, const char *first)
{
    while (*choices) {
        size_t n = strcspn(choices, "|");
        fprintf(to, "%.*s%s%s", (int)n, choices, first, choices[n] ? ", " : "");
        choices += n + (choices[n] == '|');
        first = "";
    }
}

static int bad_choice(const char *name, const char *choices, const char *text)
{
    char known[256];
    size_t n = 0;
    for (size_t i = 0; choices[i] && n + 3 < sizeof known; i++)
        n += (size_t)snprintf(known + n, sizeof known - n, choices[i] == '|' ? ", " : "%c",
                              choices[i]);
    say("--%s cannot be '%s'; it is one of %s", name, text, known);
    return TOOL_FAILED;
}

/* Whether an option that has one value was given before: which of the two is meant? */
static bool is_given(args *a, const option *o)
{
    uint64_t bit = (uint64_t)1 << (o - options);
    bool given = o->takes == TAKES_TEXT && a->given & bit;
    a->given |= bit;
    return given;
}

static int store(args *a, const command *c, const option *o, const char *text)
{
    if (is_given(a, o)) {
        say("--%s is given twice; it takes one value", o->name);
        return TOOL_FAILED;
    }
    char *slot = (char *)a + o->offset;
    const char *choices = o->letter == 'o' ? c->formats : o->choices;
    if (choices && !args_choice(choices, text))
        return bad_choice(o->name, choices, text);
    if (o->takes == TAKES_NOTHING) {
        *(bool *)(void *)slot = true;
    } else if (o->takes == TAKES_TEXT) {
        *(const char **)(void *)slot = text;
    } else {
        words *list = (words *)(void *)slot;
        list->at[list->n++] = text;
    }
    return TOOL_YES;
}

/* `given` is the text after "=" or after the letter, or NULL; `i` is moved over a separate value.
 */
static int take(args *a, const command *c, const option *o, const char *given, int argc,
                char **argv, int *i)
{
    if (o->takes == TAKES_NOTHING && given) {
        say("--%s takes no value", o->name);
        return TOOL_FAILED;
    }
    if (o->takes != TAKES_NOTHING && !given) {
        if (*i + 1 >= argc) {
            say("--%s needs a value: --%s %s", o->name, o->name, o->value);
            return TOOL_FAILED;
        }
        given = argv[++*i];
    }
    return store(a, c, o, given);
}

static int long_option(args *a, const command *c, int argc, char **argv, int *i)
{
    const char *name = argv[*i] + 2;
    size_t n = strcspn(name, "=");
    const option *o = find_long(c, name, n);
    if (!o)
        return unknown_option(c, name, n);
    return take(a, c, o, name[n] == '=' ? name + n + 1 : NULL, argc, argv, i);
}

static int short_option(args *a, const command *c, int argc, char **argv, int *i)
{
    const char *word = argv[*i];
    const option *o = find_short(c, word[1]);
    if (!o) {
        say("netpol %s has no option -%c", c->name, word[1]);
        say("see 'netpol %s --help'", c->name);
        return TOOL_FAILED;
    }
    return take(a, c, o, word[2] ? word + 2 + (word[2] == '=') : NULL, argc, argv, i);
}

static int operand(args *a, const command *c, const char *word)
{
    if (c->operands == OPERANDS_NONE) {
        say("netpol %s does not know what to do with '%s'; files are given with -f", c->name, word);
        return TOOL_FAILED;
    }
    words *list = c->operands == OPERANDS_PATHS ? &a->files : &a->operands;
    list->at[list->n++] = word;
    return TOOL_YES;
}

/* Lists are as long as the command line at most, so one block serves all of them. */
static bool make_room(args *a, int argc)
{
    size_t each = (size_t)argc + 1;
    const char **room = calloc(4 * each, sizeof *room);
    if (!room)
        return false;
    a->files.at = room;
    a->node_addresses.at = room + each;
    a->resolve.at = room + 2 * each;
    a->operands.at = room + 3 * each;
    return true;
}

int args_read(args *a, const command *c, int argc, char **argv)
{
    *a = (args){.color = "auto"};
    if (!make_room(a, argc)) {
        say("out of memory");
        return TOOL_FAILED;
    }
    bool only_operands = false;
    int code = TOOL_YES;
    for (int i = 0; i < argc && code == TOOL_YES; i++) {
        const char *word = argv[i];
        if (only_operands || word[0] != '-' || word[1] == '\0')
            code = operand(a, c, word);
        else if (strcmp(word, "--") == 0)
            only_operands = true;
        else if (word[1] == '-')
            code = long_option(a, c, argc, argv, &i);
        else
            code = short_option(a, c, argc, argv, &i);
    }
    return code;
}

void args_free(args *a)
{
    free((void *)a->files.at);
    *a = (args){0};
}

static void help_option(const command *c, const option *o)
{
    enum { COLUMN = 32 };
    int n = o->letter ? printf("  -%c, --%s", o->letter, o->name) : printf("      --%s", o->name);
    if (o->value)
        n += printf(" %s", o->value);
    /* "…" is three bytes and one column */
    int wide = o->value && strstr(o->value, "…") ? 2 : 0;
    printf("%*s%s", n - wide < COLUMN ? COLUMN - n + wide : 1, "", o->help ? o->help : "");
    if (!o->help)
        print_choices(stdout, c->formats, " (default)");
    putchar('\n');
}

void args_help(const command *c)
{
    printf("netpol %s: %s\n\n", c->name, c->summary);
    printf("Usage:\n%s\n%s\nOptions:\n", c->usage, c->about);
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (options[i].commands & c->bit)
            help_option(c, &options[i]);
    printf("\nExamples:\n%s", c->examples);
}
