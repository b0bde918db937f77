/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzing without libFuzzer.
 *
 *   fuzz-trace FILE...                   reads inputs, as libFuzzer or AFL wrote them
 *   fuzz-trace --mutate DIR SEED COUNT   reads mutations of the sound trace in DIR
 *   fuzz-trace --pack DIR                writes the trace in DIR as one input to stdout */
#include <stdlib.h>

#include "fuzz-trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int pack(const char *dir)
{
    for (unsigned file = 0; file < FUZZ_FILES; file++) {
        g_autofree char *path = g_build_filename(dir, fuzz_names[file], NULL);
        g_autofree char *bytes = NULL;
        gsize length = 0;
        uint8_t prefix[4];
        g_file_get_contents(path, &bytes, &length, NULL);
        osi_put32(prefix, (uint32_t)length);
        fwrite(prefix, 1, sizeof prefix, stdout);
        fwrite(bytes ? bytes : "", 1, length, stdout);
    }
    return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int mutate(const char *dir, uint64_t seed, uint64_t count)
{
    struct fuzz_trace *fuzz = fuzz_trace_new();
    for (uint64_t i = 0; i < count; i++)
        fuzz_trace_mutated(fuzz, dir, seed + i);
    fuzz_trace_free(fuzz);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc == 5 && !strcmp(argv[1], "--mutate"))
        return mutate(argv[2], strtoull(argv[3], NULL, 0), strtoull(argv[4], NULL, 0));
    if (argc == 3 && !strcmp(argv[1], "--pack"))
        return pack(argv[2]);
    for (int i = 1; i < argc; i++) {
        g_autofree char *bytes = NULL;
        gsize length;
        if (!g_file_get_contents(argv[i], &bytes, &length, NULL))
            g_error("cannot read %s", argv[i]);
        LLVMFuzzerTestOneInput((const uint8_t *)bytes, length);
    }
    return EXIT_SUCCESS;
}
