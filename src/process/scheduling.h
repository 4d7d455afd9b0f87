/* The priority of a process among those that want the processor. */
#ifndef PROCESS_SCHEDULING_H
#define PROCESS_SCHEDULING_H

/*
 * For every program: a batch process (sched(7)) that is woken does not take the processor from the
 * process that woke it. The web server sends on, more requests come together, and there are fewer
 * changes of process. An error is a line in the log.
 */
void scheduling_batch(void);

/*
 * For programs that hash passwords: their nice value, so that a flood of logins does not stop
 * everything else. An error is a line in the log.
 */
void scheduling_nice(int nice);

#endif
