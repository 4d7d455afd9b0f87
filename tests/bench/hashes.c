/*
 * hashes ITERATIONS SECONDS: how many passwords a second one process can hash with our own
 * function, and how many microseconds of a processor's time each takes. What a login can cost
 * least.
 */
#include "accounts/pbkdf2.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double
now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	long iterations = argc > 2 ? atol(argv[1]) : 0, count = 0;
	double seconds = argc > 2 ? atof(argv[2]) : 0, begun = now(CLOCK_MONOTONIC);
	unsigned char out[PBKDF2_SHA256_SIZE];

	if (iterations < 1 || seconds <= 0)
		return 2;
	for (; now(CLOCK_MONOTONIC) < begun + seconds; count++)
		if (!pbkdf2_sha256(bytes_of("correct horse battery staple"),
			bytes_of("saltsaltsaltsaltsaltsa"), iterations, out))
			return 1;
	printf("%f %f\n", (double)count / (now(CLOCK_MONOTONIC) - begun),
	    now(CLOCK_PROCESS_CPUTIME_ID) / (double)count * 1e6);
	return 0;
}
