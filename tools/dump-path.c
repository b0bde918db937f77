/* SPDX-License-Identifier: GPL-2.0-or-later */
/* osinstr dump of a path: which code was executed, in order. */
#include <osinstr/path.h>

#include "dump.h"
#include "output/disasm.h"
#include "progress.h"
#include "tool.h"

struct walk {
    struct dump *dump;
    const struct selection *selection;
    struct osi_disasm *disasm; /* NULL: a line per block */
    unsigned cpu;
};

static bool is_wanted(const struct walk *walk, uint64_t insn)
{
    return insn >= walk->selection->from && insn <= walk->selection->to && walk->dump->limit;
}

/* "[000]         1234567: " */
static void begin_line(struct walk *walk, uint64_t insn)
{
    struct out *out = walk->dump->out;

    walk->dump->limit--;
    out_char(out, '[');
    out_padded(out, walk->cpu, 3, '0');
    out_bytes(out, "] ", 2);
    out_padded(out, insn, 15, ' ');
    out_bytes(out, ": ", 2);
}

static void print_place(struct walk *walk, const struct osi_path_code *code, uint64_t offset)
{
    struct out *out = walk->dump->out;

    if (code->function) {
        const struct name *name = name_of_string(walk->dump->names, code->function);

        out_char(out, ' ');
        out_bytes(out, name->text, name->length);
        if (code->offset + offset) {
            out_char(out, '+');
            out_hex(out, code->offset + offset, 1);
        }
    }
}

static void print_block(struct walk *walk, const struct osi_path_step *step)
{
    struct out *out = walk->dump->out;

    if (is_wanted(walk, step->insn)) {
        begin_line(walk, step->insn);
        out_hex(out, step->code->address, 16);
        out_padded(out, step->n, 4, ' ');
        print_place(walk, step->code, 0);
        out_char(out, '\n');
    }
}

static void print_insns(struct walk *walk, const struct osi_path_step *step)
{
    const struct osi_path_code *code = step->code;
    struct out *out = walk->dump->out;
    uint64_t offset = 0;
    char text[256];

    for (uint32_t i = 0; i < step->n; i++) {
        uint32_t size = code->lengths ? code->lengths[i] : code->size / code->n;

        if (is_wanted(walk, step->insn + i)) {
            osi_disasm(walk->disasm, code->address + offset, code->bytes + offset, size, text,
                       sizeof(text));
            begin_line(walk, step->insn + i);
            out_hex(out, code->address + offset, 16);
            print_place(walk, code, offset);
            out_bytes(out, ": ", 2);
            out_text(out, text);
            out_char(out, '\n');
        }
        offset += size;
    }
}

static void print_exception(struct walk *walk, const struct osi_path_step *step)
{
    struct out *out = walk->dump->out;

    if (is_wanted(walk, step->insn)) {
        begin_line(walk, step->insn);
        out_text(out, "-- ");
        out_text(out, step->irq ? "interrupt" : osi_exception_name(step->exception));
        out_text(out, ", back to ");
        out_hex(out, step->pc, 16);
        out_char(out, '\n');
    }
}

static void print_missing(struct walk *walk, const struct osi_path_step *step, const char *why)
{
    struct out *out = walk->dump->out;

    if (is_wanted(walk, step->insn)) {
        begin_line(walk, step->insn);
        out_text(out, "-- ");
        out_text(out, why);
        if (step->missing != UINT64_MAX) {
            out_text(out, ", about ");
            out_dec(out, step->missing);
            out_text(out, " instructions");
        }
        out_char(out, '\n');
    }
}

static void print_step(struct walk *walk, const struct osi_path_step *step)
{
    switch (step->kind) {
    case OSI_PATH_BLOCK:
        if (walk->disasm) {
            print_insns(walk, step);
        } else {
            print_block(walk, step);
        }
        break;
    case OSI_PATH_EXCEPTION:
        print_exception(walk, step);
        break;
    case OSI_PATH_GAP:
        print_missing(walk, step, "not recorded");
        break;
    case OSI_PATH_LOST:
        print_missing(walk, step, "lost");
        break;
    case OSI_PATH_EVENT:
        dump_event(walk->dump, walk->selection, &step->event);
        break;
    }
}

static void print_path(struct walk *walk, struct osi_trace_reader *reader,
                       struct progress *progress)
{
    struct osi_path *path = osi_path_new(reader, walk->cpu);
    struct osi_path_step step;

    while (walk->dump->limit && !out_failed(walk->dump->out) && osi_path_next(path, &step) &&
           step.insn <= walk->selection->to) {
        print_step(walk, &step);
        progress_step(progress, step.insn);
    }
    osi_path_free(path);
}

bool dump_paths(struct dump *dump, struct osi_trace_reader *reader,
                const struct selection *selection, bool insns)
{
    const char *target = osi_trace_info(reader, "target");
    struct walk walk = { dump, selection, NULL, 0 };
    struct progress progress;

    if (insns && !(walk.disasm = osi_disasm_open(target ? target : "?"))) {
        complain("there is no disassembler for %s here (it needs libcapstone)",
                 target ? target : "an unknown target");
        return false;
    }
    progress_start(&progress, reader, false);
    for (; walk.cpu < selection->n_streams; walk.cpu++) {
        if (selection->streams[walk.cpu]) {
            print_path(&walk, reader, &progress);
        }
    }
    progress_end(&progress);
    osi_disasm_close(walk.disasm);
    return true;
}
