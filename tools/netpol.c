/* SPDX-License-Identifier: MIT */
/* The netpol command: reads words, calls the library, prints. Every answer is the library's. */
#include "netpol_commands.h"
#include "netpol_out.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const command *const commands[] = {&bench_command, &check_command, &convert_command,
                                          &edit_command,  &eval_command,  &explain_command,
                                          &list_command,  &test_command};

#define N_COMMANDS (sizeof commands / sizeof *commands)

static const command *find_command(const char *name)
{
    if (strcmp(name, "why") == 0)
        return &explain_command;
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

/* What other tools call it. */
static const struct {
    const char *word;
    const char *name;
} synonyms[] = {
    {"validate", "check"}, {"verify", "check"},    {"lint", "check"},   {"fmt", "convert"},
    {"format", "convert"}, {"query", "eval"},      {"can", "eval"},     {"probe", "eval"},
    {"trace", "explain"},  {"connlist", "list"},   {"graph", "list"},   {"set", "edit"},
    {"patch", "edit"},     {"benchmark", "bench"}, {"who-can", "list"},
};

static const char *near_command(const char *name)
{
    enum { NEAR = 3 };
    const char *near = NULL;
    unsigned best = NEAR;
    for (size_t i = 0; i < sizeof synonyms / sizeof *synonyms; i++)
        if (strcmp(synonyms[i].word, name) == 0)
            return synonyms[i].name;
    for (size_t i = 0; i < N_COMMANDS; i++) {
        unsigned d = args_distance(name, commands[i]->name);
        if (*name && strncmp(commands[i]->name, name, strlen(name)) == 0)
            d = 0;
        if (d >= best)
            continue;
        best = d;
        near = commands[i]->name;
    }
    return near;
}

static int unknown_command(const char *name)
{
    const char *near = near_command(name);
    say("there is no command '%s'%s%s%s", name, near ? "; did you mean '" : "", near ? near : "",
        near ? "'?" : "");
    say("see 'netpol --help'");
    return TOOL_FAILED;
}

static void print_help(void)
{
    puts("netpol: what Kubernetes network policies say, from files alone\n\n"
         "Usage:\n"
         "  netpol COMMAND PATH... [OPTIONS]\n\n"
         "Commands:");
    for (size_t i = 0; i < N_COMMANDS; i++)
        printf("  %-10s%s\n", commands[i]->name, commands[i]->summary);
    printf("  %-10s%s\n", "why", "explain, by its shorter name");
    puts("\nExamples:\n"
         "  netpol check manifests/\n"
         "  netpol eval -f manifests/ --from shop/web --to shop/db --port 3306\n"
         "  netpol why -f manifests/ shop/web shop/db --port 3306\n"
         "  netpol test policies/\n"
         "  kubectl get ns,po,no,svc,netpol -A -o json | netpol list -f -\n\n"
         "Exit status:\n"
         "  0  yes, clean\n"
         "  1  the answer is no: denied, invalid documents, failed tests\n"
         "  2  the input cannot be used, or the question cannot be answered\n"
         "  3  wrong options, no memory, output that cannot be written\n\n"
         "'netpol COMMAND --help' tells more.");
}

static int print_version(void)
{
    printf("netpol %s\n", netpol_version_text());
    return TOOL_YES;
}

static int run(const command *c, int argc, char **argv, output *out)
{
    args a;
    int code = args_read(&a, c, argc, argv);
    output_open(out, a.color ? a.color : "auto");
    if (code == TOOL_YES && a.help)
        args_help(c);
    else if (code == TOOL_YES && a.version)
        code = print_version();
    else if (code == TOOL_YES)
        code = c->run(&a, out);
    args_free(&a);
    return code;
}

/* "netpol", "netpol help", "netpol --help", "netpol --version": words that are no command. */
static int answer_without_command(const char *word, int argc, char **argv)
{
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0 || strcmp(word, "version") == 0)
        return print_version();
    const command *c = strcmp(word, "help") == 0 && argc > 2 ? find_command(argv[2]) : NULL;
    if (c) {
        args_help(c);
        return TOOL_YES;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        print_help();
        return TOOL_YES;
    }
    return unknown_command(word);
}

int main(int argc, char **argv)
{
    /* A closed pipe is an error of the write, which ends the program in order. */
    signal(SIGPIPE, SIG_IGN);
    output out;
    output_open(&out, "auto");
    if (argc < 2) {
        say("which command? see 'netpol --help'");
        return TOOL_FAILED;
    }
    const command *c = find_command(argv[1]);
    int code = c ? run(c, argc - 2, argv + 2, &out) : answer_without_command(argv[1], argc, argv);
    return output_close(&out, code);
}
