/*
 * For `make coverage` only. A program in its sandbox cannot write files, so gcov's counters would
 * be lost. The thread of this file writes them: it starts before the sandbox, which applies to each
 * thread by itself.
 */
#include <gcov.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static sem_t ending;
static pthread_t thread;
static pid_t process;

static void *
write_counters(void *unused)
{
	(void)unused;
	while (sem_wait(&ending) != 0)
		;
	__gcov_dump();
	return NULL;
}

static void
end_thread(void)
{
	if (getpid() != process) /* a fork has no such thread, and no sandbox */
		return;
	sem_post(&ending);
	pthread_join(thread, NULL);
}

__attribute__((constructor)) static void
start_thread(void)
{
	sigset_t every, before;

	process = getpid();
	sem_init(&ending, 0, 0);
	sigfillset(&every);
	pthread_sigmask(SIG_SETMASK, &every, &before); /* signals are for the program */
	if (pthread_create(&thread, NULL, write_counters, NULL) == 0)
		atexit(end_thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
