/* SPDX-License-Identifier: MIT */
/* Rules of the cluster-scoped policies: the schemas of their CRDs, then the CEL rules in them. */
#include "cidr.h"
#include "validate.h"

#include <inttypes.h>
#include <stdlib.h>

/* What differs between the kinds and their channels. */
typedef struct dialect {
    bool tier;
    bool priority;
    bool needs_namespace_selector;
    size_t rules_most;
    size_t peers_most; /* of peers and of protocols */
    const char *most_rules_text;
    const char *most_peers_text;
    const char *const *actions;
    const char *named_port_rule; /* NULL: there is no such rule */
    bool nodes;                  /* what only the experimental channel knows */
    bool domain_names;
    bool named_port;
} dialect;

enum { NETWORKS_MOST = 25, NAME_MOST = 100, NETWORK_MOST = 43, PORT_MOST = 65535 };

#define AT_MOST_25 "must have at most 25 items"
#define AT_MOST_100 "must have at most 100 items"

static const char *const cluster_actions[] = {"Accept", "Deny", "Pass", NULL};
static const char *const admin_actions[] = {"Allow", "Deny", "Pass", NULL};
static const char *const baseline_actions[] = {"Allow", "Deny", NULL};
static const char *const tiers[] = {"Admin", "Baseline", NULL};

static dialect dialect_of(int32_t kind, bool standard)
{
    static const char all[] = "Invalid value: networks/nodes/domainNames peer cannot be set with "
                              "namedPorts since there are no namedPorts for "
                              "networks/nodes/domainNames";
    static const char baseline[] =
        "Invalid value: networks/nodes peer cannot be set with namedPorts "
        "since there are no namedPorts for networks/nodes";
    bool v2 = kind == NETPOL_KIND_CLUSTER_NETWORK_POLICY;
    bool is_baseline = kind == NETPOL_KIND_BASELINE_ADMIN_NETWORK_POLICY;
    const char *const *v1_actions = is_baseline ? baseline_actions : admin_actions;
    return (dialect){
        .tier = v2,
        .priority = !is_baseline,
        .needs_namespace_selector = !v2,
        .rules_most = v2 ? 25 : 100,
        .peers_most = v2 ? 25 : 100,
        .most_rules_text = v2 ? AT_MOST_25 : AT_MOST_100,
        .most_peers_text = v2 ? AT_MOST_25 : AT_MOST_100,
        .actions = v2 ? cluster_actions : v1_actions,
        .named_port_rule = standard      ? NULL
                           : is_baseline ? baseline
                                         : all,
        .nodes = !standard,
        .domain_names = !standard && !is_baseline,
        .named_port = v2 || !standard,
    };
}

/* ---- forms of messages ---- */

static void require(np_check *c, const np_path *parent, const char *field)
{
    np_path path = np_path_field(parent, field);
    np_check_required(c, NP_CODE_FIELD_REQUIRED, np_spot_of(&path), "");
}

/* Whether a text has the field: with any value, or with a map. */
static bool is_written(const np_check *c, const np_path *path, bool as_map)
{
    np_marks_cursor cursor = {.n = 0};
    uint32_t line;
    uint32_t column;
    bool exact = false;
    return np_marks_follow(&cursor, c->object->marks, c->object->kind->table, path, &line, &column,
                           &exact) &&
           exact && (!as_map || cursor.steps[cursor.n - 1].inside);
}

/* "PATH in body should …", with a number unless it is negative. Borrowed from c->hint until the
 * next one; NULL: no memory. */
static const char *in_body(np_check *c, const np_path *path, const char *what, int32_t number)
{
    np_buffer *b = &c->hint;
    b->n = 0;
    np_path_format(b, path);
    np_buffer_text(b, " in body should ");
    np_buffer_text(b, what);
    if (number >= 0)
        np_buffer_format(b, "%" PRId32, number);
    np_buffer_char(b, '\0');
    c->no_memory |= b->failed;
    return b->failed ? NULL : b->p;
}

