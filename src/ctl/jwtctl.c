/*
 * jwtctl: finds the subcommand, reads its options and runs it.
 */
#include "ctl/command.h"
#include "ctl/manual.h"

#include "base/log.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const struct command *const tables[] = {key_commands, token_commands, NULL};

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

enum { OPTION_JSON = 1000, OPTION_HELP, OPTION_CONFIG };

/* The command's options as getopt_long() wants them: value 1 + index for its own. */
static void
options_fill(const struct command *command, struct option *out)
{
	int i;

	for (i = 0; command->options[i].name != NULL; i++)
		out[i] = (struct option){command->options[i].name,
		    command->options[i].argument == NULL ? no_argument : required_argument, NULL,
		    1 + i};
	out[i++] = (struct option){"json", no_argument, NULL, OPTION_JSON};
	out[i++] = (struct option){"help", no_argument, NULL, OPTION_HELP};
	if (command->configured)
		out[i] = (struct option){"config", required_argument, NULL, OPTION_CONFIG};
}

/* Runs with the words behind its name; argv[0] is the last of them. */
static enum outcome
command_run(struct invocation *invocation, int argc, char **argv)
{
	const struct command *command = invocation->command;
	struct option options[OPTIONS_MAXIMUM + 4] = {{NULL, 0, NULL, 0}};
	const char *file = NULL;
	int option;

	options_fill(command, options);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == OPTION_HELP) {
			print_help(command);
			return OUTCOME_YES;
		}
		if (option == '?')
			return OUTCOME_UNDECIDED;
		if (option == OPTION_JSON)
			invocation->json = true;
		else if (option == OPTION_CONFIG)
			file = optarg;
		else
			invocation->values[option - 1] = optarg == NULL ? "" : optarg;
	}
	invocation->arguments = argv + optind;
	if (command->arguments == NULL && optind < argc) {
		complain(invocation, "no arguments are expected; see --help");
		return OUTCOME_UNDECIDED;
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
	if (argv[1] != NULL && strcmp(argv[1], "--mdoc") == 0 && argv[2] != NULL)
		return manual_print(argv[2], tables) ? OUTCOME_YES : OUTCOME_UNDECIDED;
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
	struct invocation invocation = {.command = NULL};
	int count, outcome;

	log_open("jwtctl");
	if (argc < 1)
		return OUTCOME_UNDECIDED;
	invocation.command = command_find(argv + 1, &count);
	if (invocation.command == NULL)
		return (int)explain(argv);
	invocation.arena = arena_new();
	argv[count] = argv[0]; /* for getopt's own complaints */
	outcome = (int)command_run(&invocation, argc - count, argv + count);
	arena_free(invocation.arena);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fputs("jwtctl: cannot write to standard output\n", stderr);
		return OUTCOME_UNDECIDED;
	}
	return outcome;
}
