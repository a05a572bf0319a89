/* SPDX-License-Identifier: MIT */
#include "cidr.h"

#include "harness.h"

#include "netpol/selector.h"

/* ---- addresses ---- */

static const struct {
    const char *why;
    const char *text;
    const char *usual; /* NULL: refused */
} addresses[] = {
    {"a dotted quad", "10.1.2.3", "10.1.2.3"},
    {"the largest octets", "255.255.255.255", "255.255.255.255"},
    {"an octet of three hundred", "10.1.2.300", NULL},
    {"three octets", "10.1.2", NULL},
    {"five octets", "10.1.2.3.4", NULL},
    {"an empty octet", "10..2.3", NULL},
    {"a leading zero is octal to some and decimal to others", "010.1.2.3", NULL},
    {"a sign", "+1.2.3.4", NULL},
    {"a blank", " 10.1.2.3", NULL},
    {"a port", "10.1.2.3:80", NULL},
    {"a length", "10.1.2.3/32", NULL},
    {"nothing", "", NULL},
    {"a name", "localhost", NULL},
    {"a number", "167838211", NULL},
    {"the unspecified address", "::", "::"},
    {"loopback", "::1", "::1"},
    {"a gap at the end", "fd00::", "fd00::"},
    {"a gap in the middle", "2001:db8::1", "2001:db8::1"},
    {"all groups", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
    {"upper case", "FD00::ABCD", "fd00::abcd"},
    {"leading zeros in a group", "2001:0db8::0001", "2001:db8::1"},
    {"one zero group is not shortened", "1:2:3:0:5:6:7:8", "1:2:3:0:5:6:7:8"},
    {"the longer run of zeros is shortened", "1:0:0:4:0:0:0:8", "1:0:0:4::8"},
    {"of equal runs the first is shortened", "1:0:0:4:0:0:7:8", "1::4:0:0:7:8"},
    {"a gap for one group", "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
    {"a gap for no group", "1:2:3:4::5:6:7:8", NULL},
    {"two gaps", "1::2::3", NULL},
    {"three colons", ":::1", NULL},
    {"a colon at the end", "1:2:3:4:5:6:7:", NULL},
    {"a colon at the start", ":1:2:3:4:5:6:7", NULL},
    {"seven groups", "1:2:3:4:5:6:7", NULL},
    {"nine groups", "1:2:3:4:5:6:7:8:9", NULL},
    {"a group of five digits", "12345::", NULL},
    {"a group of five digits with a zero", "02001:db8::", NULL},
    {"a zone", "fe80::1%eth0", NULL},
    {"brackets", "[::1]", NULL},
    {"a quad at the end", "64:ff9b::10.1.2.3", "64:ff9b::a01:203"},
    {"a quad after six groups", "1:2:3:4:5:6:10.1.2.3", "1:2:3:4:5:6:a01:203"},
    {"a quad too early", "1:2:3:4:5:10.1.2.3", NULL},
    {"a quad too late", "1:2:3:4:5:6:7:10.1.2.3", NULL},
    {"a quad before groups", "::10.1.2.3:1", NULL},
    {"a quad with a leading zero", "::ffff:10.1.2.03", NULL},
    {"an IPv4-mapped address is IPv4", "::ffff:10.1.2.3", "10.1.2.3"},
    {"an IPv4-mapped address in hexadecimal", "::ffff:a01:203", "10.1.2.3"},
};

static void addresses_follow_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(addresses); i++) {
        np_ip ip;
        bool good = np_ip_parse(np_slice_of(addresses[i].text), &ip);
        if (good != (addresses[i].usual != NULL))
            fail_msg("%s: %s", addresses[i].why, addresses[i].text);
        if (!good)
            continue;
        char usual[NP_IP_TEXT];
        size_t n = np_ip_format(&ip, usual);
        if (strcmp(usual, addresses[i].usual) != 0 || n != strlen(usual))
            fail_msg("%s: %s is written %s", addresses[i].why, addresses[i].text, usual);
    }
}

