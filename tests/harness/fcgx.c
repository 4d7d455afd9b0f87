/*
 * Preloaded into a program: records calls of libfcgi in the file FCGX_LOG. Each FCGX_Accept_r()
 * that returns a request adds a byte 'a', each byte of FCGX_PutStr() a byte 'p'.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int log_file = -1;

/* Runs before the sandbox forbids the program to open files. */
__attribute__((constructor)) static void
open_log(void)
{
	const char *path = getenv("FCGX_LOG");

	if (path != NULL)
		log_file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void
tell(char what, size_t count)
{
	char bytes[4096];

	memset(bytes, what, sizeof(bytes));
	while (count > 0) {
		size_t piece = count < sizeof(bytes) ? count : sizeof(bytes);

		if (write(log_file, bytes, piece) != (ssize_t)piece)
			abort();
		count -= piece;
	}
}

int
FCGX_Accept_r(void *request)
{
	static int (*real)(void *);
	int result;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "FCGX_Accept_r");
	result = real(request);
	if (result == 0)
		tell('a', 1);
	return result;
}

int
FCGX_PutStr(const char *text, int length, void *stream)
{
	static int (*real)(const char *, int, void *);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "FCGX_PutStr");
	tell('p', (size_t)length);
	return real(text, length, stream);
}
