/*
 * jwtctl's subcommands for users and their passwords. They write, so they need the role that owns
 * the table of users, not that of the programs.
 */
#include "ctl/newpassword.h"
#include "ctl/report.h"

#include "accounts/password.h"
#include "accounts/people.h"

#include <stdio.h>
#include <string.h>

static const struct column columns[] = {{"id", COLUMN_TEXT}, {"name", COLUMN_TEXT},
    {"email", COLUMN_TEXT}, {"active", COLUMN_BOOL}, {"staff", COLUMN_BOOL},
    {"superuser", COLUMN_BOOL}, {"joined", COLUMN_TIME}, {"last_login", COLUMN_TIME},
    {"hash", COLUMN_TEXT}, {NULL, COLUMN_TEXT}};

/* The one argument; NULL after a word on standard error. */
static const char *
name_argument(const struct invocation *invocation)
{
	if (invocation->arguments[0] != NULL && *invocation->arguments[0] != '\0' &&
	    invocation->arguments[1] == NULL)
		return invocation->arguments[0];
	complain(invocation, "one NAME is expected; see --help");
	return NULL;
}

static struct people *
open_people(const struct invocation *invocation)
{
	return people_open(invocation->config);
}

static enum outcome
no_such_user(const struct invocation *invocation, enum verdict verdict, const char *name)
{
	if (verdict == VERDICT_NO)
		complain(
		    invocation, "there is no user %s", printable(invocation->arena, name).data);
	return verdict == VERDICT_NO ? OUTCOME_NO : OUTCOME_UNDECIDED;
}

/* A member as the text of a cell; NULL for null. */
static const char *
cell(struct arena *arena, const struct json *object, const char *name)
{
	const struct json *value = json_member(object, name);
	struct bytes text;

	if (value == NULL || value->type == JSON_NULL)
		return NULL;
	if (value->type == JSON_BOOL)
		return value->boolean ? "true" : "false";
	text = json_text(arena, value);
	return arena_copy(arena, text.data, text.length);
}

static void
add_row(struct report *report, struct arena *arena, const struct json *person)
{
	const char *cells[COLUMNS_MAXIMUM];

	for (size_t i = 0; columns[i].name != NULL; i++)
		cells[i] = cell(arena, person, columns[i].name);
	report_add(report, cells);
}

static enum outcome
show(const struct invocation *invocation)
{
	const char *name = name_argument(invocation);
	struct people *people = name == NULL ? NULL : open_people(invocation);
	struct report report = report_new(invocation, columns);
	struct json *found;

	if (people == NULL)
		return OUTCOME_UNDECIDED;
	found = people_find(people, invocation->arena, name);
	if (found == NULL || found->first == NULL)
		return no_such_user(
		    invocation, found == NULL ? VERDICT_UNDECIDED : VERDICT_NO, name);
	add_row(&report, invocation->arena, found->first);
	report_one(&report);
	return OUTCOME_YES;
}

static enum outcome
list(const struct invocation *invocation)
{
	struct people *people = open_people(invocation);
	struct report report = report_new(invocation, columns);
	struct json *found;
	int64_t count = 0;

	if (people == NULL)
		return OUTCOME_UNDECIDED;
	do {
		found = people_list(people, invocation->arena, count);
		if (found == NULL)
			return OUTCOME_UNDECIDED;
		for (struct json *person = found->first; person != NULL; person = person->next) {
			add_row(&report, invocation->arena, person);
			count++;
		}
	} while (found->first != NULL);
	report_list(&report);
	return OUTCOME_YES;
}

/* A new password as a stored string; NULL after a word on standard error. */
static const char *
hash_password(const struct invocation *invocation, const char *name)
{
	struct password_policy policy = {.iterations = invocation->config->pbkdf2_iterations};
	struct bytes password;
	const char *stored;

	if (!newpassword_read(invocation, name, &password))
		return NULL;
	stored = password_hash(invocation->arena, &policy, password);
	if (stored == NULL)
		complain(invocation, "the library cannot make a hash");
	return stored;
}

