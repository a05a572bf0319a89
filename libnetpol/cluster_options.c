/* SPDX-License-Identifier: MIT */
/* The options of a cluster: read once, when it is made. */
#include "cluster.h"

/* Cuts "left=right" in two; false if there is no '='. */
static bool cut(const char *text, np_slice *left, np_slice *right)
{
    const char *at = strchr(text, '=');
    if (!at)
        return false;
    *left = (np_slice){text, (size_t)(at - text)};
    *right = np_slice_of(at + 1);
    return true;
}

static netpol_status keep_local(netpol_cluster *c, const char *text, netpol_diagnostics *diags)
{
    np_slice node = {NULL, 0};
    np_slice address = np_slice_of(text);
    (void)cut(text, &node, &address);
    np_local_address *local = &c->locals[c->n_locals];
    if (!np_ip_parse(address, &local->ip)) {
        np_diag(diags, NP_CODE_OPTION_ADDRESS, NULL, NULL, "write an address, or node=address",
                "not an address of a node: %s", text);
        return NETPOL_INVALID;
    }
    local->node = node.p ? np_arena_text(&c->texts, node.p, node.n) : NULL;
    c->n_locals++;
    return c->texts.failed ? NETPOL_NO_MEMORY : NETPOL_OK;
}

static const char *keep_domain(netpol_cluster *c, np_slice name)
{
    if (name.n && name.p[name.n - 1] == '.')
        name.n--;
    char *kept = np_arena_text(&c->texts, name.p, name.n);
    for (char *p = kept; p && *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    return kept;
}

/* Takes the text up to the next comma; false at the end. */
static bool next_item(np_slice *rest, np_slice *item)
{
    if (!rest->p)
        return false;
    const char *comma = rest->n ? memchr(rest->p, ',', rest->n) : NULL;
    item->p = rest->p;
    item->n = comma ? (size_t)(comma - rest->p) : rest->n;
    *rest = comma ? (np_slice){comma + 1, rest->n - item->n - 1} : (np_slice){NULL, 0};
    return true;
}

static size_t items(const char *text)
{
    size_t n = 1;
    for (; *text; text++)
        n += *text == ',';
    return n;
}

static netpol_status keep_resolved(netpol_cluster *c, const char *text, netpol_diagnostics *diags)
{
    np_slice name = {NULL, 0};
    np_slice rest = {NULL, 0};
    np_slice item;
    bool good = cut(text, &name, &rest) && name.n;
    const char *kept = good ? keep_domain(c, name) : NULL;
    while (good && next_item(&rest, &item)) {
        np_ip ip;
        good = np_ip_parse(item, &ip);
        if (good)
            c->resolved[c->n_resolved++] = (np_resolved){kept, ip};
    }
    if (good)
        return c->texts.failed ? NETPOL_NO_MEMORY : NETPOL_OK;
    np_diag(diags, NP_CODE_OPTION_RESOLVE, NULL, NULL, "write name=address,address",
            "not a name with its addresses: %s", text);
    return NETPOL_INVALID;
}

static netpol_status keep_all_resolved(netpol_cluster *c, const netpol_cluster_options *how,
                                       netpol_diagnostics *diags)
{
    size_t room = 0;
    for (size_t i = 0; i < how->n_resolve; i++)
        room += items(how->resolve[i]);
    c->resolved = NP_NEW_ARRAY(&c->texts, np_resolved, room);
    if (!c->resolved)
        return NETPOL_NO_MEMORY;
    netpol_status s = NETPOL_OK;
    for (size_t i = 0; i < how->n_resolve && s == NETPOL_OK; i++)
        s = keep_resolved(c, how->resolve[i], diags);
    return s;
}

static bool is_list(const char *const *list, size_t n)
{
    for (size_t i = 0; list && i < n; i++)
        if (!list[i])
            return false;
    return list || n == 0;
}

netpol_status np_cluster_options_keep(netpol_cluster *c, const netpol_cluster_options *how,
                                      netpol_diagnostics *diags)
{
    if (!is_list(how->node_addresses, how->n_node_addresses) ||
        !is_list(how->resolve, how->n_resolve))
        return NETPOL_MISUSE;
    const char *space =
        how->default_namespace && *how->default_namespace ? how->default_namespace : "default";
    c->default_namespace = np_arena_text(&c->texts, space, strlen(space));
    c->locals = NP_NEW_ARRAY(&c->texts, np_local_address, how->n_node_addresses);
    if (!c->default_namespace || !c->locals)
        return NETPOL_NO_MEMORY;
    netpol_status s = NETPOL_OK;
    for (size_t i = 0; i < how->n_node_addresses && s == NETPOL_OK; i++)
        s = keep_local(c, how->node_addresses[i], diags);
    return s == NETPOL_OK ? keep_all_resolved(c, how, diags) : s;
}
