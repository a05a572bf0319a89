/* SPDX-License-Identifier: MIT */
/* Rules of NetworkPolicy. */
#include "cidr.h"
#include "validate.h"

#include <stdio.h>
#include <stdlib.h>

/* What an update lets through because it was there before. */
typedef struct lenience {
    bool tolerant;            /* CIDR rules of before Kubernetes 1.36 */
    bool any_selector_values; /* the old podSelector was invalid */
    const char **old_cidrs;   /* sorted */
    size_t n_old_cidrs;
} lenience;

/* One direction of a policy. */
typedef struct direction {
    const char *name;
    const char *peers_name;
    const netpol_rule *const *rules;
    size_t n;
} direction;

enum { DIRECTIONS = 2, HINT_ROOM = 192 };

static void directions_of(const netpol_policy_spec *spec, direction out[DIRECTIONS])
{
    out[0] = (direction){"ingress", "from", spec->ingress, spec->n_ingress};
    out[1] = (direction){"egress", "to", spec->egress, spec->n_egress};
}

static const netpol_policy_spec *spec_of(const netpol_policy *policy)
{
    static const netpol_policy_spec none = {0};
    return policy->spec ? policy->spec : &none;
}

/* ---- selectors ---- */

static bool is_op(const netpol_requirement *r, const char *a, const char *b)
{
    return r->op && (strcmp(r->op, a) == 0 || strcmp(r->op, b) == 0);
}

static void check_operator(np_check *c, const np_path *path, const netpol_requirement *r)
{
    np_path values = np_path_field(path, "values");
    np_path op = np_path_field(path, "operator");
    if (is_op(r, "In", "NotIn")) {
        if (r->n_values == 0)
            np_check_required(c, NP_CODE_SELECTOR_VALUES_REQUIRED, np_spot_of(&values),
                              "must be specified when `operator` is 'In' or 'NotIn'");
        return;
    }
    if (is_op(r, "Exists", "DoesNotExist")) {
        if (r->n_values > 0)
            np_check_forbidden(c, NP_CODE_SELECTOR_VALUES_FORBIDDEN, np_spot_of(&values),
                               "may not be specified when `operator` is 'Exists' or "
                               "'DoesNotExist'");
        return;
    }
    np_buffer *b = np_check_value(c);
    if (b)
        np_check_json_text(b, np_slice_of(r->op));
    np_check_json(c, NP_CODE_SELECTOR_OPERATOR, np_spot_of(&op), "not a valid selector operator");
}

static void check_requirement(np_check *c, const np_path *path, const netpol_requirement *r,
                              bool any_values)
{
    check_operator(c, path, r);
    np_path key_path = np_path_field(path, "key");
    np_slice key = np_slice_of(r->key);
    np_faults f = np_label_key_faults(key);
    np_check_faults(c, np_spot_of(&key_path), key, &f);
    np_path values = np_path_field(path, "values");
    for (size_t i = 0; i < r->n_values && !any_values; i++) {
        np_path at = np_path_index(&values, i);
        np_slice value = np_slice_of(r->values[i]);
        f = np_label_value_faults(value);
        np_check_faults(c, np_spot_of(&at), value, &f);
    }
}

static void check_selector(np_check *c, const np_path *path, const netpol_label_selector *s,
                           bool any_values)
{
    np_path labels = np_path_field(path, "matchLabels");
    np_path expressions = np_path_field(path, "matchExpressions");
    np_check_labels(c, &labels, s->match_labels, s->n_match_labels);
    for (size_t i = 0; i < s->n_match_expressions; i++) {
        np_path at = np_path_index(&expressions, i);
        check_requirement(c, &at, s->match_expressions[i], any_values);
    }
}

/* ---- ports ---- */

static bool is_port_number(int32_t port)
{
    return port >= 1 && port <= 65535;
}

static void check_number_port(np_check *c, const np_path *path, const np_path *end_path,
                              const netpol_port *p)
{
    static const char range[] = "must be between 1 and 65535, inclusive";
    int32_t port = p->port->number;
    if (!is_port_number(port))
        np_check_number(c, NP_CODE_PORT_NUMBER, np_spot_of(path), port, range);
    if (!p->end_port)
        return;
    if (*p->end_port < port)
        np_check_number(c, NP_CODE_END_PORT_ORDER, np_spot_of(end_path), *p->end_port,
                        "must be greater than or equal to `port`");
    if (!is_port_number(*p->end_port))
        np_check_number(c, NP_CODE_END_PORT_NUMBER, np_spot_of(end_path), *p->end_port, range);
}

