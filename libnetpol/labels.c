/* SPDX-License-Identifier: MIT */
#include "labels.h"

#include "diag.h"

#define SUBDOMAIN_MAX 253u
#define LABEL_MAX 63u
#define PORT_NAME_MAX 15u

/* Regular expressions as Kubernetes shows them. */
#define DNS_LABEL_RE "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
#define SUBDOMAIN_RE DNS_LABEL_RE "(\\." DNS_LABEL_RE ")*"
#define LABEL_RE "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
#define REGEX(re) "regex used for validation is '" re "')"

#define SUBDOMAIN_TEXT                                                                             \
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "   \
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', " REGEX(      \
        SUBDOMAIN_RE)
#define DNS_LABEL_TEXT                                                                             \
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "   \
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', " REGEX(    \
        DNS_LABEL_RE)
#define KEY_TEXT                                                                                   \
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "    \
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', " REGEX(LABEL_RE)
#define VALUE_TEXT                                                                                 \
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "    \
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "             \
    "'my_value',  or '12345', " REGEX("(" LABEL_RE ")?")

static void fault(np_faults *f, int32_t code, const char *text)
{
    f->at[f->n++] = (np_fault){code, text};
}

static bool is_lower_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
    return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

static bool is_dns_label(np_slice s)
{
    if (s.n == 0 || !is_lower_alnum(s.p[0]) || !is_lower_alnum(s.p[s.n - 1]))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!is_lower_alnum(s.p[i]) && s.p[i] != '-')
            return false;
    return true;
}

static bool is_subdomain(np_slice s)
{
    for (;;) {
        const char *dot = s.n ? memchr(s.p, '.', s.n) : NULL;
        np_slice label = {s.p, dot ? (size_t)(dot - s.p) : s.n};
        if (!is_dns_label(label))
            return false;
        if (!dot)
            return true;
        s = (np_slice){dot + 1, s.n - label.n - 1};
    }
}

/* LABEL_RE */
static bool is_label(np_slice s)
{
    if (s.n == 0 || !is_alnum(s.p[0]) || !is_alnum(s.p[s.n - 1]))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_' && s.p[i] != '.')
            return false;
    return true;
}

np_faults np_subdomain_faults(np_slice text)
{
    np_faults f = {.n = 0};
    if (text.n > SUBDOMAIN_MAX)
        fault(&f, NP_CODE_NAME_LENGTH, "must be no more than 253 characters");
    if (!is_subdomain(text))
        fault(&f, NP_CODE_NAME_FORM, SUBDOMAIN_TEXT);
    return f;
}

np_faults np_dns_label_faults(np_slice text)
{
    np_faults f = {.n = 0};
    if (text.n > LABEL_MAX)
        fault(&f, NP_CODE_NAMESPACE_LENGTH, "must be no more than 63 characters");
    if (is_dns_label(text))
        return f;
    if (is_subdomain(text))
        fault(&f, NP_CODE_NAMESPACE_FORM, "must not contain dots");
    else
        fault(&f, NP_CODE_NAMESPACE_FORM, DNS_LABEL_TEXT);
    return f;
}

static void prefix_faults(np_faults *f, np_slice prefix)
{
    if (prefix.n == 0) {
        fault(f, NP_CODE_LABEL_PREFIX, "prefix part must be non-empty");
        return;
    }
    if (prefix.n > SUBDOMAIN_MAX)
        fault(f, NP_CODE_LABEL_PREFIX, "prefix part must be no more than 253 bytes");
    if (!is_subdomain(prefix))
        fault(f, NP_CODE_LABEL_PREFIX, "prefix part " SUBDOMAIN_TEXT);
}

np_faults np_label_key_faults(np_slice text)
{
    np_faults f = {.n = 0};
    np_slice name = text;
    const char *slash = text.n ? memchr(text.p, '/', text.n) : NULL;
    if (slash) {
        size_t n = (size_t)(slash - text.p);
        name = (np_slice){slash + 1, text.n - n - 1};
        if (name.n && memchr(name.p, '/', name.n)) {
            fault(&f, NP_CODE_LABEL_KEY_FORM,
                  "a valid label key " KEY_TEXT
                  " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')");
            return f;
        }
        prefix_faults(&f, (np_slice){text.p, n});
    }
    if (name.n == 0)
        fault(&f, NP_CODE_LABEL_KEY_FORM, "name part must be non-empty");
    else if (name.n > LABEL_MAX)
        fault(&f, NP_CODE_LABEL_KEY_LENGTH, "name part must be no more than 63 bytes");
    if (!is_label(name))
        fault(&f, NP_CODE_LABEL_KEY_FORM, "name part " KEY_TEXT);
    return f;
}

