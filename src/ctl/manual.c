#include "ctl/manual.h"

#include "config/settings.h"

#include <stdio.h>
#include <string.h>

#define WIDTH 72

/* Characters as roff takes them: no escapes, no minus that becomes a hyphen, no macro in front. */
static void
print_characters(const char *text, size_t length)
{
	if (length > 0 && (*text == '.' || *text == '\''))
		fputs("\\&", stdout);
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\\')
			fputs("\\e", stdout);
		else if (text[i] == '-')
			fputs("\\-", stdout);
		else
			putchar(text[i]);
	}
}

/* Words in lines of input that are not too long; none of them ends a sentence inside a line. */
static void
print_text(const char *text, const char *end)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t length = strcspn(text, " ");

		if (column > 0 && column + length > WIDTH) {
			putchar('\n');
			column = 0;
		}
		column += length + 1;
		if (column > length + 1)
			putchar(' ');
		print_characters(text, length);
		text += length + (text[length] == ' ');
	}
	puts(end);
}

static void
print_lines(const char *text)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		print_characters(text, length);
		putchar('\n');
		text += length + (text[length] == '\n');
	}
}

/* A line of a macro with one word or quoted text. */
static void
print_macro(const char *macro, const char *text)
{
	printf("%s \"", macro);
	for (; *text != '\0'; text++)
		fputs(*text == '"' ? "\\(dq" : (const char[]){*text, '\0'}, stdout);
	puts("\"");
}

static void
print_option(const char *name, const char *argument, const char *meaning)
{
	printf(".It Fl \\-%s", name);
	if (argument != NULL)
		printf(" Ar %s", argument);
	putchar('\n');
	print_text(meaning, "");
}

static void
print_command(const struct command *command)
{
	printf(".Ss %s\n.D1 Nm jwtctl %s Op Ar option ...", command->name, command->name);
	if (command->arguments != NULL)
		printf(" Ar %s", command->arguments);
	putchar('\n');
	print_text(command->summary, ".");
	puts(".Bl -tag -width Ds");
	for (const struct option_text *option = command->options; option->name != NULL; option++)
		print_option(option->name, option->argument, option->meaning);
	if (command->configured)
		print_option("config", "FILE", "settings, as the programs' --config");
	print_option("json", NULL, "answer with JSON");
	puts(".El\n.Bd -literal -offset indent");
	print_lines(command->examples);
	puts(".Ed");
}

static void
print_choices(const char *choices)
{
	puts("One of:");
	print_text(choices, ".");
}

static void
print_setting(const struct setting *setting)
{
	print_macro(".It Ev", setting->name);
	print_text(setting->meaning, ".");
	if (setting->choices != NULL)
		print_choices(setting->choices);
	if (setting->type == SETTING_NUMBER || setting->type == SETTING_SECONDS)
		printf("A number%s from %ld to %ld.\n",
		    setting->type == SETTING_SECONDS ? " of seconds" : "", setting->minimum,
		    setting->maximum);
	if (setting->initial != NULL) {
		puts("Default:");
		print_macro(".Ql", setting->initial);
	}
}

/* The values that a setting takes, as words between other text. */
static void
print_values(const struct setting *setting)
{
	if (setting->type == SETTING_NUMBER || setting->type == SETTING_SECONDS)
		printf("%ld to %ld%s", setting->minimum, setting->maximum,
		    setting->type == SETTING_SECONDS ? " s" : "");
	else if (setting->type == SETTING_SWITCH)
		fputs("on, off", stdout);
	else if (setting->choices != NULL)
		for (const char *c = setting->choices; *c != '\0'; c++)
			fputs(*c == ' ' ? ", " : (const char[]){*c, '\0'}, stdout);
}

/* The rows of docs/settings.md. */
static void
print_markdown(void)
{
	puts("| setting | default | values | meaning |\n|---|---|---|---|");
	for (const struct setting *setting = settings; setting->name != NULL; setting++) {
		printf("| `%s` | %s | ", setting->name,
		    setting->initial == NULL ? "" : setting->initial);
		print_values(setting);
		printf(" | %s |\n", setting->meaning);
	}
}

bool
manual_print(const char *part, const struct command *const *tables)
{
	if (strcmp(part, "commands") == 0) {
		for (; *tables != NULL; tables++)
			for (const struct command *command = *tables; command->name != NULL;
			     command++)
				print_command(command);
		return true;
	}
	if (strcmp(part, "markdown") == 0) {
		print_markdown();
		return true;
	}
	if (strcmp(part, "settings") != 0)
		return false;
	puts(".Bl -tag -width Ds");
	for (const struct setting *setting = settings; setting->name != NULL; setting++)
		print_setting(setting);
	puts(".El");
	return true;
}
