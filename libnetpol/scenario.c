/* SPDX-License-Identifier: MIT */
#include "scenario.h"

/* ---- entries as items ---- */

const np_trial *np_scenario_trial(const netpol_scenario *s, size_t item)
{
    const np_scenario_file *f = s->file;
    return item < f->n_cases ? &f->cases[item] : &f->invariants[item - f->n_cases];
}

const char *np_ensure_name(uint32_t ensure)
{
    static const char *const names[] = {"",
                                        "default-deny",
                                        "dns",
                                        "no-internet",
                                        "no-metadata-address",
                                        "namespace-isolated",
                                        "api-server"};
    return names[ensure];
}

static void add_list(np_buffer *b, const char *before, char *const *at, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        np_buffer_format(b, "%s%s", i ? "," : before, at[i]);
}

/* What an entry without a name is called: "default/web => default/db TCP 3306 deny". */
static void describe(np_buffer *b, const np_trial *t)
{
    if (t->ensure) {
        np_buffer_text(b, np_ensure_name(t->ensure));
        add_list(b, " in ", t->namespaces, t->n_namespaces);
        add_list(b, " except ", t->except, t->n_except);
        return;
    }
    add_list(b, "", t->from, t->n_from);
    add_list(b, " => ", t->to, t->n_to);
    if (t->n_protocols)
        add_list(b, " ", t->protocols, t->n_protocols);
    else
        np_buffer_text(b, " TCP");
    add_list(b, " ", t->ports, t->n_ports);
    np_buffer_text(b, t->expect == NP_EXPECT_ALLOW ? " allow" : " deny");
}

static bool make_item(netpol_scenario *s, size_t i)
{
    const np_trial *t = np_scenario_trial(s, i);
    np_buffer b;
    np_buffer_init(&b, &s->alloc);
    if (t->name)
        np_buffer_text(&b, t->name);
    else
        describe(&b, t);
    const char *name = b.failed ? NULL : np_arena_text(&s->arena, b.p, b.n);
    np_buffer_free(&b);
    s->items[i] = (netpol_scenario_item){
        .name = name,
        .source = s->source,
        .kind = t->ensure ? NETPOL_ITEM_INVARIANT : NETPOL_ITEM_CASE,
        .line = t->line,
        .column = t->column,
    };
    return name != NULL;
}

static bool make_items(netpol_scenario *s)
{
    size_t n = (size_t)s->file->n_cases + s->file->n_invariants;
    s->items = NP_NEW_ARRAY(&s->arena, netpol_scenario_item, n);
    if (!s->items)
        return false;
    for (; s->n < n; s->n++)
        if (!make_item(s, s->n))
            return false;
    return true;
}

/* ---- what the schema cannot say ---- */

/* Which fields an invariant takes besides the common ones. */
enum { TAKES_DIRECTION = 1, TAKES_TO = 2 };

static const uint8_t taken[] = {
    [NP_ENSURE_DEFAULT_DENY] = TAKES_DIRECTION,       [NP_ENSURE_DNS] = TAKES_TO,
    [NP_ENSURE_NO_INTERNET] = TAKES_DIRECTION,        [NP_ENSURE_NO_METADATA_ADDRESS] = 0,
    [NP_ENSURE_NAMESPACE_ISOLATED] = TAKES_DIRECTION, [NP_ENSURE_API_SERVER] = TAKES_TO};

static bool refuse_argument(const netpol_scenario *s, const np_trial *t, const char *field,
                            netpol_diagnostics *diags)
{
    np_where where = {.source = s->source, .line = t->line, .column = t->column, .item = -1};
    np_diag(diags, NP_CODE_SCENARIO_ARGUMENT, &where, NULL, NULL, "%s takes no field \"%s\"",
            np_ensure_name(t->ensure), field);
    return false;
}