static np_ip random_ip(np_rand *r)
{
    uint8_t b[16] = {0};
    for (int i = 0; i < 16; i++)
        if (np_rand_once_in(r, 2))
            b[i] = (uint8_t)np_rand_next(r);
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (np_rand_once_in(r, 3))
        memcpy(b, mapped, sizeof mapped);
    return np_ip_of_bytes(b);
}

/* Law: an address is read back from what is written. */
static void parse_undoes_format(void **state)
{
    (void)state;
    np_rand r = np_rand_from_env("NETPOL_SEED");
    for (int round = 0; round < np_rounds(20000); round++) {
        np_ip ip = random_ip(&r);
        np_ip again;
        char text[NP_IP_TEXT];
        size_t n = np_ip_format(&ip, text);
        if (!np_ip_parse((np_slice){text, n}, &again) || !np_ip_equal(&ip, &again) ||
            ip.v4 != again.v4)
            fail_msg("seed %" PRIu64 " round %d: %s", r.seed, round, text);
    }
}

/* ---- blocks as they are written ---- */

enum { ZEROS = 1, HOST_BITS = 2, MAPPED = 4 };

static const struct {
    const char *why;
    const char *text;
    const char *usual; /* NULL: no CIDR at all */
    int form;
} blocks[] = {
    {"an IPv4 block", "10.0.0.0/8", "10.0.0.0/8", 0},
    {"everything", "0.0.0.0/0", "0.0.0.0/0", 0},
    {"one address", "10.1.2.3/32", "10.1.2.3/32", 0},
    {"no length", "10.1.2.3", NULL, 0},
    {"an empty length", "10.1.2.0/", NULL, 0},
    {"a length beyond the family", "10.0.0.0/33", NULL, 0},
    {"a length with a sign", "10.0.0.0/+8", NULL, 0},
    {"a length with a blank", "10.0.0.0/8 ", NULL, 0},
    {"two lengths", "10.0.0.0/8/8", NULL, 0},
    {"a mask", "10.0.0.0/255.0.0.0", NULL, 0},
    {"nothing", "", NULL, 0},
    {"a zone", "fe80::%eth0/64", NULL, 0},
    {"host bits", "10.1.2.3/8", "10.0.0.0/8", HOST_BITS},
    {"host bits off the byte boundary", "10.255.0.0/11", "10.224.0.0/11", HOST_BITS},
    {"zeros in an octet", "010.0.0.0/8", "10.0.0.0/8", ZEROS},
    {"many zeros in an octet", "0000000010.0.0.0/8", "10.0.0.0/8", ZEROS},
    {"zeros in the length", "10.0.0.0/08", "10.0.0.0/8", ZEROS},
    {"two zeros as the length", "0.0.0.0/00", "0.0.0.0/0", ZEROS},
    {"zeros and host bits", "010.0.0.1/8", "10.0.0.0/8", ZEROS | HOST_BITS},
    {"an IPv6 block", "2001:db8::/32", "2001:db8::/32", 0},
    {"all of IPv6", "::/0", "::/0", 0},
    {"one IPv6 address", "::1/128", "::1/128", 0},
    {"a length beyond IPv6", "::/129", NULL, 0},
    {"upper case", "FD00::/8", "fd00::/8", 0},
    {"zeros that a group may have", "2001:0db8::/32", "2001:db8::/32", 0},
    {"zeros that a group may not have", "02001:db8::/32", "2001:db8::/32", ZEROS},
    {"IPv6 host bits", "2001:db8::1/32", "2001:db8::/32", HOST_BITS},
    {"a mapped block is the IPv4 block", "::ffff:10.0.0.0/104", "10.0.0.0/8", MAPPED},
    {"a mapped block too wide for IPv4", "::ffff:10.0.0.0/80", "::/80", MAPPED | HOST_BITS},
};

