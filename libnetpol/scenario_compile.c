/* SPDX-License-Identifier: MIT */
/* The engine that a scenario is about. */
#include "scenario.h"

/* A path of the file, as seen from the folder of the file. "-" is a file there, never standard
 * input. */
static netpol_status read_path(const netpol_scenario *s, netpol_manifests *m, const char *path,
                               netpol_diagnostics *diags)
{
    np_buffer b;
    np_buffer_init(&b, &s->alloc);
    if (*path != '/')
        np_buffer_text(&b, *s->folder || strcmp(path, "-") != 0 ? s->folder : "./");
    np_buffer_text(&b, path);
    np_buffer_char(&b, '\0');
    netpol_status status = b.failed ? NETPOL_NO_MEMORY : netpol_manifests_read(m, b.p, diags);
    np_buffer_free(&b);
    return status;
}

static netpol_status read_manifests(const netpol_scenario *s, netpol_manifests *m,
                                    netpol_diagnostics *diags)
{
    netpol_status worst = NETPOL_OK;
    for (uint32_t i = 0; i < s->file->n_manifests; i++) {
        netpol_status status = read_path(s, m, s->file->manifests[i], diags);
        if (status > NETPOL_IO || status == NETPOL_NO_MEMORY)
            return status;
        worst = status > worst ? status : worst;
    }
    return s->options.flags & NETPOL_KEEP_GOING && worst == NETPOL_INVALID ? NETPOL_OK : worst;
}

static netpol_status new_cluster(const netpol_scenario *s, netpol_cluster **out,
                                 netpol_diagnostics *diags)
{
    const np_scenario_file *f = s->file;
    netpol_semantics semantics = {.size = sizeof semantics};
    netpol_status status = netpol_semantics_preset(f->semantics, &semantics);
    netpol_cluster_options how = {
        .size = sizeof how,
        .semantics = &semantics,
        .default_namespace = f->namespace_name,
        .node_addresses = (const char *const *)f->node_addresses,
        .n_node_addresses = f->n_node_addresses,
        .resolve = (const char *const *)f->resolve,
        .n_resolve = f->n_resolve,
    };
    return status == NETPOL_OK ? netpol_cluster_new(&how, &s->options, out, diags) : status;
}

/* What comes later replaces what is of the same kind, namespace and name. */
static netpol_status fill(const netpol_scenario *s, netpol_cluster *c, const netpol_manifests *m,
                          const netpol_manifests *more, netpol_diagnostics *diags)
{
    netpol_status status = netpol_cluster_put_all(c, m, diags);
    if (status == NETPOL_OK)
        status = netpol_cluster_put_all(c, s->own, diags);
    if (status == NETPOL_OK && more)
        status = netpol_cluster_put_all(c, more, diags);
    return status;
}

netpol_status netpol_scenario_compile(const netpol_scenario *s, const netpol_manifests *more,
                                      int32_t machinery, netpol_engine **out,
                                      netpol_diagnostics *diags)
{
    if (!s || !out)
        return NETPOL_MISUSE;
    netpol_manifests *m = NULL;
    netpol_cluster *c = NULL;
    netpol_status status = netpol_manifests_new(&s->options, &m);
    if (status == NETPOL_OK)
        status = read_manifests(s, m, diags);
    if (status == NETPOL_OK)
        status = new_cluster(s, &c, diags);
    if (status == NETPOL_OK)
        status = fill(s, c, m, more, diags);
    if (status == NETPOL_OK)
        status = netpol_cluster_compile(c, machinery, out, diags);
    netpol_cluster_free(c);
    netpol_manifests_free(m);
    return status;
}
