/* SPDX-License-Identifier: MIT */
#include "selector.h"

typedef enum operation { OP_UNKNOWN, OP_IN, OP_NOT_IN, OP_EXISTS, OP_DOES_NOT_EXIST } operation;

static operation operation_of(const char *op)
{
    if (!op)
        return OP_UNKNOWN;
    if (strcmp(op, "In") == 0)
        return OP_IN;
    if (strcmp(op, "NotIn") == 0)
        return OP_NOT_IN;
    if (strcmp(op, "Exists") == 0)
        return OP_EXISTS;
    return strcmp(op, "DoesNotExist") == 0 ? OP_DOES_NOT_EXIST : OP_UNKNOWN;
}

static bool is_listed(const netpol_requirement *r, const char *value)
{
    for (size_t i = 0; i < r->n_values; i++)
        if (strcmp(r->values[i] ? r->values[i] : "", value) == 0)
            return true;
    return false;
}

/* `value` is NULL when the key is absent. */
static bool requirement_holds(const netpol_requirement *r, const char *value)
{
    switch (operation_of(r->op)) {
    case OP_UNKNOWN:
        return false;
    case OP_IN:
        return value && is_listed(r, value);
    case OP_NOT_IN:
        return !value || !is_listed(r, value);
    case OP_EXISTS:
        return value != NULL;
    case OP_DOES_NOT_EXIST:
        return value == NULL;
    }
    return false;
}

const char *np_label_value(const netpol_label *labels, size_t n, const char *key)
{
    size_t low = 0;
    size_t high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int c = strcmp(labels[middle].key, key);
        if (c == 0)
            return labels[middle].value;
        if (c < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* As np_label_value, for labels in any order; the last of equal keys counts. */
static const char *find_value(const netpol_label *labels, size_t n, const char *key)
{
    for (size_t i = n; i-- > 0;)
        if (strcmp(labels[i].key, key) == 0)
            return labels[i].value;
    return NULL;
}

typedef const char *look_up(const netpol_label *labels, size_t n, const char *key);

static bool matches(const netpol_label_selector *s, const netpol_label *labels, size_t n,
                    look_up *value_of)
{
    if (!s)
        return false;
    for (size_t i = 0; i < s->n_match_labels; i++) {
        const char *value = value_of(labels, n, s->match_labels[i].key);
        if (!value || strcmp(value, s->match_labels[i].value) != 0)
            return false;
    }
    for (size_t i = 0; i < s->n_match_expressions; i++) {
        const netpol_requirement *r = s->match_expressions[i];
        if (!r || !requirement_holds(r, value_of(labels, n, r->key ? r->key : "")))
            return false;
    }
    return true;
}

bool netpol_label_selector_matches(const netpol_label_selector *selector,
                                   const netpol_label *labels, size_t n)
{
    return matches(selector, labels, n, find_value);
}

bool np_selector_matches_sorted(const netpol_label_selector *s, const netpol_label *labels,
                                size_t n)
{
    return matches(s, labels, n, np_label_value);
}

bool np_selector_names_key(const netpol_label_selector *s, const char *key)
{
    for (size_t i = 0; i < s->n_match_labels; i++)
        if (strcmp(s->match_labels[i].key, key) == 0)
            return true;
    for (size_t i = 0; i < s->n_match_expressions; i++)
        if (s->match_expressions[i]->key && strcmp(s->match_expressions[i]->key, key) == 0)
            return true;
    return false;
}
