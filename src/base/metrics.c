#include "base/metrics.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define SUFFIX ".metrics"

/* The answers that are counted separately; the last entry stands for all others. */
static const struct {
	int status;
	const char *outcome;
} answers[] = {{200, "code"}, {200, "consent-page"}, {200, "logged-out"}, {200, "login-page"},
    {200, "logout-page"}, {200, "no-account"}, {200, "ok"}, {200, "origin"}, {200, "revoked"},
    {200, "session-behind"}, {200, "session-converted"}, {200, "session-recovered"}, {204, "ok"},
    {204, "session-ended"}, {303, "access_denied"}, {303, "again"}, {303, "code"},
    {303, "consent_required"}, {303, "invalid_request"}, {303, "invalid_scope"},
    {303, "logged-out"}, {303, "login_required"}, {303, "registration_not_supported"},
    {303, "request_not_supported"}, {303, "request_uri_not_supported"},
    {303, "unsupported_response_type"}, {304, "not-modified"}, {400, "bad-request"},
    {400, "code-replayed"}, {400, "field-errors"}, {400, "oauth-code"}, {400, "oauth-grant-type"},
    {400, "oauth-refresh"}, {400, "oauth-request"}, {400, "oauth-scope"}, {400, "parse-error"},
    {400, "redirect-uri"}, {400, "session-ended"}, {400, "session-replayed"},
    {400, "unknown-client"}, {401, "bad-authorization"}, {401, "no-account"}, {401, "no-token"},
    {401, "no-user-id"}, {401, "oauth-client"}, {401, "oauth-token"}, {401, "password-changed"},
    {401, "session-ended"}, {401, "session-replayed"}, {401, "token-blacklisted"},
    {401, "token-expired"}, {401, "token-invalid"}, {401, "token-no-exp"}, {401, "token-no-id"},
    {401, "token-no-type"}, {401, "token-refused"}, {401, "token-wrong-type"},
    {401, "user-inactive"}, {401, "user-not-found"}, {403, "no-permission"}, {403, "oauth-scope"},
    {403, "origin"}, {404, "not-found"}, {405, "method"}, {406, "not-acceptable"},
    {413, "too-large"}, {415, "media-type"}, {429, "throttled"}, {431, "headers-too-large"},
    {503, "unavailable"}, {0, "other"}};

#define ANSWERS (sizeof(answers) / sizeof(*answers))

/* Upper bounds of the buckets, in microseconds. */
static const int64_t bounds[] = {
    500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000};

#define BOUNDS (sizeof(bounds) / sizeof(*bounds))

struct histogram {
	uint64_t buckets[BOUNDS + 1]; /* not cumulative; the last is above all bounds */
	uint64_t sum;                 /* microseconds */
};

/* The contents of the file. Counters are changed by atomic instructions. */
struct metrics {
	uint64_t layout;
	uint64_t answers[ANSWERS];
	struct histogram requests, passwords;
	uint64_t database_errors;
	uint64_t owners[2]; /* by enum metrics_owner */
	uint64_t feed_known, feed_asked;
};

static struct metrics *mapped; /* NULL: metrics are disabled */

/* Identifies what the counters of a file mean: a hash of the table above and of the size. */
static uint64_t
layout(void)
{
	uint64_t hash = HASH_BASIS ^ sizeof(struct metrics);

	for (size_t i = 0; i < ANSWERS; i++)
		hash = bytes_hash(hash ^ (uint64_t)answers[i].status, bytes_of(answers[i].outcome));
	return hash;
}

static void
add(uint64_t *counter, uint64_t value)
{
	__atomic_fetch_add(counter, value, __ATOMIC_RELAXED);
}

/* Resets the counters of another release. */
static bool
prepare(void *at)
{
	struct metrics *metrics = at;

	if (metrics->layout != layout())
		*metrics = (struct metrics){.layout = layout()};
	return true;
}

void
metrics_open(const char *folder, const char *program)
{
	static const struct file_shared kind = {
	    .mode = 0640, .size = sizeof(*mapped), .replace = true, .prepare = prepare};
	struct arena *arena;
	const char *path, *why;

	if (folder == NULL)
		return;
	arena = arena_new();
	path = arena_printf(arena, "%s/%s" SUFFIX, folder, program);
	mapped = file_map_shared(path, &kind, &why);
	if (mapped == NULL)
		log_error("metrics disabled: %s: %s", path, why);
	arena_free(arena);
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
	size_t i = 0;

	if (mapped == NULL)
		return;
	while (i < ANSWERS - 1 &&
	       (answers[i].status != status || strcmp(answers[i].outcome, outcome) != 0))
		i++;
	add(&mapped->answers[i], 1);
	observe(&mapped->requests, microseconds);
}

void
metrics_password(int64_t microseconds)
{
	if (mapped != NULL)
		observe(&mapped->passwords, microseconds);
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

/* With several processes, the gauges are those of the one that read the feed last. */
void
metrics_feed(size_t known, int64_t asked)
{
	if (mapped == NULL)
		return;
	__atomic_store_n(&mapped->feed_known, known, __ATOMIC_RELAXED);
	__atomic_store_n(&mapped->feed_asked, (uint64_t)asked, __ATOMIC_RELAXED);
}

/* A program and a copy of its counters. */
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
		    out->layout == layout();

	if (file >= 0)
		close(file);
	return good;
}

