/* SPDX-License-Identifier: MIT */
/* Rules of metadata. */
#include "validate.h"

#include <stdio.h>
#include <stdlib.h>

#define GENERATED_NAME_MAX 58u /* bytes of generateName that a name keeps */
#define ANNOTATIONS_MAX 262144u
#define MANAGER_MAX 128u
#define SUBRESOURCE_MAX 256u

static bool is_empty(const char *text)
{
    return !text || !*text;
}

/* ---- names ---- */

/* A prefix is checked as if something good followed it: upstream puts "a" for the last two bytes.
 */
static void check_name_prefix(np_check *c, const np_path *meta, np_slice prefix)
{
    np_path path = np_path_field(meta, "generateName");
    np_faults f = np_subdomain_faults(prefix);
    if (f.n && prefix.n > 1 && prefix.p[prefix.n - 1] == '-') {
        np_buffer masked;
        np_buffer_init(&masked, &c->arena.alloc);
        np_buffer_add(&masked, prefix.p, prefix.n - 2);
        np_buffer_char(&masked, 'a');
        f = np_subdomain_faults((np_slice){masked.p, masked.n});
        c->no_memory |= masked.failed;
        np_buffer_free(&masked);
    }
    np_check_faults(c, np_spot_of(&path), prefix, &f);
}

static void check_name(np_check *c, const np_path *meta, np_slice name)
{
    np_path path = np_path_field(meta, "name");
    np_faults f = np_subdomain_faults(name);
    np_check_faults(c, np_spot_of(&path), name, &f);
}

/* The server adds five random letters or digits; which ones does not matter to the rules. */
static void check_generated_name(np_check *c, const np_path *meta, np_slice prefix)
{
    np_buffer name;
    np_buffer_init(&name, &c->arena.alloc);
    np_buffer_add(&name, prefix.p, prefix.n < GENERATED_NAME_MAX ? prefix.n : GENERATED_NAME_MAX);
    np_buffer_text(&name, "xxxxx");
    if (name.failed)
        c->no_memory = true;
    else
        check_name(c, meta, (np_slice){name.p, name.n});
    np_buffer_free(&name);
}

static void check_names(np_check *c, const np_path *meta, const netpol_metadata *m)
{
    if (!is_empty(m->generate_name))
        check_name_prefix(c, meta, np_slice_of(m->generate_name));
    if (!is_empty(m->name)) {
        check_name(c, meta, np_slice_of(m->name));
    } else if (!is_empty(m->generate_name)) {
        check_generated_name(c, meta, np_slice_of(m->generate_name));
    } else {
        np_path path = np_path_field(meta, "name");
        np_check_required(c, NP_CODE_NAME_REQUIRED, np_spot_of(&path),
                          "name or generateName is required");
    }
}

/* What would break the object's place in a URL. Names of DNS form cannot. */
static void check_segment(np_check *c, const np_path *meta, const char *field, const char *name)
{
    static const char *const details[] = {"may not contain '/'", "may not contain '%'"};
    np_path path = np_path_field(meta, field);
    np_slice text = np_slice_of(name);
    for (size_t i = 0; i < 2; i++)
        if (text.n && memchr(text.p, "/%"[i], text.n))
            np_check_text(c, NP_CODE_NAME_SEGMENT, np_spot_of(&path), text, details[i]);
}

void np_check_meta_segments(np_check *c, const netpol_metadata *meta)
{
    np_path path = np_path_field(NULL, "metadata");
    if (meta)
        check_segment(c, &path, "generateName", meta->generate_name);
}

/* An absent namespace is that of the request. */
static void check_namespace(np_check *c, const np_path *meta, const netpol_metadata *m,
                            bool namespaced)
{
    np_path path = np_path_field(meta, "namespace");
    if (is_empty(m->namespace_name))
        return;
    if (!namespaced) {
        np_check_forbidden(c, NP_CODE_NAMESPACE_FORBIDDEN, np_spot_of(&path),
                           "not allowed on this type");
        return;
    }
    np_slice name = np_slice_of(m->namespace_name);
    np_faults f = np_dns_label_faults(name);
    np_check_faults(c, np_spot_of(&path), name, &f);
}

/* ---- labels and annotations ---- */

