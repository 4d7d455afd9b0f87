/*
 * auth.cgi: all endpoints in one file, for hosts where programs are uploaded. Which one answers is
 * what follows the program in the URL (PATH_INFO), and the settings are in the nearest
 * jwt-fcgi.conf above the document root: suEXEC passes neither an environment nor arguments.
 */
#include "http/endpoint.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "jwt-fcgi.conf"

/* The endpoints of the programs, renamed when they were linked. */
extern const struct endpoint token_endpoint, refresh_endpoint, verify_endpoint, blacklist_endpoint,
    sliding_endpoint, sliding_refresh_endpoint, hello_endpoint;

static const struct {
	const char *path;
	const struct endpoint *endpoint;
} programs[] = {
    {"/api/token", &token_endpoint},
    {"/api/token/refresh", &refresh_endpoint},
    {"/api/token/verify", &verify_endpoint},
    {"/api/token/blacklist", &blacklist_endpoint},
    {"/api/token/sliding", &sliding_endpoint},
    {"/api/token/sliding/refresh", &sliding_refresh_endpoint},
    {"/hello", &hello_endpoint},
};

/* Whether the folder is the document root or in it, where everybody might read what is there. */
static bool
is_public(const char *folder)
{
	const char *given = getenv("DOCUMENT_ROOT");
	char root[PATH_MAX];
	size_t length;

	if (given == NULL || *given == '\0' || realpath(given, root) == NULL)
		return false;
	length = strlen(root);
	return strncmp(folder, root, length) == 0 &&
	       (folder[length] == '\0' || folder[length] == '/');
}

/* The nearest file from the program's folder upwards; what is public is passed over, and told. */
static bool
find_settings(char *path)
{
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - sizeof("/" FILE_NAME));

	if (length < 0)
		return false;
	path[length] = '\0';
	for (char *slash = strrchr(path, '/'); slash != NULL; slash = strrchr(path, '/')) {
		bool public;

		*slash = '\0';
		public = is_public(path);
		strcpy(slash, "/" FILE_NAME);
		if (access(path, F_OK) == 0 && !public)
			return true;
		if (access(path, F_OK) == 0)
			fprintf(stderr,
			    "auth.cgi: %s is inside the document root and not read: "
			    "move it above\n",
			    path);
		*slash = '\0';
	}
	fprintf(stderr, "auth.cgi: there is no " FILE_NAME " above the document root\n");
	return false;
}

static int
answer_not_found(void)
{
	fputs("Status: 404 Not Found\r\nContent-Type: application/json\r\n"
	      "Cache-Control: no-store\r\n\r\n{\"detail\":\"Not found.\"}",
	    stdout);
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	static char path[PATH_MAX];
	const char *info = getenv("PATH_INFO");
	size_t length = info == NULL ? 0 : strlen(info);

	(void)argc;
	if (length > 1 && info[length - 1] == '/')
		length--;
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		char *arguments[] = {argv[0], NULL};

		if (strlen(programs[i].path) != length ||
		    strncmp(info, programs[i].path, length) != 0)
			continue;
		if (!find_settings(path))
			return EXIT_FAILURE;
		setenv("JWT_CONFIG_FILE", path, 1);
		return serve(programs[i].endpoint, 1, arguments);
	}
	return answer_not_found();
}