static enum outcome
add(const struct invocation *invocation)
{
	struct person person = {.name = name_argument(invocation),
	    .email = option_value(invocation, "email"),
	    .staff = option_value(invocation, "staff") != NULL,
	    .superuser = option_value(invocation, "superuser") != NULL};
	struct people *people = person.name == NULL ? NULL : open_people(invocation);
	const char *id;

	if (people == NULL)
		return OUTCOME_UNDECIDED;
	if (person.email == NULL)
		person.email = "";
	person.password = option_value(invocation, "no-password") != NULL
			      ? "!"
			      : hash_password(invocation, person.name);
	if (person.password == NULL)
		return OUTCOME_UNDECIDED;
	switch (people_add(people, invocation->arena, &person, &id)) {
	case VERDICT_YES:
		return show(invocation);
	case VERDICT_NO:
		complain(invocation, "there is a user %s already",
		    printable(invocation->arena, person.name).data);
		return OUTCOME_NO;
	default:
		return OUTCOME_UNDECIDED;
	}
}

static enum outcome
set_password(const struct invocation *invocation)
{
	const char *stored, *name = name_argument(invocation);
	struct people *people = name == NULL ? NULL : open_people(invocation);
	enum verdict verdict;

	if (people == NULL || (stored = hash_password(invocation, name)) == NULL)
		return OUTCOME_UNDECIDED;
	verdict = people_set_password(people, invocation->arena, name, stored);
	return verdict == VERDICT_YES ? show(invocation) : no_such_user(invocation, verdict, name);
}

static enum outcome
set_active(const struct invocation *invocation, bool active)
{
	const char *name = name_argument(invocation);
	struct people *people = name == NULL ? NULL : open_people(invocation);
	enum verdict verdict;

	if (people == NULL)
		return OUTCOME_UNDECIDED;
	verdict = people_set_active(people, invocation->arena, name, active);
	return verdict == VERDICT_YES ? show(invocation) : no_such_user(invocation, verdict, name);
}

static enum outcome
disable(const struct invocation *invocation)
{
	return set_active(invocation, false);
}

static enum outcome
enable(const struct invocation *invocation)
{
	return set_active(invocation, true);
}

static enum outcome
hash(const struct invocation *invocation)
{
	static const struct column only[] = {{"hash", COLUMN_TEXT}, {NULL, COLUMN_TEXT}};
	struct report report = report_new(invocation, only);
	const char *stored = hash_password(invocation, NULL);

	if (stored == NULL)
		return OUTCOME_UNDECIDED;
	if (invocation->json) {
		report_add(&report, &stored);
		report_one(&report);
	} else {
		puts(stored);
	}
	return OUTCOME_YES;
}

const struct command user_commands[] = {
    {.name = "user add",
	.arguments = "NAME",
	.summary = "Add a user; the password is asked for, or read from standard input",
	.examples = "  jwtctl user add alice --email alice@example.org\n"
		    "  pwgen 16 1 | jwtctl user add robot\n",
	.options = {{"email", "ADDRESS", "e-mail address"},
	    {"staff", NULL, "may use Django's admin"},
	    {"superuser", NULL, "may do everything there"},
	    {"no-password", NULL, "nobody can log in until there is one"},
	    {"weak", NULL, "take a password that is easily guessed"}},
	.configured = true,
	.run = add},
    {.name = "user password",
	.arguments = "NAME",
	.summary = "Set a user's password, asked for or read from standard input",
	.examples = "  jwtctl user password alice\n",
	.options = {{"weak", NULL, "take a password that is easily guessed"}},
	.configured = true,
	.run = set_password},
    {.name = "user disable",
	.arguments = "NAME",
	.summary = "Let a user in no more; tokens end with the next request",
	.examples = "  jwtctl user disable alice\n",
	.configured = true,
	.run = disable},
    {.name = "user enable",
	.arguments = "NAME",
	.summary = "Let a user in again",
	.examples = "  jwtctl user enable alice\n",
	.configured = true,
	.run = enable},
    {.name = "user list",
	.summary = "Show all users",
	.examples = "  jwtctl user list --json | jq -r '.[] | select(.active | not) | .name'\n",
	.configured = true,
	.run = list},
    {.name = "user show",
	.arguments = "NAME",
	.summary = "Show a user",
	.examples = "  jwtctl user show alice\n",
	.configured = true,
	.run = show},
    {.name = "password hash",
	.summary = "Print a password as the database keeps it; no database is needed",
	.examples = "  pwgen 16 1 | jwtctl password hash\n",
	.options = {{"weak", NULL, "take a password that is easily guessed"}},
	.configured = true,
	.run = hash},
    {.name = NULL},
};
