/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names under which tasks left a CPU, where those are other than they had come with.
 *
 * A path tells of task switches alone, not of renames; and a command is often forked, executed and
 * gone in one go. It is shown by the name that it had in the end. */
#include "perfetto.h"

struct stage {
    uint64_t time; /* of the switch to it */
    const struct osi_task *task;
};

struct pf_stages {
    GArray *stages;
    GHashTable *last; /* of tasks that had several, by key */
    guint at;
};

struct pf_stages *pf_stages_new(const struct export *export, struct decoder *decoder, uint32_t cpu)
{
    struct pf_stages *stages = g_new0(struct pf_stages, 1);
    struct osi_trace_event raw;
    struct osi_event event;
    struct stage stage = { 0, NULL };

    stages->stages = g_array_new(FALSE, FALSE, sizeof(struct stage));
    stages->last = g_hash_table_new(NULL, NULL);
    while (stage.time <= export->selection.to && !export_interrupted() &&
           osi_trace_stream_next(export->reader, cpu, &raw) == 1) {
        const struct osi_task *prev;

        if (!decoder_event(decoder, &raw, &event) || event.kind != OSI_EVENT_SCHED_SWITCH) {
            continue;
        }
        prev = event.sched_switch.prev;
        if (prev && prev->id != prev->key) {
            g_hash_table_insert(stages->last, GUINT_TO_POINTER(prev->key), (gpointer)prev);
        }
        if (prev && stage.task && prev->key == stage.task->key && prev->id != stage.task->id) {
            stage.task = prev;
            g_array_append_val(stages->stages, stage);
        }
        stage = (struct stage){ raw.time, event.sched_switch.next };
    }
    osi_trace_rewind(export->reader);
    return stages;
}

void pf_stages_free(struct pf_stages *stages)
{
    g_array_free(stages->stages, TRUE);
    g_hash_table_destroy(stages->last);
    g_free(stages);
}

const struct osi_task *pf_stages_last(const struct pf_stages *stages, const struct osi_task *task)
{
    const struct osi_task *last =
        task ? g_hash_table_lookup(stages->last, GUINT_TO_POINTER(task->key)) : NULL;

    return last ? last : task;
}

const struct osi_task *pf_stages_next(struct pf_stages *stages, const struct osi_event *event)
{
    const struct osi_task *next = event->sched_switch.next;

    for (; stages->at < stages->stages->len; stages->at++) {
        const struct stage *stage = &g_array_index(stages->stages, struct stage, stages->at);

        if (stage->time > event->time) {
            break;
        }
        if (next && stage->time == event->time && stage->task->key == next->key) {
            return stage->task;
        }
    }
    return next;
}
