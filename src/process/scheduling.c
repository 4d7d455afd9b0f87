#include "process/scheduling.h"

#include "base/log.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define ATTEMPTS 40

static const char autogroup[] = "/proc/self/autogroup";

void
scheduling_batch(void)
{
	static const struct sched_param none;

	/* Another class is an administrator's wish. */
	if (sched_getscheduler(0) == SCHED_OTHER && sched_setscheduler(0, SCHED_BATCH, &none) != 0)
		log_line("cannot be a batch process: %s", strerror(errno));
}

/* The first line of a file of /proc, without its end; "" if there is none. */
static void
read_line(const char *path, char line[static 64])
{
	FILE *file = fopen(path, "re");

	if (file == NULL || fgets(line, 64, file) == NULL)
		*line = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (file != NULL)
		fclose(file);
}

static bool
session_is_ours(void)
{
	char path[64], name[64];

	if (getsid(0) == getpid())
		return true;
	snprintf(path, sizeof(path), "/proc/%ld/comm", (long)getppid());
	read_line(path, name);
	return getsid(0) == getppid() && strcmp(name, "multiwatch") == 0;
}

/* The file says "/autogroup-30 nice 10". */
static bool
group_has(int nice)
{
	char line[64], wanted[32];
	const char *found;

	read_line(autogroup, line);
	snprintf(wanted, sizeof(wanted), " nice %d", nice);
	found = strstr(line, " nice ");
	return found != NULL && strcmp(found, wanted) == 0;
}

/* 0, or errno. */
static int
write_group(int nice)
{
	FILE *file = fopen(autogroup, "we");
	int error = 0;

	if (file == NULL)
		return errno;
	fprintf(file, "%d", nice);
	if (fclose(file) != 0)
		error = errno;
	return error;
}

/*
 * From all who are not root, the kernel takes ten a second; another process of the session may have
 * been the faster.
 */
static void
set_group(int nice)
{
	static const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};
	int error = EAGAIN;

	for (int attempt = 0; attempt < ATTEMPTS && error == EAGAIN; attempt++) {
		if (group_has(nice))
			return;
		error = write_group(nice);
		if (error == EAGAIN)
			nanosleep(&pause, NULL);
	}
	if (error != 0 && error != ENOENT) /* a kernel without */
		log_line("cannot set JWT_LOGIN_NICE for the session: %s", strerror(error));
}

void
scheduling_nice(int nice)
{
	if (setpriority(PRIO_PROCESS, 0, nice) != 0)
		log_line("cannot set JWT_LOGIN_NICE: %s", strerror(errno));
	if (session_is_ours())
		set_group(nice);
}
