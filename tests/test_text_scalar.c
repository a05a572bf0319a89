/* SPDX-License-Identifier: MIT */
/* What scalars mean. The expected values are those of Kubernetes' YAML decoder. */
#include "text.h"

#include "harness.h"

#include <locale.h>
#include <math.h>

#define CORE "tag:yaml.org,2002:"

/* A meaning as text: kind and value. */
static void show(np_scalar s, char *out, size_t room)
{
    switch (s.kind) {
    case NP_SCALAR_NULL:
        (void)snprintf(out, room, "null");
        return;
    case NP_SCALAR_BOOL:
        (void)snprintf(out, room, "bool %s", s.as.boolean ? "true" : "false");
        return;
    case NP_SCALAR_INT:
        (void)snprintf(out, room, "int %lld", (long long)s.as.integer);
        return;
    case NP_SCALAR_UINT:
        (void)snprintf(out, room, "uint %llu", (unsigned long long)s.as.natural);
        return;
    case NP_SCALAR_FLOAT: {
        char number[32];
        size_t n = np_float_text(s.as.real, number);
        (void)snprintf(out, room, "float %.*s", (int)n, number);
        return;
    }
    case NP_SCALAR_STRING:
        (void)snprintf(out, room, "string %.*s", (int)s.text.n, s.text.n ? s.text.p : "");
        return;
    case NP_SCALAR_BAD:
        assert_non_null(s.why);
        (void)snprintf(out, room, "bad");
        return;
    }
    fail();
}

typedef struct scalar_case {
    const char *text;
    const char *meaning; /* NULL: a string, the text itself */
} scalar_case;

static const scalar_case plain[] = {
    {"y", "bool true"},
    {"Y", "bool true"},
    {"yes", "bool true"},
    {"Yes", "bool true"},
    {"YES", "bool true"},
    {"true", "bool true"},
    {"True", "bool true"},
    {"TRUE", "bool true"},
    {"on", "bool true"},
    {"On", "bool true"},
    {"ON", "bool true"},
    {"n", "bool false"},
    {"N", "bool false"},
    {"no", "bool false"},
    {"No", "bool false"},
    {"NO", "bool false"},
    {"false", "bool false"},
    {"False", "bool false"},
    {"FALSE", "bool false"},
    {"off", "bool false"},
    {"Off", "bool false"},
    {"OFF", "bool false"},
    {"yEs", NULL},
    {"tRUE", NULL},
    {"oN", NULL},
    {"nO", NULL},
    {"yess", NULL},
    {"falsee", NULL},
    {"t", NULL},
    {"", "null"},
    {"~", "null"},
    {"null", "null"},
    {"Null", "null"},
    {"NULL", "null"},
    {"nULL", NULL},
    {"nil", NULL},
    {"~~", NULL},
    {"0", "int 0"},
    {"-0", "int 0"},
    {"+0", "int 0"},
    {"1", "int 1"},
    {"80", "int 80"},
    {"+80", "int 80"},
    {"-80", "int -80"},
    {"1_000", "int 1000"},
    {"1__0", "int 10"},
    {"1_", "int 1"},
    {"+_1", "int 1"},
    {"_1", NULL},
    {"0x1F", "int 31"},
    {"0X1f", "int 31"},
    {"-0x1F", "int -31"},
    {"0_x1F", "int 31"},
    {"0x_1F", "int 31"},
    {"0x", NULL},
    {"0x1G", NULL},
    {"010", "int 8"},
    {"-010", "int -8"},
    {"0_10", "int 8"},
    {"00", "int 0"},
    {"0o17", "int 15"},
    {"0O17", "int 15"},
    {"0o8", NULL},
    {"0o", NULL},
    {"080", "float 80"},
    {"0888", "float 888"},
    {"-08", "float -8"},
    {"0777777777777777777777777", "float 7.777777777777778e+23"},
    {"0b101", "int 5"},
    {"0B101", "int 5"},
    {"-0b1", "int -1"},
    {"+0b1", "int 1"},
    {"0b-1", "int -1"},
    {"0b+1", "int 1"},
    {"0B-1", NULL},
    {"-0b-1", NULL},
    {"0b2", NULL},
    {"0b", NULL},
    {"9223372036854775807", "int 9223372036854775807"},
    {"9223372036854775808", "uint 9223372036854775808"},
    {"18446744073709551615", "uint 18446744073709551615"},
    {"18446744073709551616", "float 18446744073709552000"},
    {"+9223372036854775808", "float 9223372036854776000"},
    {"-9223372036854775808", "int -9223372036854775808"},
    {"-9223372036854775809", "float -9223372036854776000"},
    {"0xFFFFFFFFFFFFFFFF", "uint 18446744073709551615"},
    {"0x10000000000000000", NULL},
    {"-0x8000000000000000", "int -9223372036854775808"},
    {"-0x8000000000000001", NULL},
    {"1.", "float 1"},
    {".5", "float 0.5"},
    {"-.5", "float -0.5"},
    {"+1.5", "float 1.5"},
    {"1.50", "float 1.5"},
    {"1e3", "float 1000"},
    {"1E3", "float 1000"},
    {"1e+3", "float 1000"},
    {"1e-7", "float 1e-7"},
    {"4.43e2", "float 443"},
    {"8e1", "float 80"},
    {"80.0", "float 80"},
    {"1_0.5_0", "float 10.5"},
    {".5_0", "float 0.5"},
    {".5_", NULL},
    {"._5", NULL},
    {".", NULL},
    {"-.", NULL},
    {".e1", NULL},
    {"1e", NULL},
    {"12e", NULL},
    {"1e+", NULL},
    {"e1", NULL},
    {"1.2.3", NULL},
    {"1e400", NULL},
    {"-1e400", NULL},
    {"1e-400", "float 0"},
    {"5e-324", "float 5e-324"},
    {"1.7976931348623157e308", "float 1.7976931348623157e+308"},
    {"9007199254740993.0", "float 9007199254740992"},
    {"0.1", "float 0.1"},
    {"-0.0", "float -0"},
    {".inf", "bad"},
    {"-.INF", "bad"},
    {"+.Inf", "bad"},
    {".nan", "bad"},
    {".NaN", "bad"},
    {".iNF", NULL},
    {"-.nan", NULL},
    {"inf", NULL},
    {"nan", NULL},
    {"2020-01-01", NULL},
    {"2001-01-01T00:00:00Z", NULL},
    {"1:30", NULL},
    {"10.0.0.1", NULL},
    {"10.0.0.0/8", NULL},
    {"fd00::/8", NULL},
    {"=", NULL},
    {"<<", NULL},
    {"+", NULL},
    {"-", NULL},
    {"80abc", NULL},
    {" 80", NULL},
    {"app", NULL},
    {"networking.k8s.io/v1", NULL},
};