static bool check_arguments(const netpol_scenario *s, const np_trial *t, netpol_diagnostics *diags)
{
    if (t->direction && !(taken[t->ensure] & TAKES_DIRECTION))
        return refuse_argument(s, t, "direction", diags);
    if (taken[t->ensure] & TAKES_TO)
        return true;
    if (t->n_to || t->expect)
        return refuse_argument(s, t, t->n_to ? "to" : "expect", diags);
    if (t->n_ports || t->n_protocols)
        return refuse_argument(s, t, t->n_ports ? "port" : "protocol", diags);
    return true;
}

#define MOST_QUESTIONS 100000u

/* A few lines may stand for more questions than anybody waits for. */
static bool check_size(const netpol_scenario *s, const np_trial *t, netpol_diagnostics *diags)
{
    const uint32_t counts[] = {t->n_from, t->n_to, t->n_ports, t->n_protocols};
    uint64_t n = 1;
    for (size_t i = 0; i < sizeof counts / sizeof *counts && n <= MOST_QUESTIONS; i++)
        n *= counts[i] ? counts[i] : 1;
    if (n <= MOST_QUESTIONS)
        return true;
    np_where where = {.source = s->source, .line = t->line, .column = t->column, .item = -1};
    np_diag(diags, NP_CODE_SCENARIO_SIZE, &where, NULL, NULL,
            "the lists of this entry stand for more than %u questions", MOST_QUESTIONS);
    return false;
}

static netpol_status check_entries(const netpol_scenario *s, netpol_diagnostics *diags)
{
    bool good = true;
    for (size_t i = 0; i < (size_t)s->file->n_cases + s->file->n_invariants; i++) {
        const np_trial *t = np_scenario_trial(s, i);
        good &= check_size(s, t, diags);
        if (t->ensure)
            good &= check_arguments(s, t, diags);
    }
    return good ? NETPOL_OK : NETPOL_INVALID;
}

/* ---- the file ---- */

static bool is_scenario(const netpol_document_info *d)
{
    return d->state == NETPOL_DOCUMENT_SKIPPED && strcmp(d->kind, "Scenario") == 0 &&
           strncmp(d->api_version, "netpol/", 7) == 0;
}

static netpol_status refuse_document(const netpol_document_info *d, const char *source,
                                     const char *why, netpol_diagnostics *diags)
{
    np_where where = {.source = source, .line = d ? d->line : 0, .item = -1};
    np_diag_text(diags, NP_CODE_SCENARIO_KIND, &where, NULL,
                 "begin it with apiVersion: netpol/v1 and kind: Scenario", why);
    return NETPOL_INVALID;
}

/* One scenario, which is the first document; the others are objects. */
static netpol_status find_scenario(const netpol_scenario *s, const char *path,
                                   netpol_diagnostics *diags)
{
    const netpol_document_info *first = netpol_manifests_document_at(s->own, 0);
    if (!first || !is_scenario(first))
        return refuse_document(first, path, "the first document is no scenario", diags);
    for (size_t i = 1; i < netpol_manifests_document_count(s->own); i++) {
        const netpol_document_info *d = netpol_manifests_document_at(s->own, i);
        if (strcmp(d->source, first->source) != 0)
            return refuse_document(d, d->source, "a folder is no scenario", diags);
        if (is_scenario(d))
            return refuse_document(d, d->source, "there is a second scenario in this file", diags);
    }
    return NETPOL_OK;
}

static netpol_status shape_and_bind(netpol_scenario *s, np_text *t, netpol_diagnostics *diags)
{
    np_document document;
    np_buffer shaped;
    np_buffer_init(&shaped, &s->alloc);
    netpol_status status = np_text_next(t, &document);
    if (status == NETPOL_OK)
        status = np_scenario_shape(t, s->source, &shaped, diags);
    if (status == NETPOL_OK)
        status =
            np_scenario_bind(&s->alloc, (np_slice){shaped.p, shaped.n}, s->source, &s->file, diags);
    np_buffer_free(&shaped);
    return status;
}

static bool keep_source(netpol_scenario *s, const char *source)
{
    const char *slash = strrchr(source, '/');
    size_t n = slash ? (size_t)(slash - source) + 1 : 0;
    s->source = np_arena_text(&s->arena, source, strlen(source));
    s->folder = np_arena_text(&s->arena, source, n);
    return s->source && s->folder;
}

