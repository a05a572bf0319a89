/* SPDX-License-Identifier: MIT */
/* Files, directories and standard input. */
#include "manifests.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The library has its own words for what goes wrong, for strerror's hang on the locale. */
static const char *reason(int error)
{
    static const struct {
        int error;
        const char *text;
    } reasons[] = {
        {ENOENT, "cannot be read: there is no such file or directory"},
        {EACCES, "cannot be read: permission denied"},
        {EPERM, "cannot be read: permission denied"},
        {EISDIR, "cannot be read: it is a directory"},
        {ENOTDIR, "cannot be read: a part of its path is no directory"},
        {ELOOP, "cannot be read: too many symbolic links"},
        {ENAMETOOLONG, "cannot be read: its name is too long"},
        {EMFILE, "cannot be read: too many files are open"},
        {ENFILE, "cannot be read: too many files are open"},
        {EIO, "cannot be read: the device failed"},
        {EBADF, "cannot be read: it is not open"},
        {ENXIO, "cannot be read: it is no file"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].error == error)
            return reasons[i].text;
    return "cannot be read";
}

/* ---- files ---- */

typedef struct bytes {
    char *p;
    size_t n;
    size_t room;
} bytes;

enum { BLOCK = 1 << 16 };

/* NULL: it is all there; else why not, and *s. A device that gives NULs gives no text, and might
 * never end. */
static const char *read_block(np_reading *r, int fd, bool device, bytes *b, bool *more,
                              netpol_status *s)
{
    const netpol_options *o = &r->m->o;
    *s = NETPOL_NO_MEMORY;
    if (!np_grow(o->allocator, (void **)&b->p, &b->room, b->n + BLOCK, 1))
        return "there is not enough memory";
    ssize_t got;
    do
        got = read(fd, b->p + b->n, b->room - b->n);
    while (got < 0 && errno == EINTR);
    *s = NETPOL_IO;
    if (got < 0)
        return reason(errno);
    if (device && memchr(b->p + b->n, '\0', (size_t)got))
        return "cannot be read: it is a device that gives no text";
    b->n += (size_t)got;
    *more = got > 0;
    *s = NETPOL_LIMIT;
    if (b->n > o->max_bytes)
        return "the input is larger than max_bytes";
    *s = NETPOL_CANCELLED;
    return o->keep_going && !o->keep_going(o->ctx) ? "stopped" : NULL;
}

static const char *read_all(np_reading *r, int fd, bytes *b, netpol_status *s)
{
    struct stat st;
    *s = NETPOL_IO;
    if (fstat(fd, &st) != 0)
        return reason(errno);
    if (S_ISDIR(st.st_mode))
        return reason(EISDIR);
    *s = NETPOL_LIMIT;
    if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > r->m->o.max_bytes)
        return "the input is larger than max_bytes";
    bool device = S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode);
    const char *why = NULL;
    for (bool more = true; more && !why;)
        why = read_block(r, fd, device, b, &more, s);
    return why;
}

/* Reads what is open; takes the file. */
static bool read_open(np_reading *r, int fd, const char *source)
{
    bytes b = {0};
    netpol_status s;
    const char *why = read_all(r, fd, &b, &s);
    if (fd != STDIN_FILENO)
        (void)close(fd);
    bool on = false;
    if (why && (s == NETPOL_NO_MEMORY || s == NETPOL_CANCELLED))
        (void)np_reading_note(r, s);
    else if (why)
        on = np_reading_fail(r, source, s, why);
    else
        on = np_reading_text(r, source, b.p, b.n);
    if (on && !why)
        return np_reading_keep_text(r, source, b.p, b.n, b.room);
    np_release(r->m->o.allocator, b.p, b.room);
    return on;
}

