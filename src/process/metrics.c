#include "process/metrics.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX          ".metrics"
#define LAYOUT          UINT64_C(0x6a77742d66636702) /* another layout has another number */
#define ANSWERS_MAXIMUM 64
#define WORD_SIZE       32

/* Upper ends of the buckets, in microseconds. */
static const int64_t bounds[] = {
    500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000};

#define BOUNDS (sizeof(bounds) / sizeof(*bounds))

struct histogram {
	uint64_t buckets[BOUNDS + 1]; /* not cumulative; the last is what is above all bounds */
	uint64_t sum;                 /* microseconds */
};

struct answers {
	char outcome[WORD_SIZE];
	uint64_t status, count;
};

/* The file. Counters change atomically; a new kind of answer is added under a lock of the file. */
struct metrics {
	uint64_t layout, used;
	struct answers answers[ANSWERS_MAXIMUM];
	struct histogram requests, passwords;
	uint64_t database_errors;
	uint64_t owners[2]; /* by enum metrics_owner */
};

static struct metrics *mapped; /* NULL: nothing is counted */
static int descriptor = -1;

static void
add(uint64_t *counter, uint64_t value)
{
	__atomic_fetch_add(counter, value, __ATOMIC_RELAXED);
}

static uint64_t
get(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

/* Makes the file what it must be if it is new or was written by another release. */
static bool
prepare(int file)
{
	struct metrics head = {.layout = 0};
	struct stat status;
	bool good;

	if (flock(file, LOCK_EX) != 0 || fstat(file, &status) != 0)
		return false;
	good = status.st_size == (off_t)sizeof(head) &&
	       pread(file, &head, sizeof(head.layout), 0) == (ssize_t)sizeof(head.layout) &&
	       head.layout == LAYOUT;
	if (!good) {
		memset(&head, 0, sizeof(head));
		head.layout = LAYOUT;
		good = pwrite(file, &head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
		       ftruncate(file, (off_t)sizeof(head)) == 0;
	}
	flock(file, LOCK_UN);
	return good;
}

void
metrics_open(const struct config *config, const char *program)
{
	struct arena *arena;
	const char *path, *why;

	if (config->metrics_dir == NULL)
		return;
	arena = arena_new();
	path = arena_printf(arena, "%s/%s" SUFFIX, config->metrics_dir, program);
	descriptor = file_open_shared(path, 0640, &why);
	if (descriptor >= 0 && prepare(descriptor)) {
		void *at =
		    mmap(NULL, sizeof(*mapped), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);

		mapped = at == MAP_FAILED ? NULL : at;
	}
	if (mapped == NULL)
		log_line(
		    "nothing is counted: %s: %s", path, descriptor < 0 ? why : strerror(errno));
	arena_free(arena);
}

static struct answers *
find_answers(int status, const char *outcome)
{
	uint64_t used = get(&mapped->used);

	for (uint64_t i = 0; i < used && i < ANSWERS_MAXIMUM; i++)
		if (mapped->answers[i].status == (uint64_t)status &&
		    strncmp(mapped->answers[i].outcome, outcome, WORD_SIZE - 1) == 0)
			return &mapped->answers[i];
	return NULL;
}

/* NULL if there are more kinds than anybody would look at. */
static struct answers *
add_answers(int status, const char *outcome)
{
	struct answers *answers = find_answers(status, outcome); /* somebody else was first */
	uint64_t used = get(&mapped->used); /* once: what others write is not to be believed */

	if (answers != NULL || used >= ANSWERS_MAXIMUM)
		return answers;
	answers = &mapped->answers[used];
	memset(answers, 0, sizeof(*answers));
	strncpy(answers->outcome, outcome, WORD_SIZE - 1);
	answers->status = (uint64_t)status;
	__atomic_store_n(&mapped->used, used + 1, __ATOMIC_RELEASE);
	return answers;
}

static void
observe(struct histogram *histogram, int64_t microseconds)
{
	size_t i = 0;

	while (i < BOUNDS && microseconds > bounds[i])
		i++;
	add(&histogram->buckets[i], 1);
	add(&histogram->sum, (uint64_t)(microseconds > 0 ? microseconds : 0));
}

void
metrics_request(int status, const char *outcome, int64_t microseconds)
{
	struct answers *answers;

	if (mapped == NULL)
		return;
	answers = find_answers(status, outcome);
	if (answers == NULL && flock(descriptor, LOCK_EX) == 0) {
		answers = add_answers(status, outcome);
		flock(descriptor, LOCK_UN);
	}
	if (answers != NULL)
		add(&answers->count, 1);
	observe(&mapped->requests, microseconds);
}

void
metrics_password(int64_t begun)
{
	if (mapped != NULL)
		observe(&mapped->passwords, clock_microseconds() - begun);
}

void
metrics_database_error(void)
{
	if (mapped != NULL)
		add(&mapped->database_errors, 1);
}

void
metrics_owner(enum metrics_owner how)
{
	if (mapped != NULL)
		add(&mapped->owners[how], 1);
}

/* A program and its counters as they were read. */
struct reading {
	const char *program;
	struct metrics metrics;
	struct reading *next;
};

static bool
read_file(int folder, const char *name, struct metrics *out)
{
	int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool good = file >= 0 && read(file, out, sizeof(*out)) == (ssize_t)sizeof(*out) &&
		    out->layout == LAYOUT;

	if (file >= 0)
		close(file);
	return good;
}

/* Sorted by name, so that two scrapes list the same in the same order. */
static void
insert(struct reading **list, struct reading *reading)
{
	while (*list != NULL && strcmp((*list)->program, reading->program) < 0)
		list = &(*list)->next;
	reading->next = *list;
	*list = reading;
}

static struct reading *
read_folder(struct arena *arena, DIR *folder)
{
	struct reading *list = NULL;
	struct dirent *entry;

	while ((entry = readdir(folder)) != NULL) {
		size_t length = strlen(entry->d_name), suffix = strlen(SUFFIX);
		struct reading *reading;

		if (length <= suffix || strcmp(entry->d_name + length - suffix, SUFFIX) != 0)
			continue;
		reading = arena_alloc(arena, sizeof(*reading));
		reading->program = arena_copy(arena, entry->d_name, length - suffix);
		if (reading->program[strspn(reading->program, "abcdefghijklmnopqrstuvwxyz_")] ==
			'\0' &&
		    read_file(dirfd(folder), entry->d_name, &reading->metrics))
			insert(&list, reading);
	}
	return list;
}

static void
put_head(struct buffer *out, const char *name, const char *type, const char *help)
{
	buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
put_seconds(struct buffer *out, uint64_t microseconds)
{
	buffer_printf(out, "%llu.%06llu", (unsigned long long)(microseconds / 1000000),
	    (unsigned long long)(microseconds % 1000000));
}

static void
put_histogram(
    struct buffer *out, const char *name, const char *program, const struct histogram *histogram)
{
	uint64_t count = 0;

	for (size_t i = 0; i <= BOUNDS; i++) {
		count += histogram->buckets[i];
		buffer_printf(out, "%s_bucket{program=\"%s\",le=\"", name, program);
		if (i < BOUNDS)
			buffer_printf(out, "%g", (double)bounds[i] / 1e6);
		else
			buffer_puts(out, "+Inf");
		buffer_printf(out, "\"} %llu\n", (unsigned long long)count);
	}
	buffer_printf(out, "%s_sum{program=\"%s\"} ", name, program);
	put_seconds(out, histogram->sum);
	buffer_printf(
	    out, "\n%s_count{program=\"%s\"} %llu\n", name, program, (unsigned long long)count);
}

/*
 * Any program may write into any of the files, if they have one user: who breaks into one must not
 * make lines of his own.
 */
static bool
is_word(const char text[WORD_SIZE])
{
	size_t length = strnlen(text, WORD_SIZE);

	return length < WORD_SIZE && strspn(text, "abcdefghijklmnopqrstuvwxyz-") == length;
}

static void
put_answers(struct buffer *out, const struct reading *reading)
{
	const struct metrics *metrics = &reading->metrics;

	for (uint64_t i = 0; i < metrics->used && i < ANSWERS_MAXIMUM; i++)
		if (is_word(metrics->answers[i].outcome))
			buffer_printf(out,
			    "jwt_fcgi_requests_total{program=\"%s\",status=\"%llu\",outcome=\"%s\"} "
			    "%llu\n",
			    reading->program, (unsigned long long)metrics->answers[i].status,
			    metrics->answers[i].outcome,
			    (unsigned long long)metrics->answers[i].count);
}

static void
put_owners(struct buffer *out, const char *program, const uint64_t *owners)
{
	static const char *const sources[] = {
	    [OWNER_WAS_KNOWN] = "known", [OWNER_WAS_READ] = "database"};

	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++)
		buffer_printf(out, "jwt_fcgi_owners_total{program=\"%s\",source=\"%s\"} %llu\n",
		    program, sources[i], (unsigned long long)owners[i]);
}

bool
metrics_write(struct arena *arena, const char *name, struct buffer *out)
{
	DIR *folder = name == NULL ? NULL : opendir(name);
	const struct reading *list, *reading;

	if (folder == NULL) {
		log_line("JWT_METRICS_DIR: %s", name == NULL ? "is not set" : strerror(errno));
		return false;
	}
	list = read_folder(arena, folder);
	closedir(folder);
	put_head(
	    out, "jwt_fcgi_requests_total", "counter", "Answers by program, status and outcome.");
	for (reading = list; reading != NULL; reading = reading->next)
		put_answers(out, reading);
	put_head(out, "jwt_fcgi_request_duration_seconds", "histogram",
	    "Time from a request that was read to its answer.");
	for (reading = list; reading != NULL; reading = reading->next)
		put_histogram(out, "jwt_fcgi_request_duration_seconds", reading->program,
		    &reading->metrics.requests);
	put_head(out, "jwt_fcgi_password_duration_seconds", "histogram",
	    "Time to verify a password's hash.");
	for (reading = list; reading != NULL; reading = reading->next)
		put_histogram(out, "jwt_fcgi_password_duration_seconds", reading->program,
		    &reading->metrics.passwords);
	put_head(out, "jwt_fcgi_database_errors_total", "counter",
	    "Questions that the database did not answer.");
	for (reading = list; reading != NULL; reading = reading->next)
		buffer_printf(out, "jwt_fcgi_database_errors_total{program=\"%s\"} %llu\n",
		    reading->program, (unsigned long long)reading->metrics.database_errors);
	put_head(out, "jwt_fcgi_owners_total", "counter",
	    "Owners of tokens that were judged, by what a process knows or by a read.");
	for (reading = list; reading != NULL; reading = reading->next)
		put_owners(out, reading->program, reading->metrics.owners);
	return true;
}
