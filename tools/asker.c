/* SPDX-License-Identifier: MIT */
/* netpol-asker: a test helper that answers questions by pipe. Standard input: one line with a
 * Kubernetes List as JSON, then a question a line,
 *   {"src":"ns/pod","dst":"ns/pod","srcIP":"..","dstIP":"..","protocol":"TCP","port":80}
 * and each gets one line, flushed: "allow", "deny" or "error TEXT". The addresses decide what is
 * asked; names are for the reader. */
#include <netpol.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int usage(void)
{
    fputs("usage: netpol-asker [--engine reference|compiled] [--semantics PRESET]\n", stderr);
    return 3;
}

static void print_diagnostics(const netpol_diagnostics *d)
{
    for (size_t i = 0; i < netpol_diagnostics_count(d); i++) {
        const netpol_diagnostic *x = netpol_diagnostics_at(d, i);
        fprintf(stderr, "netpol-asker: %s:%u:%u: %s\n", x->source ? x->source : "", x->line,
                x->column, x->message);
    }
}

static netpol_status load(const char *text, size_t n, const netpol_semantics *semantics,
                          int32_t machinery, netpol_engine **engine, netpol_diagnostics *d)
{
    netpol_cluster_options how = {.size = sizeof how, .semantics = semantics};
    netpol_manifests *manifests = NULL;
    netpol_cluster *cluster = NULL;
    netpol_status status = netpol_manifests_new(NULL, &manifests);
    if (status == NETPOL_OK)
        status = netpol_manifests_read_memory(manifests, "<stdin>", text, n, d);
    if (status == NETPOL_OK)
        status = netpol_cluster_new(&how, NULL, &cluster, d);
    if (status == NETPOL_OK)
        status = netpol_cluster_put_all(cluster, manifests, d);
    if (status == NETPOL_OK)
        status = netpol_cluster_compile(cluster, machinery, engine, d);
    netpol_cluster_free(cluster);
    netpol_manifests_free(manifests);
    return status;
}

/* The value of a key of a flat JSON object, without quotes; these values need no escapes. */
static bool value_of(const char *line, const char *key, char *out, size_t room)
{
    char quoted[32];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *p = strstr(line, quoted);
    if (!p)
        return false;
    p += strlen(quoted);
    p += *p == '"';
    size_t n = strcspn(p, "\",}\n");
    if (n >= room)
        return false;
    memcpy(out, p, n);
    out[n] = '\0';
    return true;
}

static void answer(const netpol_engine *engine, const char *line, netpol_diagnostics *d)
{
    char src[64];
    char dst[64];
    char protocol[16];
    char port[16];
    netpol_flow flow;
    netpol_diagnostics_clear(d);
    if (!value_of(line, "srcIP", src, sizeof src) || !value_of(line, "dstIP", dst, sizeof dst) ||
        !value_of(line, "protocol", protocol, sizeof protocol) ||
        !value_of(line, "port", port, sizeof port)) {
        puts("error srcIP, dstIP, protocol and port are needed");
    } else if (netpol_flow_parse(engine, src, dst, protocol, port, &flow, d) != NETPOL_OK) {
        const netpol_diagnostic *why = netpol_diagnostics_at(d, 0);
        printf("error %s\n", why ? why->message : "bad question");
    } else {
        puts(netpol_engine_verdict(engine, &flow).allowed ? "allow" : "deny");
    }
    fflush(stdout);
}

static int serve(const netpol_semantics *semantics, int32_t machinery)
{
    char *line = NULL;
    size_t room = 0;
    netpol_engine *engine = NULL;
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    ssize_t n = getline(&line, &room, stdin);
    int code = 2;
    if (d && n > 0 && load(line, (size_t)n, semantics, machinery, &engine, d) == NETPOL_OK) {
        while (getline(&line, &room, stdin) > 0)
            answer(engine, line, d);
        code = 0;
    } else {
        print_diagnostics(d);
    }
    netpol_engine_unref(engine);
    netpol_diagnostics_free(d);
    free(line);
    return code;
}

int main(int argc, char **argv)
{
    int32_t machinery = NETPOL_ENGINE_COMPILED;
    netpol_semantics semantics = {.size = sizeof semantics};
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--engine") == 0 && strcmp(value, "reference") == 0)
            machinery = NETPOL_ENGINE_REFERENCE;
        else if (strcmp(argv[i], "--engine") == 0 && strcmp(value, "compiled") == 0)
            machinery = NETPOL_ENGINE_COMPILED;
        else if (strcmp(argv[i], "--semantics") != 0 ||
                 netpol_semantics_preset(value, &semantics) != NETPOL_OK)
            return usage();
    }
    return serve(&semantics, machinery);
}
