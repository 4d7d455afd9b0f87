/*
 * The methods of crypt(5), and what their strings ask for, told before any of it is done: libxcrypt
 * itself would work for days.
 */
#ifndef ACCOUNTS_CRYPT_METHOD_H
#define ACCOUNTS_CRYPT_METHOD_H

#include <stdbool.h>
#include <stddef.h>

struct crypt_method {
	const char *prefix;                     /* parameters are what stands behind it */
	double (*work)(const char *parameters); /* about how many PBKDF2 iterations; 0: broken */
	double strong;                          /* from this work on it is as good as ours */
	size_t cut;                             /* bytes of a password that count; 0: all */
	bool memory_hard;
};

/* The sixty-four of crypt(5), by their value. */
extern const char crypt_digits[];

/* The method of a whole string; NULL if it is none that we know. */
const struct crypt_method *crypt_method_of(const char *setting);

/* The bytes that it works in; 0: too few to mention. */
size_t crypt_method_memory(const struct crypt_method *, double work);

#endif
