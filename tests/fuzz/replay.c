/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target over files, for compilers without libFuzzer and for the everyday tests. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static int replay(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) != 0) {
        perror(path);
        return 1;
    }
    size_t n = (size_t)ftell(f);
    rewind(f);
    /* Exactly as long as the input, so that a sanitizer sees a read beyond it. */
    uint8_t *bytes = malloc(n ? n : 1);
    int failed = !bytes || fread(bytes, 1, n, f) != n;
    fclose(f);
    if (!failed)
        LLVMFuzzerTestOneInput(bytes, n);
    free(bytes);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++)
        failed |= replay(argv[i]);
    printf("%d inputs\n", argc - 1);
    return failed;
}
