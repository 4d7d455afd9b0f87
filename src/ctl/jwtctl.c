/*
 * jwtctl: finds the subcommand, reads its options and runs it.
 */
#include "ctl/command.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct command doctor_commands[] = {
    {.name = "doctor",
	.summary = "Look at settings, keys, database, sockets and web server; say how to fix them",
	.examples = "  jwtctl doctor --config /etc/jwt-fcgi/jwt-fcgi.conf\n"
		    "  jwtctl doctor --url https://auth.example.org\n",
	.options = {{"sockets", "DIR", "where the programs listen; default: /run/jwt-fcgi"},
	    {"url", "URL", "of the service, to be asked through the web server"}},
	.configured = true},
    {.name = "schema",
	.summary = "Print the OpenAPI document of the programs, with the names of the settings",
	.examples = "  jwtctl schema --config /etc/jwt-fcgi/jwt-fcgi.conf > openapi.json\n",
	.configured = true},
    {.name = NULL},
};

static const struct command *const tables[] = {key_commands, public_commands, token_commands,
    issue_commands, outstanding_commands, user_commands, user_test_commands, session_commands,
    client_commands, throttle_commands, doctor_commands, NULL};

/* How many words of the command line name the command; 0 if they name another. */
static int
words_matched(const struct command *command, char **words)
{
	const char *rest = command->name;
	int count = 0;

	for (; *rest != '\0'; count++) {
		size_t length = strcspn(rest, " ");

		if (words[count] == NULL || strlen(words[count]) != length ||
		    strncmp(words[count], rest, length) != 0)
			return 0;
		rest += length + (rest[length] == ' ');
	}
	return count;
}

static const struct command *
command_find(char **words, int *count)
{
	for (const struct command *const *table = tables; *table != NULL; table++)
		for (const struct command *command = *table; command->name != NULL; command++) {
			*count = words_matched(command, words);
			if (*count > 0)
				return command;
		}
	return NULL;
}

/* All commands, or those of one group. */
static void
print_commands(FILE *out, const char *group)
{
	size_t length = group == NULL ? 0 : strlen(group);

	fprintf(out, "Usage: jwtctl %s%sCOMMAND [OPTION]...\n\n", group == NULL ? "" : group,
	    group == NULL ? "" : " ");
	for (const struct command *const *table = tables; *table != NULL; table++)
		for (const struct command *command = *table; command->name != NULL; command++)
			if (strncmp(command->name, group == NULL ? "" : group, length) == 0 &&
			    (length == 0 || command->name[length] == ' '))
				fprintf(out, "  %-22s %s\n", command->name, command->summary);
	fprintf(out,
	    "\n"
	    "`jwtctl COMMAND --help` shows a command's options, with examples. All take --json.\n"
	    "Exit status: 0 yes or done, 1 no, 2 could not be decided or done.\n");
}

static void
print_option(const char *name, const char *argument, const char *meaning)
{
	int width = printf(
	    "  --%s%s%s", name, argument == NULL ? "" : " ", argument == NULL ? "" : argument);

	printf("%*s%s\n", width < 26 ? 26 - width : 1, "", meaning);
}

static void
print_help(const struct command *command)
{
	printf("Usage: jwtctl %s [OPTION]...%s%s\n%s.\n\n", command->name,
	    command->arguments == NULL ? "" : " ",
	    command->arguments == NULL ? "" : command->arguments, command->summary);
	for (const struct option_text *option = command->options; option->name != NULL; option++)
		print_option(option->name, option->argument, option->meaning);
	if (command->configured)
		print_option("config", "FILE", "settings, as the programs' --config");
	print_option("json", NULL, "answer with JSON");
	print_option("help", NULL, "this text");
	printf("\nExamples:\n%s", command->examples);
}

/* What a word of the command line is to a command. */
enum word { WORD_ARGUMENT, WORD_JSON, WORD_HELP, WORD_CONFIG, WORD_OPTION };

static bool
is_option(struct bytes word, const char *name)
{
	return bytes_equal((struct bytes){word.data + 2, word.length - 2}, name);
}

/* *index: of one of the command's own options. */
static enum word
word_judge(const struct command *command, struct bytes word, size_t *index)
{
	if (word.length < 3 || strncmp(word.data, "--", 2) != 0)
		return WORD_ARGUMENT;
	if (is_option(word, "json"))
		return WORD_JSON;
	if (is_option(word, "help"))
		return WORD_HELP;
	if (is_option(word, "config") && command->configured)
		return WORD_CONFIG;
	for (*index = 0; command->options[*index].name != NULL; (*index)++)
		if (is_option(word, command->options[*index].name))
			return WORD_OPTION;
	return WORD_ARGUMENT;
}

/* Whether there is an argument for each word that the help has; false after a line on stderr. */
static bool
arguments_fit(const struct invocation *invocation)
{
	const char *wanted = invocation->command->arguments;
	const char *next = wanted == NULL ? "" : wanted;
	char **argument = invocation->arguments;

	for (; *next != '\0' && *argument != NULL && **argument != '\0'; argument++) {
		next += strcspn(next, " ");
		next += *next == ' ';
	}
	if (*argument == NULL && (*next == '\0' || *next == '['))
		return true;
	if (wanted != NULL)
		command_error(invocation, "%s expected; see --help", wanted);
	else
		command_error(invocation, "%s is not expected; see --help",
		    log_quote(invocation->arena, bytes_of(*argument)));
	return false;
}

