/* SPDX-License-Identifier: GPL-2.0-or-later */
/* path-check DIR CPU LOG [MINIMUM]: is the path in DIR exactly the log of instruction addresses that
 * the reference plugin wrote? LOG may be a part from the start. With at least MINIMUM instructions. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <osinstr/path.h>

static uint64_t compared, exceptions, cuts;

static int differ(const struct osi_path_step *step, uint64_t address, uint64_t wanted)
{
    printf("instruction %" PRIu64 ": 0x%" PRIx64 " in the path, 0x%" PRIx64 " in the log\n"
           "in the block at 0x%" PRIx64 ", %u of %u instructions, loops %d, at %" PRIu64 "\n",
           compared, address, wanted, step->code->address, step->n, step->code->n,
           step->code->loops, step->insn);
    return 1;
}

static int compare_block(const struct osi_path_step *step, FILE *log, int *more)
{
    uint64_t address = step->code->address, wanted;

    cuts += step->n < step->code->n;
    if (step->insn != compared) {
        printf("instruction %" PRIu64 " is numbered %" PRIu64 "\n", compared, step->insn);
        return 1;
    }
    for (uint32_t i = 0; i < step->n; i++, compared++) {
        if (fread(&wanted, sizeof(wanted), 1, log) != 1) {
            *more = 0;
            return 0;
        }
        if (wanted != address) {
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
        exceptions += step.kind == OSI_PATH_EXCEPTION;
        if (step.kind == OSI_PATH_LOST || step.kind == OSI_PATH_GAP) {
            printf("something is missing behind instruction %" PRIu64 "\n", compared);
            return 1;
        }
        if (step.kind == OSI_PATH_BLOCK && compare_block(&step, log, &more)) {
            return 1;
        }
    }
    if (more && fread(&rest, sizeof(rest), 1, log) == 1) {
        printf("the path ends at instruction %" PRIu64 ", the log goes on at 0x%" PRIx64 "\n",
               compared, rest);
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
    failed = !path || compare(path, log);
    printf("%" PRIu64 " instructions, %" PRIu64 " exceptions, %" PRIu64 " blocks cut\n", compared,
           exceptions, cuts);
    if (argc > 4 && compared < strtoull(argv[4], NULL, 10)) {
        printf("fewer than %s\n", argv[4]);
        failed = 1;
    }
    osi_path_free(path);
    osi_trace_reader_free(reader);
    fclose(log);
    return failed;
}