void np_check_labels(np_check *c, const np_path *path, const netpol_label *labels, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        np_path entry = np_path_index(path, i);
        np_slice key = np_slice_of(labels[i].key);
        np_slice value = np_slice_of(labels[i].value);
        np_faults f = np_label_key_faults(key);
        np_check_faults(c, (np_spot){path, &entry}, key, &f);
        f = np_label_value_faults(value);
        np_check_faults(c, (np_spot){path, &entry}, value, &f);
    }
}

static np_faults annotation_key_faults(np_check *c, np_slice key)
{
    np_faults f = np_label_key_faults(key);
    if (!f.n)
        return f;
    np_buffer small;
    np_buffer_init(&small, &c->arena.alloc);
    np_key_lower(&small, key);
    f = np_label_key_faults((np_slice){small.p, small.n});
    c->no_memory |= small.failed;
    np_buffer_free(&small);
    return f;
}

static void check_annotations(np_check *c, const np_path *meta, const netpol_metadata *m)
{
    np_path path = np_path_field(meta, "annotations");
    uint64_t bytes = 0;
    for (size_t i = 0; i < m->n_annotations; i++) {
        np_path entry = np_path_index(&path, i);
        np_slice key = np_slice_of(m->annotations[i].key);
        np_faults f = annotation_key_faults(c, key);
        np_check_faults(c, (np_spot){&path, &entry}, key, &f);
        bytes += key.n + np_slice_of(m->annotations[i].value).n;
    }
    if (bytes > ANNOTATIONS_MAX)
        np_check_too_long(c, NP_CODE_ANNOTATIONS_SIZE, np_spot_of(&path),
                          "may not be more than 262144 bytes");
}

/* ---- owners ---- */

static void owner_pair(np_buffer *b, const char *name, const char *value)
{
    np_buffer_format(b, "\"%s\":", name);
    np_check_json_text(b, np_slice_of(value));
    np_buffer_char(b, ',');
}

static void owner_flag(np_buffer *b, const char *name, const bool *value)
{
    if (value)
        np_buffer_format(b, ",\"%s\":%s", name, *value ? "true" : "false");
}

static void owner_json(np_buffer *b, const netpol_owner_reference *o)
{
    np_buffer_char(b, '{');
    owner_pair(b, "apiVersion", o->api_version);
    owner_pair(b, "kind", o->kind);
    owner_pair(b, "name", o->name);
    np_buffer_text(b, "\"uid\":");
    np_check_json_text(b, np_slice_of(o->uid));
    owner_flag(b, "controller", o->controller);
    owner_flag(b, "blockOwnerDeletion", o->block_owner_deletion);
    np_buffer_char(b, '}');
}

static void owners_json(np_buffer *b, const netpol_metadata *m)
{
    np_buffer_char(b, '[');
    for (size_t i = 0; i < m->n_owner_references; i++) {
        if (i > 0)
            np_buffer_char(b, ',');
        owner_json(b, m->owner_references[i]);
    }
    np_buffer_char(b, ']');
}

static void owner_text(np_check *c, const np_path *owner, const char *name, const char *value)
{
    np_path path = np_path_field(owner, name);
    if (is_empty(value))
        np_check_required(c, NP_CODE_OWNER_REQUIRED, np_spot_of(&path), "must not be empty");
}

/* "version" or "group/version" with a version. */
static bool is_group_version(np_slice text)
{
    const char *slash = memchr(text.p, '/', text.n);
    if (!slash)
        return true;
    size_t left = text.n - (size_t)(slash - text.p) - 1;
    return left > 0 && !memchr(slash + 1, '/', left);
}

static void check_owner(np_check *c, const np_path *path, const netpol_owner_reference *o)
{
    np_path version = np_path_field(path, "apiVersion");
    if (is_empty(o->api_version))
        owner_text(c, path, "apiVersion", o->api_version);
    else if (!is_group_version(np_slice_of(o->api_version)))
        np_check_text(c, NP_CODE_OWNER_API_VERSION, np_spot_of(&version),
                      np_slice_of(o->api_version), "must be <group>/<version> or <version>");
    owner_text(c, path, "kind", o->kind);
    owner_text(c, path, "name", o->name);
    owner_text(c, path, "uid", o->uid);
    np_slice v = np_slice_of(o->api_version);
    if ((np_slice_is(v, "v1") || np_slice_is(v, "/v1")) &&
        np_slice_is(np_slice_of(o->kind), "Event")) {
        np_buffer *b = np_check_value(c);
        if (b)
            owner_json(b, o);
        np_check_json(c, NP_CODE_OWNER_EVENT, np_spot_of(path),
                      "/v1, Kind=Event is disallowed from being an owner");
    }
}

