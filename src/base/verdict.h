/*
 * The three answers to a question about a user or a token.
 */
#pragma once

/* Could not decide is never merged with no: it is an outage, and the client reads 503. */
enum verdict {
	VERDICT_UNDECIDED,
	VERDICT_NO,
	VERDICT_YES,
};