static void check_range(np_check *c, const np_path *parent, const char *field, int32_t value,
                        int32_t least, int32_t most)
{
    np_path path = np_path_field(parent, field);
    const char *detail = NULL;
    if (value < least)
        detail = in_body(c, &path, "be greater than or equal to ", least);
    else if (value > most)
        detail = in_body(c, &path, "be less than or equal to ", most);
    if (detail)
        np_check_number(c, NP_CODE_FIELD_RANGE, np_spot_of(&path), value, detail);
}

/* Exactly one of several fields; `n` are set. */
static void check_choice(np_check *c, const np_path *path, size_t n)
{
    if (n == 0) {
        const char *detail = in_body(c, path, "have at least 1 properties", -1);
        if (detail)
            np_check_number(c, NP_CODE_CHOICE_NONE, np_spot_of(path), 0, detail);
    } else if (n > 1) {
        np_check_too_many(c, NP_CODE_CHOICE_SEVERAL, np_spot_of(path), n,
                          "must have at most 1 item");
    }
}

/* A list that is there and may not be empty. */
static void check_count(np_check *c, const np_path *path, size_t n, size_t most,
                        const char *most_text)
{
    if (n == 0) {
        const char *detail = in_body(c, path, "have at least 1 items", -1);
        if (detail)
            np_check_number(c, NP_CODE_LIST_TOO_SHORT, np_spot_of(path), 0, detail);
    } else if (n > most) {
        np_check_too_many(c, NP_CODE_LIST_TOO_LONG, np_spot_of(path), n, most_text);
    }
}

static size_t count_characters(np_slice s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n;) {
        uint32_t rune;
        size_t bytes = np_utf8_read(s.p + i, s.n - i, &rune);
        i += bytes ? bytes : 1;
        n++;
    }
    return n;
}

/* Lengths are counted in characters, though the message says bytes. */
static void check_length(np_check *c, const np_path *path, const char *text, size_t most,
                         const char *detail)
{
    if (text && count_characters(np_slice_of(text)) > most)
        np_check_too_long(c, NP_CODE_FIELD_TOO_LONG, np_spot_of(path), detail);
}

/* ---- sets ---- */

typedef struct member {
    const char *text;
    size_t index;
} member;

static int by_text_and_index(const void *a, const void *b)
{
    const member *x = a;
    const member *y = b;
    int order = strcmp(x->text, y->text);
    if (order)
        return order;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* The second of equal elements is reported, further ones are not. */
static void check_set(np_check *c, const np_path *list, const char *const *texts, size_t n)
{
    member *m = NP_NEW_ARRAY(&c->arena, member, n);
    if (!m) {
        c->no_memory = true;
        return;
    }
    for (size_t i = 0; i < n; i++)
        m[i] = (member){texts[i] ? texts[i] : "", i};
    if (n)
        qsort(m, n, sizeof *m, by_text_and_index);
    for (size_t i = 1; i < n; i++) {
        bool again = strcmp(m[i].text, m[i - 1].text) == 0;
        bool third = again && i > 1 && strcmp(m[i].text, m[i - 2].text) == 0;
        np_path path = np_path_index(list, m[i].index);
        if (again && !third)
            np_check_duplicate(c, NP_CODE_LIST_DUPLICATE, np_spot_of(&path),
                               np_slice_of(m[i].text));
    }
}

/* ---- selectors ---- */

static void check_selector(np_check *c, const np_path *parent, const char *field,
                           const netpol_label_selector *s)
{
    np_path path = np_path_field(parent, field);
    np_path list = np_path_field(&path, "matchExpressions");
    for (size_t i = 0; s && i < s->n_match_expressions; i++) {
        np_path at = np_path_index(&list, i);
        if (!s->match_expressions[i]->key)
            require(c, &at, "key");
        if (!s->match_expressions[i]->op)
            require(c, &at, "operator");
    }
}

static void check_pods(np_check *c, const np_path *parent, const netpol_namespaced_pod *pods,
                       const dialect *d)
{
    np_path path = np_path_field(parent, "pods");
    if (!pods)
        return;
    check_selector(c, &path, "namespaceSelector", pods->namespace_selector);
    check_selector(c, &path, "podSelector", pods->pod_selector);
    if (!pods->namespace_selector && d->needs_namespace_selector)
        require(c, &path, "namespaceSelector");
    if (!pods->pod_selector)
        require(c, &path, "podSelector");
}

/* ---- peers ---- */

static void check_networks(np_check *c, const np_path *peer, const netpol_cluster_peer *p)
{
    np_path list = np_path_field(peer, "networks");
    if (!p->networks)
        return;
    check_count(c, &list, p->n_networks, NETWORKS_MOST, AT_MOST_25);
    check_set(c, &list, p->networks, p->n_networks);
    for (size_t i = 0; i < p->n_networks; i++) {
        np_path at = np_path_index(&list, i);
        check_length(c, &at, p->networks[i], NETWORK_MOST, "may not be more than 43 bytes");
    }
}

static bool is_word(char ch, bool hyphen)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
           (hyphen && (ch == '-' || ch == '_'));
}

