/*
 * Several requests in one process: a fiber is a function on a stack of its own. One runs at a time,
 * until it ends or waits, so that only what is held over a wait needs an order among them.
 *
 * main()'s own stack starts the fibers and gives the processor away in fiber_turn(). Where no fiber
 * runs, waiting is poll(2)'s: code that waits need not know on which stack it is.
 */
#ifndef BASE_FIBER_H
#define BASE_FIBER_H

#include <stdbool.h>
#include <stdint.h>

#define FIBERS_MAXIMUM 16

/* Once: makes the stacks for so many at a time. false, after a line in the log: there is no room.
 */
bool fiber_open(int count);

/* Whether another one can be started; whether there is none. */
bool fiber_free(void);
bool fiber_none(void);

/* From main(): runs work(argument) until it ends or waits. There must be a free one. */
void fiber_start(void (*work)(void *), void *argument);

/*
 * Waits until the descriptor is ready for `events` of poll(2); false: the deadline, of base/clock.h
 * in milliseconds, has passed.
 */
bool fiber_wait(int descriptor, short events, int64_t deadline);

/* Lets what is ready go first, but not for ever; where no fiber runs, nothing. */
void fiber_yield(void);

/* In a fiber: waits until another calls fiber_wake() with the same pointer. */
void fiber_sleep(const void *on);
void fiber_wake(const void *on);

/*
 * For main(): watches a descriptor of its own for something to read. shared: other
 * processes watch it too, and one of them is enough to be told; else it is watched until it was
 * ready once. false: as epoll_ctl(2).
 */
bool fiber_watch(int descriptor, bool shared);
void fiber_unwatch(int descriptor);

/*
 * From main(), one turn: waits for as long as `milliseconds` (-1: without end) until something is
 * ready or a fiber can go on, lets those go on, and fills `ready` with descriptors of main()'s own.
 * Returns their number.
 */
#define FIBER_READY_MAXIMUM 16
int fiber_turn(int milliseconds, int ready[static FIBER_READY_MAXIMUM]);

#endif
