/* SPDX-License-Identifier: MIT */
#include "write.h"

/* ---- what is written ---- */

static int64_t number_at(const void *at, bool is_bool, bool is_int32)
{
    bool truth;
    int32_t small;
    int64_t number;
    if (is_bool) {
        memcpy(&truth, at, sizeof truth);
        return truth;
    }
    if (is_int32) {
        memcpy(&small, at, sizeof small);
        return small;
    }
    memcpy(&number, at, sizeof number);
    return number;
}

int64_t np_field_number(const np_field *f, const void *structure)
{
    const void *at =
        np_field_is_pointer(f) ? np_field_pointer(f, structure) : np_field_at(f, structure);
    if (!at)
        return 0;
    return number_at(at, f->kind == NP_BOOL || f->kind == NP_BOOL_SET,
                     f->kind == NP_INT32 || f->kind == NP_INT32_SET);
}

bool np_group_is_set(const np_field *group, const void *structure, uint32_t flags)
{
    for (size_t i = 0; i < group->sub->n_fields; i++)
        if (np_field_written(&group->sub->fields[i], structure, flags))
            return true;
    return false;
}

/* Spec section 3: protocol TCP, and policyTypes by the rules that there are. */
const void *np_with_defaults(const np_table *t, const void *structure, np_defaulted *room)
{
    static const char *const both[] = {"Ingress", "Egress"};
    if (t->size == sizeof room->port && strcmp(t->go_name, "NetworkPolicyPort") == 0) {
        room->port = *(const netpol_port *)structure;
        if (!room->port.protocol)
            room->port.protocol = "TCP";
        return &room->port;
    }
    if (t->size == sizeof room->spec && strcmp(t->go_name, "NetworkPolicySpec") == 0) {
        room->spec = *(const netpol_policy_spec *)structure;
        if (room->spec.n_policy_types == 0) {
            room->spec.policy_types = both;
            room->spec.n_policy_types = room->spec.n_egress ? 2 : 1;
        }
        return &room->spec;
    }
    return structure;
}

const void *np_empty_struct(const np_table *t)
{
    static const union {
        const void *pointer;
        int64_t number;
        char bytes[512];
    } empty;
    return t->size <= sizeof empty ? &empty : NULL;
}

/* ---- documents ---- */

void np_write_tree(np_buffer *b, const np_kind *kind, const void *tree, int32_t format,
                   uint32_t flags)
{
    np_yaml y = {.to = b, .flags = flags, .line = b->n};
    if (format == NETPOL_FORMAT_JSON)
        np_json_document(b, kind, tree, flags);
    else
        np_yaml_document(&y, kind, tree);
}

void np_write_value(np_buffer *b, const np_value *v, int32_t format)
{
    np_yaml y = {.to = b, .line = b->n};
    if (format != NETPOL_FORMAT_JSON) {
        np_yaml_value_document(&y, v);
        return;
    }
    np_json_value(b, v);
    np_buffer_char(b, '\n');
}

static void write_as_it_was(np_buffer *b, np_slice text)
{
    np_buffer_add(b, text.p, text.n);
    if (text.p[text.n - 1] != '\n')
        np_buffer_char(b, '\n');
}

netpol_status np_write_object(np_buffer *b, const netpol_object *x, int32_t format, uint32_t flags)
{
    if (format != NETPOL_FORMAT_YAML && format != NETPOL_FORMAT_JSON)
        return NETPOL_MISUSE;
    if (x->tree && x->kind->whole)
        np_write_tree(b, x->kind, x->tree, format, flags);
    else if (x->text.n && format == NETPOL_FORMAT_YAML)
        write_as_it_was(b, x->text);
    else if (x->value)
        np_write_value(b, x->value, format);
    else
        return NETPOL_MISUSE;
    return b->failed ? NETPOL_NO_MEMORY : NETPOL_OK;
}

#define USUAL_SIZE 4096 /* of a policy as text: room that is taken at once */

netpol_status netpol_object_write(const netpol_object *object, int32_t format, uint32_t flags,
                                  const netpol_sink *to)
{
    const uint32_t known = NETPOL_WRITE_DEFAULTS | NETPOL_WRITE_HIDE_MANAGED_FIELDS;
    if (!object || !to || !to->write || (flags & ~known))
        return NETPOL_MISUSE;
    np_buffer b;
    np_buffer_init(&b, &object->arena.alloc);
    (void)np_buffer_reserve(&b, USUAL_SIZE);
    netpol_status s = np_write_object(&b, object, format, flags);
    if (s == NETPOL_OK)
        s = np_buffer_flush(&b, to);
    np_buffer_free(&b);
    return s;
}
