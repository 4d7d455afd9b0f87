#include "accounts/account_row.h"

#include "base/log.h"

#include <string.h>
#include <strings.h>

/* Whether the text is among the words, which a NULL ends. */
static bool
is_among(struct bytes text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strlen(*words) == text.length &&
		    strncasecmp(*words, text.data, text.length) == 0)
			return true;
	return false;
}

static bool
read_active(const char *value, const char *setting)
{
	static const char *const yes[] = {"t", "true", "y", "yes", "on", "1", NULL};
	static const char *const no[] = {"f", "false", "n", "no", "off", "0", NULL};
	struct bytes text = bytes_strip(bytes_of(value));

	if (value == NULL) {
		log_error("%s: active is NULL, which counts as false", setting);
		return false;
	}
	if (is_among(text, yes))
		return true;
	if (!is_among(text, no))
		log_error("%s: active is no boolean, which counts as false", setting);
	return false;
}

bool
account_row_read(const struct rows *rows, const char *setting, struct account *out)
{
	if (rows->columns < 3 || rows->values[0] == NULL) {
		log_error(
		    "%s: the row has %s", setting, rows->columns < 3 ? "too few columns" : "no id");
		return false;
	}
	out->user_id = rows->values[0];
	out->user_id_integer = rows->types[0] == TYPE_INTEGER;
	out->password = rows->values[1];
	out->active = read_active(rows->values[2], setting);
	out->ended = false;
	out->key = rows->columns > 3 ? rows->values[3] : rows->values[0];
	out->name = rows->columns > 4 ? rows->values[4] : NULL;
	return true;
}

const char *
account_row_fault(struct arena *arena, const struct rows *columns, bool sessions)
{
	if (columns->columns < 3)
		return arena_printf(arena,
		    "returns %zu columns; id, password and active are needed", columns->columns);
	if (columns->types[0] == TYPE_BOOLEAN)
		return "column 1 is a boolean and cannot be the id";
	if (sessions && columns->types[0] == TYPE_PADDED)
		return "column 1 is character(n), which pads it with blanks, and cannot be the id "
		       "of sessions";
	if (columns->types[1] != TYPE_TEXT && columns->types[1] != TYPE_PADDED)
		return "column 2 is not text and cannot be the password";
	if (columns->types[2] == TYPE_OTHER || columns->types[2] == TYPE_UUID)
		return "column 3 is neither a boolean nor text nor a number and cannot be active";
	return NULL;
}