/* Sorted by name, so that every scrape has the same order. */
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
		size_t length = strspn(entry->d_name, "abcdefghijklmnopqrstuvwxyz_");
		struct reading *reading;

		if (length == 0 || strcmp(entry->d_name + length, SUFFIX) != 0)
			continue;
		reading = arena_alloc(arena, sizeof(*reading));
		reading->program = arena_copy(arena, entry->d_name, length);
		if (read_file(dirfd(folder), entry->d_name, &reading->metrics))
			insert(&list, reading);
	}
	return list;
}

static void
put_seconds(struct buffer *out, uint64_t microseconds)
{
	buffer_printf(
	    out, "%" PRIu64 ".%06" PRIu64 "\n", microseconds / 1000000, microseconds % 1000000);
}

/* Takes only numbers from the file, so that a compromised process cannot forge other lines. */
static void
put_answers(struct buffer *out, const char *name, const char *program, const uint64_t *counters)
{
	for (size_t i = 0; i < ANSWERS; i++)
		if (counters[i] > 0)
			buffer_printf(out,
			    "%s{program=\"%s\",status=\"%d\",outcome=\"%s\"} %" PRIu64 "\n", name,
			    program, answers[i].status, answers[i].outcome, counters[i]);
}

/* counters: the buckets and the sum, as in struct histogram. */
static void
put_histogram(struct buffer *out, const char *name, const char *program, const uint64_t *counters)
{
	uint64_t count = 0;

	for (size_t i = 0; i <= BOUNDS; i++) {
		count += counters[i];
		buffer_printf(out, "%s_bucket{program=\"%s\",le=\"", name, program);
		if (i < BOUNDS)
			buffer_printf(out, "%g", (double)bounds[i] / 1e6);
		else
			buffer_puts(out, "+Inf");
		buffer_printf(out, "\"} %" PRIu64 "\n", count);
	}
	buffer_printf(out, "%s_sum{program=\"%s\"} ", name, program);
	put_seconds(out, counters[BOUNDS + 1]);
	buffer_printf(out, "%s_count{program=\"%s\"} %" PRIu64 "\n", name, program, count);
}

static void
put_counter(struct buffer *out, const char *name, const char *program, const uint64_t *counter)
{
	buffer_printf(out, "%s{program=\"%s\"} %" PRIu64 "\n", name, program, *counter);
}

static void
put_owners(struct buffer *out, const char *name, const char *program, const uint64_t *owners)
{
	static const char *const sources[] = {
	    [OWNER_WAS_KNOWN] = "known", [OWNER_WAS_READ] = "database"};

	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++)
		buffer_printf(out, "%s{program=\"%s\",source=\"%s\"} %" PRIu64 "\n", name, program,
		    sources[i], owners[i]);
}

static void
put_age(struct buffer *out, const char *name, const char *program, const uint64_t *since)
{
	uint64_t now = (uint64_t)clock_milliseconds();

	buffer_printf(out, "%s{program=\"%s\"} ", name, program);
	put_seconds(out, now > *since ? (now - *since) * 1000 : 0);
}

static const struct {
	const char *name, *type, *help;
	void (*put)(struct buffer *, const char *name, const char *program, const uint64_t *);
	size_t offset; /* of its counters in struct metrics */
	bool of_feed;  /* omitted for programs that have not read the change feed */
} families[] = {
    {"jwt_fcgi_requests_total", "counter", "Answers by program, status and outcome.", put_answers,
	offsetof(struct metrics, answers), false},
    {"jwt_fcgi_request_duration_seconds", "histogram",
	"Time from a request that was read to its answer.", put_histogram,
	offsetof(struct metrics, requests), false},
    {"jwt_fcgi_password_duration_seconds", "histogram", "Time to verify a password's hash.",
	put_histogram, offsetof(struct metrics, passwords), false},
    {"jwt_fcgi_database_errors_total", "counter", "Statements that the database did not answer.",
	put_counter, offsetof(struct metrics, database_errors), false},
    {"jwt_fcgi_owners_total", "counter",
	"Owners of tokens that were judged, by what a process knows or by a read.", put_owners,
	offsetof(struct metrics, owners), false},
    {"jwt_fcgi_feed_known_owners", "gauge",
	"Owners that the process that asked the change feed last knows.", put_counter,
	offsetof(struct metrics, feed_known), true},
    {"jwt_fcgi_feed_age_seconds", "gauge",
	"Time since the change feed was last asked and answered.", put_age,
	offsetof(struct metrics, feed_asked), true},
};

bool
metrics_write(struct arena *arena, const char *name, struct buffer *out)
{
	DIR *folder = name == NULL ? NULL : opendir(name);
	const struct reading *list;

	if (folder == NULL) {
		log_error("JWT_METRICS_DIR: %s", name == NULL ? "is not set" : strerror(errno));
		return false;
	}
	list = read_folder(arena, folder);
	closedir(folder);
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++) {
		buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", families[i].name,
		    families[i].help, families[i].name, families[i].type);
		for (const struct reading *one = list; one != NULL; one = one->next)
			if (one->metrics.feed_asked != 0 || !families[i].of_feed)
				families[i].put(out, families[i].name, one->program,
				    (const uint64_t *)&one->metrics +
					families[i].offset / sizeof(uint64_t));
	}
	return true;
}
