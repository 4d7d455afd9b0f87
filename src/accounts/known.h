/*
 * A table of facts that this process has read from the database: owners of tokens that it found
 * good, and answers about permissions.
 *
 * A hash table of fixed size in the memory of the process. An entry is a 64-bit hash of the fact,
 * with a random key of the process, and 32-bit hashes of the user id and the sid, by which entries
 * are removed: 16 bytes, or 64 with the user's name. A full table, a collision of 32-bit hashes or
 * a name that is too long costs a read of the database, never a wrong answer.
 *
 * The change feed (accounts/feed.h) removes entries that are no longer true.
 */
#pragma once

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

struct known;

/* An owner as a token describes it, or, with `permission` and the user id alone, an answer. */
struct known_fact {
	const char *user_id;    /* as the token's claim and the row have it */
	const char *digest;     /* of the password, where tokens carry one; else NULL */
	const char *sid;        /* of the session; NULL if the token has none */
	long gen;               /* generation of the session's tokens */
	const char *permission; /* "+blog.add_post": has it; "-…": has it not; NULL: an owner */
};

#define KNOWN_NAME_MAXIMUM 40 /* bytes */

/* A table for that many facts, with owners' names if `names`; lives as long as the process. */
struct known *known_new(size_t facts, bool names);

/* Whether the fact is in the table. In a table with names *name becomes a copy in the arena. */
bool known_has(const struct known *, const struct known_fact *, struct arena *, const char **name);

/*
 * Adds a fact, replacing the oldest of its bucket if that is full. In a table with names a fact
 * without a name, or with one of more than KNOWN_NAME_MAXIMUM bytes, is not added.
 */
void known_add(struct known *, const struct known_fact *, const char *name);

/* Removes all entries whose user id or sid is one of these, in one pass over the table. */
void known_remove(struct known *, const char *const *ids, size_t count);
void known_clear(struct known *);

size_t known_count(const struct known *); /* facts in the table */
