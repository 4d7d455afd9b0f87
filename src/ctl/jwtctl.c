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
	.summary = "Check settings, keys, database, sockets and web server; say what to fix",
	.examples = "  runuser -u jwt_fcgi -g jwt_fcgi -G www-data -- \\\n"
		    "      jwtctl doctor --config /etc/jwt-fcgi/jwt-fcgi.conf\n"
		    "  jwtctl doctor --url https://auth.example.org\n",
	.options = {{"sockets", "DIR", "the folder of the sockets; default: /run/jwt-fcgi"},
	    {"url", "URL", "the service's URL, to check the web server too"}}},
    {.name = "schema",
	.summary = "Print the programs' OpenAPI document for the given settings",
	.examples = "  jwtctl schema --config /etc/jwt-fcgi/jwt-fcgi.conf > openapi.json\n"},
    {.name = NULL},
};

static const struct command *const tables[] = {key_commands, key_public_commands,
    token_read_commands, token_issue_commands, token_list_commands, user_commands,
    user_test_commands, session_commands, client_commands, throttle_commands, doctor_commands,
    NULL};

/* The options of all commands. Their values come after those of the command's own options. */
enum { CONFIG, JSON, HELP, COMMON = OPTIONS_COMMON };
static const struct option_text common[COMMON] = {
    [CONFIG] = {"config", "FILE", "the programs' file of settings"},
    [JSON] = {"json", NULL, "print JSON"},
    [HELP] = {"help", NULL, "show this help"}};

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

/* The commands of a group; of "", all commands. */
static void
print_commands(FILE *out, const char *group)
{
	size_t length = strlen(group);

	fprintf(out, "Usage: jwtctl %s%sCOMMAND [OPTION]...\n\n", group, length == 0 ? "" : " ");
	for (const struct command *const *table = tables; *table != NULL; table++)
		for (const struct command *command = *table; command->name != NULL; command++)
			if (strncmp(command->name, group, length) == 0 &&
			    (length == 0 || command->name[length] == ' '))
				fprintf(out, "  %-22s %s\n", command->name, command->summary);
	fprintf(out,
	    "\n"
	    "`jwtctl COMMAND --help` shows a command's options and examples. All commands take --json.\n"
	    "Exit status: 0 yes or done, 1 no, 2 could not be decided or done.\n");
}

static void
print_option(const struct option_text *option)
{
	const char *argument = option->argument == NULL ? "" : option->argument;
	int width = printf("  --%s%s%s", option->name, *argument == '\0' ? "" : " ", argument);

	printf("%*s%s\n", width < 26 ? 26 - width : 1, "", option->meaning);
}

static void
print_help(const struct command *command)
{
	printf("Usage: jwtctl %s [OPTION]...%s%s\n%s.\n\n", command->name,
	    command->arguments == NULL ? "" : " ",
	    command->arguments == NULL ? "" : command->arguments, command->summary);
	for (const struct option_text *option = command->options; option->name != NULL; option++)
		print_option(option);
	for (size_t i = command->without_settings ? JSON : CONFIG; i < COMMON; i++)
		print_option(&common[i]);
	printf("\nExamples:\n%s", command->examples);
}

/* The option that a word of the command line names, with the place of its value; or NULL. */
static const struct option_text *
option_find(const struct command *command, const char *word, size_t *place)
{
	struct bytes name = {word, strcspn(word, "=")};

	if (name.length < 3 || strncmp(word, "--", 2) != 0)
		return NULL;
	name = (struct bytes){word + 2, name.length - 2};
	for (size_t i = command->without_settings ? JSON : CONFIG; i < COMMON; i++)
		if (bytes_equal(name, common[i].name)) {
			*place = OPTIONS_MAXIMUM + i;
			return &common[i];
		}
	for (*place = 0; command->options[*place].name != NULL; (*place)++)
		if (bytes_equal(name, command->options[*place].name))
			return &command->options[*place];
	return NULL;
}

