/*
 * A configuration file: refused, or every number is in its range, and no secret is printed. What it
 * complains of goes to standard error: -close_fd_mask=2 is for libFuzzer to have its own.
 */
#include "fuzz.h"

#include "config/config.h"
#include "config/settings.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char *nothing[1];

static void
check_numbers(const struct config *config)
{
	for (const struct setting *setting = settings; setting->name != NULL; setting++) {
		const long *number =
		    (const long *)(const void *)((const char *)config + setting->offset);
		long minimum, maximum;

		if (setting->type != SETTING_NUMBER && setting->type != SETTING_SECONDS)
			continue;
		require(sscanf(setting->values, "%ld to %ld", &minimum, &maximum) == 2);
		require(*number >= minimum && *number <= maximum);
	}
}

static bool
has_line(const char *text, const char *line)
{
	const char *at = strstr(text, line);

	return at != NULL && (at == text || at[-1] == '\n');
}

static void
check_secrets(const struct config *config)
{
	static char *printed;
	static size_t length;
	static FILE *out;

	if (out == NULL)
		out = open_memstream(&printed, &length);
	require(out != NULL);
	rewind(out);
	config_print(config, out);
	fflush(out);
	if (config->signing_key != NULL)
		require(has_line(printed, "JWT_SIGNING_KEY=********\n"));
	if (config->database_url != NULL)
		require(has_line(printed, "JWT_DATABASE_URL=********\n"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int file = -1;
	static char path[64];
	const struct config *config;

	if (file < 0) {
		file = memfd_create("config", MFD_CLOEXEC);
		require(file >= 0 && fchmod(file, 0600) == 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	}
	require(ftruncate(file, (off_t)size) == 0);
	require(pwrite(file, data, size, 0) == (ssize_t)size);
	environ = nothing; /* without the PG* variables of the input before */
	config = config_load(path);
	if (config != NULL) {
		check_numbers(config);
		check_secrets(config);
	}
	return 0;
}