/*
 * Reads the words behind the command's name. Not getopt(3), because a kid may begin with a dash:
 * what is no option of the command's is an argument. false after a line on stderr.
 */
static bool
words_read(struct invocation *invocation, char **words, const char **config, bool *help)
{
	const struct command *command = invocation->command;
	char **kept = words;

	invocation->arguments = words;
	for (; *words != NULL; words++) {
		const char *equals = strchr(*words, '=');
		struct bytes word = {
		    *words, equals == NULL ? strlen(*words) : (size_t)(equals - *words)};
		const char *value = equals == NULL ? NULL : equals + 1;
		size_t index = 0;
		enum word kind = word_judge(command, word, &index);
		bool takes = kind == WORD_CONFIG ||
			     (kind == WORD_OPTION && command->options[index].argument != NULL);

		if (kind != WORD_ARGUMENT &&
		    (takes ? value == NULL && words[1] == NULL : value != NULL)) {
			command_error(invocation,
			    takes ? "%.*s needs a value" : "%.*s takes no value", (int)word.length,
			    word.data);
			return false;
		}
		if (takes && value == NULL)
			value = *++words;
		if (kind == WORD_ARGUMENT)
			*kept++ = *words;
		else if (kind == WORD_CONFIG)
			*config = value;
		else if (kind == WORD_OPTION)
			invocation->values[index] = value == NULL ? "" : value;
		invocation->json = invocation->json || kind == WORD_JSON;
		*help = *help || kind == WORD_HELP;
	}
	*kept = NULL;
	return *help || arguments_fit(invocation);
}

static bool
has_word(char **words, const char *word)
{
	while (*words != NULL && strcmp(*words, word) != 0)
		words++;
	return *words != NULL;
}

/* In the place of this process: in the build folder the script is beside jwtctl. words[-1] is the
 * command's name. */
static enum outcome
script_run(const struct invocation *invocation, char **words)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	const char *name = invocation->command->name;

	path[length < 0 ? 0 : length] = '\0';
	if (strrchr(path, '/') != NULL) {
		*strrchr(path, '/') = '\0';
		execv(arena_printf(invocation->arena, "%s/%s", path, name), words - 1);
	}
	execv(arena_printf(invocation->arena, PKGLIBEXECDIR "/%s", name), words - 1);
	command_error(invocation, PKGLIBEXECDIR "/%s: %s", name, strerror(errno));
	return OUTCOME_UNDECIDED;
}

/* Runs with the words behind its name. */
static enum outcome
command_run(struct invocation *invocation, char **words)
{
	const struct command *command = invocation->command;
	const char *file = NULL;
	bool help = false;

	if (command->run == NULL && !has_word(words, "--help"))
		return script_run(invocation, words);
	if (!words_read(invocation, words, &file, &help))
		return OUTCOME_UNDECIDED;
	if (help || command->run == NULL) {
		print_help(command);
		return OUTCOME_YES;
	}
	if (command->configured && (invocation->config = config_load(file)) == NULL)
		return OUTCOME_UNDECIDED;
	return command->run(invocation);
}

/* No command of that name: help if that was asked for, or a group's commands. */
static enum outcome
explain(char **argv)
{
	if (argv[1] != NULL && strcmp(argv[1], "--version") == 0) {
		printf("jwtctl (jwt-fcgi) %s\n", PACKAGE_VERSION);
		return OUTCOME_YES;
	}
	if (argv[1] != NULL && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
		print_commands(stdout, NULL);
		return OUTCOME_YES;
	}
	for (const struct command *const *table = tables; argv[1] != NULL && *table != NULL;
	     table++) {
		size_t length = strlen(argv[1]);

		if (strncmp((*table)->name, argv[1], length) == 0 &&
		    (*table)->name[length] == ' ') {
			bool asked = argv[2] != NULL && strcmp(argv[2], "--help") == 0;

			print_commands(asked ? stdout : stderr, argv[1]);
			return asked ? OUTCOME_YES : OUTCOME_UNDECIDED;
		}
	}
	print_commands(stderr, NULL);
	return OUTCOME_UNDECIDED;
}

int
main(int argc, char **argv)
{
	struct invocation invocation = {.now = clock_seconds()};
	int count, outcome;

	log_open("jwtctl");
	if (argc < 1)
		return OUTCOME_UNDECIDED;
	invocation.command = command_find(argv + 1, &count);
	if (invocation.command == NULL)
		return (int)explain(argv);
	invocation.arena = arena_new();
	outcome = (int)command_run(&invocation, argv + 1 + count);
	arena_free(invocation.arena);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fputs("jwtctl: cannot write to standard output\n", stderr);
		return OUTCOME_UNDECIDED;
	}
	return outcome;
}