static void forms_follow_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(blocks); i++) {
        np_cidr_form f;
        bool good = np_cidr_read(np_slice_of(blocks[i].text), &f);
        if (good != (blocks[i].usual != NULL))
            fail_msg("%s: %s", blocks[i].why, blocks[i].text);
        if (!good)
            continue;
        int form =
            (f.leading_zeros ? ZEROS : 0) | (f.host_bits ? HOST_BITS : 0) | (f.mapped ? MAPPED : 0);
        char usual[NP_IP_TEXT + 4];
        size_t n = np_cidr_format(&f, usual);
        if (form != blocks[i].form || strcmp(usual, blocks[i].usual) != 0 || n != strlen(usual))
            fail_msg("%s: %s: form %d, usually %s", blocks[i].why, blocks[i].text, form, usual);
    }
}

/* ---- containment ---- */

static const struct {
    const char *why;
    const char *outer;
    const char *inner;
    bool covers;
} pairs[] = {
    {"a member", "10.0.0.0/8", "10.1.2.3/32", true},
    {"a block covers itself", "10.0.0.0/8", "10.0.0.0/8", true},
    {"a length off the byte boundary", "10.32.0.0/11", "10.64.0.0/32", false},
    {"a wider block is not inside", "10.0.0.0/8", "10.0.0.0/7", false},
    {"families do not mix", "::/0", "10.1.2.3/32", false},
    {"families do not mix the other way", "0.0.0.0/0", "::/0", false},
    {"host bits do not count", "10.9.9.9/8", "10.1.2.3/32", true},
    {"a mapped block is IPv4", "::ffff:10.0.0.0/104", "10.1.0.0/16", true},
    {"all IPv4 as a mapped block", "::ffff:0.0.0.0/96", "0.0.0.0/0", true},
    {"a mapped block that is too wide holds nothing", "::ffff:0.0.0.0/95", "10.0.0.0/8", false},
    {"nothing lies in everything", "fd00::/8", "::ffff:0.0.0.0/95", true},
    {"IPv6", "2001:db8::/33", "2001:db8:7fff::/48", true},
    {"IPv6 beyond the prefix", "2001:db8::/33", "2001:db8:8000::/48", false},
};

static void covers_follows_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        np_cidr outer;
        np_cidr inner;
        assert_true(np_cidr_parse(np_slice_of(pairs[i].outer), &outer));
        assert_true(np_cidr_parse(np_slice_of(pairs[i].inner), &inner));
        if (np_cidr_covers(&outer, &inner) != pairs[i].covers)
            fail_msg("%s: %s in %s", pairs[i].why, pairs[i].inner, pairs[i].outer);
    }
}

static bool bit_at(const uint8_t *b, unsigned i)
{
    return b[i / 8] >> (7 - i % 8) & 1;
}

/* How many bits two addresses have in common from the front. */
static unsigned common_bits(const uint8_t *a, const uint8_t *b)
{
    unsigned n = 0;
    while (n < 128 && bit_at(a, n) == bit_at(b, n))
        n++;
    return n;
}

static np_cidr random_block(np_rand *r, np_ip *base)
{
    char text[NP_IP_TEXT + 4];
    *base = random_ip(r);
    size_t n = np_ip_format(base, text);
    unsigned most = base->v4 ? 32 : 128;
    (void)snprintf(text + n, sizeof text - n, "/%u", np_rand_below(r, most + 1));
    np_cidr block;
    assert_true(np_cidr_parse(np_slice_of(text), &block));
    return block;
}

/* Law: a block holds exactly the addresses of its family that share its first bits. */
static void contains_agrees_with_counting_bits(void **state)
{
    (void)state;
    np_rand r = np_rand_from_env("NETPOL_SEED");
    for (int round = 0; round < np_rounds(20000); round++) {
        np_ip base;
        np_cidr block = random_block(&r, &base);
        np_ip ip = np_rand_once_in(&r, 4) ? random_ip(&r) : base;
        unsigned flip = np_rand_below(&r, 128);
        uint8_t b[16];
        memcpy(b, ip.b, sizeof b);
        b[flip / 8] ^= (uint8_t)(0x80u >> flip % 8);
        ip = np_ip_of_bytes(b);
        bool inside = ip.v4 == base.v4 && common_bits(ip.b, base.b) >= block.bits;
        if (np_cidr_contains(&block, &ip) != inside)
            fail_msg("seed %" PRIu64 " round %d", r.seed, round);
    }
}

