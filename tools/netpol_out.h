/* SPDX-License-Identifier: MIT */
/* out owns what the program prints: standard output as a sink, messages, colours, progress. It
 * knows no answer. */
#ifndef NETPOL_OUT_H
#define NETPOL_OUT_H

#include "netpol_args.h"

#include <netpol.h>

#include <time.h>

struct output {
    bool color;     /* of standard output */
    bool color_err; /* of standard error */
    bool failed;    /* a write failed; `error` says why */
    int error;
    bool diff;  /* the text is a difference of two texts: its lines are painted by their signs */
    char *line; /* of text: what has come of the line at hand */
    size_t n;
    size_t room;
};

/* `when` is auto, always or never. */
void output_open(output *out, const char *when);
/* The bytes as they come: for machines. */
netpol_sink output_bytes(output *out);
/* For people: with colours if they are on, and control characters made visible. */
netpol_sink output_text(output *out);
/* Hands over what is buffered, so that a reader at the other end of a pipe sees it. */
bool output_flush(output *out);
/* Ends the output. The code to exit with: `code`, or TOOL_FAILED if not all could be written. */
int output_close(output *out, int code);

/* "netpol: MESSAGE" on standard error. Control characters are made visible. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The first diagnostics on standard error, compiler-like, and how many more there are. NULL is an
 * empty list. */
void say_diagnostics(const output *out, const netpol_diagnostics *diags);

/* What a status that is no answer ends the program with; says it where the diagnostics do not. */
int say_status(netpol_status status);

/* Tells on a terminal that long work goes on. */
typedef struct progress {
    struct timespec start;
    struct timespec shown;
    bool terminal;
    const char *what; /* "reading", … */
} progress;

void progress_begin(progress *p, const char *what);
/* For netpol_options.keep_going; ctx is the progress. Always true. */
bool progress_tick(void *ctx);
void progress_end(progress *p);

#endif
