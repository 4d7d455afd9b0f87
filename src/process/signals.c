#include "process/signals.h"

#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>

int
signals_open(void)
{
	/* multiwatch passes USR2 on and starts another; told to send TERM, its 1.0.0 sends QUIT. */
	static const int ends[] = {SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2};
	struct sigaction ignore = {.sa_handler = SIG_IGN}, hang_up;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		sigaddset(&set, ends[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	/* The keyring may have set a handler already, to read its keys again. */
	sigaction(SIGHUP, NULL, &hang_up);
	if (hang_up.sa_handler == SIG_DFL)
		sigaction(SIGHUP, &ignore, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}
