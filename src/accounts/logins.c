#include "accounts/logins.h"

#include "accounts/password.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "db/statements.h"

#include <ctype.h>
#include <string.h>

#define COSTLIEST_MAXIMUM 256 /* Django's column holds 128 */

/* The verified hash that took the most work. */
struct costliest {
	char stored[COSTLIEST_MAXIMUM]; /* without its digest; "": the setting is the costliest */
	long cost;                      /* PBKDF2 iterations, at its last verification */
};

struct logins {
	struct password_policy policy;
	enum password_rehash rehash;
	struct costliest costliest;
};

struct logins *
logins_new(const struct config *config)
{
	struct logins *logins = arena_alloc(arena_of_process(), sizeof(*logins));

	logins->policy.iterations = config->pbkdf2_iterations;
	logins->policy.legacy = config->password_legacy;
	logins->rehash = strcmp(config->password_rehash, "off") == 0      ? REHASH_OFF
			 : strcmp(config->password_rehash, "django") == 0 ? REHASH_DJANGO
									  : REHASH_UPGRADE;
	logins->costliest.cost = config->pbkdf2_iterations;
	return logins;
}

/* Only the cost of the string matters: its digest, after the last '$', becomes letters. */
static void
remember_costliest(struct costliest *costliest, const char *stored, long cost)
{
	char *digest;

	if (cost <= costliest->cost || strlen(stored) >= sizeof(costliest->stored))
		return;
	costliest->cost = cost;
	memcpy(costliest->stored, stored, strlen(stored) + 1);
	digest = strrchr(costliest->stored, '$');
	for (digest = digest == NULL ? costliest->stored : digest; *digest != '\0'; digest++)
		if (isalnum((unsigned char)*digest))
			*digest = 'A';
}

/* Makes a refusal that has cost `spent` as costly as verifying the costliest hash. */
static void
spend_the_rest(struct logins *logins, struct bytes password, long spent)
{
	struct costliest *costliest = &logins->costliest;
	long least = logins->policy.iterations;

	if (spent == 0 && *costliest->stored != '\0') {
		(void)password_verify(&logins->policy, password, costliest->stored, &spent);
		costliest->cost = spent;
		if (spent < least)
			*costliest = (struct costliest){.cost = least};
	}
	password_spend(password, costliest->cost - spent);
}

/*
 * If the new hash cannot be stored, the login succeeds all the same, and the next one tries again.
 * Then account->password is what the table has, even if another process was faster, because tokens
 * may carry its digest.
 */
static void
renew_hash(
    struct accounts *accounts, struct arena *arena, struct bytes password, struct account *account)
{
	const struct logins *logins = accounts->logins;
	struct account now;
	const char *renewed;

	if (accounts->config->user_query != NULL ||
	    !password_must_rehash(&logins->policy, logins->rehash, account->password))
		return;
	renewed = password_hash(arena, &logins->policy, password);
	if (renewed == NULL)
		return;
	switch (query_ask(accounts->database, arena, PASSWORD_STORE,
	    (const char *[]){account->key, renewed, account->password}, NULL)) {
	case VERDICT_YES:
		account->password = renewed;
		break;
	case VERDICT_NO:
		if (account_find(accounts, arena, account->user_id, &now) == VERDICT_YES)
			account->password = now.password;
		break;
	case VERDICT_UNDECIDED:
		break;
	}
}

/* Why the login was refused, from what is known about the account. */
static const char *
refusal_reason(const struct logins *logins, enum verdict found, enum verdict verified,
    const struct account *account)
{
	static const char *const reasons[] = {[PASSWORD_NONE] = "no-password",
	    [PASSWORD_UNKNOWN] = "unknown-hash",
	    [PASSWORD_KNOWN] = "wrong-password"};

	if (found != VERDICT_YES)
		return "no-such-name";
	return verified == VERDICT_YES ? "inactive"
				       : reasons[password_kind(&logins->policy, account->password)];
}

enum verdict
login_verify(struct accounts *accounts, struct arena *arena, struct bytes name,
    struct bytes password, struct account *out)
{
	struct logins *logins = accounts->logins;
	enum verdict found, verified = VERDICT_NO;
	int64_t begun;
	long spent = 0;

	found = account_ask(
	    accounts, arena, USER_BY_NAME, arena_copy(arena, name.data, name.length), out);
	if (found == VERDICT_UNDECIDED)
		return found;
	begun = clock_microseconds();
	if (found == VERDICT_YES)
		verified = password_verify(&logins->policy, password, out->password, &spent);
	if (verified == VERDICT_UNDECIDED)
		return verified;
	if (spent > 0)
		remember_costliest(&logins->costliest, out->password, spent);
	/* Django renews the hash of an inactive user too, before it refuses the login. */
	if (verified == VERDICT_YES)
		renew_hash(accounts, arena, password, out);
	if (verified != VERDICT_YES || !out->active) {
		out->refusal = refusal_reason(logins, found, verified, out);
		verified = VERDICT_NO;
		spend_the_rest(logins, password, spent);
	}
	/* Counted for unknown names too: otherwise the counter would tell which names exist. */
	metrics_password(clock_microseconds() - begun);
	return verified;
}

enum verdict
login_note(struct accounts *accounts, struct arena *arena, const struct account *account)
{
	enum verdict verdict =
	    query_ask(accounts->database, arena, LAST_LOGIN, &account->key, NULL);

	return verdict == VERDICT_UNDECIDED ? VERDICT_UNDECIDED : VERDICT_YES;
}
