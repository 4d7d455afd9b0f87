/*
 * jwtctl, the administrator's program: a table of subcommands, one file for each group of them.
 *
 * A file of subcommands ends with its table; jwtctl.c lists the tables. A subcommand says what it
 * did on standard output, for people or with --json for programs, and what went wrong on standard
 * error. No secret is ever an argument: they come from files, settings and standard input.
 */
#pragma once

#include "base/bytes.h"
#include "base/verdict.h"
#include "config/config.h"

/* How a subcommand, and so the process, ends. "Could not decide" is never taken for a "no". */
enum outcome {
	OUTCOME_YES = 0,       /* done; valid; healthy */
	OUTCOME_NO = 1,        /* not valid; refused; not healthy */
	OUTCOME_UNDECIDED = 2, /* could not be found out or done: usage, files, settings, outages */
};

/* The outcome of a query. */
enum outcome command_outcome(enum verdict);

#define OPTIONS_MAXIMUM 11 /* of a command's own */
#define OPTIONS_COMMON  3  /* --config, --json and --help */

struct invocation;

struct option_text {
	const char *name;     /* without its dashes */
	const char *argument; /* what the help calls its value; NULL: a switch */
	const char *meaning;
};

struct command {
	const char *name;      /* "verify", or "key list" */
	const char *arguments; /* a word for each, in [] if it may be missing; NULL: none */
	const char *summary;   /* one line */
	const char *examples;  /* lines of shell, each with its newline */
	/* Besides --json and --help, which all have, and --config, which reads the settings. */
	struct option_text options[OPTIONS_MAXIMUM + 1]; /* a NULL name ends them */
	bool without_settings;                           /* reads none, so has no --config */
	const char *active; /* what disable and enable, which share run(), set: "f" or "t" */
	/* NULL: a script of that name, beside the programs, takes the words as they are. */
	enum outcome (*run)(const struct invocation *);
};

/* The tables; a NULL name ends each. */
extern const struct command client_commands[];
extern const struct command issue_commands[];
extern const struct command key_commands[];
extern const struct command outstanding_commands[];
extern const struct command public_commands[];
extern const struct command session_commands[];
extern const struct command throttle_commands[];
extern const struct command token_commands[];
extern const struct command user_commands[];
extern const struct command user_test_commands[];

/* One call of a subcommand. What it needs memory for is wiped at its end. */
struct invocation {
	const struct command *command;
	struct arena *arena;
	const struct config *config; /* NULL for a command without settings */
	int64_t now;                 /* seconds since the epoch, read once at the start */
	bool json;
	/* Of its options, then of the common ones; of a switch "": given. */
	const char *values[OPTIONS_MAXIMUM + OPTIONS_COMMON];
	char **arguments; /* as many as the command has, none empty; NULL at the end */
};

/* The value of the command's option of that name; NULL if it was not given. */
const char *command_value(const struct invocation *, const char *name);

/* The same, or `otherwise` if it was not given. */
const char *command_or(const struct invocation *, const char *name, const char *otherwise);

/* Of a switch, for the database: "t" if it was given, else "f". */
const char *command_flag(const struct invocation *, const char *name);

/* Its value as a number from minimum to maximum, or `otherwise`; false after a line on stderr. */
bool command_number(const struct invocation *, const char *name, long minimum, long maximum,
    long otherwise, long *out);

/* The clock, or what --now says of it; false after a line on stderr. */
bool command_clock(const struct invocation *, int64_t *out);

/* One line on standard error: "jwtctl key list: …". */
void command_error(const struct invocation *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * All of standard input, at most `limit` bytes, without one newline at its end; false after a line
 * on stderr.
 */
bool command_read_line(const struct invocation *, size_t limit, struct bytes *out);