static netpol_status read_text(netpol_scenario *s, netpol_diagnostics *diags)
{
    const char *source = netpol_manifests_document_at(s->own, 0)->source;
    size_t n = 0;
    const char *text = netpol_manifests_text(s->own, source, &n);
    netpol_options strict = s->options;
    strict.flags &= ~(uint32_t)NETPOL_LENIENT;
    np_text *t = NULL;
    if (!keep_source(s, source))
        return NETPOL_NO_MEMORY;
    netpol_status status = np_text_open(&t, &strict, s->source, text, n, diags);
    if (status != NETPOL_OK)
        return status;
    status = shape_and_bind(s, t, diags);
    np_text_close(t);
    if (status == NETPOL_OK)
        status = check_entries(s, diags);
    if (status == NETPOL_OK && !make_items(s))
        status = NETPOL_NO_MEMORY;
    return status;
}

/* Whether what reading gave will do. */
static netpol_status accept(const netpol_scenario *s, netpol_status status)
{
    return status == NETPOL_INVALID && s->options.flags & NETPOL_KEEP_GOING ? NETPOL_OK : status;
}

static netpol_status new_scenario(const netpol_options *options, netpol_scenario **out)
{
    netpol_options o;
    if (!np_options_read(options, &o))
        return NETPOL_MISUSE;
    netpol_scenario *s = np_resize(o.allocator, NULL, 0, sizeof *s);
    if (!s)
        return NETPOL_NO_MEMORY;
    *s = (netpol_scenario){.alloc = *o.allocator, .options = o};
    s->options.allocator = &s->alloc;
    np_arena_init(&s->arena, &s->alloc, 1024);
    netpol_options keep = s->options;
    keep.flags |= NETPOL_KEEP_TEXT;
    netpol_status status = netpol_manifests_new(&keep, &s->own);
    if (status == NETPOL_OK)
        *out = s;
    else
        netpol_scenario_free(s);
    return status;
}

static netpol_status finish(netpol_scenario *s, const char *name, netpol_status status,
                            netpol_scenario **out, netpol_diagnostics *diags)
{
    status = accept(s, status);
    if (status == NETPOL_OK)
        status = find_scenario(s, name, diags);
    if (status == NETPOL_OK)
        status = read_text(s, diags);
    if (status == NETPOL_OK)
        *out = s;
    else
        netpol_scenario_free(s);
    return status;
}

netpol_status netpol_scenario_read(const char *path, const netpol_options *options,
                                   netpol_scenario **out, netpol_diagnostics *diags)
{
    netpol_scenario *s = NULL;
    netpol_status status = path && out ? new_scenario(options, &s) : NETPOL_MISUSE;
    return s ? finish(s, path, netpol_manifests_read(s->own, path, diags), out, diags) : status;
}

netpol_status netpol_scenario_read_memory(const char *name, const void *bytes, size_t n,
                                          const netpol_options *options, netpol_scenario **out,
                                          netpol_diagnostics *diags)
{
    netpol_scenario *s = NULL;
    netpol_status status = (bytes || !n) && out ? new_scenario(options, &s) : NETPOL_MISUSE;
    if (!s)
        return status;
    status = netpol_manifests_read_memory(s->own, name, bytes, n, diags);
    return finish(s, name ? name : "<memory>", status, out, diags);
}

void netpol_scenario_free(netpol_scenario *s)
{
    if (!s)
        return;
    netpol_allocator alloc = s->alloc;
    np_scenario_unbind(&alloc, s->file);
    netpol_manifests_free(s->own);
    np_arena_free(&s->arena);
    np_release(&alloc, s, sizeof *s);
}

size_t netpol_scenario_count(const netpol_scenario *s)
{
    return s ? s->n : 0;
}

const netpol_scenario_item *netpol_scenario_at(const netpol_scenario *s, size_t i)
{
    return s && i < s->n ? &s->items[i] : NULL;
}
