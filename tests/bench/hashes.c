/*
 * hashes ITERATIONS SECONDS: how many passwords one processor can hash in a second of its time with
 * our own function. What a login can cost least.
 */
#include "accounts/pbkdf2.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	long iterations = argc > 2 ? atol(argv[1]) : 0, count = 0;
	double seconds = argc > 2 ? atof(argv[2]) : 0, begun = now();
	unsigned char out[PBKDF2_SHA256_SIZE];

	if (iterations < 1 || seconds <= 0)
		return 2;
	for (; now() < begun + seconds; count++)
		if (!pbkdf2_sha256(bytes_of("correct horse battery staple"),
			bytes_of("saltsaltsaltsaltsaltsa"), iterations, out))
			return 1;
	printf("%f\n", (double)count / (now() - begun));
	return 0;
}
