/* SPDX-License-Identifier: MIT */
#include "marks.h"

#include "harness.h"

/* The tape of
 *   1: metadata: {labels: {a: b, c: d}}
 *   2: spec:
 *   3:   ingress:
 *   4:   - ports: [{port: 1}]
 *   5:   - from: []
 * with the spec written a second time in line 9. */
static void write_tape(np_marker *m)
{
    np_mark_field(m, 0, 1, 1);
    np_mark_inside(m);
    np_mark_field(m, 10, 1, 12);
    np_mark_inside(m);
    np_mark_element(m, 1, 21);
    np_mark_element(m, 1, 27);
    np_mark_end(m);
    np_mark_end(m);
    np_mark_field(m, 1, 2, 1);
    np_mark_inside(m);
    np_mark_field(m, 1, 3, 3);
    np_mark_inside(m);
    np_mark_element(m, 4, 5);
    np_mark_inside(m);
    np_mark_field(m, 0, 4, 5);
    np_mark_inside(m);
    np_mark_element(m, 4, 13);
    np_mark_inside(m);
    np_mark_field(m, 1, 4, 20);
    np_mark_end(m);
    np_mark_end(m);
    np_mark_end(m);
    np_mark_element(m, 5, 5);
    np_mark_inside(m);
    np_mark_field(m, 1, 5, 5);
    np_mark_inside(m);
    np_mark_end(m);
    np_mark_end(m);
    np_mark_end(m);
    np_mark_end(m);
}

/* Steps: a name, or "#n" for an element. */
static const struct {
    const char *why;
    const char *steps[8];
    bool found;
    uint32_t line;
    uint32_t column;
    bool exact;
} paths[] = {
    {"the root itself is not marked", {NULL}, false, 0, 0, true},
    {"a field", {"metadata"}, true, 1, 1, true},
    {"a map entry by number", {"metadata", "labels", "#1"}, true, 1, 27, true},
    {"a map entry by name ends the walk", {"metadata", "labels", "a"}, true, 1, 12, false},
    {"a field that is not there", {"metadata", "name"}, true, 1, 1, false},
    {"a field that no table has", {"metadata", "nonsense"}, true, 1, 1, false},
    {"a field that the root has not", {"nonsense"}, false, 0, 0, false},
    {"an element", {"spec", "ingress", "#1"}, true, 5, 5, true},
    {"an element past the end", {"spec", "ingress", "#2"}, true, 3, 3, false},
    {"deep down", {"spec", "ingress", "#0", "ports", "#0", "port"}, true, 4, 20, true},
    {"beside it", {"spec", "ingress", "#0", "ports", "#0", "endPort"}, true, 4, 13, false},
    {"an element of an empty list", {"spec", "ingress", "#1", "from", "#0"}, true, 5, 5, false},
    {"an element of a struct", {"spec", "#0"}, true, 2, 1, false},
    {"a field of a list", {"spec", "ingress", "ports"}, true, 3, 3, false},
};

static const np_path *build(const char *const *steps, np_path *at)
{
    const np_path *up = NULL;
    for (size_t i = 0; steps[i]; i++) {
        at[i] = steps[i][0] == '#' ? np_path_index(up, (size_t)atoi(steps[i] + 1))
                                   : np_path_field(up, steps[i]);
        up = &at[i];
    }
    return up;
}

static void expect_paths(np_slice tape, uint32_t line_offset)
{
    const np_table *root = np_kind_of(NETPOL_KIND_NETWORK_POLICY)->table;
    for (size_t i = 0; i < COUNT(paths); i++) {
        np_path at[8];
        const np_path *path = build(paths[i].steps, at);
        uint32_t line = 0;
        uint32_t column = 0;
        bool exact = false;
        bool found = np_marks_find(tape, root, path, &line, &column, &exact);
        uint32_t wanted = paths[i].line ? paths[i].line + line_offset : 0;
        if (found != paths[i].found || line != wanted || column != paths[i].column ||
            exact != paths[i].exact)
            fail_msg("%s: found %d at %u:%u, exact %d", paths[i].why, found, line, column, exact);
    }
}

static void paths_are_found(void **state)
{
    (void)state;
    np_marker m;
    np_marker_init(&m, &np_libc_allocator);
    write_tape(&m);
    assert_false(m.tape.failed);
    expect_paths((np_slice){m.tape.p, m.tape.n}, 0);
    assert_true(m.tape.n < 60);
    np_marker_clear(&m);
    write_tape(&m);
    expect_paths((np_slice){m.tape.p, m.tape.n}, 0);
    np_marker_free(&m);
}