static bool is_controller(const netpol_owner_reference *o)
{
    return o->controller && *o->controller;
}

static void report_second_controller(np_check *c, const np_path *path, const netpol_metadata *m,
                                     size_t first, size_t second)
{
    np_buffer detail;
    np_buffer_init(&detail, &c->arena.alloc);
    np_buffer_text(&detail, "Only one reference can have Controller set to true. Found \"true\" in "
                            "references for ");
    for (int i = 0; i < 2; i++) {
        const netpol_owner_reference *o = m->owner_references[i == 0 ? first : second];
        np_buffer_text(&detail, o->kind ? o->kind : "");
        np_buffer_char(&detail, '/');
        np_buffer_text(&detail, o->name ? o->name : "");
        np_buffer_text(&detail, i == 0 ? " and " : "");
    }
    np_buffer_char(&detail, '\0');
    np_path element = np_path_index(path, second);
    np_buffer *b = np_check_value(c);
    if (b)
        owners_json(b, m);
    if (detail.failed)
        c->no_memory = true;
    else
        np_check_json(c, NP_CODE_OWNER_CONTROLLERS, (np_spot){path, &element}, detail.p);
    np_buffer_free(&detail);
}

static void check_owners(np_check *c, const np_path *meta, const netpol_metadata *m)
{
    np_path path = np_path_field(meta, "ownerReferences");
    size_t first = m->n_owner_references;
    for (size_t i = 0; i < m->n_owner_references; i++) {
        const netpol_owner_reference *o = m->owner_references[i];
        np_path element = np_path_index(&path, i);
        check_owner(c, &element, o);
        if (!is_controller(o))
            continue;
        if (first < i)
            report_second_controller(c, &path, m, first, i);
        else
            first = i;
    }
}

/* ---- finalizers ---- */

static void finalizers_json(np_buffer *b, const netpol_metadata *m)
{
    np_buffer_char(b, '[');
    for (size_t i = 0; i < m->n_finalizers; i++) {
        if (i > 0)
            np_buffer_char(b, ',');
        np_check_json_text(b, np_slice_of(m->finalizers[i]));
    }
    np_buffer_char(b, ']');
}

static void check_finalizers(np_check *c, const np_path *meta, const netpol_metadata *m)
{
    np_path path = np_path_field(meta, "finalizers");
    bool orphan = false;
    bool foreground = false;
    for (size_t i = 0; i < m->n_finalizers; i++) {
        np_path element = np_path_index(&path, i);
        np_slice name = np_slice_of(m->finalizers[i]);
        np_faults f = np_label_key_faults(name);
        np_check_faults(c, (np_spot){&path, &element}, name, &f);
        orphan |= np_slice_is(name, "orphan");
        foreground |= np_slice_is(name, "foregroundDeletion");
    }
    if (!orphan || !foreground)
        return;
    np_buffer *b = np_check_value(c);
    if (b)
        finalizers_json(b, m);
    np_check_json(c, NP_CODE_FINALIZERS_BOTH, np_spot_of(&path),
                  "finalizer orphan and foregroundDeletion cannot be both set");
}

void np_check_kube_finalizers(np_check *c, const netpol_metadata *meta)
{
    np_path top = np_path_field(NULL, "metadata");
    np_path path = np_path_field(&top, "finalizers");
    for (size_t i = 0; meta && i < meta->n_finalizers; i++) {
        np_path element = np_path_index(&path, i);
        np_slice name = np_slice_of(meta->finalizers[i]);
        bool known = np_slice_is(name, "orphan") || np_slice_is(name, "foregroundDeletion") ||
                     np_slice_is(name, "kubernetes");
        if (!known && (name.n == 0 || !memchr(name.p, '/', name.n)))
            np_check_text(c, NP_CODE_FINALIZER_UNKNOWN, np_spot_of(&element), name,
                          "name is neither a standard finalizer name nor is it fully qualified");
    }
}

/* ---- managed fields ---- */

static void check_operation(np_check *c, const np_path *entry, const char *operation)
{
    static const char *const operations[] = {"Apply", "Update", NULL};
    np_path path = np_path_field(entry, "operation");
    np_slice text = np_slice_of(operation);
    if (text.n == 0)
        np_check_required(c, NP_CODE_MANAGED_OPERATION, np_spot_of(&path), "must not be empty");
    else if (!np_slice_is(text, "Apply") && !np_slice_is(text, "Update"))
        np_check_enum(c, NP_CODE_MANAGED_OPERATION, np_spot_of(&path), text, false, operations);
}

