/* SPDX-License-Identifier: MIT */
/* Answers documents with libnetpol for the harness in tests/differential, by public calls alone.
 *
 * Input: frames "new LENGTH\nBYTES\n", each perhaps after a frame "old LENGTH\nBYTES\n" with the
 * object that it replaces. Output: one line of JSON for each new one. */
#include <netpol.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_text(const char *text)
{
    putchar('"');
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            printf("\\%c", *p);
        else if (*p < 0x20)
            printf("\\u%04x", *p);
        else
            putchar(*p);
    }
    putchar('"');
}

static void put_stage(const char *name, const netpol_diagnostics *d, int32_t stage)
{
    bool first = true;
    printf(",\"%s\":[", name);
    for (size_t i = 0; i < netpol_diagnostics_count(d); i++) {
        const netpol_diagnostic *x = netpol_diagnostics_at(d, i);
        if (x->stage != stage)
            continue;
        if (!first)
            putchar(',');
        first = false;
        put_text(x->message);
    }
    putchar(']');
}

static const char *first_of(const netpol_diagnostics *d)
{
    for (size_t i = 0; i < netpol_diagnostics_count(d); i++) {
        const netpol_diagnostic *x = netpol_diagnostics_at(d, i);
        if (x->stage == NETPOL_STAGE_SYNTAX || x->stage == NETPOL_STAGE_TYPE)
            return x->message;
    }
    return "no document";
}

static netpol_status collect(void *ctx, const char *bytes, size_t n)
{
    char **text = ctx;
    size_t have = *text ? strlen(*text) : 0;
    char *more = realloc(*text, have + n + 1);
    if (!more)
        return NETPOL_NO_MEMORY;
    memcpy(more + have, bytes, n);
    more[have + n] = '\0';
    *text = more;
    return NETPOL_OK;
}

static void put_yaml(const netpol_object *object)
{
    char *text = NULL;
    netpol_sink to = {collect, &text};
    (void)netpol_object_write(object, NETPOL_FORMAT_YAML,
                              NETPOL_WRITE_DEFAULTS | NETPOL_WRITE_HIDE_MANAGED_FIELDS, &to);
    printf(",\"yaml\":");
    put_text(text ? text : "");
    free(text);
}

static const netpol_object *only_object(const netpol_manifests *m)
{
    const netpol_document_info *info = netpol_manifests_document_at(m, 0);
    return info ? info->object : NULL;
}

static void answer(const netpol_object *object, const netpol_object *old,
                   const netpol_options *options, netpol_diagnostics *d)
{
    if (!object) {
        printf("{\"undecoded\":");
        put_text(first_of(d));
        printf("}\n");
        return;
    }
    bool strict = netpol_diagnostics_count(d) > 0;
    netpol_status status = netpol_object_validate(object, old, options, d);
    printf("{\"valid\":%s", status == NETPOL_OK && !strict ? "true" : "false");
    put_stage("strict", d, NETPOL_STAGE_STRICT);
    put_stage("errors", d, NETPOL_STAGE_VALIDATION);
    put_stage("warnings", d, NETPOL_STAGE_WARNING);
    put_yaml(object);
    printf("}\n");
}

/* Reads the rest of a frame. */
static char *read_frame(size_t *n)
{
    if (scanf("%zu", n) != 1 || getchar() != '\n')
        return NULL;
    char *text = malloc(*n + 1);
    if (!text || fread(text, 1, *n, stdin) != *n || getchar() != '\n') {
        free(text);
        return NULL;
    }
    return text;
}

static bool load(netpol_manifests **m, const netpol_options *options, netpol_diagnostics *d)
{
    size_t n;
    char *text = read_frame(&n);
    bool good = text && netpol_manifests_new(options, m) == NETPOL_OK;
    if (good)
        (void)netpol_manifests_read_memory(*m, "stdin", text, n, d);
    free(text);
    return good;
}

static bool answer_new(const netpol_manifests *old, const netpol_options *options)
{
    netpol_manifests *m = NULL;
    netpol_diagnostics *d = netpol_diagnostics_new(options);
    bool good = d && load(&m, options, d);
    if (good)
        answer(only_object(m), old ? only_object(old) : NULL, options, d);
    netpol_manifests_free(m);
    netpol_diagnostics_free(d);
    return good;
}

static bool run(const netpol_options *options)
{
    char word[8];
    netpol_manifests *old = NULL;
    bool good = true;
    while (good && scanf("%7s", word) == 1) {
        if (strcmp(word, "old") == 0) {
            netpol_manifests_free(old);
            good = load(&old, options, NULL);
            continue;
        }
        good = answer_new(old, options);
        netpol_manifests_free(old);
        old = NULL;
    }
    netpol_manifests_free(old);
    return good;
}

int main(int argc, char **argv)
{
    netpol_options options = {.size = sizeof options};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--tolerant") == 0)
            options.flags |= NETPOL_TOLERANT_CIDR;
        if (strcmp(argv[i], "--standard") == 0)
            options.flags |= NETPOL_STANDARD_CHANNEL;
    }
    if (run(&options))
        return 0;
    fprintf(stderr, "the input is not made of frames, or there is no memory\n");
    return 3;
}
