/* SPDX-License-Identifier: MIT */
/* Answers as text for people and as JSON for machines. */
#include "explain.h"
#include "port.h"
#include "question.h"

typedef struct answer_form {
    const netpol_answer *x;
    bool explain; /* more than the decisions */
} answer_form;

const char *np_outcome_name(int32_t outcome)
{
    static const char *const names[] = {"deny", "allow", "mixed"};
    return names[outcome];
}

void np_depends_json(np_buffer *b, uint32_t depends)
{
    const char *before = "";
    np_buffer_char(b, '[');
    for (uint32_t bit = 1; netpol_depends_name(bit); bit <<= 1) {
        if (!(depends & bit))
            continue;
        np_buffer_format(b, "%s\"%s\"", before, netpol_depends_name(bit));
        before = ",";
    }
    np_buffer_char(b, ']');
}

static const char *tier_name(uint8_t tier)
{
    static const char *const names[] = {"none", "admin", "network-policy", "baseline"};
    return names[tier];
}

const char *np_direction_name(int32_t direction)
{
    return direction == NETPOL_EGRESS ? "egress" : "ingress";
}

static void add_json(np_buffer *b, const char *key, const char *text)
{
    np_buffer_format(b, "\"%s\":", key);
    np_buffer_json(b, np_slice_of(text));
}

/* "shop/allow-web", or the name alone of what has no namespace. */
static void add_policy(np_buffer *b, const np_snapshot *s, const netpol_object *policy)
{
    const char *space = netpol_object_namespace(policy);
    if (netpol_object_policy(policy))
        np_buffer_format(b, "%s/", space ? space : s->default_namespace);
    np_buffer_text(b, netpol_object_name(policy));
}

void np_policy_text(np_buffer *b, const np_snapshot *s, const netpol_object *policy)
{
    np_buffer name;
    np_buffer_init(&name, &b->alloc);
    add_policy(&name, s, policy);
    np_buffer_visible(b, (np_slice){name.p, name.n});
    b->failed = b->failed || name.failed;
    np_buffer_free(&name);
}

void np_policy_json(np_buffer *b, const np_snapshot *s, const netpol_object *policy)
{
    np_buffer name;
    np_buffer_init(&name, &b->alloc);
    add_policy(&name, s, policy);
    np_buffer_text(b, "\"policy\":");
    np_buffer_json(b, (np_slice){name.p, name.n});
    b->failed = b->failed || name.failed;
    np_buffer_free(&name);
    np_buffer_char(b, ',');
    add_json(b, "kind", netpol_object_kind_name(policy));
}

/* ---- JSON ---- */

static void number_json(np_buffer *b, const char *key, int32_t value)
{
    if (value >= 0)
        np_buffer_format(b, ",\"%s\":%d", key, (int)value);
}

void np_answer_policy_json(np_buffer *b, const netpol_answer *x, const netpol_decision *d)
{
    np_policy_json(b, x->engine->snapshot, d->policy);
    number_json(b, "rule", d->rule);
    number_json(b, "peer", d->peer);
    number_json(b, "port", d->port);
    if (d->source) {
        np_buffer_char(b, ',');
        add_json(b, "source", d->source);
    }
    if (d->line)
        np_buffer_format(b, ",\"line\":%u,\"column\":%u", (unsigned)d->line, (unsigned)d->column);
}

static void decision_json(np_buffer *b, const answer_form *form, const np_flow_answer *f,
                          const np_why *why)
{
    netpol_decision d = np_decision_of(why);
    np_buffer_format(b, "\"%s\":{\"allowed\":%s,\"tier\":\"%s\",\"reason\":\"%s\"",
                     np_direction_name(d.direction), d.allowed ? "true" : "false",
                     tier_name(d.tier), d.reason);
    if (d.policy) {
        np_buffer_char(b, ',');
        np_answer_policy_json(b, form->x, &d);
    }
    if (form->explain)
        np_explain_json(b, form->x, f, d.direction);
    np_buffer_char(b, '}');
}

static void decisions_json(np_buffer *b, const answer_form *form, const np_flow_answer *f)
{
    decision_json(b, form, f, &f->egress);
    np_buffer_char(b, ',');
    decision_json(b, form, f, &f->ingress);
}

/* "port":80, or "ports":[[1,79],[81,65535]]. */
static void flow_ports_json(np_buffer *b, const np_flow_answer *f)
{
    if (f->n_ports == 0)
        return;
    if (f->n_ports == 1 && f->ports[0].first == f->ports[0].last) {
        np_buffer_format(b, "\"port\":%u,", (unsigned)f->ports[0].first);
        return;
    }
    np_buffer_text(b, "\"ports\":[");
    for (size_t i = 0; i < f->n_ports; i++)
        np_buffer_format(b, "%s[%u,%u]", i ? "," : "", (unsigned)f->ports[i].first,
                         (unsigned)f->ports[i].last);
    np_buffer_text(b, "],");
}