static void check_manager(np_check *c, const np_path *entry, const char *manager)
{
    np_path path = np_path_field(entry, "manager");
    np_slice text = np_slice_of(manager);
    if (text.n > MANAGER_MAX)
        np_check_too_long(c, NP_CODE_MANAGED_LENGTH, np_spot_of(&path),
                          "may not be more than 128 bytes");
    for (size_t i = 0; i < text.n;) {
        uint32_t rune = 0xfffd;
        size_t n = np_utf8_read(text.p + i, text.n - i, &rune);
        if (!np_rune_prints(rune)) {
            char detail[64];
            (void)snprintf(detail, sizeof detail, "invalid character U+%04X (at position %zu)",
                           (unsigned)rune, i);
            np_check_text(c, NP_CODE_MANAGED_CHARACTER, np_spot_of(&path), text, detail);
        }
        i += n ? n : 1;
    }
}

static void check_managed_fields(np_check *c, const np_path *meta, const netpol_metadata *m)
{
    np_path path = np_path_field(meta, "managedFields");
    for (size_t i = 0; i < m->n_managed_fields; i++) {
        const netpol_managed_fields *f = m->managed_fields[i];
        np_path entry = np_path_index(&path, i);
        check_operation(c, &entry, f->operation);
        np_path type = np_path_field(&entry, "fieldsType");
        if (!is_empty(f->fields_type) && strcmp(f->fields_type, "FieldsV1") != 0)
            np_check_text(c, NP_CODE_MANAGED_TYPE, np_spot_of(&type), np_slice_of(f->fields_type),
                          "must be `FieldsV1`");
        check_manager(c, &entry, f->manager);
        np_path subresource = np_path_field(&entry, "subresource");
        if (np_slice_of(f->subresource).n > SUBRESOURCE_MAX)
            np_check_too_long(c, NP_CODE_MANAGED_LENGTH, np_spot_of(&subresource),
                              "may not be more than 256 bytes");
    }
}

/* ---- replacing another object ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The finalizers as a sorted set. NULL: no memory. */
static const char **finalizer_set(np_check *c, const netpol_metadata *m, size_t *n)
{
    const char **set = NP_NEW_ARRAY(&c->arena, const char *, m->n_finalizers);
    if (!set)
        return NULL;
    for (size_t i = 0; i < m->n_finalizers; i++)
        set[i] = m->finalizers[i] ? m->finalizers[i] : "";
    if (m->n_finalizers)
        qsort(set, m->n_finalizers, sizeof *set, by_text);
    *n = 0;
    for (size_t i = 0; i < m->n_finalizers; i++)
        if (*n == 0 || strcmp(set[i], set[*n - 1]) != 0)
            set[(*n)++] = set[i];
    return set;
}

/* The finalizers that `old` lacks, quoted as Go prints a list, behind `detail`. Returns how many.
 */
static size_t list_new_finalizers(np_check *c, np_buffer *detail, const netpol_metadata *m,
                                  const netpol_metadata *old)
{
    size_t n = 0;
    size_t n_old = 0;
    const char **now = finalizer_set(c, m, &n);
    const char **before = finalizer_set(c, old, &n_old);
    if (!now || !before) {
        c->no_memory = true;
        return 0;
    }
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        if (n_old && bsearch(&now[i], before, n_old, sizeof *before, by_text))
            continue;
        np_buffer_text(detail, found++ > 0 ? ", " : "");
        np_buffer_quote(detail, np_slice_of(now[i]));
    }
    return found;
}

static void check_new_finalizers(np_check *c, const np_path *meta, const netpol_metadata *m,
                                 const netpol_metadata *old)
{
    np_path path = np_path_field(meta, "finalizers");
    np_buffer detail;
    np_buffer_init(&detail, &c->arena.alloc);
    np_buffer_text(&detail, "no new finalizers can be added if the object is being deleted, found "
                            "new finalizers []string{");
    size_t found = list_new_finalizers(c, &detail, m, old);
    np_buffer_char(&detail, '}');
    np_buffer_char(&detail, '\0');
    if (detail.failed)
        c->no_memory = true;
    else if (found)
        np_check_forbidden(c, NP_CODE_FINALIZERS_NEW, np_spot_of(&path), detail.p);
    np_buffer_free(&detail);
}

