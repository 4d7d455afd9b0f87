/*
 * The main of a fuzz harness where there is no libFuzzer: runs every file in
 * tests/fuzz/corpus/NAME.tar, or the files and tar archives of the command line, and reports in
 * TAP.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK     512 /* ustar: a header of one block, then the file, padded to blocks */
#define NAME_SIZE 100
#define SIZE_AT   124
#define TYPE_AT   156

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long inputs;

static void
bail_out(const char *path)
{
	printf("Bail out! cannot read %s\n", path);
	exit(EXIT_FAILURE);
}

/* A copy without a spare byte, so that a sanitizer sees a read past the end. */
static void
run(const char *name, const uint8_t *bytes, size_t size)
{
	uint8_t *data = malloc(size == 0 ? 1 : size);

	if (data == NULL)
		abort();
	memcpy(data, bytes, size);
	printf("# %s\n", name);
	fflush(stdout);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	inputs++;
}

static void
run_archive(const char *path, const uint8_t *bytes, size_t length)
{
	size_t at = 0, size;
	char name[NAME_SIZE + 1] = "";

	while (length - at >= BLOCK && bytes[at] != '\0') {
		memcpy(name, bytes + at, NAME_SIZE);
		size = strtoul((const char *)bytes + at + SIZE_AT, NULL, 8);
		if (size > length - at - BLOCK)
			bail_out(path);
		if (bytes[at + TYPE_AT] == '0')
			run(name, bytes + at + BLOCK, size);
		at += BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK;
		if (at > length)
			bail_out(path);
	}
}

static void
replay(const char *path)
{
	FILE *file = fopen(path, "rb");
	const char *ending = strrchr(path, '.');
	uint8_t *bytes;
	long size = 0;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0)
		bail_out(path);
	rewind(file);
	bytes = malloc((size_t)size + 1);
	if (bytes == NULL || fread(bytes, 1, (size_t)size, file) != (size_t)size)
		abort();
	fclose(file);
	if (ending != NULL && strcmp(ending, ".tar") == 0)
		run_archive(path, bytes, (size_t)size);
	else
		run(path, bytes, (size_t)size);
	free(bytes);
}

int
main(int argc, char **argv)
{
	const char *source = getenv("srcdir"), *name = strstr(argv[0], "fuzz_");
	char corpus[4096];

	if (name == NULL)
		return EXIT_FAILURE;
	snprintf(corpus, sizeof(corpus), "%s/tests/fuzz/corpus/%s.tar",
	    source == NULL ? "." : source, name + strlen("fuzz_"));
	puts("1..1");
	if (argc == 1)
		replay(corpus);
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	printf("%sok 1 - %lu inputs\n", inputs == 0 ? "not " : "", inputs);
	return EXIT_SUCCESS;
}