static void flow_json(np_buffer *b, const answer_form *form, const np_flow_answer *f)
{
    np_buffer_char(b, '{');
    add_json(b, "src", f->src);
    np_buffer_char(b, ',');
    add_json(b, "dst", f->dst);
    np_buffer_char(b, ',');
    if (f->family)
        np_buffer_format(b, "\"family\":%u,", (unsigned)f->family);
    flow_ports_json(b, f);
    np_buffer_format(b, "\"verdict\":\"%s\",\"depends\":", f->verdict.allowed ? "allow" : "deny");
    np_depends_json(b, f->verdict.depends);
    np_buffer_char(b, ',');
    decisions_json(b, form, f);
    np_buffer_char(b, '}');
}

static void port_json(np_buffer *b, const char *port)
{
    uint16_t number;
    np_buffer_text(b, "\"port\":");
    if (!port)
        np_buffer_text(b, "null");
    else if (np_port_parse(np_slice_of(port), &number))
        np_buffer_format(b, "%u", (unsigned)number);
    else
        np_buffer_json(b, np_slice_of(port));
}

static void presets_json(np_buffer *b, const netpol_answer *x)
{
    np_buffer_text(b, ",\"presets\":[");
    for (size_t i = 0; i < x->n_presets; i++) {
        np_buffer_format(b, "%s{\"preset\":\"%s\",\"verdict\":\"%s\",\"depends\":", i ? "," : "",
                         x->presets[i].name, np_outcome_name(x->presets[i].outcome));
        np_depends_json(b, x->presets[i].depends);
        np_buffer_char(b, '}');
    }
    np_buffer_char(b, ']');
}

static void answer_json(np_buffer *b, const answer_form *form)
{
    const netpol_answer *x = form->x;
    const np_snapshot *s = x->engine->snapshot;
    char room[4];
    bool several = x->several || form->explain;
    np_buffer_format(b, "{\"schema\":\"netpol.%s/v1\",", form->explain ? "explain" : "eval");
    add_json(b, "src", x->src);
    np_buffer_char(b, ',');
    add_json(b, "dst", x->dst);
    np_buffer_format(b, ",\"proto\":\"%s\",", np_protocol_name(x->protocol, room));
    port_json(b, x->port);
    np_buffer_format(b, ",\"semantics\":\"%s\",\"verdict\":\"%s\",\"depends\":",
                     np_semantics_name(&x->engine->semantics), np_outcome_name(x->outcome));
    np_depends_json(b, x->depends);
    np_buffer_format(b, ",\"ignored_policies\":%zu,\"incomplete\":%s,", s->foreign,
                     s->incomplete ? "true" : "false");
    if (!several)
        decisions_json(b, form, &x->flows[0]);
    else
        np_buffer_text(b, "\"flows\":[");
    for (size_t i = 0; several && i < x->n; i++) {
        if (i)
            np_buffer_char(b, ',');
        flow_json(b, form, &x->flows[i]);
    }
    np_buffer_text(b, several ? "]" : "");
    if (x->all_presets)
        presets_json(b, x);
    np_buffer_text(b, "}\n");
}

/* ---- text ---- */

static void ports_text(np_buffer *b, const netpol_answer *x, const np_flow_answer *f)
{
    char room[4];
    np_buffer_text(b, np_protocol_name(x->protocol, room));
    for (size_t i = 0; i < f->n_ports; i++) {
        np_buffer_char(b, i ? ',' : ' ');
        np_conn_range_text(b, &f->ports[i]);
    }
}

void np_answer_place_text(np_buffer *b, const netpol_answer *x, const netpol_decision *d)
{
    bool egress = d->direction == NETPOL_EGRESS;
    np_policy_text(b, x->engine->snapshot, d->policy);
    if (d->rule >= 0)
        np_buffer_format(b, ", %s[%d]", np_direction_name(d->direction), (int)d->rule);
    if (d->peer >= 0)
        np_buffer_format(b, " %s[%d]", egress ? "to" : "from", (int)d->peer);
    if (d->port >= 0)
        np_buffer_format(b, " ports[%d]", (int)d->port);
    if (!d->source || !d->line)
        return;
    np_buffer_text(b, "  ");
    np_buffer_shown(b, d->source);
    np_buffer_format(b, ":%u:%u", (unsigned)d->line, (unsigned)d->column);
}

static const struct {
    const char *reason;
    const char *text;
} reason_texts[] = {
    {"not-a-pod", "no pod, so no policy is about it"},
    {"not-isolated", "no policy isolates it"},
    {"self", "a pod always reaches itself"},
    {"own-node", "its own node always reaches it, although isolated by "},
    {"default", "policies are about it, and none decides"},
    {"other-direction", "kept from the Baseline tier by policies of the other direction"},
    {"rule", "by "},
    {"no-rule", "isolated, and no rule matches: "},
};

