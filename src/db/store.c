#include "db/store.h"

#include "base/clock.h"
#include "base/fiber.h"
#include "base/memory.h"
#include "db/session.h"
#include "process/metrics.h"

#include <stdlib.h>

#define ATTEMPTS             3
#define SUSPECT_MILLISECONDS 500  /* for a question to a suspect database */
#define SUSPECT_FOR          5000 /* then it is asked with all patience again */

struct store {
	const struct statement *table;
	struct session *session;
	long milliseconds;
	struct queue waiting, sent; /* each in the order of their deadlines */
	int64_t suspect_until;      /* 0, or as long as there is less patience */
};

struct store *
store_new(const char *program, const struct statement *table, long timeout)
{
	struct store *store = memory_need(calloc(1, sizeof(*store)));

	store->table = table;
	store->milliseconds = timeout;
	STAILQ_INIT(&store->waiting);
	STAILQ_INIT(&store->sent);
	store->session = session_new(program, table);
	return store;
}

/* Who waits already has no more patience than who comes now. */
static void
suspect(struct store *store)
{
	int64_t now = clock_milliseconds();
	struct question *one;

	if (store->suspect_until <= now)
		store->suspect_until = now + SUSPECT_FOR;
	for (one = STAILQ_FIRST(&store->waiting); one != NULL; one = STAILQ_NEXT(one, next))
		if (one->deadline > now + SUSPECT_MILLISECONDS)
			one->deadline = now + SUSPECT_MILLISECONDS;
}

static int64_t
deadline(const struct store *store)
{
	int64_t now = clock_milliseconds();

	return now + (now < store->suspect_until ? SUSPECT_MILLISECONDS : store->milliseconds);
}

static enum outcome
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
	if (outcome == ANSWERED)
		store->suspect_until = 0;
	else
		metrics_database_error();
	if (outcome == LATE)
		suspect(store);
	return outcome;
}

/* Its turn has come: to be received, or to be sent or asked. */
static void
wake_next(struct store *store)
{
	const struct queue *queue = STAILQ_EMPTY(&store->sent) ? &store->waiting : &store->sent;

	if (!STAILQ_EMPTY(queue))
		fiber_wake(STAILQ_FIRST(queue));
}

static void
answer(struct question *question, enum outcome outcome)
{
	if (outcome == ANSWERED)
		question->verdict = question->found ? VERDICT_YES : VERDICT_NO;
	question->answered = true;
	fiber_wake(question);
}

/* They go before all others, one by one: that is where trouble is told and judged. */
static void
ask_again(struct store *store, struct queue *queue)
{
	struct question *one;

	for (one = STAILQ_FIRST(queue); one != NULL; one = STAILQ_NEXT(one, next))
		one->alone = true;
	STAILQ_CONCAT(queue, &store->waiting);
	STAILQ_CONCAT(&store->waiting, queue);
}

/* The answer to the first, and what has come with it for others. */
static void
receive(struct store *store)
{
	struct queue refused = STAILQ_HEAD_INITIALIZER(refused);

	do {
		struct question *question = STAILQ_FIRST(&store->sent);
		enum outcome outcome = session_receive(store->session, question);

		if (outcome == LATE || outcome == LOST) {
			STAILQ_CONCAT(&refused, &store->sent);
			break;
		}
		STAILQ_REMOVE_HEAD(&store->sent, next);
		if (outcome == ANSWERED)
			answer(question, outcome);
		else
			STAILQ_INSERT_TAIL(&refused, question, next);
	} while (!STAILQ_EMPTY(&store->sent) && session_has_answer(store->session));
	ask_again(store, &refused);
	wake_next(store);
}

/* Nothing is on its way, and it is the first: it may send, or go alone until leave(). */
static bool
has_session(const struct store *store, const struct question *question)
{
	return question == STAILQ_FIRST(&store->waiting) && STAILQ_EMPTY(&store->sent);
}

static void
leave(struct store *store)
{
	STAILQ_REMOVE_HEAD(&store->waiting, next);
	wake_next(store);
}

/*
 * One step towards its answer. Each does the others' work with its own: the first of those that
 * wait sends, the first of those that were sent receives, and the rest sleep. PgBouncer (1.18)
 * mixes up the answers of a session on which several pieces are on their way and one is refused,
 * so there is one at a time.
 */
static void
go_on(struct store *store, struct question *question)
{
	if (question == STAILQ_FIRST(&store->sent)) {
		receive(store);
	} else if (!has_session(store, question)) {
		fiber_sleep(question);
	} else if (session_can_join(store->session, question)) {
		/* What is ready goes with it. */
		fiber_yield();
		session_send(store->session, &store->waiting, &store->sent);
	} else {
		answer(question, ask_alone(store, question));
		leave(store);
	}
}

enum verdict
store_ask(struct store *store, struct arena *arena, size_t statement, const char *const *parameters,
    struct row *out)
{
	struct question question = {.statement = statement,
	    .parameters = parameters,
	    .arena = arena,
	    .deadline = deadline(store),
	    .out = out,
	    .verdict = VERDICT_UNDECIDED};

	STAILQ_INSERT_TAIL(&store->waiting, &question, next);
	while (!question.answered)
		go_on(store, &question);
	return question.verdict;
}

enum verdict
store_check(struct store *store, struct arena *arena, size_t count, const char *advice)
{
	int64_t until = clock_milliseconds() + store->milliseconds;
	struct question turn = {.deadline = until, .alone = true};
	enum outcome outcome = ANSWERED;

	STAILQ_INSERT_TAIL(&store->waiting, &turn, next);
	while (!has_session(store, &turn))
		fiber_sleep(&turn);
	for (size_t number = 0; number < count && outcome == ANSWERED; number++)
		if (store->table[number].sql != NULL)
			outcome = session_prepare(store->session, arena, number, until, advice);
	/* Who is never asked holds no connection: databases have few. */
	session_end(store->session);
	leave(store);
	if (outcome == LATE)
		suspect(store);
	if (outcome == ANSWERED)
		return VERDICT_YES;
	return outcome == MISSING ? VERDICT_NO : VERDICT_UNDECIDED;
}