static void check_named_port(np_check *c, const np_path *path, const np_path *end_path,
                             const netpol_port *p)
{
    if (p->end_port)
        np_check_number(c, NP_CODE_END_PORT_NAMED, np_spot_of(end_path), *p->end_port,
                        "may not be specified when `port` is non-numeric");
    np_slice name = np_slice_of(p->port->string);
    np_faults f = np_port_name_faults(name);
    np_check_faults(c, np_spot_of(path), name, &f);
}

static void check_port(np_check *c, const np_path *path, const netpol_port *p)
{
    static const char *const protocols[] = {"TCP", "UDP", "SCTP", NULL};
    np_path protocol = np_path_field(path, "protocol");
    np_path port = np_path_field(path, "port");
    np_path end_port = np_path_field(path, "endPort");
    np_slice text = np_slice_of(p->protocol);
    if (p->protocol && !np_slice_is(text, "TCP") && !np_slice_is(text, "UDP") &&
        !np_slice_is(text, "SCTP"))
        np_check_enum(c, NP_CODE_PORT_PROTOCOL, np_spot_of(&protocol), text, false, protocols);
    if (p->port && p->port->string)
        check_named_port(c, &port, &end_port, p);
    else if (p->port)
        check_number_port(c, &port, &end_port, p);
    else if (p->end_port)
        np_check_number(c, NP_CODE_END_PORT_ALONE, np_spot_of(&end_port), *p->end_port,
                        "may not be specified when `port` is not specified");
}

/* ---- address blocks ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool was_there(const lenience *l, const char *cidr)
{
    return l->n_old_cidrs && bsearch(&cidr, l->old_cidrs, l->n_old_cidrs, sizeof cidr, by_text);
}

/* The block, or the block and the single address, that somebody who wrote `form` may have meant. */
static void cidr_hint(const np_cidr_form *form, char out[HINT_ROOM])
{
    char block[NP_IP_TEXT + 4];
    char single[NP_IP_TEXT];
    np_ip ip = np_ip_of_bytes(form->addr);
    (void)np_cidr_format(form, block);
    (void)np_ip_format(&ip, single);
    if (form->host_bits)
        (void)snprintf(out, HINT_ROOM, "write %s, or %s/%d for the one address", block, single,
                       ip.v4 ? 32 : 128);
    else
        (void)snprintf(out, HINT_ROOM, "write %s", block);
}

/* At most one of the three strict rules is told. */
static void check_strictness(np_check *c, const np_path *path, np_slice text,
                             const np_cidr_form *form)
{
    int32_t code = 0;
    const char *detail = NULL;
    if (form->leading_zeros) {
        code = NP_CODE_CIDR_ZEROS;
        detail = "must not have leading 0s in IP or prefix length";
    } else if (form->mapped) {
        code = NP_CODE_CIDR_MAPPED;
        detail = "must not have an IPv4-mapped IPv6 address";
    } else if (form->host_bits) {
        code = NP_CODE_CIDR_HOST_BITS;
        detail = "must not have bits set beyond the prefix length";
    } else {
        return;
    }
    char hint[HINT_ROOM];
    cidr_hint(form, hint);
    np_check_text_hint(c, code, np_spot_of(path), text, detail, hint);
}

