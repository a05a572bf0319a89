/* SPDX-License-Identifier: MIT */
#include "netpol_input.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static uint32_t asked_flags(const args *a)
{
    return (a->lenient ? NETPOL_LENIENT : 0u) | (a->keep_going ? NETPOL_KEEP_GOING : 0u);
}

static bool input_open(input *in, const args *a, uint32_t flags)
{
    *in = (input){.options = {.size = sizeof in->options,
                              .flags = asked_flags(a) | flags,
                              .keep_going = progress_tick,
                              .ctx = &in->progress}};
    in->diags = netpol_diagnostics_new(&in->options);
    return in->diags && netpol_manifests_new(&in->options, &in->manifests) == NETPOL_OK;
}

static bool stdin_twice(const args *a)
{
    unsigned n = 0;
    for (size_t i = 0; i < a->files.n; i++)
        n += strcmp(a->files.at[i], "-") == 0;
    return n + (a->queries && strcmp(a->queries, "-") == 0) > 1;
}

static int nothing_given(const args *a)
{
    if (stdin_twice(a)) {
        say("standard input (-) can be read once only");
        return TOOL_FAILED;
    }
    if (a->files.n == 0) {
        say("nothing to read; give -f with a file, a directory, or - for standard input");
        return TOOL_FAILED;
    }
    return TOOL_YES;
}

/* Whether --require asks only for what can be asked for: a guard with a slip must not let through.
 */
static bool is_requirable(const char *list)
{
    for (;;) {
        size_t n = strcspn(list, ",");
        bool known = (n == 8 && memcmp(list, "policies", n) == 0) ||
                     (n == 4 && memcmp(list, "pods", n) == 0);
        if (!known)
            return false;
        if (!list[n])
            return true;
        list += n + 1;
    }
}

static size_t count_found(const input *in)
{
    return netpol_manifests_document_count(in->manifests) + netpol_manifests_broken(in->manifests);
}

static bool is_folder(const char *path)
{
    struct stat is;
    return strcmp(path, "-") != 0 && stat(path, &is) == 0 && S_ISDIR(is.st_mode);
}

int input_refuse_barren(const input *in)
{
    if (!in->barren)
        return TOOL_YES;
    say("no manifests were found in %s", in->barren);
    return TOOL_BAD_INPUT;
}

static int read_files(input *in, const args *a, uint32_t flags)
{
    if (!input_open(in, a, flags))
        return say_status(NETPOL_NO_MEMORY);
    progress_begin(&in->progress, "reading");
    netpol_status status = NETPOL_OK;
    for (size_t i = 0; i < a->files.n && status != NETPOL_NO_MEMORY; i++) {
        size_t before = count_found(in);
        status = netpol_manifests_read(in->manifests, a->files.at[i], NULL);
        if (!in->barren && count_found(in) == before && is_folder(a->files.at[i]))
            in->barren = a->files.at[i];
        in->unreadable |= status == NETPOL_IO || status == NETPOL_LIMIT;
    }
    progress_end(&in->progress);
    if (!in->barren && a->files.n && count_found(in) == 0)
        in->barren = a->files.at[0];
    return status == NETPOL_NO_MEMORY || status == NETPOL_MISUSE ? say_status(status) : TOOL_YES;
}

int input_read(input *in, const args *a, uint32_t flags)
{
    *in = (input){0};
    if (nothing_given(a) != TOOL_YES)
        return TOOL_FAILED;
    if (a->require && !is_requirable(a->require)) {
        say("--require cannot be '%s'; it is policies, pods or policies,pods", a->require);
        return TOOL_FAILED;
    }
    return read_files(in, a, flags);
}

int input_read_more(input *in, const args *a, const output *out)
{
    *in = (input){0};
    int code = read_files(in, a, 0);
    if (code != TOOL_YES)
        return code;
    say_diagnostics(out, netpol_manifests_diagnostics(in->manifests));
    if (!input_is_broken(in) || a->keep_going)
        return TOOL_YES;
    say("not all of the input could be loaded; --keep-going goes on without it");
    return TOOL_BAD_INPUT;
}

void input_free(input *in)
{
    netpol_manifests_free(in->manifests);
    netpol_diagnostics_free(in->diags);
    *in = (input){0};
}

bool input_is_broken(const input *in)
{
    return in->unreadable || netpol_manifests_broken(in->manifests) != 0;
}

/* ---- may an answer rest on it? ---- */

typedef struct census {
    size_t policies;
    size_t pods;
} census;

static census count_objects(const netpol_manifests *m)
{
    census c = {0, 0};
    for (size_t i = 0; i < netpol_manifests_count(m); i++) {
        int32_t kind = netpol_object_kind(netpol_manifests_at(m, i));
        c.policies += kind == NETPOL_KIND_NETWORK_POLICY ||
                      (kind >= NETPOL_KIND_CLUSTER_NETWORK_POLICY &&
                       kind <= NETPOL_KIND_BASELINE_ADMIN_NETWORK_POLICY);
        c.pods += kind == NETPOL_KIND_POD ||
                  (kind >= NETPOL_KIND_DEPLOYMENT && kind <= NETPOL_KIND_CRON_JOB);
    }
    return c;
}

static bool requires(const args *a, const char *what)
{
    const char *list = a->require ? a->require : "";
    size_t n = strlen(what);
    for (const char *at = list; (at = strstr(at, what)); at += n)
        if ((at == list || at[-1] == ',') && (at[n] == ',' || at[n] == '\0'))
            return true;
    return false;
}