np_faults np_label_value_faults(np_slice text)
{
    np_faults f = {.n = 0};
    if (text.n > LABEL_MAX)
        fault(&f, NP_CODE_LABEL_VALUE_LENGTH, "must be no more than 63 bytes");
    if (text.n && !is_label(text))
        fault(&f, NP_CODE_LABEL_VALUE_FORM, VALUE_TEXT);
    return f;
}

/* The letters beyond ASCII whose small forms have another length, or are ASCII. */
static const struct {
    uint16_t letter;
    char small[4];
} odd_letters[] = {
    {0x130, "i"},       {0x23a, "\u2c65"},  {0x23e, "\u2c66"},  {0x1e9e, "\u00df"},
    {0x2126, "\u03c9"}, {0x212a, "k"},      {0x212b, "\u00e5"}, {0x2c62, "\u026b"},
    {0x2c64, "\u027d"}, {0x2c6d, "\u0251"}, {0x2c6e, "\u0271"}, {0x2c6f, "\u0250"},
    {0x2c70, "\u0252"}, {0x2c7e, "\u023f"}, {0x2c7f, "\u0240"}, {0xa78d, "\u0265"},
    {0xa7aa, "\u0266"}, {0xa7ab, "\u025c"}, {0xa7ac, "\u0261"}, {0xa7ad, "\u026c"},
    {0xa7ae, "\u026a"}, {0xa7b0, "\u029e"}, {0xa7b1, "\u0287"}, {0xa7b2, "\u029d"},
    {0xa7c5, "\u0282"},
};

static const char *odd_small(uint32_t letter)
{
    for (size_t i = 0; i < sizeof odd_letters / sizeof *odd_letters; i++)
        if (odd_letters[i].letter == letter)
            return odd_letters[i].small;
    return NULL;
}

void np_key_lower(np_buffer *out, np_slice key)
{
    for (size_t i = 0; i < key.n;) {
        uint32_t rune = 0;
        size_t n = np_utf8_read(key.p + i, key.n - i, &rune);
        const char *small = n > 1 ? odd_small(rune) : NULL;
        if (small)
            np_buffer_text(out, small);
        else if (n == 1 && rune >= 'A' && rune <= 'Z')
            np_buffer_char(out, (char)(rune - 'A' + 'a'));
        else
            np_buffer_add(out, key.p + i, n ? n : 1);
        i += n ? n : 1;
    }
}

np_faults np_port_name_faults(np_slice text)
{
    bool bad_character = text.n == 0;
    bool letter = false;
    bool double_hyphen = false;
    for (size_t i = 0; i < text.n; i++) {
        bad_character |= !is_lower_alnum(text.p[i]) && text.p[i] != '-';
        letter |= text.p[i] >= 'a' && text.p[i] <= 'z';
        double_hyphen |= i > 0 && text.p[i] == '-' && text.p[i - 1] == '-';
    }
    np_faults f = {.n = 0};
    if (text.n > PORT_NAME_MAX)
        fault(&f, NP_CODE_PORT_NAME_LENGTH, "must be no more than 15 characters");
    if (bad_character)
        fault(&f, NP_CODE_PORT_NAME_FORM,
              "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    if (!letter)
        fault(&f, NP_CODE_PORT_NAME_LETTER, "must contain at least one letter (a-z)");
    if (double_hyphen)
        fault(&f, NP_CODE_PORT_NAME_HYPHENS, "must not contain consecutive hyphens");
    if (text.n && (text.p[0] == '-' || text.p[text.n - 1] == '-'))
        fault(&f, NP_CODE_PORT_NAME_HYPHENS, "must not begin or end with a hyphen");
    return f;
}
