#include "ctl/report.h"

#include "base/utf8.h"
#include "json/json.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct report
report_new(const struct invocation *invocation, const struct column *columns)
{
	return (struct report){invocation, columns, json_new_array(invocation->arena)};
}

static void
put_cell(struct json_object *row, const struct column *column, const char *cell)
{
	if (cell == NULL)
		json_put(row, column->name, NULL);
	else if (column->kind == COLUMN_TEXT)
		json_put_text(row, column->name, cell);
	else if (column->kind == COLUMN_BOOL)
		json_put_bool(row, column->name, strcmp(cell, "true") == 0);
	else
		json_put_integer(row, column->name, strtoll(cell, NULL, 10));
}

void
report_add(struct report *report, const char *const *cells)
{
	struct json_object *row = json_put_object(report->rows, NULL);

	for (size_t i = 0; report->columns[i].name != NULL; i++)
		put_cell(row, &report->columns[i], cells[i]);
}

void
report_add_rows(struct report *report, const struct rows *rows, size_t skipped)
{
	for (size_t row = 0; row < rows->count; row++)
		report_add(report, query_row(rows, row) + skipped);
}

const char *
report_printable(struct arena *arena, const char *text)
{
	struct buffer out = {.arena = arena};

	buffer_puts(&out, "");
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text, next = (unsigned char)text[1];

		/* C0, DEL and, in UTF-8, C1: control characters for a terminal. */
		if (byte < ' ' || byte == 0x7f || (byte == 0xc2 && next >= 0x80 && next < 0xa0))
			buffer_printf(&out, "\\x%02x", byte);
		else
			buffer_putc(&out, *text);
	}
	return out.data;
}

const char *
report_date(struct arena *arena, int64_t seconds)
{
	time_t time = (time_t)seconds;
	struct tm utc;
	char text[64];

	if (gmtime_r(&time, &utc) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%SZ", &utc) == 0)
		return report_number(arena, seconds);
	return arena_copy(arena, text, strlen(text));
}

const char *
report_number(struct arena *arena, int64_t number)
{
	return arena_printf(arena, "%lld", (long long)number);
}

/* A cell as people read it. */
static const char *
cell_text(const struct report *report, struct json_object *row, const struct column *column)
{
	struct arena *arena = report->invocation->arena;
	struct json_object *value = json_member(row, column->name);
	int64_t seconds;

	if (value == NULL)
		return "-";
	if (column->kind == COLUMN_BOOL)
		return json_is_true(value) ? "yes" : "no";
	if (column->kind == COLUMN_TIME && json_integer(value, &seconds))
		return report_date(arena, seconds);
	return report_printable(arena, json_text(arena, value).data);
}

static void
list_json(const struct report *report)
{
	struct buffer out = {.arena = report->invocation->arena};

	buffer_putc(&out, '[');
	for (size_t i = 0; i < json_count(report->rows); i++) {
		buffer_puts(&out, i == 0 ? "\n" : ",\n");
		json_write(&out, json_element(report->rows, i), false);
	}
	buffer_puts(&out, json_count(report->rows) == 0 ? "]" : "\n]");
	puts(out.data);
}

static int
width_of(const char *text)
{
	return (int)utf8_count(bytes_of(text));
}

/* Prints a cell and the blanks up to the next column, or after the last one a newline. */
static void
print_cell(const char *text, int width, bool last)
{
	printf("%s%*s", text, last ? 0 : width - width_of(text) + 2, "");
	if (last)
		putchar('\n');
}

static void
list_table(const struct report *report)
{
	const struct column *columns = report->columns;
	size_t rows = json_count(report->rows), count = 0;
	int widths[COLUMNS_MAXIMUM];

	for (; columns[count].name != NULL; count++) {
		widths[count] = width_of(columns[count].name);
		for (size_t i = 0; i < rows; i++) {
			struct json_object *row = json_element(report->rows, i);
			int width = width_of(cell_text(report, row, &columns[count]));

			widths[count] = width > widths[count] ? width : widths[count];
		}
	}
	for (size_t i = 0; rows > 0 && i < count; i++) {
		char *name =
		    arena_copy(report->invocation->arena, columns[i].name, strlen(columns[i].name));

		for (char *at = name; *at != '\0'; at++)
			*at = (char)toupper((unsigned char)*at);
		print_cell(name, widths[i], i + 1 == count);
	}
	for (size_t row = 0; row < rows; row++)
		for (size_t i = 0; i < count; i++)
			print_cell(cell_text(report, json_element(report->rows, row), &columns[i]),
			    widths[i], i + 1 == count);
}

enum outcome
report_list(const struct report *report)
{
	if (report->invocation->json)
		list_json(report);
	else
		list_table(report);
	return OUTCOME_YES;
}

enum outcome
report_one(const struct report *report)
{
	struct json_object *row = json_element(report->rows, 0);
	struct buffer out = {.arena = report->invocation->arena};

	if (report->invocation->json) {
		json_write(&out, row, false);
		puts(out.data);
		return OUTCOME_YES;
	}
	for (const struct column *column = report->columns; column->name != NULL; column++)
		printf("%s: %s\n", column->name, cell_text(report, row, column));
	return OUTCOME_YES;
}

enum outcome
report_row(
    const struct invocation *invocation, const struct column *columns, const char *const *cells)
{
	struct report report = report_new(invocation, columns);

	report_add(&report, cells);
	return report_one(&report);
}

enum outcome
report_missing(
    const struct invocation *invocation, enum verdict verdict, const char *kind, const char *name)
{
	if (verdict == VERDICT_NO)
		command_error(invocation, "there is no %s %s", kind,
		    report_printable(invocation->arena, name));
	return command_outcome(verdict);
}
