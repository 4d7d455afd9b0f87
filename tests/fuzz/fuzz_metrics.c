/*
 * The file of a program's counters, behind the number of its layout, as somebody else has left it:
 * an answer is counted in it, and what is printed is lines of our own form.
 */
#include "fuzz.h"

#include "base/metrics.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAYOUT_SIZE 8

static char folder[] = "/tmp/jwt-fcgi-fuzz-XXXXXX", path[64];
static char *file;
static size_t file_size;

static void
remove_folder(void)
{
	unlink(path);
	rmdir(folder);
}

static void
open_file(void)
{
	struct stat status;
	int descriptor;

	require(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/fuzz.metrics", folder);
	atexit(remove_folder);
	metrics_open(folder, "fuzz");
	descriptor = open(path, O_RDWR);
	require(descriptor >= 0 && fstat(descriptor, &status) == 0);
	file_size = (size_t)status.st_size;
	file = mmap(NULL, file_size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
	require(file != MAP_FAILED);
	close(descriptor);
}

static void
check_line(const char *line, size_t length)
{
	const char *end = line + length, *value = memrchr(line, ' ', length);

	require(length > 0 && value != NULL && value + 1 < end);
	if (strncmp(line, "# ", 2) == 0)
		return;
	require(strncmp(line, "jwt_fcgi_", 9) == 0 && memchr(line, '{', length) != NULL);
	require(memmem(line, length, "{program=\"fuzz\"", 15) != NULL && value[-1] == '}');
	for (const char *at = value + 1; at < end; at++)
		require((*at >= '0' && *at <= '9') || *at == '.');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = fuzz_arena();
	struct buffer out = {.arena = arena};

	if (file == NULL)
		open_file();
	if (size > file_size - LAYOUT_SIZE)
		size = file_size - LAYOUT_SIZE;
	memset(file + LAYOUT_SIZE, 0, file_size - LAYOUT_SIZE);
	if (size > 0)
		memcpy(file + LAYOUT_SIZE, data, size);
	metrics_request(200, "ok", 1234);
	require(metrics_write(arena, folder, &out));
	for (const char *line = out.data, *end; *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		require(end != NULL);
		check_line(line, (size_t)(end - line));
	}
	return 0;
}