static void of_a_field_marked_twice_the_last_counts(void **state)
{
    (void)state;
    np_marker m;
    np_marker_init(&m, &np_libc_allocator);
    np_mark_field(&m, 1, 2, 1);
    np_mark_inside(&m);
    np_mark_field(&m, 1, 3, 3);
    np_mark_end(&m);
    np_mark_field(&m, 1, 9, 1);
    np_mark_inside(&m);
    np_mark_field(&m, 2, 10, 3);
    np_mark_end(&m);
    np_path at[8];
    uint32_t line;
    uint32_t column;
    bool exact;
    const np_table *root = np_kind_of(NETPOL_KIND_NETWORK_POLICY)->table;
    np_slice tape = {m.tape.p, m.tape.n};
    const char *const egress[] = {"spec", "egress", NULL};
    const char *const ingress[] = {"spec", "ingress", NULL};
    assert_true(np_marks_find(tape, root, build(egress, at), &line, &column, &exact) && exact);
    assert_int_equal(line, 10);
    assert_true(np_marks_find(tape, root, build(ingress, at), &line, &column, &exact) && !exact);
    assert_int_equal(line, 9);
    np_marker_free(&m);
}

/* Law: a cursor, whatever it was used for before, finds what a fresh walk finds. */
static void a_cursor_agrees_with_a_fresh_walk(void **state)
{
    (void)state;
    np_marker m;
    np_marker_init(&m, &np_libc_allocator);
    write_tape(&m);
    np_slice tape = {m.tape.p, m.tape.n};
    const np_table *root = np_kind_of(NETPOL_KIND_NETWORK_POLICY)->table;
    np_rand r = np_rand_from_env("NETPOL_SEED");
    np_marks_cursor c = {.n = 0};
    for (int round = 0; round < np_rounds(20000); round++) {
        np_path at[8];
        const np_path *path = build(paths[np_rand_below(&r, COUNT(paths))].steps, at);
        uint32_t line[2] = {0};
        uint32_t column[2] = {0};
        bool exact[2];
        bool fresh = np_marks_find(tape, root, path, &line[0], &column[0], &exact[0]);
        bool followed = np_marks_follow(&c, tape, root, path, &line[1], &column[1], &exact[1]);
        if (fresh != followed || line[0] != line[1] || column[0] != column[1] ||
            exact[0] != exact[1])
            fail_msg("seed %" PRIu64 " round %d", r.seed, round);
    }
    np_marker_free(&m);
}

/* Aliases make positions go back, and documents may be long. */
static void positions_may_be_large_and_go_back(void **state)
{
    (void)state;
    static const uint32_t lines[] = {1, UINT32_MAX, 5, 4000000000u, 1, 127, 128, 16384};
    np_marker m;
    np_marker_init(&m, &np_libc_allocator);
    np_mark_field(&m, 1, 1, 1);
    np_mark_inside(&m);
    np_mark_field(&m, 1, 1, 1);
    np_mark_inside(&m);
    for (size_t i = 0; i < COUNT(lines); i++)
        np_mark_element(&m, lines[i], lines[COUNT(lines) - 1 - i]);
    np_mark_end(&m);
    np_mark_end(&m);
    const np_table *root = np_kind_of(NETPOL_KIND_NETWORK_POLICY)->table;
    for (size_t i = 0; i < COUNT(lines); i++) {
        np_path spec = np_path_field(NULL, "spec");
        np_path ingress = np_path_field(&spec, "ingress");
        np_path element = np_path_index(&ingress, i);
        uint32_t line;
        uint32_t column;
        bool exact;
        assert_true(
            np_marks_find((np_slice){m.tape.p, m.tape.n}, root, &element, &line, &column, &exact));
        assert_true(exact && line == lines[i] && column == lines[COUNT(lines) - 1 - i]);
    }
    np_marker_free(&m);
}

/* A tape is our own, but a walk must end even on one that was cut short. */
static void any_part_of_a_tape_is_read_safely(void **state)
{
    (void)state;
    np_marker m;
    np_marker_init(&m, &np_libc_allocator);
    write_tape(&m);
    const np_table *root = np_kind_of(NETPOL_KIND_NETWORK_POLICY)->table;
    for (size_t n = 0; n < m.tape.n; n++)
        for (size_t i = 0; i < COUNT(paths); i++) {
            np_path at[8];
            uint32_t line;
            uint32_t column;
            bool exact;
            char *copy = malloc(n ? n : 1);
            assert_non_null(copy);
            memcpy(copy, m.tape.p, n);
            (void)np_marks_find((np_slice){copy, n}, root, build(paths[i].steps, at), &line,
                                &column, &exact);
            free(copy);
        }
    np_marker_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_found),
        cmocka_unit_test(of_a_field_marked_twice_the_last_counts),
        cmocka_unit_test(a_cursor_agrees_with_a_fresh_walk),
        cmocka_unit_test(positions_may_be_large_and_go_back),
        cmocka_unit_test(any_part_of_a_tape_is_read_safely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
