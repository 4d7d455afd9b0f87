/*
 * A configuration file: refused, or every number is in its range, and no secret is printed.
 */
#include "base/config.h"
#include "base/settings.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *nothing[1];

static void
require(bool condition)
{
	if (!condition)
		abort();
}

static void
check_numbers(const struct config *config)
{
	for (const struct setting *setting = settings; setting->name != NULL; setting++) {
		const long *number =
		    (const long *)(const void *)((const char *)config + setting->offset);

		if (setting->type == SETTING_NUMBER || setting->type == SETTING_SECONDS)
			require(*number >= setting->minimum && *number <= setting->maximum);
	}
}

static void
check_secret(const struct config *config)
{
	char *printed = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&printed, &length);

	require(out != NULL);
	config_print(config, out);
	fclose(out);
	require(
	    config->signing_key == NULL || strstr(printed, "JWT_SIGNING_KEY=********\n") != NULL);
	free(printed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int file = memfd_create("config", MFD_CLOEXEC), nowhere = open("/dev/null", O_WRONLY);
	int errors = dup(STDERR_FILENO);
	const struct config *config;
	char path[64];

	require(file >= 0 && fchmod(file, 0600) == 0 && write(file, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	environ = nothing; /* without the PG* variables of the input before */
	dup2(nowhere, STDERR_FILENO);
	config = config_load(path);
	dup2(errors, STDERR_FILENO);
	if (config != NULL) {
		check_numbers(config);
		check_secret(config);
	}
	close(errors);
	close(nowhere);
	close(file);
	return 0;
}