/* Whether `text` is a block that can be looked at further. */
static bool check_cidr(np_check *c, const np_path *path, const char *cidr, const lenience *l,
                       np_cidr_form *form)
{
    np_slice text = np_slice_of(cidr);
    bool readable = np_cidr_read(text, form);
    if (was_there(l, cidr))
        return readable;
    if (!readable)
        np_check_text(c, NP_CODE_CIDR_FORM, np_spot_of(path), text,
                      "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
    else if (!l->tolerant)
        check_strictness(c, path, text, form);
    return readable;
}

/* Lengths are compared as they are written: an IPv4-mapped /112 is longer than a /8. */
static bool is_strict_subset(const np_cidr_form *outer, const np_cidr_form *inner)
{
    np_ip outer_first = np_cidr_first(outer);
    np_ip inner_first = np_cidr_first(inner);
    unsigned bits = outer->length + (outer->v6 ? 0u : 96u);
    np_cidr block = {.bits = (uint8_t)bits, .v4 = outer_first.v4};
    memcpy(block.addr, outer_first.b, sizeof block.addr);
    return np_cidr_contains(&block, &inner_first) && outer->length < inner->length;
}

static void check_ip_block(np_check *c, const np_path *path, const netpol_ip_block *block,
                           const lenience *l)
{
    np_path cidr = np_path_field(path, "cidr");
    np_path except = np_path_field(path, "except");
    np_cidr_form outer;
    if (!block->cidr || !*block->cidr || !check_cidr(c, &cidr, block->cidr, l, &outer))
        return;
    for (size_t i = 0; i < block->n_exceptions; i++) {
        np_path at = np_path_index(&except, i);
        const char *text = block->exceptions[i] ? block->exceptions[i] : "";
        np_cidr_form inner;
        if (check_cidr(c, &at, text, l, &inner) && !is_strict_subset(&outer, &inner))
            np_check_text(c, NP_CODE_EXCEPT_OUTSIDE, np_spot_of(&at), np_slice_of(text),
                          "must be a strict subset of `cidr`");
    }
}

static void require_cidr(np_check *c, const np_path *peer, const netpol_peer *p)
{
    np_path block = np_path_field(peer, "ipBlock");
    np_path cidr = np_path_field(&block, "cidr");
    if (p->ip_block && (!p->ip_block->cidr || !*p->ip_block->cidr))
        np_check_required(c, NP_CODE_CIDR_REQUIRED, np_spot_of(&cidr), "");
}

/* ---- rules ---- */

static void check_peer(np_check *c, const np_path *path, const netpol_peer *p, const lenience *l,
                       bool require_now)
{
    np_path pods = np_path_field(path, "podSelector");
    np_path namespaces = np_path_field(path, "namespaceSelector");
    np_path block = np_path_field(path, "ipBlock");
    if (p->pod_selector)
        check_selector(c, &pods, p->pod_selector, l->any_selector_values);
    if (p->namespace_selector)
        check_selector(c, &namespaces, p->namespace_selector, l->any_selector_values);
    if (p->ip_block) {
        if (require_now)
            require_cidr(c, path, p);
        check_ip_block(c, &block, p->ip_block, l);
    }
    if (!p->pod_selector && !p->namespace_selector && !p->ip_block)
        np_check_required(c, NP_CODE_PEER_REQUIRED, np_spot_of(path), "must specify a peer");
    else if (p->ip_block && (p->pod_selector || p->namespace_selector))
        np_check_forbidden(c, NP_CODE_PEER_MIXED, np_spot_of(path),
                           "may not specify both ipBlock and another peer");
}

static void check_direction(np_check *c, const np_path *spec, const direction *d, const lenience *l,
                            bool require_now)
{
    np_path list = np_path_field(spec, d->name);
    for (size_t i = 0; i < d->n; i++) {
        np_path rule = np_path_index(&list, i);
        np_path ports = np_path_field(&rule, "ports");
        np_path peers = np_path_field(&rule, d->peers_name);
        for (size_t j = 0; j < d->rules[i]->n_ports; j++) {
            np_path at = np_path_index(&ports, j);
            check_port(c, &at, d->rules[i]->ports[j]);
        }
        for (size_t j = 0; j < d->rules[i]->n_peers; j++) {
            np_path at = np_path_index(&peers, j);
            check_peer(c, &at, d->rules[i]->peers[j], l, require_now);
        }
    }
}

typedef void peer_visit(np_check *c, const np_path *peer, const netpol_peer *p);

static void visit_peers(np_check *c, const direction *d, peer_visit *visit)
{
    np_path spec = np_path_field(NULL, "spec");
    np_path list = np_path_field(&spec, d->name);
    for (size_t i = 0; i < d->n; i++) {
        np_path rule = np_path_index(&list, i);
        np_path peers = np_path_field(&rule, d->peers_name);
        for (size_t j = 0; j < d->rules[i]->n_peers; j++) {
            np_path at = np_path_index(&peers, j);
            visit(c, &at, d->rules[i]->peers[j]);
        }
    }
}

static void policy_types_json(np_buffer *b, const netpol_policy_spec *spec)
{
    np_buffer_char(b, '[');
    for (size_t i = 0; i < spec->n_policy_types; i++) {
        if (i > 0)
            np_buffer_char(b, ',');
        np_check_json_text(b, np_slice_of(spec->policy_types[i]));
    }
    np_buffer_char(b, ']');
}

static void check_policy_types(np_check *c, const np_path *path, const netpol_policy_spec *spec)
{
    static const char *const types[] = {"Ingress", "Egress", NULL};
    np_path list = np_path_field(path, "policyTypes");
    if (spec->n_policy_types > 2) {
        np_buffer *b = np_check_value(c);
        if (b)
            policy_types_json(b, spec);
        np_check_json(c, NP_CODE_POLICY_TYPES_COUNT, np_spot_of(&list),
                      "may not specify more than two policyTypes");
        return;
    }
    for (size_t i = 0; i < spec->n_policy_types; i++) {
        np_path at = np_path_index(&list, i);
        np_slice type = np_slice_of(spec->policy_types[i]);
        if (!np_slice_is(type, "Ingress") && !np_slice_is(type, "Egress"))
            np_check_enum(c, NP_CODE_POLICY_TYPE, np_spot_of(&at), type, false, types);
    }
}

/* ---- updates ---- */

static bool add_old(np_check *c, lenience *l, size_t *room, const char *cidr)
{
    if (!np_grow(&c->arena.alloc, (void **)&l->old_cidrs, room, l->n_old_cidrs + 1, sizeof cidr))
        return false;
    l->old_cidrs[l->n_old_cidrs++] = cidr ? cidr : "";
    return true;
}

static bool add_old_block(np_check *c, lenience *l, size_t *room, const netpol_ip_block *block)
{
    if (!block)
        return true;
    bool good = add_old(c, l, room, block->cidr);
    for (size_t i = 0; good && i < block->n_exceptions; i++)
        good = add_old(c, l, room, block->exceptions[i]);
    return good;
}

static bool collect_old_cidrs(np_check *c, lenience *l, size_t *room, const netpol_policy_spec *old)
{
    direction d[DIRECTIONS];
    directions_of(old, d);
    for (size_t k = 0; k < DIRECTIONS; k++)
        for (size_t i = 0; i < d[k].n; i++)
            for (size_t j = 0; j < d[k].rules[i]->n_peers; j++)
                if (!add_old_block(c, l, room, d[k].rules[i]->peers[j]->ip_block))
                    return false;
    if (l->n_old_cidrs)
        qsort(l->old_cidrs, l->n_old_cidrs, sizeof *l->old_cidrs, by_text);
    return true;
}

static bool is_bad_selector(const np_check *c, const netpol_label_selector *s)
{
    if (!s)
        return false;
    np_check probe;
    np_check_init(&probe, c->object, &c->arena.alloc, false);
    check_selector(&probe, NULL, s, false);
    bool bad = np_check_count(&probe) > 0;
    np_check_free(&probe);
    return bad;
}

/* Whether the rules of a direction are the old ones. The declarative rules skip what is unchanged.
 */
static bool is_unchanged(const np_check *c, const direction *now, const direction *old)
{
    const np_field *spec = np_table_find(c->object->kind->table, NP_SLICE("spec"));
    const np_field *rules = np_table_find(spec->sub, np_slice_of(now->name));
    if (now->n != old->n)
        return false;
    for (size_t i = 0; i < now->n; i++)
        if (!np_tree_equal(rules->sub, now->rules[i], old->rules[i]))
            return false;
    return true;
}

/* ---- all of it ---- */

static void check_spec(np_check *c, const netpol_policy_spec *spec, const netpol_policy_spec *old,
                       const lenience *l)
{
    np_path path = np_path_field(NULL, "spec");
    np_path pods = np_path_field(&path, "podSelector");
    if (spec->pod_selector)
        check_selector(c, &pods, spec->pod_selector, l->any_selector_values);
    direction now[DIRECTIONS];
    direction before[DIRECTIONS];
    bool unchanged[DIRECTIONS] = {false, false};
    directions_of(spec, now);
    if (old)
        directions_of(old, before);
    for (size_t k = 0; k < DIRECTIONS; k++) {
        unchanged[k] = old && is_unchanged(c, &now[k], &before[k]);
        check_direction(c, &path, &now[k], l, unchanged[k]);
    }
    check_policy_types(c, &path, spec);
    /* Since 1.37 a declarative rule says this, after everything written by hand. */
    for (size_t k = 0; k < DIRECTIONS; k++)
        if (!unchanged[k])
            visit_peers(c, &now[k], require_cidr);
}

void np_check_policy(np_check *c, const netpol_policy *policy, const netpol_policy *old,
                     bool tolerant)
{
    lenience l = {.tolerant = tolerant};
    size_t room = 0;
    if (old) {
        np_check_meta_update(c, policy->metadata, old->metadata, true);
        l.any_selector_values = is_bad_selector(c, spec_of(old)->pod_selector);
        c->no_memory |= !collect_old_cidrs(c, &l, &room, spec_of(old));
    } else {
        np_check_meta(c, policy->metadata, true);
    }
    np_check_kube_finalizers(c, policy->metadata);
    check_spec(c, spec_of(policy), old ? spec_of(old) : NULL, &l);
    if (!old && np_check_count(c) == 0)
        np_check_meta_segments(c, policy->metadata);
    np_release(&c->arena.alloc, l.old_cidrs, room * sizeof *l.old_cidrs);
}

/* ---- warnings ---- */

static void warn(np_check *c, int32_t code, const np_path *path, const char *before,
                 const char *text, const char *after)
{
    np_buffer b;
    np_buffer_init(&b, &c->arena.alloc);
    np_buffer_text(&b, before);
    np_buffer_quote(&b, np_slice_of(text));
    np_buffer_text(&b, after);
    np_buffer_char(&b, '\0');
    if (b.failed)
        c->no_memory = true;
    else
        np_check_said(c, code, np_spot_of(path), b.p);
    np_buffer_free(&b);
}

/* What `text` means, in the usual form, to be quoted behind what is said of it. */
static void warn_of_form(np_check *c, const np_path *path, const char *text, const np_cidr_form *f,
                         const char *block)
{
    char after[192];
    if (f->host_bits) {
        char single[NP_IP_TEXT];
        np_ip ip = np_ip_of_bytes(f->addr);
        (void)np_ip_format(&ip, single);
        (void)snprintf(after, sizeof after,
                       " is ambiguous in this context (should be \"%s\" or \"%s/%d\"?)", block,
                       single, f->v6 ? 128 : 32);
        warn(c, NP_CODE_CIDR_AMBIGUOUS, path, "CIDR value ", text, after);
    }
    if (f->leading_zeros || f->mapped) {
        (void)snprintf(after, sizeof after, " is invalid: use \"%s\"", block);
        warn(c, NP_CODE_CIDR_ODD, path, "non-standard CIDR value ", text, after);
    } else if (!f->host_bits && strcmp(block, text) != 0) {
        (void)snprintf(after, sizeof after, " should be in RFC 5952 canonical format (\"%s\")",
                       block);
        warn(c, NP_CODE_CIDR_SPELLING, path, "IPv6 CIDR value ", text, after);
    }
}

static void warn_of_cidr(np_check *c, const np_path *path, const char *text)
{
    np_cidr_form f;
    if (!np_cidr_read(np_slice_of(text), &f))
        return;
    /* Without these IPv4 has one spelling only. */
    if (!f.v6 && !f.host_bits && !f.leading_zeros)
        return;
    char block[NP_IP_TEXT + 4];
    (void)np_cidr_format(&f, block);
    warn_of_form(c, path, text, &f, block);
}

static void warn_of_peer(np_check *c, const np_path *peer, const netpol_peer *p)
{
    if (!p->ip_block)
        return;
    np_path block = np_path_field(peer, "ipBlock");
    np_path cidr = np_path_field(&block, "cidr");
    np_path except = np_path_field(&block, "except");
    warn_of_cidr(c, &cidr, p->ip_block->cidr);
    for (size_t i = 0; i < p->ip_block->n_exceptions; i++) {
        np_path at = np_path_index(&except, i);
        warn_of_cidr(c, &at, p->ip_block->exceptions[i]);
    }
}

void np_check_policy_warnings(np_check *c, const netpol_policy *policy)
{
    direction d[DIRECTIONS];
    directions_of(spec_of(policy), d);
    for (size_t k = 0; k < DIRECTIONS; k++)
        visit_peers(c, &d[k], warn_of_peer);
}