static void expect(const np_event *e, const char *meaning, np_arena *arena)
{
    char got[128];
    char expected[128];
    (void)snprintf(expected, sizeof expected, "string %.*s", (int)e->value.n, e->value.p);
    show(np_scalar_resolve(e, arena), got, sizeof got);
    if (strcmp(got, meaning ? meaning : expected) != 0)
        fail_msg("%.*s %.*s is %s", (int)e->tag.n, e->tag.n ? e->tag.p : "", (int)e->value.n,
                 e->value.p, got);
}

static void plain_scalars_mean_what_yaml_1_1_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(plain); i++) {
        np_event e = {.type = NP_EVENT_SCALAR, .style = NP_STYLE_PLAIN};
        e.value = np_slice_of(plain[i].text);
        expect(&e, plain[i].meaning, NULL);
        e.style = NP_STYLE_SINGLE;
        expect(&e, NULL, NULL);
    }
}

static const struct {
    const char *tag;
    const char *text;
    const char *meaning;
} tagged[] = {
    {CORE "str", "80", NULL},
    {CORE "str", "", NULL},
    {CORE "int", "443", "int 443"},
    {CORE "int", "0x10", "int 16"},
    {CORE "int", "18446744073709551615", "uint 18446744073709551615"},
    {CORE "int", "80.0", "bad"},
    {CORE "int", "x", "bad"},
    {CORE "int", "", "bad"},
    {CORE "int", "2020-01-01", "bad"},
    {CORE "float", "80", "float 80"},
    {CORE "float", "1.5", "float 1.5"},
    {CORE "float", "18446744073709551615", "bad"},
    {CORE "float", ".inf", "bad"},
    {CORE "float", "x", "bad"},
    {CORE "bool", "yes", "bool true"},
    {CORE "bool", "1", "bad"},
    {CORE "null", "", "null"},
    {CORE "null", "~", "null"},
    {CORE "null", "x", "bad"},
    {CORE "timestamp", "2020-01-01", NULL},
    {CORE "timestamp", "2020-02-30", "bad"},
    {CORE "timestamp", "80", "bad"},
    {CORE "binary", "aGVsbG8=", "string hello"},
    {CORE "binary", "aGVs\nbG8=\n", "string hello"},
    {CORE "binary", "aA==", "string h"},
    {CORE "binary", "aB==", "string h"},
    {CORE "binary", "", "string "},
    {CORE "binary", "aGk", "bad"},
    {CORE "binary", "aGk==", "bad"},
    {CORE "binary", "a===", "bad"},
    {CORE "binary", "aA==aA==", "bad"},
    {CORE "binary", "aG k=", "bad"},
    {CORE "binary", "/w==", "string \xef\xbf\xbd"},
    {CORE "seq", "80", NULL},
    {CORE "", "80", NULL},
    {"!foo", "80", NULL},
    {"!", "80", NULL},
    {"tag:example.com,2000:int", "80", NULL},
};

