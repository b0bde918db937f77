/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The trace reader under libFuzzer (-fsanitize=fuzzer), or linked with fuzz-trace-main.c. */
#include "fuzz-trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_trace *fuzz; /* lives as long as the fuzzer */
    if (!fuzz)
        fuzz = fuzz_trace_new();
    fuzz_trace_one(fuzz, data, size);
    return 0;
}