/* One label of the pattern below. Its "A-z" lets a label begin with [ \ ] ^ _ and ` too. */
static bool is_domain_label(np_slice s)
{
    if (s.n == 0 || !(is_word(s.p[0], false) || (s.p[0] >= 'A' && s.p[0] <= 'z')))
        return false;
    for (size_t i = 1; i + 1 < s.n; i++)
        if (!is_word(s.p[i], true))
            return false;
    return s.n == 1 || is_word(s.p[s.n - 1], false);
}

#define DOMAIN_PATTERN                                                                             \
    "^(\\*\\.)?([a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\\.)+[a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9]" \
    ")?\\.?$"

static bool is_domain_name(np_slice s)
{
    if (s.n >= 2 && s.p[0] == '*' && s.p[1] == '.')
        s = (np_slice){s.p + 2, s.n - 2};
    if (s.n && s.p[s.n - 1] == '.')
        s.n--;
    for (size_t labels = 1;; labels++) {
        const char *dot = s.n ? memchr(s.p, '.', s.n) : NULL;
        np_slice label = {s.p, dot ? (size_t)(dot - s.p) : s.n};
        if (!is_domain_label(label))
            return false;
        if (!dot)
            return labels > 1;
        s = (np_slice){dot + 1, s.n - label.n - 1};
    }
}

static void check_domain_names(np_check *c, const np_path *peer, const netpol_cluster_peer *p)
{
    np_path list = np_path_field(peer, "domainNames");
    check_count(c, &list, p->n_domain_names, NETWORKS_MOST, AT_MOST_25);
    check_set(c, &list, p->domain_names, p->n_domain_names);
    for (size_t i = 0; i < p->n_domain_names; i++) {
        np_path at = np_path_index(&list, i);
        np_slice name = np_slice_of(p->domain_names[i]);
        if (is_domain_name(name))
            continue;
        const char *detail = in_body(c, &at, "match '" DOMAIN_PATTERN "'", -1);
        if (detail)
            np_check_text(c, NP_CODE_DOMAIN_FORM, np_spot_of(&at), name, detail);
    }
}

/* Whether a field that is set is known to this channel; an unknown one is dropped by the server,
 * which sees it even if it is null. */
static bool keeps(np_check *c, const np_path *parent, const char *field, bool set, bool known)
{
    np_path path = np_path_field(parent, field);
    if (!known && (set || is_written(c, &path, false)))
        np_check_unknown_field(c, NP_CODE_UNKNOWN_FIELD, np_spot_of(&path));
    return set && known;
}

