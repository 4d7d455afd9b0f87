/*
 * jwtctl, the administrator's program: subcommands, in one file for each group of them.
 *
 * Such a file ends with the table of its subcommands; jwtctl.c lists the tables. A subcommand
 * reports results on standard output, for people or with --json for programs, and errors on
 * standard error. No secret is an argument: secrets come from files, settings and standard input.
 */
#pragma once

#include "base/bytes.h"
#include "base/verdict.h"
#include "config/config.h"

/* The exit status of a subcommand. "Could not decide" is never merged with "no". */
enum outcome {
	OUTCOME_YES = 0,       /* done; valid; healthy */
	OUTCOME_NO = 1,        /* not valid; refused; not healthy */
	OUTCOME_UNDECIDED = 2, /* could not be decided or done: usage, files, settings, outages */
};

/* The outcome of a query. */
enum outcome command_outcome(enum verdict);

#define OPTIONS_MAXIMUM 11 /* a command's own */
#define OPTIONS_COMMON  3  /* --config, --json and --help */

struct invocation;

struct option_text {
	const char *name;     /* without the dashes */
	const char *argument; /* the value's name in the help; NULL: a switch, which has no value */
	const char *meaning;
};

struct command {
	const char *name;      /* "verify", or "key list" */
	const char *arguments; /* a word for each, in [] if it is optional; NULL: none */
	const char *summary;   /* one line */
	const char *examples;  /* lines of shell, each with its newline */
	struct option_text options[OPTIONS_MAXIMUM + 1]; /* its own; a NULL name ends them */
	bool without_settings;                           /* reads no settings, has no --config */
	const char *active; /* "f" for disable, "t" for enable, which share run() */
	/* NULL: the script of the same name is run, with the words of the command line. */
	enum outcome (*run)(const struct invocation *);
};

/* The tables; a NULL name ends each. */
extern const struct command client_commands[];
extern const struct command key_commands[];
extern const struct command key_public_commands[];
extern const struct command session_commands[];
extern const struct command throttle_commands[];
extern const struct command token_issue_commands[];
extern const struct command token_list_commands[];
extern const struct command token_read_commands[];
extern const struct command user_commands[];
extern const struct command user_test_commands[];

/* One call of a subcommand. */
struct invocation {
	const struct command *command;
	struct arena *arena;         /* freed and wiped at the end */
	const struct config *config; /* NULL for a command without settings */
	int64_t now;                 /* seconds since the epoch, read once at the start */
	bool json;
	/* Of the command's options, then of the common ones. NULL: not given; "": a switch. */
	const char *values[OPTIONS_MAXIMUM + OPTIONS_COMMON];
	char **arguments; /* as the command wants them, none empty; NULL at the end */
};

/* The value of the command's option of that name; NULL if it was not given. */
const char *command_value(const struct invocation *, const char *name);

/* The same, or `otherwise` if it was not given. */
const char *command_or(const struct invocation *, const char *name, const char *otherwise);

/* A switch as a boolean for the database: "t" if it was given, else "f". */
const char *command_flag(const struct invocation *, const char *name);

/* The value as a number from minimum to maximum, or `otherwise`; false after a line on stderr. */
bool command_number(const struct invocation *, const char *name, long minimum, long maximum,
    long otherwise, long *out);

/* The time, or the one that --now gives; false after a line on stderr. */
bool command_clock(const struct invocation *, int64_t *out);

/* One line on standard error: "jwtctl key list: …". */
void command_error(const struct invocation *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * All of standard input, at most `limit` bytes, without one newline at its end; false after a line
 * on stderr.
 */
bool command_read_line(const struct invocation *, size_t limit, struct bytes *out);
