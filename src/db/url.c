#include "db/url.h"

#include "base/log.h"

#include <libpq-fe.h>
#include <stdlib.h>

bool
url_to_environment(const char *url)
{
	PQconninfoOption *options;
	bool good = true;

	if (url == NULL)
		return true;
	/* Its message would repeat what it could not read, perhaps the password. */
	options = PQconninfoParse(url, NULL);
	if (options == NULL) {
		log_line("JWT_DATABASE_URL or DATABASE_URL: this is no postgresql:// URL");
		return false;
	}
	for (PQconninfoOption *option = options; option->keyword != NULL && good; option++)
		if (option->val != NULL && option->envvar != NULL)
			good = setenv(option->envvar, option->val, 0) == 0;
	PQconninfoFree(options);
	return good;
}
