/*
 * jwtctl's subcommands for users and their passwords. They write, so they need the role that owns
 * the table of users: the programs' role may not.
 */
#include "ctl/newpassword.h"
#include "ctl/people.h"
#include "ctl/report.h"

#include "accounts/password.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

/* In the order of enum person_cell. */
static const struct column columns[] = {{"id", COLUMN_TEXT}, {"name", COLUMN_TEXT},
    {"email", COLUMN_TEXT}, {"active", COLUMN_BOOL}, {"staff", COLUMN_BOOL},
    {"superuser", COLUMN_BOOL}, {"joined", COLUMN_TIME}, {"last_login", COLUMN_TIME},
    {"hash", COLUMN_TEXT}, {NULL, COLUMN_TEXT}};

/* Whether a user of that name could log in; false after a line on standard error. */
static bool
check_new_name(const struct invocation *invocation, const struct people *people, const char *name)
{
	bool ascii = true;

	for (const char *at = name; *at != '\0'; at++)
		ascii = ascii && (unsigned char)*at < 0x80;
	if (utf8_strip(bytes_of(name)).length < strlen(name))
		command_error(
		    invocation, "the name begins or ends with white space, which a login drops");
	else if (!ascii && !people_is_utf8(people))
		command_error(invocation,
		    "the database is not UTF8, so a name that is not ASCII cannot be normalized");
	else
		return true;
	return false;
}

static enum outcome
name_taken(const struct invocation *invocation, const char *name)
{
	command_error(
	    invocation, "there is a user %s already", report_printable(invocation->arena, name));
	return OUTCOME_NO;
}

static enum outcome
show_user(const struct invocation *invocation, struct people *people, const char *name)
{
	struct rows found;
	enum verdict verdict = people_ask(people, PEOPLE_FIND, &name, &found);

	return verdict == VERDICT_YES ? report_row(invocation, columns, found.values)
				      : report_missing(invocation, verdict, "user", name);
}

static enum outcome
show(const struct invocation *invocation)
{
	const char *name = invocation->arguments[0];
	struct people *people = people_open(invocation);

	return people == NULL ? OUTCOME_UNDECIDED : show_user(invocation, people, name);
}

static enum outcome
list(const struct invocation *invocation)
{
	struct people *people = people_open(invocation);
	struct report report = report_new(invocation, columns);
	const char *skip = "0";
	enum verdict verdict;
	struct rows found;
	int64_t count = 0;

	if (people == NULL)
		return OUTCOME_UNDECIDED;
	while ((verdict = people_ask(people, PEOPLE_LIST, &skip, &found)) == VERDICT_YES) {
		report_add_rows(&report, &found, 0);
		count += (int64_t)found.count;
		skip = report_number(invocation->arena, count);
	}
	return verdict == VERDICT_UNDECIDED ? OUTCOME_UNDECIDED : report_list(&report);
}

/* Reads a new password and hashes it for storage; NULL after a line on standard error. */
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
		command_error(invocation, "the library cannot make a hash");
	return stored;
}

/* Whether the table has the columns of the options given; false after a line on standard error. */
static bool
check_options(const struct invocation *invocation, const struct people *people)
{
	static const char *const options[][2] = {
	    {"email", "email"}, {"staff", "is_staff"}, {"superuser", "is_superuser"}};

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (command_value(invocation, options[i][0]) != NULL &&
		    !people_has_column(people, options[i][1])) {
			command_error(invocation, "--%s: the table of users has no column %s",
			    options[i][0], options[i][1]);
			return false;
		}
	return true;
}

static enum outcome
add(const struct invocation *invocation)
{
	const char *name = invocation->arguments[0], *password = "!";
	struct people *people = people_open(invocation);
	enum verdict verdict;

	if (people == NULL || !check_new_name(invocation, people, name) ||
	    !check_options(invocation, people))
		return OUTCOME_UNDECIDED;
	if (command_value(invocation, "no-password") == NULL)
		password = hash_password(invocation, name);
	if (password == NULL)
		return OUTCOME_UNDECIDED;
	const char *row[] = {name, password, command_or(invocation, "email", ""),
	    command_flag(invocation, "staff"), command_flag(invocation, "superuser")};
	verdict = people_ask(people, PEOPLE_ADD, row, NULL);
	if (verdict == VERDICT_YES)
		return show_user(invocation, people, name);
	return verdict == VERDICT_NO ? name_taken(invocation, name) : OUTCOME_UNDECIDED;
}

/* Changes the user of that name, then shows the row. */
static enum outcome
change(const struct invocation *invocation, struct people *people, enum people_statement statement,
    const char *name, const char *value)
{
	enum verdict verdict = people_ask(people, statement, (const char *[]){name, value}, NULL);

	return verdict == VERDICT_YES ? show_user(invocation, people, name)
				      : report_missing(invocation, verdict, "user", name);
}

