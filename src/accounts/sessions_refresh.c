/*
 * Refreshes a session when one of its refresh tokens is shown.
 */
#include "accounts/sessions.h"
#include "db/query.h"
#include "db/statements.h"

#include <stdlib.h>
#include <string.h>

#define TRIES 3 /* of a refresh that races with others */

enum session_outcome
session_decide(const struct session_state *state, long shown)
{
	if (!state->user_is_active)
		return SESSION_NO_ACCOUNT;
	if (!state->exists)
		return SESSION_ENDED;
	if (!state->alive)
		return SESSION_EXPIRED;
	if (shown > state->gen)
		return SESSION_BEHIND;
	if (shown != state->gen && shown != state->held)
		return SESSION_REPLAYED;
	if (state->in_grace)
		return SESSION_OK;
	return shown == state->gen || state->in_recovery ? SESSION_AGAIN : SESSION_REPLAYED;
}

/* One refresh, which may take several statements. */
struct refresh {
	struct sessions *sessions;
	struct arena *arena;
	const struct session_terms *terms;
	const char *user_id;
	const struct session *shown;
	struct session *out;
	bool repeated; /* a lost connection may hide that this refresh has moved the row */
};

/* Moves the row to its next generation, if it may: YES, with the new generation in *out. */
static enum verdict
move(struct refresh *refresh, bool behind)
{
	const struct session_terms *terms = refresh->terms;
	struct database *database = refresh->sessions->database;
	struct arena *arena = refresh->arena;
	struct rows rows;
	enum verdict verdict = query_ask(database, arena, SESSION_REFRESH,
	    (const char *[]){refresh->user_id, refresh->user_id, refresh->shown->sid,
		arena_printf(arena, "%ld", refresh->shown->gen),
		session_interval(arena, terms->life), session_interval(arena, terms->grace),
		session_interval(arena, terms->recovery), behind ? "t" : "f", terms->client},
	    &rows);

	refresh->repeated = refresh->repeated || query_repeated(database);
	if (verdict != VERDICT_YES)
		return verdict;
	*refresh->out = *refresh->shown;
	refresh->out->gen = atol(rows.values[0]);
	refresh->out->seconds = atol(rows.values[1]);
	return VERDICT_YES;
}

/* NO: there is no such user. *out: the newest generation, and the seconds that are left. */
static enum verdict
read_state(const struct refresh *refresh, struct session_state *state)
{
	const struct session_terms *terms = refresh->terms;
	struct rows rows;
	enum verdict verdict = query_ask(refresh->sessions->database, refresh->arena, SESSION_STATE,
	    (const char *[]){refresh->user_id, refresh->user_id, refresh->shown->sid,
		session_interval(refresh->arena, terms->grace),
		session_interval(refresh->arena, terms->recovery), terms->client},
	    &rows);
	const char **values = rows.values;

	*state = (struct session_state){.exists = false};
	if (verdict != VERDICT_YES)
		return verdict;
	state->user_is_active = query_is_true(values[0]);
	state->exists = values[1] != NULL;
	if (!state->exists)
		return VERDICT_YES;
	state->gen = atol(values[1]);
	state->held = atol(values[2]);
	state->in_grace = query_is_true(values[3]);
	state->in_recovery = query_is_true(values[4]);
	state->alive = query_is_true(values[5]);
	*refresh->out = *refresh->shown;
	refresh->out->gen = state->gen;
	refresh->out->seconds = atol(values[6]);
	return VERDICT_YES;
}

/* Only if the token is still older than the newest: after a crash it may be the newest again. */
static enum session_outcome
end_replayed(const struct refresh *refresh)
{
	const char *gen = arena_printf(refresh->arena, "%ld", refresh->shown->gen);
	enum verdict verdict = query_ask(refresh->sessions->database, refresh->arena, SESSION_END,
	    (const char *[]){refresh->user_id, refresh->shown->sid, gen}, NULL);

	return verdict == VERDICT_UNDECIDED ? SESSION_UNAVAILABLE : SESSION_REPLAYED;
}

