/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700 /* realpath, mkstemp, sigaction */
#include "netpol_file.h"

#include "netpol_out.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- reading ---- */

static bool read_all(int fd, file_bytes *out)
{
    enum { FIRST = 64 * 1024, MOST = 64 << 20 };
    size_t room = 0;
    for (;;) {
        if (out->n > MOST) {
            errno = EFBIG;
            return false;
        }
        if (out->n == room) {
            room = room ? 2 * room : FIRST;
            char *p = realloc(out->p, room);
            if (!p)
                return false;
            out->p = p;
        }
        ssize_t got = read(fd, out->p + out->n, room - out->n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0;
        out->n += (size_t)got;
    }
}

int file_read(const char *path, file_bytes *out)
{
    *out = (file_bytes){0};
    int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && read_all(fd, out);
    if (!good)
        say("cannot read %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return good ? TOOL_YES : TOOL_BAD_INPUT;
}

/* ---- signals ---- */

/* While files are exchanged, the program is not to end: it would leave one too many. A limit to the
 * size of files becomes an error of write. */
static void hold_signals(sigset_t *before)
{
    sigset_t held;
    sigemptyset(&held);
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGALRM};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaddset(&held, numbers[i]);
    sigprocmask(SIG_BLOCK, &held, before);
    signal(SIGXFSZ, SIG_IGN);
}

static void release_signals(const sigset_t *before)
{
    sigprocmask(SIG_SETMASK, before, NULL);
}

/* ---- writing ---- */

static bool write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t put = write(fd, p, n);
        if (put < 0 && errno != EINTR)
            return false;
        p += put > 0 ? put : 0;
        n -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

/* The new name is on the disk when the folder is. What cannot be synced is not: no failure. */
static void sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = strdup(path);
    if (!folder)
        return;
    folder[slash > path ? slash - path : 1] = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(folder);
}

typedef enum result { DONE, FAILED, NOT_SO /* the file must be written over */ } result;

/* The owner first, for that takes away set-user-id bits. */
static bool make_alike(int fd, const struct stat *old)
{
    struct stat is;
    if (fstat(fd, &is) != 0)
        return false;
    if ((is.st_uid != old->st_uid || is.st_gid != old->st_gid) &&
        fchown(fd, old->st_uid, old->st_gid) != 0)
        return false;
    return fchmod(fd, old->st_mode & 07777) == 0;
}

static result exchange(const char *path, char *beside, const struct stat *old, const char *p,
                       size_t n)
{
    int fd = mkstemp(beside);
    if (fd < 0)
        return NOT_SO;
    bool alike = make_alike(fd, old);
    bool good = alike && write_all(fd, p, n) && fsync(fd) == 0;
    int error = errno;
    good = close(fd) == 0 && good && rename(beside, path) == 0;
    if (good) {
        sync_folder(path);
        return DONE;
    }
    error = error ? error : errno;
    unlink(beside);
    errno = error;
    return alike ? FAILED : NOT_SO;
}

static bool overwrite(int fd, const char *p, size_t n)
{
    return lseek(fd, 0, SEEK_SET) == 0 && write_all(fd, p, n) && ftruncate(fd, (off_t)n) == 0 &&
           fsync(fd) == 0;
}

/* Whether the file holds the text, still or again. */
static bool holds(int fd, const file_bytes *text)
{
    file_bytes is = {0};
    bool same = lseek(fd, 0, SEEK_SET) == 0 && read_all(fd, &is) && is.n == text->n &&
                (is.n == 0 || memcmp(is.p, text->p, is.n) == 0);
    free(is.p);
    return same;
}

static result write_over(const char *path, const char *given, const file_bytes *old, const char *p,
                         size_t n)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return FAILED;
    bool good = overwrite(fd, p, n);
    int error = errno;
    if (!good && !holds(fd, old) && !overwrite(fd, old->p, old->n))
        say("%s is damaged: neither the new text nor the old one could be written", given);
    close(fd);
    errno = error;
    return good ? DONE : FAILED;
}

static result replace(const char *path, const char *given, const file_bytes *old, const char *p,
                      size_t n)
{
    struct stat is;
    size_t room = strlen(path) + sizeof ".XXXXXX";
    char *beside = malloc(room);
    result done = beside && stat(path, &is) == 0 ? NOT_SO : FAILED;
    if (done == NOT_SO && S_ISREG(is.st_mode) && is.st_nlink == 1) {
        snprintf(beside, room, "%s.XXXXXX", path);
        errno = 0;
        done = exchange(path, beside, &is, p, n);
    } else if (done == NOT_SO && S_ISREG(is.st_mode)) {
        say("%s has %lu names (hard links), so it is written over in its place", given,
            (unsigned long)is.st_nlink);
    }
    free(beside);
    return done == NOT_SO ? write_over(path, given, old, p, n) : done;
}

int file_replace(const char *given, const file_bytes *old, const char *p, size_t n)
{
    char *path = realpath(given, NULL); /* a symbolic link stays one */
    sigset_t before;
    hold_signals(&before);
    bool good = path && replace(path, given, old, p, n) == DONE;
    if (!good)
        say("cannot write %s: %s", given, strerror(errno));
    release_signals(&before);
    free(path);
    return good ? TOOL_YES : TOOL_FAILED;
}