static enum outcome
set_password(const struct invocation *invocation)
{
	const char *name = invocation->arguments[0], *stored = NULL;
	struct people *people = people_open(invocation);

	if (people != NULL)
		stored = hash_password(invocation, name);
	return stored == NULL ? OUTCOME_UNDECIDED
			      : change(invocation, people, PEOPLE_SET_PASSWORD, name, stored);
}

static enum outcome
set_active(const struct invocation *invocation)
{
	const char *name = invocation->arguments[0], *active = invocation->command->active;
	struct people *people = people_open(invocation);

	return people == NULL ? OUTCOME_UNDECIDED
			      : change(invocation, people, PEOPLE_SET_ACTIVE, name, active);
}

static enum outcome
rename_user(const struct invocation *invocation)
{
	const char *name = invocation->arguments[0], *new_name = invocation->arguments[1];
	struct people *people = people_open(invocation);
	enum verdict verdict;

	if (people == NULL || !check_new_name(invocation, people, new_name))
		return OUTCOME_UNDECIDED;
	verdict = people_ask(people, PEOPLE_RENAME, (const char *[]){name, new_name}, NULL);
	if (verdict == VERDICT_YES)
		return show_user(invocation, people, new_name);
	if (verdict == VERDICT_NO && people_ask(people, PEOPLE_FIND, &name, NULL) == VERDICT_YES)
		return name_taken(invocation, new_name);
	return report_missing(invocation, verdict, "user", name);
}

static enum outcome
delete_user(const struct invocation *invocation)
{
	const char *name = invocation->arguments[0];
	struct people *people = people_open(invocation);
	enum verdict verdict;
	struct rows found;

	if (people == NULL)
		return OUTCOME_UNDECIDED;
	verdict = people_ask(people, PEOPLE_FIND, &name, &found);
	if (verdict == VERDICT_YES)
		verdict = people_ask(people, PEOPLE_DELETE, &name, NULL);
	return verdict == VERDICT_YES ? report_row(invocation, columns, found.values)
				      : report_missing(invocation, verdict, "user", name);
}

static enum outcome
hash(const struct invocation *invocation)
{
	static const struct column only[] = {{"hash", COLUMN_TEXT}, {NULL, COLUMN_TEXT}};
	const char *stored = hash_password(invocation, NULL);

	if (stored == NULL)
		return OUTCOME_UNDECIDED;
	if (invocation->json)
		return report_row(invocation, only, &stored);
	puts(stored);
	return OUTCOME_YES;
}

const struct command user_commands[] = {
    {.name = "user add",
	.arguments = "NAME",
	.summary = "Add a user; the password is asked for, or read from standard input",
	.examples = "  jwtctl user add alice --email alice@example.org\n"
		    "  openssl rand -base64 12 | jwtctl user add robot\n",
	.options = {{"email", "ADDRESS", "e-mail address"},
	    {"staff", NULL, "may use Django's admin"}, {"superuser", NULL, "has all permissions"},
	    {"no-password", NULL, "no login until a password is set"},
	    {"weak", NULL, "accept a password that is easy to guess"}},
	.run = add},
    {.name = "user password",
	.arguments = "NAME",
	.summary = "Set a user's password, asked for or read from standard input",
	.examples = "  jwtctl user password alice\n",
	.options = {{"weak", NULL, "accept a password that is easy to guess"}},
	.run = set_password},
    {.name = "user disable",
	.arguments = "NAME",
	.summary = "Refuse a user's logins and tokens from the next request on",
	.examples = "  jwtctl user disable alice\n",
	.active = "f",
	.run = set_active},
    {.name = "user enable",
	.arguments = "NAME",
	.summary = "Accept a user again",
	.examples = "  jwtctl user enable alice\n",
	.active = "t",
	.run = set_active},
    {.name = "user rename",
	.arguments = "NAME NEW-NAME",
	.summary = "Rename a user; tokens stay valid",
	.examples = "  jwtctl user rename alice alice.smith\n",
	.run = rename_user},
    {.name = "user delete",
	.arguments = "NAME",
	.summary = "Delete a user, whose tokens are then refused",
	.examples = "  jwtctl user delete alice\n",
	.run = delete_user},
    {.name = "user list",
	.summary = "Show all users",
	.examples = "  jwtctl user list --json | jq -r '.[] | select(.active | not) | .name'\n",
	.run = list},
    {.name = "user show",
	.arguments = "NAME",
	.summary = "Show a user",
	.examples = "  jwtctl user show alice\n",
	.run = show},
    {.name = "password hash",
	.summary = "Hash a password as the database stores it; needs no database",
	.examples = "  openssl rand -base64 12 | jwtctl password hash\n",
	.options = {{"weak", NULL, "accept a password that is easy to guess"}},
	.run = hash},
    {.name = NULL},
};
