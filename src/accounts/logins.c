#include "accounts/logins.h"

#include "accounts/password.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "db/statements.h"

#include <ctype.h>
#include <string.h>

#define DEAREST_MAXIMUM 256 /* Django's column holds 128 */

/* Of the hashes that were verified, the one that took most work. */
struct dearest {
	char stored[DEAREST_MAXIMUM]; /* without its digest; "": the setting is the dearest */
	long cost;                    /* PBKDF2 iterations, when it was verified last */
};

struct logins {
	struct password_policy policy;
	enum password_rehash rehash;
	struct dearest dearest;
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
	logins->dearest.cost = config->pbkdf2_iterations;
	return logins;
}

/* What is kept has no use but its cost: letters take the place of the digest behind the last '$'.
 */
static void
remember_dearest(struct dearest *dearest, const char *stored, long cost)
{
	char *digest;

	if (cost <= dearest->cost || strlen(stored) >= sizeof(dearest->stored))
		return;
	dearest->cost = cost;
	memcpy(dearest->stored, stored, strlen(stored) + 1);
	digest = strrchr(dearest->stored, '$');
	for (digest = digest == NULL ? dearest->stored : digest; *digest != '\0'; digest++)
		if (isalnum((unsigned char)*digest))
			*digest = 'A';
}

/* Makes a refusal that has cost that much cost as much as the verification of the dearest hash. */
static void
spend_the_rest(struct logins *logins, struct bytes password, long spent)
{
	struct dearest *dearest = &logins->dearest;
	long least = logins->policy.iterations;

	if (spent == 0 && *dearest->stored != '\0') {
		(void)password_verify(&logins->policy, password, dearest->stored, &spent);
		dearest->cost = spent;
		if (spent < least)
			*dearest = (struct dearest){.cost = least};
	}
	password_spend(password, dearest->cost - spent);
}

/*
 * A failure to store the new hash is no failure of the login: the next one tries again. Afterwards
 * the account has what stands in the table, even if another process was faster: tokens may carry
 * its digest.
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

/* Why the login was refused, by what is known of the account afterwards. */
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
		remember_dearest(&logins->dearest, out->password, spent);
	/* Django renews the hash of an inactive user too, before it refuses him. */
	if (verified == VERDICT_YES)
		renew_hash(accounts, arena, password, out);
	if (verified != VERDICT_YES || !out->active) {
		out->refusal = refusal_reason(logins, found, verified, out);
		verified = VERDICT_NO;
		spend_the_rest(logins, password, spent);
	}
	/* Counted for unknown names too: otherwise the counter would tell which names exist. */
	metrics_password(begun);
	return verified;
}

enum verdict
login_note(struct accounts *accounts, struct arena *arena, const struct account *account)
{
	enum verdict verdict =
	    query_ask(accounts->database, arena, LAST_LOGIN, &account->key, NULL);

	return verdict == VERDICT_UNDECIDED ? VERDICT_UNDECIDED : VERDICT_YES;
}