static void check_same_text(np_check *c, const np_path *meta, const char *field, const char *value,
                            const char *old)
{
    np_path path = np_path_field(meta, field);
    if (strcmp(value, old) != 0)
        np_check_text(c, NP_CODE_META_IMMUTABLE, np_spot_of(&path), np_slice_of(value),
                      "field is immutable");
}

/* As check_same_text, for a type that upstream prints as JSON. */
static void refuse_change(np_check *c, const np_path *meta, const char *field, const char *value)
{
    np_path path = np_path_field(meta, field);
    np_buffer *b = np_check_value(c);
    if (b)
        np_check_json_text(b, np_slice_of(value));
    np_check_json(c, NP_CODE_META_IMMUTABLE, np_spot_of(&path), "field is immutable");
}

static const char *namespace_or_default(const netpol_metadata *m)
{
    return is_empty(m->namespace_name) ? "default" : m->namespace_name;
}

/* The server fills in what the new object leaves out, and keeps its own times and generation. */
static void check_immutable(np_check *c, const np_path *meta, const netpol_metadata *m,
                            const netpol_metadata *old, bool namespaced)
{
    check_same_text(c, meta, "name", m->name ? m->name : "", old->name ? old->name : "");
    if (namespaced)
        check_same_text(c, meta, "namespace", namespace_or_default(m), namespace_or_default(old));
    if (!is_empty(m->uid) && !is_empty(old->uid) && strcmp(m->uid, old->uid) != 0)
        refuse_change(c, meta, "uid", m->uid);
    if (!is_empty(m->deletion_timestamp) && is_empty(old->deletion_timestamp))
        refuse_change(c, meta, "deletionTimestamp", m->deletion_timestamp);
    const int64_t *grace = m->deletion_grace_period_seconds;
    const int64_t *old_grace = old->deletion_grace_period_seconds;
    np_path path = np_path_field(meta, "deletionGracePeriodSeconds");
    if (grace && (!old_grace || *grace != *old_grace))
        np_check_number(c, NP_CODE_META_IMMUTABLE, np_spot_of(&path), *grace, "field is immutable");
}

static void check_update_names(np_check *c, const np_path *meta, const netpol_metadata *m)
{
    check_segment(c, meta, "generateName", m->generate_name);
    np_path path = np_path_field(meta, "name");
    if (is_empty(m->name))
        np_check_required(c, NP_CODE_NAME_REQUIRED, np_spot_of(&path),
                          "name or generateName is required");
    else if (strcmp(m->name, ".") == 0)
        np_check_text(c, NP_CODE_NAME_SEGMENT, np_spot_of(&path), np_slice_of(m->name),
                      "may not be '.'");
    else if (strcmp(m->name, "..") == 0)
        np_check_text(c, NP_CODE_NAME_SEGMENT, np_spot_of(&path), np_slice_of(m->name),
                      "may not be '..'");
    else
        check_segment(c, meta, "name", m->name);
}

/* ---- all of it ---- */

static const netpol_metadata no_metadata = {0};

static void check_common(np_check *c, const np_path *path, const netpol_metadata *m,
                         bool namespaced)
{
    np_path labels = np_path_field(path, "labels");
    check_namespace(c, path, m, namespaced);
    np_check_labels(c, &labels, m->labels, m->n_labels);
    check_annotations(c, path, m);
    check_owners(c, path, m);
    check_finalizers(c, path, m);
    check_managed_fields(c, path, m);
}

void np_check_meta(np_check *c, const netpol_metadata *meta, bool namespaced)
{
    const netpol_metadata *m = meta ? meta : &no_metadata;
    np_path path = np_path_field(NULL, "metadata");
    check_names(c, &path, m);
    check_common(c, &path, m, namespaced);
}

void np_check_meta_update(np_check *c, const netpol_metadata *meta, const netpol_metadata *old,
                          bool namespaced)
{
    const netpol_metadata *m = meta ? meta : &no_metadata;
    const netpol_metadata *before = old ? old : &no_metadata;
    np_path path = np_path_field(NULL, "metadata");
    check_update_names(c, &path, m);
    check_common(c, &path, m, namespaced);
    if (!is_empty(before->deletion_timestamp))
        check_new_finalizers(c, &path, m, before);
    check_immutable(c, &path, m, before, namespaced);
}
