#include "process/scheduling.h"

#include "base/log.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>

void
scheduling_batch(void)
{
	static const struct sched_param none;

	/* Another class was set by the administrator. */
	if (sched_getscheduler(0) == SCHED_OTHER && sched_setscheduler(0, SCHED_BATCH, &none) != 0)
		log_error("cannot be a batch process: %s", strerror(errno));
}

void
scheduling_nice(int nice)
{
	if (setpriority(PRIO_PROCESS, 0, nice) != 0)
		log_error("cannot set JWT_LOGIN_NICE: %s", strerror(errno));
}
