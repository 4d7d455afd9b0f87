/* The decision table of a refresh: what a refresh token is worth when its session's row did not
 * move. */
#include "accounts/sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { GRACE = 1, RECOVERY = 2, DEAD = 4, NONE = 8, INACTIVE = 16 };

/* The row has gen 5 and held 3, or what is said; `when`: since the last rotation. */
static const struct {
	const char *what;
	long shown, gen, held;
	int when;
	enum session_outcome outcome;
} rows[] = {
    {"newest, within the grace", 5, 5, 3, GRACE | RECOVERY, SESSION_OK},
    {"newest, later: the row may move", 5, 5, 3, RECOVERY, SESSION_AGAIN},
    {"newest, much later", 5, 5, 3, 0, SESSION_AGAIN},
    {"held, within the grace", 3, 5, 3, GRACE | RECOVERY, SESSION_OK},
    {"held, within the recovery: the row may move", 3, 5, 3, RECOVERY, SESSION_AGAIN},
    {"held, later: a second holder", 3, 5, 3, 0, SESSION_REPLAYED},
    {"void", 4, 5, 3, RECOVERY, SESSION_REPLAYED},
    {"void, also within the grace", 4, 5, 3, GRACE | RECOVERY, SESSION_REPLAYED},
    {"older than held", 2, 5, 3, RECOVERY, SESSION_REPLAYED},
    {"older than held, within the grace", 2, 5, 3, GRACE | RECOVERY, SESSION_REPLAYED},
    {"the token before it, confirmed by use of the next", 3, 5, 4, GRACE | RECOVERY,
	SESSION_REPLAYED},
    {"ahead of the row", 6, 5, 3, 0, SESSION_BEHIND},
    {"ahead of the row, within the grace", 9, 5, 3, GRACE | RECOVERY, SESSION_BEHIND},
    {"the first token of a login", 1, 1, 0, GRACE | RECOVERY, SESSION_OK},
    {"the first token, later", 1, 1, 0, RECOVERY, SESSION_AGAIN},
    {"converted, shown again at once", 0, 1, 0, GRACE | RECOVERY, SESSION_OK},
    {"converted, the answer was lost", 0, 1, 0, RECOVERY, SESSION_AGAIN},
    {"converted long ago", 0, 1, 0, 0, SESSION_REPLAYED},
    {"converted and confirmed", 0, 2, 1, RECOVERY, SESSION_REPLAYED},
    {"idle or absolute end", 5, 5, 3, GRACE | RECOVERY | DEAD, SESSION_EXPIRED},
    {"replayed after its end", 2, 5, 3, DEAD, SESSION_EXPIRED},
    {"no row", 5, 0, 0, NONE, SESSION_ENDED},
    {"inactive is judged first", 5, 5, 3, GRACE | RECOVERY | INACTIVE, SESSION_NO_ACCOUNT},
    {"inactive, no row", 5, 0, 0, NONE | INACTIVE, SESSION_NO_ACCOUNT},
    {"inactive, void", 4, 5, 3, INACTIVE, SESSION_NO_ACCOUNT},
};

static void
the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct session_state row = {.user_is_active = !(rows[i].when & INACTIVE),
		    .exists = !(rows[i].when & NONE),
		    .alive = !(rows[i].when & (NONE | DEAD)),
		    .in_grace = rows[i].when & GRACE,
		    .in_recovery = rows[i].when & RECOVERY,
		    .gen = rows[i].gen,
		    .held = rows[i].held};

		print_message("# %s\n", rows[i].what);
		assert_int_equal(session_decide(&row, rows[i].shown), rows[i].outcome);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
