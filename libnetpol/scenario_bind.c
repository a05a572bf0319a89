/* SPDX-License-Identifier: MIT */
/* The schema of scenarios, and libcyaml: the only file that knows it. */
#include "scenario.h"

#ifndef NETPOL_WITHOUT_CYAML

#include <cyaml/cyaml.h>

#define MAYBE (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define TEXT(key, type, member) CYAML_FIELD_STRING_PTR(key, MAYBE, type, member, 0, CYAML_UNLIMITED)
#define TEXTS(key, flags, type, member)                                                            \
    CYAML_FIELD_SEQUENCE_COUNT(key, flags, type, member, n_##member, &text_entry, 0,               \
                               CYAML_UNLIMITED)
#define WORDS(key, flags, member, words)                                                           \
    CYAML_FIELD_ENUM(key, CYAML_FLAG_STRICT | (flags), np_trial, member, words,                    \
                     sizeof(words) / sizeof *(words))

static const cyaml_schema_value_t text_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED)};

static const cyaml_strval_t expectations[] = {{"allow", NP_EXPECT_ALLOW}, {"deny", NP_EXPECT_DENY}};
static const cyaml_strval_t families[] = {{"4", 4}, {"6", 6}};
static const cyaml_strval_t directions[] = {{"ingress", NETPOL_INGRESS},
                                            {"egress", NETPOL_EGRESS},
                                            {"both", NETPOL_INGRESS | NETPOL_EGRESS}};
static const cyaml_strval_t invariants[] = {{"default-deny", NP_ENSURE_DEFAULT_DENY},
                                            {"dns", NP_ENSURE_DNS},
                                            {"no-internet", NP_ENSURE_NO_INTERNET},
                                            {"no-metadata-address", NP_ENSURE_NO_METADATA_ADDRESS},
                                            {"namespace-isolated", NP_ENSURE_NAMESPACE_ISOLATED},
                                            {"api-server", NP_ENSURE_API_SERVER}};

static const cyaml_schema_field_t case_fields[] = {
    CYAML_FIELD_UINT("line", CYAML_FLAG_DEFAULT, np_trial, line),
    CYAML_FIELD_UINT("column", CYAML_FLAG_DEFAULT, np_trial, column),
    TEXT("name", np_trial, name),
    TEXTS("from", CYAML_FLAG_POINTER, np_trial, from),
    TEXTS("to", CYAML_FLAG_POINTER, np_trial, to),
    TEXTS("port", MAYBE, np_trial, ports),
    TEXTS("protocol", MAYBE, np_trial, protocols),
    WORDS("family", CYAML_FLAG_OPTIONAL, family, families),
    WORDS("expect", CYAML_FLAG_DEFAULT, expect, expectations),
    CYAML_FIELD_END};
static const cyaml_schema_value_t case_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, np_trial, case_fields)};

static const cyaml_schema_field_t invariant_fields[] = {
    CYAML_FIELD_UINT("line", CYAML_FLAG_DEFAULT, np_trial, line),
    CYAML_FIELD_UINT("column", CYAML_FLAG_DEFAULT, np_trial, column),
    WORDS("ensure", CYAML_FLAG_DEFAULT, ensure, invariants),
    TEXT("name", np_trial, name),
    TEXTS("namespaces", MAYBE, np_trial, namespaces),
    TEXTS("except", MAYBE, np_trial, except),
    WORDS("direction", CYAML_FLAG_OPTIONAL, direction, directions),
    TEXTS("to", MAYBE, np_trial, to),
    TEXTS("port", MAYBE, np_trial, ports),
    TEXTS("protocol", MAYBE, np_trial, protocols),
    WORDS("expect", CYAML_FLAG_OPTIONAL, expect, expectations),
    CYAML_FIELD_END};
static const cyaml_schema_value_t invariant_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, np_trial, invariant_fields)};

