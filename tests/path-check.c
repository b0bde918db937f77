/* SPDX-License-Identifier: GPL-2.0-or-later */
/* path-check DIR CPU LOG [SKIP [MINIMUM]]: is the path in DIR exactly the log of instruction addresses
 * that the reference plugin wrote? The log begins SKIP instructions later and may end earlier. At least
 * MINIMUM instructions must be compared. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <osinstr/path.h>

static uint64_t at, skipped, exceptions, cuts;

static int differ(const struct osi_path_step *step, uint64_t address, uint64_t wanted)
{
    printf("instruction %" PRIu64 ": 0x%" PRIx64 " in the path, 0x%" PRIx64 " in the log\n"
           "in the block at 0x%" PRIx64 ", %u of %u instructions, loops %d, at %" PRIu64 "\n",
           at, address, wanted, step->code->address, step->n, step->code->n,
           step->code->loops, step->insn);
    return 1;
}

static int compare_block(const struct osi_path_step *step, FILE *log, int *more)
{
    uint64_t address = step->code->address, wanted;

    if (step->insn != at) {
        printf("instruction %" PRIu64 " is numbered %" PRIu64 "\n", at, step->insn);
        return 1;
    }
    if (at + step->n <= skipped) {
        at += step->n;
        return 0;
    }
    cuts += step->n < step->code->n;
    for (uint32_t i = 0; i < step->n; i++, at++) {
        if (at >= skipped && fread(&wanted, sizeof(wanted), 1, log) != 1) {
            *more = 0;
            return 0;
        }
        if (at >= skipped && wanted != address) {
            return differ(step, address, wanted);
        }
        address += step->code->lengths ? step->code->lengths[i] : step->code->size / step->code->n;
    }
    return 0;
}

static int compare(struct osi_path *path, FILE *log)
{
    struct osi_path_step step;
    uint64_t rest;
    int more = 1;

    while (more && osi_path_next(path, &step)) {
        exceptions += step.kind == OSI_PATH_EXCEPTION && at >= skipped;
        if (step.kind == OSI_PATH_LOST || step.kind == OSI_PATH_GAP) {
            printf("something is missing behind instruction %" PRIu64 "\n", at);
            return 1;
        }
        if (step.kind == OSI_PATH_BLOCK && compare_block(&step, log, &more)) {
            return 1;
        }
    }
    if (more && fread(&rest, sizeof(rest), 1, log) == 1) {
        printf("the path ends at instruction %" PRIu64 ", the log goes on at 0x%" PRIx64 "\n",
               at, rest);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct osi_trace_reader *reader;
    struct osi_error err;
    struct osi_path *path;
    FILE *log = argc > 3 ? fopen(argv[3], "r") : NULL;
    int failed;

    if (!log || osi_trace_reader_new(argv[1], &reader, &err)) {
        printf("path-check: %s\n", log ? err.text : "no log");
        return 2;
    }
    path = osi_path_new(reader, (unsigned)atoi(argv[2]));
    skipped = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
    failed = !path || compare(path, log);
    at -= at < skipped ? at : skipped;
    printf("%" PRIu64 " instructions, %" PRIu64 " exceptions, %" PRIu64 " blocks cut\n", at,
           exceptions, cuts);
    if (argc > 5 && at < strtoull(argv[5], NULL, 10)) {
        printf("fewer than %s\n", argv[5]);
        failed = 1;
    }
    osi_path_free(path);
    osi_trace_reader_free(reader);
    fclose(log);
    return failed;
}