/* A gate that sees no policies, or no pods, is green and tests nothing: never without a word. */
static int missing(const args *a, const char *what, const char *meaning)
{
    if (requires(a, what)) {
        say("no %s were read, and --require asks for some", what);
        return TOOL_BAD_INPUT;
    }
    say("warning: no %s were read; %s", what, meaning);
    return TOOL_YES;
}

static int accept_census(const args *a, census c)
{
    int code = TOOL_YES;
    if (!c.policies)
        code = missing(a, "policies", "nothing restricts the traffic");
    if (!c.pods && missing(a, "pods", "only addresses can be asked about") != TOOL_YES)
        code = TOOL_BAD_INPUT;
    return code;
}

int input_accept(const input *in, const args *a, const output *out)
{
    say_diagnostics(out, netpol_manifests_diagnostics(in->manifests));
    if (input_is_broken(in) && !a->keep_going) {
        say("no answer, for not all of the input could be loaded; --keep-going answers without it");
        return TOOL_BAD_INPUT;
    }
    size_t foreign = netpol_manifests_foreign(in->manifests);
    if (foreign && a->fail_on_foreign) {
        say("no answer, for %zu %s of another system (--fail-on-foreign)", foreign,
            foreign == 1 ? "policy is" : "policies are");
        return TOOL_BAD_INPUT;
    }
    return accept_census(a, count_objects(in->manifests));
}

/* ---- the cluster ---- */

/* The cluster's side of the options. */
typedef struct setting {
    netpol_semantics semantics;
    netpol_cluster_options cluster;
} setting;

static int unknown_preset(const char *name)
{
    char list[256];
    size_t n = 0;
    const char *known;
    for (size_t i = 0; (known = netpol_semantics_preset_name(i)) && n < sizeof list; i++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s, ", known);
    say("--semantics knows no '%s'; it is one of %sall", name, list);
    return TOOL_FAILED;
}

bool args_all_presets(const args *a)
{
    return a->semantics && strcmp(a->semantics, "all") == 0;
}

static int setting_read(setting *s, const args *a)
{
    *s = (setting){.semantics = {.size = sizeof s->semantics}};
    const char *name = args_all_presets(a) ? "spec" : a->semantics;
    if (netpol_semantics_preset(name, &s->semantics) != NETPOL_OK)
        return unknown_preset(name);
    if (a->on_undefined && strcmp(a->on_undefined, "deny") == 0)
        s->semantics.undefined = NETPOL_UNDEFINED_DENY;
    s->cluster = (netpol_cluster_options){.size = sizeof s->cluster,
                                          .semantics = &s->semantics,
                                          .default_namespace = a->namespace_name,
                                          .node_addresses = a->node_addresses.at,
                                          .n_node_addresses = a->node_addresses.n,
                                          .resolve = a->resolve.at,
                                          .n_resolve = a->resolve.n};
    return TOOL_YES;
}

/* Whether a node is told of: by itself, or as the place of a pod. */
static bool is_node(const netpol_manifests *m, const char *name, size_t n)
{
    for (size_t i = 0; i < netpol_manifests_count(m); i++) {
        const netpol_object *o = netpol_manifests_at(m, i);
        const netpol_pod *pod =
            netpol_object_kind(o) == NETPOL_KIND_POD ? netpol_object_pod(o) : NULL;
        const char *is = pod && pod->spec                            ? pod->spec->node_name
                         : netpol_object_kind(o) == NETPOL_KIND_NODE ? netpol_object_name(o)
                                                                     : NULL;
        if (is && strlen(is) == n && memcmp(is, name, n) == 0)
            return true;
    }
    return false;
}

/* An address of a node that nobody knows changes nothing: a slip, most likely. */
static void say_unknown_nodes(const input *in, const args *a)
{
    for (size_t i = 0; i < a->node_addresses.n; i++) {
        const char *text = a->node_addresses.at[i];
        size_t n = strcspn(text, "=");
        if (text[n] && !is_node(in->manifests, text, n))
            say("warning: --node-address %s: there is no node %.*s", text, (int)n, text);
    }
}

static netpol_status build(input *in, const args *a, const setting *s, netpol_engine **engine)
{
    int32_t machinery = a->engine && strcmp(a->engine, "reference") == 0 ? NETPOL_ENGINE_REFERENCE
                                                                         : NETPOL_ENGINE_COMPILED;
    netpol_cluster *cluster = NULL;
    netpol_status status = netpol_cluster_new(&s->cluster, &in->options, &cluster, in->diags);
    if (status == NETPOL_OK)
        status = netpol_cluster_put_all(cluster, in->manifests, in->diags);
    if (status == NETPOL_OK)
        status = netpol_cluster_compile(cluster, machinery, engine, in->diags);
    netpol_cluster_free(cluster);
    return status;
}

int input_engine(input *in, const args *a, const output *out, netpol_engine **engine)
{
    setting s;
    int code = setting_read(&s, a);
    if (code == TOOL_YES)
        code = input_accept(in, a, out);
    if (code != TOOL_YES)
        return code;
    say_unknown_nodes(in, a);
    progress_begin(&in->progress, "compiling");
    netpol_status status = build(in, a, &s, engine);
    progress_end(&in->progress);
    say_diagnostics(out, in->diags);
    netpol_diagnostics_clear(in->diags);
    return status == NETPOL_OK ? TOOL_YES : say_status(status);
}

int input_run(const args *a, output *out, input_answer answer)
{
    input in;
    netpol_engine *engine = NULL;
    int code = input_read(&in, a, 0);
    if (code == TOOL_YES)
        code = input_engine(&in, a, out, &engine);
    if (code == TOOL_YES)
        code = answer(a, out, &in, engine);
    netpol_engine_unref(engine);
    input_free(&in);
    return code;
}