static const cyaml_schema_field_t file_fields[] = {
    TEXT("semantics", np_scenario_file, semantics),
    TEXT("namespace", np_scenario_file, namespace_name),
    TEXTS("manifests", MAYBE, np_scenario_file, manifests),
    TEXTS("resolve", MAYBE, np_scenario_file, resolve),
    TEXTS("nodeAddresses", MAYBE, np_scenario_file, node_addresses),
    CYAML_FIELD_SEQUENCE_COUNT("cases", MAYBE, np_scenario_file, cases, n_cases, &case_entry, 0,
                               CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE_COUNT("invariants", MAYBE, np_scenario_file, invariants, n_invariants,
                               &invariant_entry, 0, CYAML_UNLIMITED),
    CYAML_FIELD_END};
static const cyaml_schema_value_t file_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, np_scenario_file, file_fields)};

/* libcyaml does not tell how large a block was, which our allocators want to know: it stands before
 * each block. */
typedef union head {
    size_t size;
    char room[16];
} head;

static void *resize(void *ctx, void *old, size_t size)
{
    const netpol_allocator *alloc = ctx;
    head *block = old ? (head *)old - 1 : NULL;
    size_t was = block ? block->size : 0;
    if (size == 0) {
        np_release(alloc, block, was);
        return NULL;
    }
    if (size > SIZE_MAX - sizeof *block)
        return NULL;
    block = np_resize(alloc, block, was, size + sizeof *block);
    if (!block)
        return NULL;
    block->size = size + sizeof *block;
    return block + 1;
}

/* What libcyaml says first; a trace follows, which tells positions in a text that nobody wrote. */
static void keep_message(cyaml_log_t level, void *ctx, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void keep_message(cyaml_log_t level, void *ctx, const char *format, va_list args)
{
    np_buffer *b = ctx;
    (void)level;
    if (b->n == 0)
        np_buffer_vformat(b, format, args);
}

static cyaml_config_t config_of(const netpol_allocator *alloc, np_buffer *message)
{
    return (cyaml_config_t){.log_level = CYAML_LOG_ERROR,
                            .log_fn = keep_message,
                            .log_ctx = message,
                            .mem_fn = resize,
                            .mem_ctx = (void *)(uintptr_t)alloc,
                            .flags = CYAML_CFG_NO_ALIAS};
}

static netpol_status refuse(np_buffer *message, const char *source, netpol_diagnostics *diags)
{
    np_where where = {.source = source, .item = -1};
    np_buffer_char(message, '\0');
    if (!message->failed)
        message->p[strcspn(message->p, "\n")] = '\0';
    np_diag_text(diags, NP_CODE_SCENARIO_SCHEMA, &where, NULL, NULL,
                 message->failed ? "" : message->p);
    return NETPOL_INVALID;
}

netpol_status np_scenario_bind(const netpol_allocator *alloc, np_slice text, const char *source,
                               np_scenario_file **out, netpol_diagnostics *diags)
{
    np_buffer message;
    np_buffer_init(&message, alloc);
    cyaml_config_t config = config_of(alloc, &message);
    cyaml_data_t *data = NULL;
    cyaml_err_t error =
        cyaml_load_data((const uint8_t *)text.p, text.n, &config, &file_schema, &data, NULL);
    netpol_status status = NETPOL_OK;
    if (error == CYAML_OK)
        *out = data;
    else if (error == CYAML_ERR_OOM || error == CYAML_ERR_LIBYAML_PARSER_INIT ||
             error == CYAML_ERR_LIBYAML_PARSER) /* the text is good, so it was memory */
        status = NETPOL_NO_MEMORY;
    else
        status = refuse(&message, source, diags);
    np_buffer_free(&message);
    return status;
}

void np_scenario_unbind(const netpol_allocator *alloc, np_scenario_file *file)
{
    cyaml_config_t config = config_of(alloc, NULL);
    if (file)
        (void)cyaml_free(&config, &file_schema, file, 0);
}

#else

netpol_status np_scenario_bind(const netpol_allocator *alloc, np_slice text, const char *source,
                               np_scenario_file **out, netpol_diagnostics *diags)
{
    (void)alloc;
    (void)text;
    (void)out;
    np_where where = {.source = source, .item = -1};
    np_diag_text(diags, NP_CODE_SCENARIO_SCHEMA, &where, NULL, NULL,
                 "this libnetpol was built without libcyaml, which scenarios need");
    return NETPOL_NOT_FOUND;
}

void np_scenario_unbind(const netpol_allocator *alloc, np_scenario_file *file)
{
    (void)alloc;
    (void)file;
}

#endif
