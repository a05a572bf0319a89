/* SPDX-License-Identifier: MIT */
/* Files, folders and streams as sources. */
#include "manifests.h"

#include "documents.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- files ---- */

typedef struct folder {
    char path[64];
} folder;

static void in_folder(const folder *f, const char *name, char *out, size_t n)
{
    (void)snprintf(out, n, "%s/%s", f->path, name);
}

static void write_file(const folder *f, const char *name, const char *text)
{
    char path[200];
    in_folder(f, name, path, sizeof path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void make_folder(const folder *f, const char *name)
{
    char path[200];
    in_folder(f, name, path, sizeof path);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void make_link(const folder *f, const char *to, const char *name)
{
    char path[200];
    in_folder(f, name, path, sizeof path);
    assert_int_equal(symlink(to, path), 0);
}

static folder new_folder(void)
{
    folder f;
    (void)snprintf(f.path, sizeof f.path, "/tmp/netpol-test-XXXXXX");
    assert_non_null(mkdtemp(f.path));
    return f;
}

static void remove_folder(const folder *f)
{
    char command[100];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", f->path);
    assert_int_equal(system(command), 0);
}

/* The names of all sources without the folder's. */
static void expect_sources(const netpol_manifests *m, const folder *f, const char *expected)
{
    np_buffer b;
    np_buffer_init(&b, &np_libc_allocator);
    for (size_t i = 0; i < netpol_manifests_document_count(m); i++)
        np_buffer_format(&b, "%s ",
                         netpol_manifests_document_at(m, i)->source + strlen(f->path) + 1);
    np_buffer_char(&b, '\0');
    assert_string_equal(b.p, expected);
    np_buffer_free(&b);
}

static void a_directory_is_read_recursively_in_byte_order(void **state)
{
    (void)state;
    folder f = new_folder();
    make_folder(&f, "b");
    make_folder(&f, "b/deep");
    make_folder(&f, "elsewhere.d");
    write_file(&f, "b/deep/x.json", "{\"apiVersion\": \"v1\", \"kind\": \"Pod\"}");
    write_file(&f, "b/a.yml", POLICY("a"));
    write_file(&f, "c.yaml", POLICY("c"));
    write_file(&f, "C.yaml", POLICY("c"));
    write_file(&f, "a.yaml", POLICY("a") "---\n" POLICY("b"));
    write_file(&f, "notes.txt", "x: [");
    write_file(&f, "yaml", "x: [");
    write_file(&f, "empty.yaml", "");
    make_link(&f, "c.yaml", "link.yaml");
    make_link(&f, "b", "linked.yaml");
    make_link(&f, "..", "loop");
    netpol_manifests *m = test_empty_list((netpol_options){0});
    assert_int_equal(netpol_manifests_read(m, f.path, NULL), NETPOL_OK);
    expect_sources(m, &f, "C.yaml a.yaml a.yaml b/a.yml b/deep/x.json c.yaml link.yaml ");
    netpol_manifests_free(m);

    char slashed[100];
    (void)snprintf(slashed, sizeof slashed, "%s/", f.path);
    m = test_empty_list((netpol_options){0});
    assert_int_equal(netpol_manifests_read(m, slashed, NULL), NETPOL_OK);
    expect_sources(m, &f, "C.yaml a.yaml a.yaml b/a.yml b/deep/x.json c.yaml link.yaml ");
    netpol_manifests_free(m);
    remove_folder(&f);
}

static void what_cannot_be_read_does_not_hide_the_rest(void **state)
{
    (void)state;
    folder f = new_folder();
    write_file(&f, "a.yaml", POLICY("a"));
    write_file(&f, "z.yaml", POLICY("z"));
    make_link(&f, "nowhere", "dangling.yaml");
    char fifo[100];
    in_folder(&f, "fifo.yaml", fifo, sizeof fifo);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    netpol_manifests *m = test_empty_list((netpol_options){0});
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    assert_int_equal(netpol_manifests_read(m, f.path, d), NETPOL_IO);
    assert_int_equal(netpol_manifests_count(m), 2);
    assert_int_equal(netpol_manifests_broken(m), 2);
    assert_int_equal(netpol_diagnostics_count(d), 2);
    const netpol_diagnostic *x = netpol_diagnostics_at(d, 0);
    assert_int_equal(x->code, NP_CODE_IO);
    assert_string_equal(x->message, "cannot be read: there is no such file or directory");
    assert_string_equal(x->source + strlen(f.path), "/dangling.yaml");
    assert_string_equal(netpol_diagnostics_at(d, 1)->message,
                        "is passed over: it is no regular file");
    netpol_diagnostics_free(d);
    netpol_manifests_free(m);
    remove_folder(&f);
}

static void a_file_without_permission_is_an_error_of_its_own(void **state)
{
    (void)state;
    if (geteuid() == 0)
        skip();
    folder f = new_folder();
    write_file(&f, "a.yaml", POLICY("a"));
    char path[100];
    in_folder(&f, "a.yaml", path, sizeof path);
    assert_int_equal(chmod(path, 0), 0);
    netpol_manifests *m = test_empty_list((netpol_options){0});
    assert_int_equal(netpol_manifests_read(m, path, NULL), NETPOL_IO);
    assert_string_equal(netpol_diagnostics_at(netpol_manifests_diagnostics(m), 0)->message,
                        "cannot be read: permission denied");
    netpol_manifests_free(m);
    remove_folder(&f);
}

static void single_paths_are_read_whatever_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        netpol_status status;
        const char *message;
    } paths[] = {
        {"/nonexistent/x.yaml", NETPOL_IO, "cannot be read: there is no such file or directory"},
        {"/dev/null/x", NETPOL_IO, "cannot be read: a part of its path is no directory"},
        {"", NETPOL_IO, "cannot be read: there is no such file or directory"},
        {"/dev/zero", NETPOL_IO, "cannot be read: it is a device that gives no text"},
        {"/dev/null", NETPOL_OK, NULL},
    };
    for (size_t i = 0; i < COUNT(paths); i++) {
        netpol_manifests *m = test_empty_list((netpol_options){0});
        netpol_status s = netpol_manifests_read(m, paths[i].path, NULL);
        const netpol_diagnostic *x = netpol_diagnostics_at(netpol_manifests_diagnostics(m), 0);
        if (s != paths[i].status || (x != NULL) != (paths[i].message != NULL))
            fail_msg("%s: status %d", paths[i].path, s);
        if (x)
            assert_string_equal(x->message, paths[i].message);
        netpol_manifests_free(m);
    }
}

static void a_file_too_large_is_refused_before_it_is_read(void **state)
{
    (void)state;
    folder f = new_folder();
    char path[100];
    in_folder(&f, "large.yaml", path, sizeof path);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)5 << 30), 0);
    (void)close(fd);
    test_memory memory;
    test_memory_ready(&memory);
    netpol_manifests *m = test_empty_list((netpol_options){.allocator = &memory.allocator});
    assert_int_equal(netpol_manifests_read(m, path, NULL), NETPOL_LIMIT);
    netpol_manifests_free(m);
    assert_true(memory.most_bytes < 1 << 20);
    remove_folder(&f);
}

