/*
 * The table of tries, as another process has left it, and logins after that. Whatever stands in it,
 * nobody waits longer than the longest wait, and no login waits for ever.
 *
 * Input: eight logins, a byte each, and what the table holds where these people are counted.
 */
#include "fuzz.h"

#include "accounts/throttle.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LOGINS       8
#define PEOPLE       4
#define NOW          1800000000
#define LONGEST_WAIT 900
#define LINE         8 /* words; a line is a set of entries */
#define SECRET       1 /* after the word that names the layout */
#define HEAD         5 /* what is counted of all together, up to the first set */
#define SETS         16
#define LINES        (3 * PEOPLE)

static char path[] = "/tmp/jwt-fcgi-fuzz-XXXXXX";
static const struct config config = {
    .throttle_file = path, .throttle_address_tries = 20, .throttle_name_tries = 10};
static struct throttle *throttle;
static uint64_t *table, *lines[LINES];

static long
try_login(unsigned person, int64_t now, struct attempt *out)
{
	return throttle_try(throttle, person & 1 ? "192.0.2.1" : "2001:db8::1",
	    bytes_of(person & 2 ? "alice" : "Bob"), now, out);
}

/* With a secret that is always the same, they are always counted in the same places. */
static void
find_lines(size_t words)
{
	struct attempt attempt;
	size_t count = 0;

	memset(table + SECRET, 0, (HEAD - SECRET) * sizeof(*table));
	for (unsigned person = 0; person < PEOPLE; person++) {
		require(try_login(person, NOW, &attempt) == 0);
		throttle_settle(throttle, &attempt, VERDICT_YES, NOW);
		require(try_login(person ^ 1, NOW, &attempt) == 0);
	}
	for (size_t at = SETS; at < words; at += LINE)
		for (size_t i = 0; i < LINE; i++)
			if (table[at + i] != 0 && count < LINES &&
			    (count == 0 || lines[count - 1] != table + at))
				lines[count++] = table + at;
	require(count >= PEOPLE);
}

static void
open_table(void)
{
	int file = mkstemp(path);
	off_t size;

	require(file >= 0);
	throttle = throttle_open(&config);
	require(throttle != NULL);
	size = lseek(file, 0, SEEK_END);
	table = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	require(table != MAP_FAILED);
	close(file);
	unlink(path);
	find_lines((size_t)size / sizeof(*table));
}

static void
fill(uint64_t *to, size_t words, struct bytes *rest)
{
	size_t length = words * sizeof(*to), given = rest->length < length ? rest->length : length;

	memset(to, 0, length);
	if (given > 0)
		memcpy(to, rest->data, given);
	*rest = (struct bytes){rest->data + given, rest->length - given};
}

static void
log_in(uint8_t byte, int64_t *now)
{
	static const int64_t steps[] = {0, 0, 1, 2, 10, 60, 300, 900, 3600, 86400, -1, -11, -60,
	    -3600, INT64_C(1) << 31, -(INT64_C(1) << 31)};
	static const enum verdict verdicts[] = {VERDICT_YES, VERDICT_NO, VERDICT_UNDECIDED};
	unsigned verdict = byte >> 2 & 3;
	struct attempt attempt;
	long wait;

	*now += steps[byte >> 4];
	wait = try_login(byte & 3, *now, &attempt);
	require(wait >= 0 && wait <= LONGEST_WAIT);
	if (wait == 0 && verdict < 3) /* else its worker has died */
		throttle_settle(throttle, &attempt, verdicts[verdict], *now);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t logins = size < LOGINS ? size : LOGINS;
	struct bytes rest = {(const char *)data + logins, size - logins};
	int64_t now = NOW;

	if (throttle == NULL)
		open_table();
	fill(table + HEAD, SETS - HEAD, &rest);
	for (size_t i = 0; i < LINES && lines[i] != NULL; i++)
		fill(lines[i], LINE, &rest);
	for (size_t i = 0; i < logins; i++)
		log_in(data[i], &now);
	return 0;
}