static bool read_file(np_reading *r, const char *source)
{
    int fd = open(source, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    return fd < 0 ? np_reading_fail(r, source, NETPOL_IO, reason(errno)) : read_open(r, fd, source);
}

/* ---- directories ---- */

enum { DEEPEST = 100 };

/* The names in a directory. */
typedef struct listing {
    np_arena texts;
    const char **at;
    size_t n;
    size_t room;
} listing;

static int compare_names(const void *a, const void *b)
{
    const char *const *one = a;
    const char *const *other = b;
    return strcmp(*one, *other);
}

static bool add_name(const netpol_allocator *alloc, listing *l, const char *name)
{
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return true;
    if (!np_grow(alloc, (void **)&l->at, &l->room, l->n + 1, sizeof *l->at))
        return false;
    l->at[l->n] = np_arena_text(&l->texts, name, strlen(name));
    return l->at[l->n++] != NULL;
}

/* 0, or errno. */
static int list_names(const netpol_allocator *alloc, const char *path, listing *l)
{
    DIR *d = opendir(path);
    if (!d)
        return errno;
    int error = 0;
    for (struct dirent *e; !error;) {
        errno = 0;
        e = readdir(d);
        if (!e) {
            error = errno;
            break;
        }
        error = add_name(alloc, l, e->d_name) ? 0 : ENOMEM;
    }
    (void)closedir(d);
    if (!error && l->n)
        qsort(l->at, l->n, sizeof *l->at, compare_names);
    return error;
}

static bool is_manifest_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot &&
           (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0 || strcmp(dot, ".json") == 0);
}

static bool read_directory(np_reading *r, const char *path, unsigned depth);

/* "path/name" in m->names; NULL: no memory. */
static const char *join(np_reading *r, const char *path, const char *name)
{
    size_t n = strlen(path);
    size_t more = strlen(name);
    bool slash = n > 0 && path[n - 1] != '/';
    char *joined = np_arena_alloc(&r->m->names, n + slash + more + 1, 1);
    if (!joined) {
        (void)np_reading_note(r, NETPOL_NO_MEMORY);
        return NULL;
    }
    memcpy(joined, path, n);
    joined[n] = '/';
    memcpy(joined + n + slash, name, more + 1);
    return joined;
}

static bool read_entry(np_reading *r, const char *path, const char *name, unsigned depth)
{
    struct stat st;
    const char *full = join(r, path, name);
    if (!full)
        return false;
    bool wanted = is_manifest_name(name);
    if (lstat(full, &st) != 0)
        return wanted ? np_reading_fail(r, full, NETPOL_IO, reason(errno)) : true;
    if (S_ISDIR(st.st_mode))
        return read_directory(r, full, depth + 1);
    if (!wanted)
        return true;
    if (S_ISLNK(st.st_mode) && stat(full, &st) != 0)
        return np_reading_fail(r, full, NETPOL_IO, reason(errno));
    if (S_ISDIR(st.st_mode))
        return true; /* a link to a directory is not followed */
    if (!S_ISREG(st.st_mode))
        return np_reading_fail(r, full, NETPOL_IO, "is passed over: it is no regular file");
    return read_file(r, full);
}

static bool read_directory(np_reading *r, const char *path, unsigned depth)
{
    const netpol_allocator *alloc = r->m->o.allocator;
    if (depth == DEEPEST)
        return np_reading_fail(r, path, NETPOL_LIMIT, "directories are nested too deep");
    listing l = {0};
    np_arena_init(&l.texts, alloc, 0);
    int error = list_names(alloc, path, &l);
    bool on = true;
    if (error == ENOMEM)
        on = np_reading_note(r, NETPOL_NO_MEMORY);
    else if (error)
        on = np_reading_fail(r, path, NETPOL_IO, reason(error));
    for (size_t i = 0; on && error != ENOMEM && i < l.n; i++)
        on = read_entry(r, path, l.at[i], depth);
    np_release(alloc, l.at, l.room * sizeof *l.at);
    np_arena_free(&l.texts);
    return on;
}

bool np_reading_path(np_reading *r, const char *path)
{
    const char *source = np_arena_text(&r->m->names, path, strlen(path));
    if (!source)
        return np_reading_note(r, NETPOL_NO_MEMORY);
    if (strcmp(path, "-") == 0)
        return read_open(r, STDIN_FILENO, source);
    struct stat st;
    if (stat(path, &st) != 0)
        return np_reading_fail(r, source, NETPOL_IO, reason(errno));
    return S_ISDIR(st.st_mode) ? read_directory(r, source, 0) : read_file(r, source);
}