/* Whether the arguments are those that the help names; false after a line on stderr. */
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
 * Reads the words after the command's name. Not with getopt(3), because a kid may begin with a
 * dash: a word that is not one of the command's options is an argument. false after a line on
 * stderr.
 */
static bool
words_read(struct invocation *invocation, char **words)
{
	char **kept = words;

	invocation->arguments = words;
	for (; *words != NULL; words++) {
		size_t place;
		const struct option_text *option = option_find(invocation->command, *words, &place);
		const char *equals = strchr(*words, '=');
		bool takes = option != NULL && option->argument != NULL;

		if (option == NULL) {
			*kept++ = *words;
			continue;
		}
		if (takes ? equals == NULL && words[1] == NULL : equals != NULL) {
			command_error(invocation, "--%s %s", option->name,
			    takes ? "needs a value" : "takes no value");
			return false;
		}
		invocation->values[place] = equals != NULL ? equals + 1 : takes ? *++words : "";
	}
	*kept = NULL;
	invocation->json = invocation->values[OPTIONS_MAXIMUM + JSON] != NULL;
	return invocation->values[OPTIONS_MAXIMUM + HELP] != NULL || arguments_fit(invocation);
}

static bool
has_word(char **words, const char *word)
{
	while (*words != NULL && strcmp(*words, word) != 0)
		words++;
	return *words != NULL;
}

/* Executes the script; in the build folder it is beside jwtctl. words[-1]: the command's name. */
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

/* words: those after the command's name. */
static enum outcome
command_run(struct invocation *invocation, char **words)
{
	const struct command *command = invocation->command;

	if (command->run == NULL && !has_word(words, "--help"))
		return script_run(invocation, words);
	if (!words_read(invocation, words))
		return OUTCOME_UNDECIDED;
	if (invocation->values[OPTIONS_MAXIMUM + HELP] != NULL || command->run == NULL) {
		print_help(command);
		return OUTCOME_YES;
	}
	if (!command->without_settings) {
		invocation->config = config_load(invocation->values[OPTIONS_MAXIMUM + CONFIG]);
		if (invocation->config == NULL)
			return OUTCOME_UNDECIDED;
	}
	return command->run(invocation);
}

/* Whether this is the first word of some commands. */
static bool
is_group(const char *word)
{
	size_t length = strlen(word);

	for (const struct command *const *table = tables; *table != NULL; table++)
		for (const struct command *command = *table; command->name != NULL; command++)
			if (strncmp(command->name, word, length) == 0 &&
			    command->name[length] == ' ')
				return true;
	return false;
}

/*
 * For words that name no command: prints the help or version that was asked for; one line about an
 * unknown command; or, without a command, the commands of the group or all of them.
 */
static enum outcome
explain(char **words)
{
	const char *word = words[0] == NULL ? "" : words[0], *unknown;
	bool group = is_group(word);
	bool asked = group ? words[1] != NULL && strcmp(words[1], "--help") == 0
			   : strcmp(word, "--help") == 0 || strcmp(word, "help") == 0;

	if (strcmp(word, "--version") == 0) {
		printf("jwtctl (jwt-fcgi) %s\n", PACKAGE_VERSION);
		return OUTCOME_YES;
	}
	unknown = asked ? NULL : words[group ? 1 : 0];
	if (unknown != NULL) {
		fprintf(stderr, "jwtctl: unknown command; see jwtctl %s%s--help\n",
		    group ? word : "", group ? " " : "");
		return OUTCOME_UNDECIDED;
	}
	print_commands(asked ? stdout : stderr, group ? word : "");
	return asked ? OUTCOME_YES : OUTCOME_UNDECIDED;
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
		return (int)explain(argv + 1);
	invocation.arena = arena_new();
	outcome = (int)command_run(&invocation, argv + 1 + count);
	arena_free(invocation.arena);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fputs("jwtctl: cannot write to standard output\n", stderr);
		return OUTCOME_UNDECIDED;
	}
	return outcome;
}