static void tags_cast(void **state)
{
    (void)state;
    np_arena arena;
    np_arena_init(&arena, &np_libc_allocator, 256);
    for (size_t i = 0; i < COUNT(tagged); i++)
        for (int style = NP_STYLE_PLAIN; style <= NP_STYLE_DOUBLE; style++) {
            np_event e = {.type = NP_EVENT_SCALAR, .style = (uint8_t)style};
            e.value = np_slice_of(tagged[i].text);
            e.tag = np_slice_of(tagged[i].tag);
            expect(&e, tagged[i].meaning, &arena);
        }
    np_event e = {
        .type = NP_EVENT_SCALAR, .value = NP_SLICE("aA=="), .tag = NP_SLICE(CORE "binary")};
    expect(&e, "bad", NULL);
    np_arena_free(&arena);
}

static void binary_needs_memory(void **state)
{
    (void)state;
    for (size_t i = 1; i <= 2; i++) {
        test_memory m;
        test_memory_ready(&m);
        np_arena arena;
        np_arena_init(&arena, &m.allocator, 256);
        test_memory_fail_at(&m, i);
        char text[401];
        memset(text, 'A', 400);
        text[400] = '\0';
        np_event e = {.type = NP_EVENT_SCALAR, .tag = NP_SLICE(CORE "binary")};
        e.value = np_slice_of(text);
        assert_int_equal(np_scalar_resolve(&e, &arena).kind, NP_SCALAR_BAD);
        assert_true(arena.failed);
        np_arena_free(&arena);
        test_memory_expect_empty(&m);
    }
}

static const scalar_case json_literals[] = {
    {"null", "null"},
    {"true", "bool true"},
    {"false", "bool false"},
    {"80", "int 80"},
    {"-0", "int 0"},
    {"-1", "int -1"},
    {"80.0", "float 80"},
    {"8e1", "float 80"},
    {"18446744073709551615", "uint 18446744073709551615"},
    {"18446744073709551616", "float 18446744073709552000"},
    {"1e400", "bad"},
};

static void json_has_its_own_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(json_literals); i++) {
        np_event e = {.type = NP_EVENT_SCALAR, .style = NP_STYLE_PLAIN, .json = true};
        e.value = np_slice_of(json_literals[i].text);
        expect(&e, json_literals[i].meaning, NULL);
    }
    np_event e = {.type = NP_EVENT_SCALAR, .style = NP_STYLE_DOUBLE, .json = true};
    e.value = NP_SLICE("80");
    expect(&e, NULL, NULL);
}

static const struct {
    const char *text;
    bool quoted;
} quoting[] = {
    {"", true},
    {"a", false},
    {"y", true},
    {"null", true},
    {"80", true},
    {"0x1F", true},
    {"1e3", true},
    {"1e400", false},
    {".inf", true},
    {"._5", false},
    {"<<", false},
    {"=", false},
    {"10.0.0.1", false},
    {"2020-01-01", true},
    {"2020-1-1", true},
    {"2020-02-30", false},
    {"2000-02-29", true},
    {"1900-02-29", false},
    {"2020-13-01", false},
    {"2020-00-01", false},
    {"2020-01-00", false},
    {"20200-01-01", false},
    {"202-01-01", false},
    {"2001-12-14t21:59:43.10-05:00", true},
    {"2001-12-14T21:59:43Z", true},
    {"2001-12-14T1:2:3Z", true},
    {"2001-12-14T21:59:43", false},
    {"2001-12-14T24:00:00Z", false},
    {"2001-12-14T21:60:00Z", false},
    {"2001-12-14T21:59:60Z", false},
    {"2001-12-14T21:59:43+24:60", true},
    {"2001-12-14T21:59:43+25:00", false},
    {"2001-12-14T21:59:43+5:00", false},
    {"2001-12-14 21:59:43", true},
    {"2001-12-14  21:59:43.5", true},
    {"2001-12-14 21:59:43Z", false},
    {"2001-12-14 ", false},
    {"1:30", true},
    {"12:30:45", true},
    {"1_0:30", true},
    {"+1:30.5_", true},
    {"1:60", false},
    {"1:5:", false},
    {":30", false},
    {"1:305", false},
    {"a:30", false},
};

static void quotes_keep_strings_strings(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(quoting); i++)
        if (np_scalar_needs_quotes(np_slice_of(quoting[i].text)) != quoting[i].quoted)
            fail_msg("%s", quoting[i].text);
}