static void check_peer(np_check *c, const np_path *path, const netpol_cluster_peer *p,
                       const dialect *d)
{
    bool nodes = keeps(c, path, "nodes", p->nodes != NULL, d->nodes);
    bool domains = keeps(c, path, "domainNames", p->domain_names != NULL, d->domain_names);
    check_choice(c, path,
                 (size_t)(p->namespaces != NULL) + (size_t)(p->pods != NULL) +
                     (size_t)(p->networks != NULL) + (size_t)nodes + (size_t)domains);
    check_selector(c, path, "namespaces", p->namespaces);
    check_pods(c, path, p->pods, d);
    check_networks(c, path, p);
    if (nodes)
        check_selector(c, path, "nodes", p->nodes);
    if (domains)
        check_domain_names(c, path, p);
}

/* ---- ports ---- */

static void check_required_port(np_check *c, const np_path *parent, const char *field,
                                const int32_t *port)
{
    if (port)
        check_range(c, parent, field, *port, 1, PORT_MOST);
    else
        require(c, parent, field);
}

static void check_port_range(np_check *c, const np_path *parent, const char *field,
                             const netpol_port_range *r)
{
    np_path path = np_path_field(parent, field);
    if (!r)
        return;
    check_required_port(c, &path, "start", r->start);
    check_required_port(c, &path, "end", r->end);
}

static void check_transport(np_check *c, const np_path *parent, const char *field,
                            const netpol_transport *t)
{
    np_path path = np_path_field(parent, field);
    np_path port = np_path_field(&path, "destinationPort");
    if (!t)
        return;
    const netpol_destination_port *p = t->destination_port;
    if (!p) {
        check_choice(c, &path, 0);
        return;
    }
    check_choice(c, &port, (size_t)(p->number != NULL) + (size_t)(p->range != NULL));
    if (p->number)
        check_range(c, &port, "number", *p->number, 1, PORT_MOST);
    check_port_range(c, &port, "range", p->range);
}

static void check_protocol(np_check *c, const np_path *path, const netpol_cluster_protocol *p)
{
    check_choice(c, path,
                 (size_t)(p->tcp != NULL) + (size_t)(p->udp != NULL) + (size_t)(p->sctp != NULL) +
                     (size_t)(p->destination_named_port != NULL));
    check_transport(c, path, "tcp", p->tcp);
    check_transport(c, path, "udp", p->udp);
    check_transport(c, path, "sctp", p->sctp);
}

static void check_admin_port(np_check *c, const np_path *path, const netpol_admin_port *p,
                             const dialect *d)
{
    np_path number = np_path_field(path, "portNumber");
    bool named = keeps(c, path, "namedPort", p->named_port != NULL, d->named_port);
    check_choice(c, path,
                 (size_t)(p->port_number != NULL) + (size_t)named +
                     (size_t)(p->port_range != NULL));
    if (p->port_number)
        check_required_port(c, &number, "port", p->port_number->port);
    check_port_range(c, path, "portRange", p->port_range);
}

/* ---- rules ---- */

static void check_protocols(np_check *c, const np_path *rule, const netpol_cluster_rule *r,
                            const dialect *d)
{
    np_path protocols = np_path_field(rule, "protocols");
    np_path ports = np_path_field(rule, "ports");
    if (r->protocols)
        check_count(c, &protocols, r->n_protocols, d->peers_most, d->most_peers_text);
    for (size_t i = 0; i < r->n_protocols; i++) {
        np_path at = np_path_index(&protocols, i);
        check_protocol(c, &at, r->protocols[i]);
    }
    if (r->ports)
        check_count(c, &ports, r->n_ports, d->peers_most, d->most_peers_text);
    for (size_t i = 0; i < r->n_ports; i++) {
        np_path at = np_path_index(&ports, i);
        check_admin_port(c, &at, r->ports[i], d);
    }
}

