/*
 * Input: a stored string, NUL or newline, and a password (none: "secret"). The policy's limit keeps
 * one execution under a millisecond, for some sizes of the input under some of them.
 */
#include "fuzz.h"

#include "accounts/password.h"

#include <string.h>

static void
check(const struct password_policy *policy, const char *stored, struct bytes password)
{
	long spent = -1, cost = password_cost(stored);
	enum verdict verdict = password_verify(policy, password, stored, &spent);

	require(spent >= 0 && (cost <= 0 || cost > policy->limit || spent <= cost));
	require(verdict != VERDICT_YES || !memchr(password.data, '\0', password.length));
	require(!password_must_rehash(policy, REHASH_OFF, stored));
	require(!password_must_rehash(policy, REHASH_UPGRADE, stored) ||
		password_must_rehash(policy, REHASH_DJANGO, stored));
}

/* What we store ourselves belongs to its password and never has to be replaced at once. */
static void
check_new(const struct password_policy *policy, struct bytes password)
{
	const char *stored = password_hash(fuzz_arena(), policy, password);
	bool nul = password.length > 0 && memchr(password.data, '\0', password.length);
	long spent;

	require(stored && !password_must_rehash(policy, REHASH_DJANGO, stored));
	require((password_verify(policy, password, stored, &spent) == VERDICT_YES) != nul);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	long limit = size % 16 == 0 ? 25000 : 1000;
	const struct password_policy all = {.iterations = 10, .legacy = true, .limit = limit};
	const struct password_policy usual = {.iterations = 10, .limit = limit};
	char *stored = calloc(1, size + 1);
	size_t length;
	struct bytes password = {"secret", 6};

	if (!stored)
		return 0;
	if (size > 0)
		memcpy(stored, data, size);
	length = strcspn(stored, "\n");
	if (length < size)
		password = (struct bytes){stored + length + 1, size - length - 1};
	stored[length] = '\0';
	check(&all, stored, password);
	if (size % 8 == 0)
		check(&usual, stored, password);
	if (size % 8 == 1)
		check_new(&usual, password);
	free(stored);
	return 0;
}
