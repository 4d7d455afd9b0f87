#include "ctl/report.h"

#include "base/utf8.h"
#include "json/json.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct report_row {
	const char *cells[COLUMNS_MAXIMUM];
	struct report_row *next;
};

struct report
report_new(const struct invocation *invocation, const struct column *columns)
{
	return (struct report){.invocation = invocation, .columns = columns};
}

void
report_add(struct report *report, const char *const *cells)
{
	struct arena *arena = report->invocation->arena;
	struct report_row *row = arena_alloc(arena, sizeof(*row));

	for (size_t i = 0; i < COLUMNS_MAXIMUM && report->columns[i].name != NULL; i++)
		row->cells[i] = cells[i];
	if (report->first == NULL)
		report->first = row;
	else
		*report->end = row;
	report->end = &row->next;
}

struct bytes
printable(struct arena *arena, const char *text)
{
	struct buffer out = {.arena = arena};

	buffer_puts(&out, "");
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text, next = (unsigned char)text[1];

		/* C0, DEL and, in UTF-8, C1: what a terminal would obey. */
		if (byte < ' ' || byte == 0x7f || (byte == 0xc2 && next >= 0x80 && next < 0xa0))
			buffer_printf(&out, "\\x%02x", byte);
		else
			buffer_putc(&out, *text);
	}
	return buffer_bytes(&out);
}

const char *
date_text(struct arena *arena, int64_t seconds)
{
	time_t time = (time_t)seconds;
	struct tm utc;
	char text[64];

	if (gmtime_r(&time, &utc) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%SZ", &utc) == 0)
		return number_text(arena, seconds);
	return arena_copy(arena, text, strlen(text));
}

const char *
number_text(struct arena *arena, int64_t number)
{
	return arena_printf(arena, "%lld", (long long)number);
}

static const char *
for_people(struct arena *arena, const struct column *column, const char *cell)
{
	if (cell == NULL)
		return "-";
	switch (column->kind) {
	case COLUMN_BOOL:
		return strcmp(cell, "true") == 0 ? "yes" : "no";
	case COLUMN_TIME:
		return date_text(arena, strtoll(cell, NULL, 10));
	default:
		return printable(arena, cell).data;
	}
}

static void
put_cell(struct json_object *object, const struct column *column, const char *cell)
{
	if (cell == NULL)
		json_put(object, column->name, NULL);
	else if (column->kind == COLUMN_TEXT)
		json_put_text(object, column->name, cell);
	else if (column->kind == COLUMN_BOOL)
		json_put_bool(object, column->name, strcmp(cell, "true") == 0);
	else
		json_put_integer(object, column->name, strtoll(cell, NULL, 10));
}

static void
put_object(const struct report *report, const struct report_row *row, struct buffer *out)
{
	struct json_object *object = json_new_object(report->invocation->arena);

	for (size_t i = 0; report->columns[i].name != NULL; i++)
		put_cell(object, &report->columns[i], row->cells[i]);
	json_write(out, object, false);
}

static void
list_json(const struct report *report)
{
	struct buffer out = {.arena = report->invocation->arena};

	buffer_putc(&out, '[');
	for (const struct report_row *row = report->first; row != NULL; row = row->next) {
		buffer_puts(&out, row == report->first ? "\n" : ",\n");
		put_object(report, row, &out);
	}
	buffer_puts(&out, report->first == NULL ? "]" : "\n]");
	puts(out.data);
}

static int
width_of(const char *text)
{
	return (int)utf8_count(bytes_of(text));
}

/* A cell and the blanks up to the next column; the last one ends the line. */
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
	struct arena *arena = report->invocation->arena;
	const struct column *columns = report->columns;
	int widths[COLUMNS_MAXIMUM];
	size_t count = 0;

	for (; columns[count].name != NULL; count++) {
		widths[count] = width_of(columns[count].name);
		for (const struct report_row *row = report->first; row != NULL; row = row->next) {
			int width = width_of(for_people(arena, &columns[count], row->cells[count]));

			widths[count] = width > widths[count] ? width : widths[count];
		}
	}
	for (size_t i = 0; report->first != NULL && i < count; i++) {
		char *name = arena_copy(arena, columns[i].name, strlen(columns[i].name));

		for (char *at = name; *at != '\0'; at++)
			*at = (char)toupper((unsigned char)*at);
		print_cell(name, widths[i], i + 1 == count);
	}
	for (const struct report_row *row = report->first; row != NULL; row = row->next)
		for (size_t i = 0; i < count; i++)
			print_cell(for_people(arena, &columns[i], row->cells[i]), widths[i],
			    i + 1 == count);
}

void
report_list(const struct report *report)
{
	if (report->invocation->json)
		list_json(report);
	else
		list_table(report);
}

void
report_one(const struct report *report)
{
	struct arena *arena = report->invocation->arena;
	struct buffer out = {.arena = arena};

	if (report->first == NULL)
		return;
	if (report->invocation->json) {
		put_object(report, report->first, &out);
		puts(out.data);
		return;
	}
	for (size_t i = 0; report->columns[i].name != NULL; i++)
		printf("%s: %s\n", report->columns[i].name,
		    for_people(arena, &report->columns[i], report->first->cells[i]));
}
