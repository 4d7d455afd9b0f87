/*
 * The three answers to a question about a user or a token.
 */
#pragma once

/* UNDECIDED is never treated as NO: it is an outage, and the client gets a 503. */
enum verdict {
	VERDICT_UNDECIDED,
	VERDICT_NO,
	VERDICT_YES,
};