static void check_rule(np_check *c, const np_path *path, const netpol_cluster_rule *r,
                       const char *peers_field, const dialect *d)
{
    np_path name = np_path_field(path, "name");
    np_path action = np_path_field(path, "action");
    np_path peers = np_path_field(path, peers_field);
    check_length(c, &name, r->name, NAME_MOST, "may not be more than 100 bytes");
    if (!r->action)
        require(c, path, "action");
    else if (!np_is_one_of(r->action, d->actions))
        np_check_enum(c, NP_CODE_FIELD_ENUM, np_spot_of(&action), np_slice_of(r->action), true,
                      d->actions);
    if (r->peers)
        check_count(c, &peers, r->n_peers, d->peers_most, d->most_peers_text);
    else
        require(c, path, peers_field);
    for (size_t i = 0; i < r->n_peers; i++) {
        np_path at = np_path_index(&peers, i);
        check_peer(c, &at, r->peers[i], d);
    }
    check_protocols(c, path, r, d);
}

static void check_rules(np_check *c, const np_path *spec, const char *field,
                        const char *peers_field, const netpol_cluster_rule *const *rules, size_t n,
                        const dialect *d)
{
    np_path list = np_path_field(spec, field);
    if (n > d->rules_most)
        np_check_too_many(c, NP_CODE_LIST_TOO_LONG, np_spot_of(&list), n, d->most_rules_text);
    for (size_t i = 0; i < n; i++) {
        np_path at = np_path_index(&list, i);
        check_rule(c, &at, rules[i], peers_field, d);
    }
}

static void check_subject(np_check *c, const np_path *spec, const netpol_subject *s,
                          const dialect *d)
{
    np_path path = np_path_field(spec, "subject");
    if (!s) {
        require(c, spec, "subject");
        return;
    }
    check_choice(c, &path, (size_t)(s->namespaces != NULL) + (size_t)(s->pods != NULL));
    check_selector(c, &path, "namespaces", s->namespaces);
    check_pods(c, &path, s->pods, d);
}

static void check_rank(np_check *c, const np_path *spec, const netpol_cluster_policy *p,
                       const dialect *d)
{
    np_path tier = np_path_field(spec, "tier");
    if (d->tier && !p->tier)
        require(c, spec, "tier");
    else if (d->tier && !np_is_one_of(p->tier, tiers))
        np_check_enum(c, NP_CODE_FIELD_ENUM, np_spot_of(&tier), np_slice_of(p->tier), true, tiers);
    if (d->priority && !p->priority)
        require(c, spec, "priority");
    else if (d->priority)
        check_range(c, spec, "priority", *p->priority, 0, 1000);
}

/* A spec has no struct of its own. One without any field may still have been written: "spec: {}".
 */
static bool has_spec(const np_check *c, const netpol_cluster_policy *p)
{
    if (p->tier || p->priority || p->subject || p->ingress || p->egress || c->object->line == 0)
        return true;
    np_path path = np_path_field(NULL, "spec");
    return is_written(c, &path, true);
}

static void check_schema(np_check *c, const netpol_cluster_policy *p, const dialect *d)
{
    np_path spec = np_path_field(NULL, "spec");
    if (!has_spec(c, p)) {
        np_check_required(c, NP_CODE_FIELD_REQUIRED, np_spot_of(&spec), "");
        return;
    }
    check_rank(c, &spec, p, d);
    check_subject(c, &spec, p->subject, d);
    check_rules(c, &spec, "ingress", "from", p->ingress, p->n_ingress, d);
    check_rules(c, &spec, "egress", "to", p->egress, p->n_egress, d);
}

/* ---- CEL rules: they are looked at where the schema left nothing that would mislead them ---- */

static void cel_networks(np_check *c, const np_path *peer, const netpol_cluster_peer *p)
{
    np_path list = np_path_field(peer, "networks");
    for (size_t i = 0; i < p->n_networks; i++) {
        np_path at = np_path_index(&list, i);
        np_slice text = np_slice_of(p->networks[i]);
        np_cidr_form form;
        if (!np_cidr_read(text, &form) || form.leading_zeros || form.mapped)
            np_check_text(c, NP_CODE_NETWORK_FORM, np_spot_of(&at), text,
                          "Invalid CIDR format provided");
    }
}