static void reason_text(np_buffer *b, const answer_form *form, const np_flow_answer *f,
                        const np_why *why, const char *end)
{
    netpol_decision d = np_decision_of(why);
    np_buffer_format(b, "  %-7s %-5s at ", np_direction_name(d.direction),
                     d.allowed ? "allow" : "deny");
    np_buffer_shown(b, end);
    np_buffer_text(b, ": ");
    for (size_t i = 0; i < sizeof reason_texts / sizeof *reason_texts; i++)
        if (strcmp(reason_texts[i].reason, d.reason) == 0)
            np_buffer_text(b, reason_texts[i].text);
    if (d.policy)
        np_answer_place_text(b, form->x, &d);
    np_buffer_char(b, '\n');
    if (form->explain)
        np_explain_text(b, form->x, f, d.direction);
}

/* "deny  shop/web => shop/db ". */
static void head_text(np_buffer *b, const char *outcome, const char *src, const char *dst)
{
    np_buffer_format(b, "%-5s ", outcome);
    np_buffer_shown(b, src);
    np_buffer_text(b, " => ");
    np_buffer_shown(b, dst);
    np_buffer_char(b, ' ');
}

static void note_text(np_buffer *b, const char *whose, const char *what)
{
    np_buffer_text(b, "  note: ");
    np_buffer_shown(b, whose);
    np_buffer_text(b, what);
}

/* "own-node, self" behind `before`; nothing if there is nothing. */
static void depends_text(np_buffer *b, const char *before, uint32_t depends)
{
    for (uint32_t bit = 1; netpol_depends_name(bit); bit <<= 1) {
        if (!(depends & bit))
            continue;
        np_buffer_format(b, "%s%s", before, netpol_depends_name(bit));
        before = ", ";
    }
    if (depends)
        np_buffer_char(b, '\n');
}

/* Both directions allow, and what is left to the plug-in counts as denied: that must be said. */
static bool is_denied_for_doubt(const answer_form *form, const np_flow_answer *f)
{
    return form->x->engine->semantics.undefined == NETPOL_UNDEFINED_DENY && !f->verdict.allowed &&
           f->egress.allowed && f->ingress.allowed;
}

static void flow_text(np_buffer *b, const answer_form *form, const np_flow_answer *f)
{
    head_text(b, f->verdict.allowed ? "allow" : "deny", f->src, f->dst);
    ports_text(b, form->x, f);
    if (f->family)
        np_buffer_format(b, " (IPv%u)", (unsigned)f->family);
    np_buffer_char(b, '\n');
    reason_text(b, form, f, &f->egress, f->src);
    reason_text(b, form, f, &f->ingress, f->dst);
    if (is_denied_for_doubt(form, f))
        depends_text(b, "  denied because the answer depends on ", f->verdict.depends);
    if (f->on_host)
        note_text(b, f->dst,
                  " is on the host network: asked about the address of its node, which no "
                  "podSelector selects\n");
}

static void presets_text(np_buffer *b, const netpol_answer *x)
{
    if (x->n_presets == 0)
        np_buffer_text(b, "  the same under all presets\n");
    for (size_t i = 0; i < x->n_presets; i++)
        np_buffer_format(b, "  under preset %s: %s\n", x->presets[i].name,
                         np_outcome_name(x->presets[i].outcome));
}

static void answer_text(np_buffer *b, const answer_form *form)
{
    const netpol_answer *x = form->x;
    const np_snapshot *s = x->engine->snapshot;
    char room[4];
    if (x->n > 1) {
        head_text(b, np_outcome_name(x->outcome), x->src, x->dst);
        np_buffer_format(b, "%s%s", np_protocol_name(x->protocol, room), x->port ? " " : "");
        np_buffer_shown(b, x->port);
        np_buffer_format(b, ": %zu flows\n", x->n);
    }
    for (size_t i = 0; i < x->n; i++)
        flow_text(b, form, &x->flows[i]);
    if (x->headless)
        note_text(b, x->dst,
                  " has no address of its own (headless): clients connect to its pods, at the "
                  "pods' port\n");
    depends_text(b, "  depends on: ", x->depends);
    if (x->all_presets)
        presets_text(b, x);
    if (s->foreign) {
        np_buffer_text(b, "  not looked at: ");
        np_buffer_count(b, s->foreign, "policy", "policies");
        np_buffer_text(b, " of other systems\n");
    }
    if (s->incomplete)
        np_buffer_text(b, "  incomplete: some of the input could not be used\n");
}

static netpol_status write(const answer_form *form, int32_t format, const netpol_sink *to)
{
    if (!form->x || !to || !to->write ||
        (format != NETPOL_FORMAT_TEXT && format != NETPOL_FORMAT_JSON &&
         format != NETPOL_FORMAT_JSONL))
        return NETPOL_MISUSE;
    np_buffer b;
    np_buffer_init(&b, &form->x->engine->alloc);
    if (format == NETPOL_FORMAT_TEXT)
        answer_text(&b, form);
    else
        answer_json(&b, form);
    netpol_status status = np_buffer_flush(&b, to);
    np_buffer_free(&b);
    return status;
}

netpol_status netpol_answer_write(const netpol_answer *answer, int32_t format,
                                  const netpol_sink *to)
{
    return write(&(answer_form){answer, false}, format, to);
}

netpol_status netpol_answer_explain(const netpol_answer *answer, int32_t format,
                                    const netpol_sink *to)
{
    return write(&(answer_form){answer, true}, format, to);
}
