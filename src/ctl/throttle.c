/*
 * jwtctl's subcommands for the rate limit of logins (JWT_THROTTLE). They map the running programs'
 * file into memory, so they have to run as the programs' user.
 */
#include "accounts/throttle.h"

#include "ctl/report.h"

#include "base/address.h"

/* Whose counts a command shows or clears; both NULL: all. */
struct target {
	const char *address, *name;
};

static bool
is_address(const char *text)
{
	struct address address;

	return address_parse(text, &address);
}

/* NULL after a line on standard error or in the log. */
static struct throttle *
open_throttle(const struct invocation *invocation, struct target *out)
{
	const char *word = invocation->arguments[0];

	*out = (struct target){.address = command_value(invocation, "address")};
	if (out->address != NULL && (word == NULL || !is_address(out->address))) {
		command_error(invocation, "--address takes an IP address, beside a NAME");
		return NULL;
	}
	if (out->address == NULL && word != NULL && is_address(word))
		out->address = word;
	else
		out->name = word;
	if (!invocation->config->throttle) {
		command_error(invocation, "JWT_THROTTLE is off");
		return NULL;
	}
	return throttle_find(invocation->config);
}

static enum outcome
show(const struct invocation *invocation)
{
	static const struct column of_file[] = {{"counted", COLUMN_NUMBER},
	    {"known", COLUMN_NUMBER}, {"failures", COLUMN_NUMBER}, {NULL, COLUMN_TEXT}};
	static const struct column of_target[] = {{"by", COLUMN_TEXT}, {"tries", COLUMN_NUMBER},
	    {"wait", COLUMN_NUMBER}, {NULL, COLUMN_TEXT}};
	struct arena *arena = invocation->arena;
	struct throttle_count counts[THROTTLE_COUNTS];
	struct throttle_sum sum;
	struct target target;
	struct throttle *throttle = open_throttle(invocation, &target);
	struct report report = report_new(invocation, of_target);
	size_t count;

	if (throttle == NULL)
		return OUTCOME_UNDECIDED;
	if (target.address == NULL && target.name == NULL) {
		throttle_sum(throttle, invocation->now, &sum);
		return report_row(invocation, of_file,
		    (const char *[]){report_number(arena, sum.counted),
			report_number(arena, sum.known), report_number(arena, sum.failures)});
	}
	count = throttle_show(throttle, target.address, target.name, invocation->now, counts);
	for (size_t i = 0; i < count; i++)
		report_add(
		    &report, (const char *[]){counts[i].by, report_number(arena, counts[i].tries),
				 report_number(arena, counts[i].wait)});
	return report_list(&report);
}

static enum outcome
forgive(const struct invocation *invocation)
{
	bool all = command_value(invocation, "all") != NULL;
	struct throttle *throttle;
	struct target target;

	if (all == (invocation->arguments[0] != NULL)) {
		command_error(invocation, "NAME, ADDRESS or --all is expected");
		return OUTCOME_UNDECIDED;
	}
	throttle = open_throttle(invocation, &target);
	if (throttle == NULL)
		return OUTCOME_UNDECIDED;
	throttle_forgive(throttle, target.address, target.name);
	return OUTCOME_YES;
}

const struct command throttle_commands[] = {
    {.name = "throttle show",
	.arguments = "[NAME|ADDRESS]",
	.summary = "Show the counts of refused logins, and the seconds to wait",
	.examples = "  runuser -u jwt_fcgi -- env JWT_THROTTLE=on jwtctl throttle show alice\n"
		    "  jwtctl throttle show alice --address 192.0.2.7\n",
	.options = {{"address", "ADDRESS", "with NAME: also the count for both together"}},
	.run = show},
    {.name = "throttle forgive",
	.arguments = "[NAME|ADDRESS]",
	.summary = "Forget refused logins, so that the next login need not wait",
	.examples = "  jwtctl throttle forgive alice --address 192.0.2.7\n"
		    "  jwtctl throttle forgive --all\n",
	.options = {{"address", "ADDRESS", "with NAME: also the count for both together"},
	    {"all", NULL, "instead of NAME: all names and addresses"}},
	.run = forgive},
    {.name = NULL},
};
