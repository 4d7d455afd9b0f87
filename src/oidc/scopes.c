#include "oidc/scopes.h"

#include "base/buffer.h"
#include "config/oidc_settings.h"

static bool
have(const char *scopes, struct bytes scope)
{
	struct bytes rest = bytes_of(scopes), one;

	while (bytes_word(&rest, &one))
		if (bytes_same(one, scope))
			return true;
	return false;
}

bool
scopes_have(const char *scopes, const char *scope)
{
	return have(scopes, bytes_of(scope));
}

static void
put(struct buffer *scopes, struct bytes scope)
{
	buffer_puts(scopes, scopes->length == 0 ? "" : " ");
	buffer_put(scopes, scope.data, scope.length);
}

const char *
scopes_grant(
    struct arena *arena, const char *asked, const char *const *client, const char *const *operators)
{
	struct buffer granted = {.arena = arena};

	buffer_puts(&granted, "");
	for (; *client != NULL; client++) {
		struct bytes scope = bytes_of(*client);

		if (have(asked, scope) &&
		    (bytes_among(scope, oidc_settings_scopes) || bytes_among(scope, operators)))
			put(&granted, scope);
	}
	return buffer_bytes(&granted).data;
}

const char *
scopes_narrow(struct arena *arena, const char *granted, const char *asked)
{
	struct bytes rest = bytes_of(asked), one;
	struct buffer narrowed = {.arena = arena};

	if (asked == NULL)
		return granted;
	while (bytes_word(&rest, &one))
		if (!have(granted, one))
			return NULL;
	rest = bytes_of(granted);
	while (bytes_word(&rest, &one))
		if (have(asked, one))
			put(&narrowed, one);
	return narrowed.length == 0 ? NULL : buffer_bytes(&narrowed).data;
}
