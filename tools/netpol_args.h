/* SPDX-License-Identifier: MIT */
/* args owns the words of the command line: which options a command has, and what was given. It
 * knows no answer. */
#ifndef NETPOL_ARGS_H
#define NETPOL_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the program ends. Several causes: the highest. */
enum {
    TOOL_YES = 0,       /* yes, clean */
    TOOL_NO = 1,        /* the answer is no: denied, invalid documents, findings */
    TOOL_BAD_INPUT = 2, /* the input cannot be used, or the question cannot be answered */
    TOOL_FAILED = 3     /* wrong options, no memory, output that cannot be written */
};

/* Bits: which commands have an option. */
enum {
    COMMAND_CHECK = 1u << 0,
    COMMAND_CONVERT = 1u << 1,
    COMMAND_EVAL = 1u << 2,
    COMMAND_LIST = 1u << 3,
    COMMAND_EDIT = 1u << 4,
    COMMAND_TEST = 1u << 5,
    COMMAND_BENCH = 1u << 6,
    COMMAND_EXPLAIN = 1u << 7
};

/* What words that are no options are. */
enum {
    OPERANDS_NONE = 0,
    OPERANDS_PATHS, /* files, as if given with -f */
    OPERANDS_WORDS  /* the command's own business */
};

/* Words of the command line, borrowed from argv. */
typedef struct words {
    const char **at;
    size_t n;
} words;

/* What was given. Absent text is NULL. */
typedef struct args {
    words files;
    words operands;
    words node_addresses;
    words resolve;
    const char *namespace_name;
    const char *format;
    const char *semantics;
    const char *on_undefined;
    const char *engine;
    const char *color;
    const char *require;
    const char *kind;
    const char *kubernetes_version;
    const char *channel;
    const char *from;
    const char *to;
    const char *port;
    const char *protocol;
    const char *family;
    const char *queries;
    const char *flows;
    const char *focus;
    const char *document;
    bool lenient;
    bool keep_going;
    bool fail_on_foreign;
    bool exit_zero;
    bool summary;
    bool defaults;
    bool only_known;
    bool show_managed_fields;
    bool pods;
    bool self;
    bool write;
    bool diff;
    bool coverage;
    bool quiet;
    bool help;
    bool version;
    uint64_t given; /* a bit for each option */
} args;

typedef struct output output;

typedef struct command {
    const char *name;
    uint32_t bit;
    int (*run)(const args *a, output *out);
    const char *formats; /* "text|json": the first is the default; NULL: there is no choice */
    int operands;        /* OPERANDS_… */
    const char *summary; /* one line */
    const char *usage;   /* lines, without "netpol NAME" */
    const char *about;   /* paragraphs */
    const char *examples;
} command;

/* Reads the words after the command's name. TOOL_YES, or TOOL_FAILED when it has said what is
 * wrong. */
int args_read(args *a, const command *c, int argc, char **argv);
void args_free(args *a);

/* Whether a text is one of "a|b|c". */
bool args_choice(const char *choices, const char *text);

/* Edits that turn one word into the other; large when either is long. */
unsigned args_distance(const char *a, const char *b);

/* Prints what a command is, all its options and examples. */
void args_help(const command *c);

#endif
