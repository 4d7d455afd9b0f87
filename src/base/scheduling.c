#include "base/scheduling.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define ATTEMPTS 20

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

/* The kernel takes ten a second from all who are not root (proc(5)). */
static void
set_group(int nice)
{
	static const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};
	char line[64], wanted[32];

	snprintf(wanted, sizeof(wanted), " nice %d", nice);
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		int file = open("/proc/self/autogroup", O_RDWR | O_CLOEXEC);
		ssize_t written;

		if (file < 0)
			return; /* a kernel without */
		written = dprintf(file, "%d", nice);
		close(file);
		if (written > 0)
			return;
		read_line("/proc/self/autogroup", line);
		if (strstr(line, wanted) != NULL)
			return; /* another one of this session has */
		nanosleep(&pause, NULL);
	}
	log_line("cannot set JWT_LOGIN_NICE for the session: %s", strerror(errno));
}

void
scheduling_nice(int nice)
{
	if (setpriority(PRIO_PROCESS, 0, nice) != 0)
		log_line("cannot set JWT_LOGIN_NICE: %s", strerror(errno));
	if (session_is_ours())
		set_group(nice);
}
