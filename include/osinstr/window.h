/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a tool counts of a run: from one function to another, and of which tasks.
 *
 * A tool that has these options in its table gets their meaning from the library:
 *
 *   from=SYMBOL  nothing counts until a vCPU gets to the first instruction of this function
 *   to=SYMBOL    from the first instruction of this one on nothing counts, until `from` comes again
 *   task=LIST    only tasks with one of these pids, or whose name matches one of these patterns (*, ?)
 */
#ifndef OSINSTR_WINDOW_H
#define OSINSTR_WINDOW_H

#include <stdbool.h>

#include <osinstr/event.h>
#include <osinstr/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Does what runs now count, as far as from and to say? Any thread; costs a load. */
bool osi_counting(const struct osi_session *session);
/* Is this task (NULL: not known) one that the option asks for? Always true without the option. Not for the
 * hot path: ask at a task switch. */
bool osi_task_wanted(const struct osi_session *session, const struct osi_task *task);

#ifdef __cplusplus
}
#endif
#endif
