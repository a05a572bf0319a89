/* SPDX-License-Identifier: MIT */
/* The library in a program that keeps its own accounts of memory.
 *
 *     custom_allocator BUDGET FILE...
 *
 * What is read lives in memory that one function of ours gives out, counts, and limits: files that
 * want more than BUDGET bytes are refused, and nothing is lost. */
#include <netpol.h>

#include <stdio.h>
#include <stdlib.h>

typedef struct account {
    size_t used;
    size_t budget;
} account;

/* malloc, realloc and free in one; malloc's blocks are aligned enough for what the library asks. */
static void *resize(void *ctx, void *old, size_t old_size, size_t new_size, size_t align)
{
    (void)align;
    account *a = ctx;
    if (a->used - old_size + new_size > a->budget)
        return NULL;
    void *block = NULL;
    if (new_size == 0)
        free(old);
    else if (!(block = realloc(old, new_size)))
        return NULL;
    a->used += new_size - old_size;
    return block;
}

static netpol_status read_all(char **files, int n, const netpol_options *options)
{
    netpol_manifests *manifests = NULL;
    netpol_status s = netpol_manifests_new(options, &manifests);
    for (int i = 0; i < n && s == NETPOL_OK; i++)
        s = netpol_manifests_read(manifests, files[i], NULL);
    if (s == NETPOL_OK)
        printf("%zu objects\n", netpol_manifests_count(manifests));
    netpol_manifests_free(manifests);
    return s;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: custom_allocator BUDGET FILE...\n");
        return 2;
    }
    account a = {.budget = strtoul(argv[1], NULL, 10)};
    const netpol_allocator allocator = {.resize = resize, .ctx = &a};
    const netpol_options options = {.size = sizeof options, .allocator = &allocator};

    netpol_status s = read_all(argv + 2, argc - 2, &options);
    printf("%s; %zu bytes still in use\n", netpol_status_name(s), a.used);
    return s == NETPOL_OK ? 0 : 1;
}