/* ---- ipBlock ---- */

static const char *const holes[] = {"10.1.0.0/16", "10.2.0.0/16"};
static const char *const odd_holes[] = {"10.1.0.0/16", "10.2.0.0/99"};

static const struct {
    const char *why;
    netpol_ip_block block;
    const char *address;
    netpol_status status;
    bool inside;
} questions[] = {
    {"a member", {"10.0.0.0/8", NULL, 0}, "10.1.2.3", NETPOL_OK, true},
    {"outside", {"10.0.0.0/8", NULL, 0}, "11.1.2.3", NETPOL_OK, false},
    {"in an exception", {"10.0.0.0/8", holes, 2}, "10.2.2.3", NETPOL_OK, false},
    {"beside the exceptions", {"10.0.0.0/8", holes, 2}, "10.3.2.3", NETPOL_OK, true},
    {"an exception outside the block changes nothing",
     {"192.168.0.0/16", holes, 2},
     "192.168.1.1",
     NETPOL_OK,
     true},
    {"the other family", {"0.0.0.0/0", NULL, 0}, "fd00::1", NETPOL_OK, false},
    {"host bits are masked", {"10.7.7.7/8", NULL, 0}, "10.1.2.3", NETPOL_OK, true},
    {"a mapped address is IPv4", {"10.0.0.0/8", NULL, 0}, "::ffff:10.1.2.3", NETPOL_OK, true},
    {"a bad address", {"10.0.0.0/8", NULL, 0}, "10.1.2", NETPOL_INVALID, false},
    {"no cidr", {NULL, NULL, 0}, "10.1.2.3", NETPOL_INVALID, false},
    {"a bad cidr", {"10.0.0.0", NULL, 0}, "10.1.2.3", NETPOL_INVALID, false},
    {"a bad exception is said even when another one decides",
     {"10.0.0.0/8", odd_holes, 2},
     "10.1.2.3",
     NETPOL_INVALID,
     false},
};

static void ip_block_contains_follows_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(questions); i++) {
        netpol_diagnostics *diags = netpol_diagnostics_new(NULL);
        bool inside = false;
        netpol_status status =
            netpol_ip_block_contains(&questions[i].block, questions[i].address, &inside, diags);
        size_t said = netpol_diagnostics_count(diags);
        netpol_diagnostics_free(diags);
        if (status != questions[i].status || inside != questions[i].inside ||
            said != (status == NETPOL_INVALID))
            fail_msg("%s: status %d, inside %d, %zu diagnostics", questions[i].why, status, inside,
                     said);
    }
}

static void ip_block_contains_refuses_misuse(void **state)
{
    (void)state;
    netpol_ip_block block = {"10.0.0.0/8", NULL, 0};
    bool inside;
    assert_int_equal(netpol_ip_block_contains(NULL, "10.0.0.1", &inside, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_ip_block_contains(&block, NULL, &inside, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_ip_block_contains(&block, "10.0.0.1", NULL, NULL), NETPOL_MISUSE);
    netpol_ip_block no_list = {.cidr = "10.0.0.0/8", .n_exceptions = 2};
    assert_int_equal(netpol_ip_block_contains(&no_list, "10.0.0.1", &inside, NULL), NETPOL_MISUSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_follow_the_table),
        cmocka_unit_test(parse_undoes_format),
        cmocka_unit_test(forms_follow_the_table),
        cmocka_unit_test(covers_follows_the_table),
        cmocka_unit_test(contains_agrees_with_counting_bits),
        cmocka_unit_test(ip_block_contains_follows_the_table),
        cmocka_unit_test(ip_block_contains_refuses_misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