static const struct {
    double value;
    const char *json;
    const char *key; /* in the precision of a float */
} floats[] = {
    {0, "0", "0"},
    {-0.0, "-0", "-0"},
    {1, "1", "1"},
    {-1.5, "-1.5", "-1.5"},
    {0.1, "0.1", "0.1"},
    {1.0 / 3, "0.3333333333333333", "0.33333334"},
    {100, "100", "100"},
    {123456.7, "123456.7", "123456.7"},
    {1e5, "100000", "100000"},
    {1e6, "1000000", "1e+06"},
    {1e20, "100000000000000000000", "1e+20"},
    {1e21, "1e+21", "1e+21"},
    {123456789, "123456789", "1.2345679e+08"},
    {1e-4, "0.0001", "0.0001"},
    {1e-5, "0.00001", "1e-05"},
    {1e-6, "0.000001", "1e-06"},
    {1e-7, "1e-7", "1e-07"},
    {1.25e-10, "1.25e-10", "1.25e-10"},
    {16777217, "16777217", "1.6777216e+07"},
    {5e-324, "5e-324", "0"},
    {1.7976931348623157e308, "1.7976931348623157e+308", ".inf"},
    {-1e39, "-1e+39", "-.inf"},
    {5.684341886080802e-14, "5.684341886080802e-14", "5.684342e-14"}, /* 2 to the -44th */
    {9007199254740993.0, "9007199254740992", "9.007199e+15"},
    {2.2250738585072014e-308, "2.2250738585072014e-308", "0"},
};

static void expect_number(const char *got, size_t n, const char *expected)
{
    if (n != strlen(expected) || memcmp(got, expected, n) != 0)
        fail_msg("%.*s instead of %s", (int)n, got, expected);
}

static void floats_print_as_go_prints_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(floats); i++) {
        char text[32];
        expect_number(text, np_float_text(floats[i].value, text), floats[i].json);
        expect_number(text, np_float_key_text(floats[i].value, text), floats[i].key);
    }
}

static double read_back(const char *text, size_t n)
{
    np_event e = {.type = NP_EVENT_SCALAR, .style = NP_STYLE_PLAIN, .json = true};
    e.value = (np_slice){text, n};
    np_scalar s = np_scalar_resolve(&e, NULL);
    switch (s.kind) {
    case NP_SCALAR_INT:
        return (double)s.as.integer;
    case NP_SCALAR_UINT:
        return (double)s.as.natural;
    case NP_SCALAR_FLOAT:
        return s.as.real;
    case NP_SCALAR_NULL:
    case NP_SCALAR_BOOL:
    case NP_SCALAR_STRING:
    case NP_SCALAR_BAD:
        break;
    }
    return NAN;
}

static void any_float_survives_printing(void **state)
{
    (void)state;
    np_rand r = np_rand_from_env("NETPOL_SEED");
    for (int round = np_rounds(20000); round > 0; round--) {
        uint64_t bits = np_rand_next(&r);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        char text[32];
        size_t n = np_float_text(value, text);
        assert_true(n <= sizeof text);
        if (read_back(text, n) != value)
            fail_msg("seed %" PRIu64 ": %.*s is not %.17g", r.seed, (int)n, text, value);
    }
}

/* A decimal point of the locale must not matter. Skipped where no such locale is installed. */
static void the_locale_does_not_matter(void **state)
{
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE.utf8", "fr_FR.utf8"};
    size_t i = 0;
    while (i < COUNT(names) && !setlocale(LC_ALL, names[i]))
        i++;
    if (i == COUNT(names))
        skip();
    plain_scalars_mean_what_yaml_1_1_says(state);
    floats_print_as_go_prints_them(state);
    (void)setlocale(LC_ALL, "C");
}

/* Digits far beyond what a double holds still decide between two of them. */
static void long_numbers_are_rounded_right(void **state)
{
    (void)state;
    char text[1200] =
        "1.00000000000000011102230246251565404236316680908203125"; /* 1 + half a step */
    size_t n = strlen(text);
    assert_true(read_back(text, n) == 1.0);
    memset(text + n, '0', 1000);
    text[n + 1000] = '1';
    assert_true(read_back(text, n + 1001) == nextafter(1.0, 2.0));
    memset(text, '9', 400);
    assert_true(isnan(read_back(text, 400))); /* beyond the largest */
    memcpy(text + 400, "e-399", 5);
    assert_true(read_back(text, 405) == 10.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_scalars_mean_what_yaml_1_1_says),
        cmocka_unit_test(tags_cast),
        cmocka_unit_test(binary_needs_memory),
        cmocka_unit_test(json_has_its_own_rules),
        cmocka_unit_test(quotes_keep_strings_strings),
        cmocka_unit_test(floats_print_as_go_prints_them),
        cmocka_unit_test(any_float_survives_printing),
        cmocka_unit_test(the_locale_does_not_matter),
        cmocka_unit_test(long_numbers_are_rounded_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