static enum session_outcome
attempt(struct refresh *refresh)
{
	bool rotate = refresh->terms->rotate;
	enum verdict moved = rotate ? move(refresh, false) : VERDICT_NO, found;
	struct session_state state;

	if (moved == VERDICT_UNDECIDED)
		return SESSION_UNAVAILABLE;
	if (moved == VERDICT_YES)
		return refresh->out->gen > refresh->shown->gen + 1 ? SESSION_RECOVERED : SESSION_OK;
	found = read_state(refresh, &state);
	if (found != VERDICT_YES)
		return found == VERDICT_NO ? SESSION_NO_ACCOUNT : SESSION_UNAVAILABLE;
	/* Without rotation a client has no newer token, however old this one is. */
	state.in_recovery = state.in_recovery || !rotate;
	state.in_grace = state.in_grace || refresh->repeated;
	return session_decide(&state, refresh->shown->gen);
}

static enum session_outcome
refresh_row(struct refresh *refresh)
{
	enum session_outcome outcome = SESSION_AGAIN;
	enum verdict moved;

	for (int i = 0; i < TRIES && outcome == SESSION_AGAIN; i++) {
		outcome = attempt(refresh);
		if (outcome == SESSION_AGAIN && !refresh->terms->rotate)
			return SESSION_OK;
		if (outcome != SESSION_BEHIND)
			continue;
		moved = move(refresh, true);
		if (moved == VERDICT_UNDECIDED)
			return SESSION_UNAVAILABLE;
		if (moved == VERDICT_NO)
			outcome = SESSION_AGAIN;
	}
	if (outcome == SESSION_REPLAYED)
		return end_replayed(refresh);
	return outcome == SESSION_AGAIN ? SESSION_UNAVAILABLE : outcome;
}

enum session_outcome
sessions_refresh(struct sessions *sessions, struct arena *arena, const struct session_terms *terms,
    const char *user_id, const struct session *shown, struct session *out)
{
	return refresh_row(&(struct refresh){sessions, arena, terms, user_id, shown, out, false});
}

enum verdict
sessions_judge(struct sessions *sessions, struct arena *arena, const struct session_terms *terms,
    const char *user_id, const struct session *shown)
{
	struct session out;
	struct session_state state;
	enum verdict found = read_state(
	    &(struct refresh){sessions, arena, terms, user_id, shown, &out, false}, &state);

	if (found != VERDICT_YES)
		return found;
	switch (session_decide(&state, shown->gen)) {
	case SESSION_OK:
	case SESSION_AGAIN:
	case SESSION_BEHIND:
		return VERDICT_YES;
	default:
		return VERDICT_NO;
	}
}

void
session_id_of_token(struct bytes token, char out[static SESSION_ID_SIZE])
{
	const char *dot = token.length == 0 ? NULL : memrchr(token.data, '.', token.length);

	session_derive_id(
	    (struct bytes){token.data, dot == NULL ? 0 : (size_t)(dot - token.data)}, out);
}

enum session_outcome
sessions_convert(struct sessions *sessions, struct arena *arena, const char *user_id,
    struct bytes token, int64_t iat, const struct device *device, struct session *out)
{
	const struct config *config = sessions->config;
	const struct session_terms terms = session_password_terms(config);
	struct database *database = sessions->database;
	const char *earliest = arena_printf(arena, "%lld", (long long)(iat - config->leeway));
	struct session shown = {.gen = 0};
	struct rows rows;
	enum verdict made;

	session_id_of_token(token, shown.sid);
	made = query_ask(database, arena, SESSION_CONVERT,
	    (const char *[]){user_id, user_id, shown.sid, session_interval(arena, terms.life),
		session_interval(arena, terms.age), device->address, device->agent, earliest},
	    &rows);
	if (made == VERDICT_UNDECIDED)
		return SESSION_UNAVAILABLE;
	if (made == VERDICT_NO) /* converted before, or not to be converted */
		return refresh_row(&(struct refresh){
		    sessions, arena, &terms, user_id, &shown, out, query_repeated(database)});
	*out = shown;
	out->gen = 1;
	out->seconds = atol(rows.values[0]);
	sessions_evict(sessions, arena, user_id);
	sessions_sweep(sessions, arena);
	return SESSION_CONVERTED;
}