static void cel_transport(np_check *c, const np_path *parent, const char *field,
                          const netpol_transport *t)
{
    np_path path = np_path_field(parent, field);
    np_path port = np_path_field(&path, "destinationPort");
    np_path range = np_path_field(&port, "range");
    const netpol_port_range *r = t && t->destination_port ? t->destination_port->range : NULL;
    if (r && *r->start >= *r->end)
        np_check_said(c, NP_CODE_RANGE_ORDER, np_spot_of(&range),
                      "Invalid value: Start port must be less than End port");
}

static void cel_protocols(np_check *c, const np_path *rule, const netpol_cluster_rule *r)
{
    np_path list = np_path_field(rule, "protocols");
    for (size_t i = 0; i < r->n_protocols; i++) {
        np_path at = np_path_index(&list, i);
        cel_transport(c, &at, "tcp", r->protocols[i]->tcp);
        cel_transport(c, &at, "udp", r->protocols[i]->udp);
        cel_transport(c, &at, "sctp", r->protocols[i]->sctp);
    }
}

static bool names_a_port(const netpol_cluster_rule *r)
{
    for (size_t i = 0; i < r->n_protocols; i++)
        if (r->protocols[i]->destination_named_port)
            return true;
    for (size_t i = 0; i < r->n_ports; i++)
        if (r->ports[i]->named_port)
            return true;
    return false;
}

static bool has_peer_without_ports(const netpol_cluster_rule *r)
{
    for (size_t i = 0; i < r->n_peers; i++)
        if (r->peers[i]->networks || r->peers[i]->nodes || r->peers[i]->domain_names)
            return true;
    return false;
}

static void cel_named_port(np_check *c, const np_path *rule, const netpol_cluster_rule *r,
                           const dialect *d)
{
    if (d->named_port_rule && names_a_port(r) && has_peer_without_ports(r))
        np_check_said(c, NP_CODE_NAMED_PORT_PEER, np_spot_of(rule), d->named_port_rule);
}

static void cel_rules(np_check *c, const char *field, const char *peers_field,
                      const netpol_cluster_rule *const *rules, size_t n, const dialect *d)
{
    np_path spec = np_path_field(NULL, "spec");
    np_path list = np_path_field(&spec, field);
    for (size_t i = 0; i < n; i++) {
        np_path rule = np_path_index(&list, i);
        np_path peers = np_path_field(&rule, peers_field);
        for (size_t j = 0; j < rules[i]->n_peers; j++) {
            np_path at = np_path_index(&peers, j);
            cel_networks(c, &at, rules[i]->peers[j]);
        }
        cel_protocols(c, &rule, rules[i]);
        if (strcmp(field, "egress") == 0)
            cel_named_port(c, &rule, rules[i], d);
    }
}

static void check_cel(np_check *c, const netpol_cluster_policy *p, const dialect *d)
{
    const netpol_metadata *meta = c->object->meta;
    bool is_default = meta && meta->name && strcmp(meta->name, "default") == 0;
    if (c->object->kind->id == NETPOL_KIND_BASELINE_ADMIN_NETWORK_POLICY && !is_default)
        np_check_said(c, NP_CODE_BASELINE_NAME, np_spot_of(NULL),
                      "Invalid value: Only one baseline admin network policy with "
                      "metadata.name=\"default\" can be created in the cluster");
    cel_rules(c, "ingress", "from", p->ingress, p->n_ingress, d);
    cel_rules(c, "egress", "to", p->egress, p->n_egress, d);
}

void np_check_cluster_policy(np_check *c, const netpol_cluster_policy *policy, bool standard)
{
    dialect d = dialect_of(c->object->kind->id, standard);
    check_schema(c, policy, &d);
    if (c->blocking)
        np_check_said(c, NP_CODE_SCHEMA_UNCHECKED, np_spot_of(NULL),
                      "Invalid value: null: some validation rules were not checked because the "
                      "object was invalid; correct the existing errors to complete validation");
    else
        check_cel(c, policy, &d);
}
