/* A process's place among those that want the processor. */
#ifndef PROCESS_SCHEDULING_H
#define PROCESS_SCHEDULING_H

/*
 * For all: whoever is woken as a batch process (sched(7)) does not take the processor from who woke
 * it. The web server sends on, more comes together, and there are fewer changes of process.
 */
void scheduling_batch(void);

/*
 * For those that hash passwords: a flood of logins goes behind everything else. Where the kernel
 * groups processes by session (sched(7), autogroup), nice values count within a group only, and the
 * group has one of its own: that is set too if the session is this process's or multiwatch's that
 * started it, for then all in it hash. What cannot be done is a line in the log.
 */
void scheduling_nice(int nice);

#endif
