#include "accounts/store.h"

#include "accounts/session.h"
#include "base/clock.h"
#include "base/fiber.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"

#include <stdlib.h>

#define ATTEMPTS             3
#define SUSPECT_MILLISECONDS 500  /* for a question to a suspect database */
#define SUSPECT_FOR          5000 /* then it is asked with all patience again */

struct store {
	const struct statement *table;
	struct session *session;
	long milliseconds;
	bool busy;                     /* somebody uses the session */
	struct question *first, **end; /* those that wait, in the order of their deadlines */
	int64_t suspect_until;         /* 0, or as long as there is less patience */
};

struct store *
store_new(const char *program, const struct statement *table, long timeout)
{
	struct store *store = memory_need(calloc(1, sizeof(*store)));

	store->table = table;
	store->milliseconds = timeout;
	store->end = &store->first;
	store->session = session_new(program, table);
	return store;
}

/* Who waits already has no more patience than who comes now. */
static void
suspect(struct store *store)
{
	int64_t now = clock_milliseconds();

	if (store->suspect_until <= now)
		store->suspect_until = now + SUSPECT_FOR;
	for (struct question *one = store->first; one != NULL; one = one->next)
		if (one->deadline > now + SUSPECT_MILLISECONDS)
			one->deadline = now + SUSPECT_MILLISECONDS;
}

static int64_t
deadline(const struct store *store)
{
	int64_t now = clock_milliseconds();

	return now + (now < store->suspect_until ? SUSPECT_MILLISECONDS : store->milliseconds);
}

static enum verdict
ask_alone(struct store *store, struct question *question)
{
	enum outcome outcome = TRY_AGAIN;

	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		bool again = outcome == TRY_AGAIN ||
			     (outcome == LOST && store->table[question->statement].kind != ONCE);

		if (!again)
			break;
		outcome = clock_milliseconds() < question->deadline
			      ? session_ask(store->session, question)
			      : LATE;
	}
	if (outcome == ANSWERED) {
		store->suspect_until = 0;
		return question->found ? VERDICT_YES : VERDICT_NO;
	}
	if (outcome == LATE)
		suspect(store);
	metrics_database_error();
	return VERDICT_UNDECIDED;
}

static void
take_first(struct store *store, enum verdict verdict)
{
	struct question *question = store->first;

	store->first = question->next;
	if (store->first == NULL)
		store->end = &store->first;
	question->verdict = verdict;
	question->answered = true;
}

/* Those that are left are asked one by one: that is where trouble is told and judged. */
static void
ask_together(struct store *store, size_t count)
{
	size_t answered = session_ask_together(store->session, store->first, count);

	for (size_t i = 0; i < answered; i++)
		take_first(store, store->first->found ? VERDICT_YES : VERDICT_NO);
	if (answered == count)
		return;
	for (struct question *one = store->first; one != NULL; one = one->next)
		one->alone = true;
}

/* The first of those that wait, and the others that can go with it. */
static void
answer(struct store *store)
{
	struct question *first = store->first;
	const struct question *one = first;
	size_t count = 0;

	do {
		if (one->alone || !session_can_join(store->session, one))
			break;
		count++;
		one = one->next;
	} while (one != NULL);
	if (count > 1)
		ask_together(store, count);
	else
		take_first(store, ask_alone(store, first));
}

/*
 * Whoever finds the session free answers for all that have come meanwhile: so the questions of many
 * requests travel together, and that of a single one goes at once.
 */
enum verdict
store_ask(struct store *store, struct arena *arena, size_t statement, const char *const *parameters,
    struct row *out)
{
	struct question *question = arena_alloc(arena, sizeof(*question));

	*question = (struct question){.statement = statement,
	    .parameters = parameters,
	    .arena = arena,
	    .deadline = deadline(store),
	    .out = out};
	*store->end = question;
	store->end = &question->next;
	while (!question->answered) {
		if (store->busy) {
			fiber_sleep(store);
			continue;
		}
		store->busy = true;
		fiber_yield();
		answer(store);
		store->busy = false;
		fiber_wake(store);
	}
	return question->verdict;
}

enum verdict
store_check(struct store *store, struct arena *arena, size_t count, const char *advice)
{
	int64_t until = clock_milliseconds() + store->milliseconds;
	enum outcome outcome = ANSWERED;

	while (store->busy)
		fiber_sleep(store);
	store->busy = true;
	for (size_t number = 0; number < count && outcome == ANSWERED; number++)
		if (store->table[number].sql != NULL)
			outcome = session_prepare(store->session, arena, number, until, advice);
	/* Who is never asked holds no connection: databases have few. */
	session_end(store->session);
	store->busy = false;
	fiber_wake(store);
	if (outcome == LATE)
		suspect(store);
	if (outcome == ANSWERED)
		return VERDICT_YES;
	return outcome == MISSING ? VERDICT_NO : VERDICT_UNDECIDED;
}