static void *feed(void *path)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return NULL;
    for (int i = 0; i < 2000; i++)
        (void)fputs(POLICY("a") "---\n", file);
    (void)fclose(file);
    return NULL;
}

static void a_pipe_named_as_such_is_read(void **state)
{
    (void)state;
    folder f = new_folder();
    char fifo[100];
    in_folder(&f, "pipe", fifo, sizeof fifo);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    pthread_t feeder;
    assert_int_equal(pthread_create(&feeder, NULL, feed, fifo), 0);
    netpol_manifests *m = test_empty_list((netpol_options){0});
    assert_int_equal(netpol_manifests_read(m, fifo, NULL), NETPOL_OK);
    assert_int_equal(netpol_manifests_count(m), 2000);
    netpol_manifests_free(m);
    (void)pthread_join(feeder, NULL);
    remove_folder(&f);
}

static void standard_input_is_a_dash(void **state)
{
    (void)state;
    folder f = new_folder();
    write_file(&f, "a.yaml", POLICY("a"));
    char path[100];
    in_folder(&f, "a.yaml", path, sizeof path);
    int saved = dup(STDIN_FILENO);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO);
    netpol_manifests *m = test_empty_list((netpol_options){0});
    assert_int_equal(netpol_manifests_read(m, "-", NULL), NETPOL_OK);
    test_expect_documents("stdin", m, "-:0 1 O networking.k8s.io/v1 NetworkPolicy /a 0 x\n");
    netpol_manifests_free(m);
    if (saved >= 0)
        (void)dup2(saved, STDIN_FILENO);
    (void)close(fd);
    remove_folder(&f);
}

