/*
 * The three answers to a question about a user or a token.
 */
#ifndef BASE_VERDICT_H
#define BASE_VERDICT_H

/* Could not decide is never merged with no: it is an outage, and the client reads 503. */
enum verdict {
	VERDICT_UNDECIDED,
	VERDICT_NO,
	VERDICT_YES,
};

#endif
