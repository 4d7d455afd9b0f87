/*
 * The main of a fuzz harness where there is no libFuzzer: runs every file of the harness's corpus,
 * or the files and folders of the command line, and says so in TAP.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long inputs;

static void
replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	long size;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0) {
		printf("Bail out! cannot read %s\n", path);
		exit(EXIT_FAILURE);
	}
	rewind(file);
	data = malloc(
	    size == 0 ? 1 : (size_t)size); /* no byte to spare: a sanitizer sees a step over */
	if (data == NULL || fread(data, 1, (size_t)size, file) != (size_t)size)
		abort();
	fclose(file);
	printf("# %s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
	inputs++;
}

static void
replay(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	char inside[4096];

	if (folder == NULL) {
		replay_file(path);
		return;
	}
	while ((entry = readdir(folder)) != NULL) {
		snprintf(inside, sizeof(inside), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.')
			replay_file(inside);
	}
	closedir(folder);
}

int
main(int argc, char **argv)
{
	const char *source = getenv("srcdir"), *name = strstr(argv[0], "fuzz_");
	char corpus[4096];

	if (name == NULL)
		return EXIT_FAILURE;
	snprintf(corpus, sizeof(corpus), "%s/tests/fuzz/corpus/%s", source == NULL ? "." : source,
	    name + strlen("fuzz_"));
	puts("1..1");
	if (argc == 1)
		replay(corpus);
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	printf("ok 1 - %lu inputs\n", inputs);
	return EXIT_SUCCESS;
}
