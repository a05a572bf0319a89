/* SPDX-License-Identifier: MIT */
/* Which kind a document is of: ours, nearly ours, another system's policy, or nobody's business. */
#include "bind_inside.h"

/* ---- policies of other systems (settled.md 2.12) ---- */

/* Beside these, every kind whose name ends in NetworkPolicy and whose group is not Kubernetes' own:
 * those of Calico, Cilium, Antrea, Multus, OpenShift, …. */
static const struct {
    const char *group; /* of its apiVersion */
    const char *kind;
} foreign[] = {
    {"k8s.ovn.org", "EgressFirewall"},
    {"security.istio.io", "AuthorizationPolicy"},
    {"policy.linkerd.io", "AuthorizationPolicy"},
    {"policy.linkerd.io", "ServerAuthorization"},
    {"kuma.io", "MeshTrafficPermission"},
};

static np_slice group_of(const char *api_version)
{
    const char *slash = strchr(api_version, '/');
    return (np_slice){api_version, slash ? (size_t)(slash - api_version) : 0};
}

static bool ends_with(np_slice s, const char *end)
{
    size_t n = strlen(end);
    return s.n >= n && memcmp(s.p + s.n - n, end, n) == 0;
}

/* A list of such policies is as foreign as they are. */
static np_slice without_list(np_slice kind)
{
    if (kind.n > 4 && ends_with(kind, "List"))
        kind.n -= 4;
    return kind;
}

/* Groups that Kubernetes itself serves: a known kind in another one of them is an old version or a
 * slip, while elsewhere it is somebody else's kind of the same name. */
static bool is_kubernetes_group(np_slice group)
{
    if (!memchr(group.p, '.', group.n))
        return true;
    return ends_with(group, ".k8s.io") && !ends_with(group, ".x-k8s.io");
}

static bool is_foreign(const np_head *head)
{
    np_slice group = group_of(head->api_version);
    np_slice kind = without_list(np_slice_of(head->kind));
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (np_slice_is(group, foreign[i].group) && np_slice_is(kind, foreign[i].kind))
            return true;
    return ends_with(kind, "NetworkPolicy") && !is_kubernetes_group(group);
}

/* ---- kinds that are nearly ours ---- */

static bool is_near(const char *known, np_slice name)
{
    enum { LONG = 8 };
    unsigned most = strlen(known) >= LONG ? 2 : 1;
    return np_edit_distance(np_slice_of(known), name, most) <= most;
}

/* The kind that was meant, or NULL. */
static const np_kind *meant(const np_head *head)
{
    np_slice name = without_list(np_slice_of(head->kind));
    const np_kind *k;
    if (is_kubernetes_group(group_of(head->api_version)))
        for (size_t i = 0; (k = np_kind_at(i)); i++)
            if (np_same_folded(np_slice_of(k->name), name))
                return k;
    for (size_t i = 0; (k = np_kind_at(i)); i++)
        if (strcmp(k->api_version, head->api_version) == 0 && is_near(k->name, name))
            return k;
    return NULL;
}

static np_class refuse_kind(np_binder *b, const np_head *head, const np_kind *k, const char *list)
{
    const char *hint =
        np_bind_words(b, "write apiVersion: %s and kind: %s%s", k->api_version, k->name, list);
    (void)np_find_type(b, NP_CODE_KIND_WRONG, (np_at){head->line, head->column}, (np_where_in){0},
                       hint, "no matches for kind \"%s\" in version \"%s\"", head->kind,
                       head->api_version);
    return NP_CLASS_BROKEN;
}

/* ---- lists ---- */

/* A list of one typed kind. */
static const np_kind *list_kind(const np_head *head)
{
    np_slice name = np_slice_of(head->kind);
    return ends_with(name, "List")
               ? np_kind_find(np_slice_of(head->api_version), without_list(name))
               : NULL;
}

static np_class refuse_list(np_binder *b, const np_head *head)
{
    (void)np_find_type(b, NP_CODE_KIND_WRONG, (np_at){head->line, head->column}, (np_where_in){0},
                       "write apiVersion: v1 and kind: List",
                       "no matches for kind \"%s\" in version \"%s\"", head->kind,
                       head->api_version);
    return NP_CLASS_BROKEN;
}

static np_class classify(np_binder *b, const np_head *head, const np_kind **kind)
{
    bool list = np_same_folded(np_slice_of(head->kind), NP_SLICE("List"));
    *kind = np_kind_find(np_slice_of(head->api_version), np_slice_of(head->kind));
    if (*kind)
        return NP_CLASS_TYPED;
    *kind = list_kind(head);
    if (*kind || (list && strcmp(head->kind, "List") == 0 && strcmp(head->api_version, "v1") == 0))
        return NP_CLASS_LIST;
    if (is_foreign(head))
        return NP_CLASS_FOREIGN;
    if (list && is_kubernetes_group(group_of(head->api_version)))
        return refuse_list(b, head);
    const np_kind *near = meant(head);
    bool of_list = without_list(np_slice_of(head->kind)).n < strlen(head->kind);
    return near ? refuse_kind(b, head, near, of_list ? "List" : "") : NP_CLASS_OTHER;
}

np_class np_bind_classify(np_binder *b, const np_head *head, const np_kind **kind)
{
    np_at at = {head->line, head->column};
    *kind = NULL;
    if (head->kind && *head->kind && head->api_version && *head->api_version)
        return classify(b, head, kind);
    bool no_kind = !head->kind || !*head->kind;
    if (no_kind)
        (void)np_find_type(b, NP_CODE_KIND_MISSING, at, (np_where_in){0},
                           "write, for example, kind: NetworkPolicy", "kind is missing");
    else
        (void)np_find_type(b, NP_CODE_VERSION_MISSING, at, (np_where_in){0},
                           "write, for example, apiVersion: networking.k8s.io/v1",
                           "apiVersion is missing");
    return NP_CLASS_BROKEN;
}
