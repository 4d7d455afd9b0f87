/*
 * Signals that ask a program to stop, as something to read.
 */
#ifndef PROCESS_SIGNALS_H
#define PROCESS_SIGNALS_H

/*
 * A descriptor that is readable once SIGTERM, SIGINT, SIGQUIT, SIGUSR1 or SIGUSR2 has come; they no
 * longer interrupt the process. SIGPIPE is ignored, and SIGHUP unless it has a handler. To be
 * called after FCGX_Init(), which sets handlers of its own. -1, with errno: it cannot.
 */
int signals_open(void);

#endif
