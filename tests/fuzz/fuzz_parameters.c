/*
 * A Content-Type, a line feed, and a urlencoded text as body and as query: values are UTF-8, within
 * their length, and the same however they are escaped.
 */
#include "fuzz_request.h"

#include "base/utf8.h"
#include "http/parameters.h"

#define KNOWN 2

static void
check_parameter(const struct parameter *parameter)
{
	const char *value = parameter->value;

	require(parameter->given || (value == NULL && !parameter->repeated));
	if (value == NULL)
		return;
	require(!parameter->repeated && !parameter->too_long);
	require(*value != '\0' && strlen(value) <= parameter->maximum);
	require(utf8_valid(bytes_of(value)) == strlen(value));
}

static const char *
escaped(struct arena *arena, const struct parameter *known)
{
	struct buffer out = {.arena = arena};

	buffer_puts(&out, "");
	for (size_t i = 0; i < KNOWN; i++) {
		const char *value = known[i].value == NULL ? "" : known[i].value;

		buffer_printf(&out, "&%s=", known[i].name);
		for (; *value != '\0'; value++)
			buffer_printf(&out, "%%%02x", (unsigned)(unsigned char)*value);
	}
	return out.data;
}

static void
check_again(struct request *request, const struct parameter *known)
{
	struct parameter again[KNOWN] = {{"state", .maximum = 64}, {"scope", .maximum = 8}};

	request->query = escaped(request->arena, known);
	require(parameters_of_query(request, again, KNOWN) == PARAMETERS_GOOD);
	for (size_t i = 0; i < KNOWN; i++)
		require(bytes_same(bytes_of(known[i].value), bytes_of(again[i].value)));
}

static void
check_parameters(
    struct request *request, enum parameters_fault fault, const struct parameter *known)
{
	for (size_t i = 0; i < KNOWN; i++) {
		require(fault == PARAMETERS_GOOD || !known[i].given);
		check_parameter(&known[i]);
	}
	check_again(request, known);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parameter known[KNOWN] = {{"state", .maximum = 64}, {"scope", .maximum = 8}};
	struct request request = {.arena = fuzz_arena(), .config = fuzz_request_config()};
	struct bytes text = {(const char *)data, size}, type;

	bytes_cut(&text, "\n", &type);
	request.content_type = arena_copy(request.arena, type.data, type.length);
	request.body = text;
	check_parameters(&request, parameters_of_body(&request, known, KNOWN), known);
	request.query = arena_copy(request.arena, text.data, text.length);
	check_parameters(&request, parameters_of_query(&request, known, KNOWN), known);
	return 0;
}