static void texts_are_kept_on_demand(void **state)
{
    (void)state;
    folder f = new_folder();
    write_file(&f, "a.yaml", POLICY("a"));
    char path[100];
    in_folder(&f, "a.yaml", path, sizeof path);
    size_t n = 0;
    netpol_manifests *m = test_empty_list((netpol_options){.flags = NETPOL_KEEP_TEXT});
    assert_int_equal(netpol_manifests_read(m, path, NULL), NETPOL_OK);
    assert_int_equal(test_list_read(m, "x: [1"), NETPOL_INVALID);
    assert_int_equal(test_list_read(m, "y"), NETPOL_INVALID);
    assert_int_equal(test_list_read(m, ""), NETPOL_OK);
    const char *text = netpol_manifests_text(m, path, &n);
    assert_true(np_slice_is((np_slice){text, n}, POLICY("a")));
    text = netpol_manifests_text(m, "t", &n);
    assert_true(np_slice_is((np_slice){text, n}, "y"));
    assert_null(netpol_manifests_text(m, "u", &n));
    assert_null(netpol_manifests_text(m, NULL, &n));
    netpol_manifests_free(m);
    m = test_empty_list((netpol_options){0});
    assert_int_equal(netpol_manifests_read(m, path, NULL), NETPOL_OK);
    assert_null(netpol_manifests_text(m, path, &n));
    netpol_manifests_free(m);
    remove_folder(&f);
}

/* ---- memory ---- */

static netpol_status read_folder(const netpol_options *o, void *ctx)
{
    const folder *f = ctx;
    netpol_options mine = *o;
    mine.flags = NETPOL_KEEP_TEXT;
    netpol_manifests *m = NULL;
    netpol_status s = netpol_manifests_new(&mine, &m);
    if (s)
        return s;
    s = netpol_manifests_read(m, f->path, NULL);
    if (s == NETPOL_NO_MEMORY && netpol_manifests_document_count(m))
        fail_msg("something stayed");
    netpol_manifests_free(m);
    return s == NETPOL_IO ? NETPOL_OK : s;
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    folder f = new_folder();
    make_folder(&f, "b");
    write_file(&f, "b/a.yml", POLICY("a"));
    write_file(&f, "c.yaml", POLICY("c"));
    make_link(&f, "nowhere", "dangling.yaml");
    assert_true(test_every_allocation_fails(read_folder, &f) > 10);
    remove_folder(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_directory_is_read_recursively_in_byte_order),
        cmocka_unit_test(what_cannot_be_read_does_not_hide_the_rest),
        cmocka_unit_test(a_file_without_permission_is_an_error_of_its_own),
        cmocka_unit_test(single_paths_are_read_whatever_they_are),
        cmocka_unit_test(a_file_too_large_is_refused_before_it_is_read),
        cmocka_unit_test(a_pipe_named_as_such_is_read),
        cmocka_unit_test(standard_input_is_a_dash),
        cmocka_unit_test(texts_are_kept_on_demand),
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
