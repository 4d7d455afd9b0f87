/*
 * auth.cgi: all endpoints in one program, for hosts to which programs are uploaded. PATH_INFO, the
 * rest of the URL after the program, selects the endpoint. Settings are in the nearest jwt-fcgi.conf
 * above the document root, because suEXEC passes neither an environment nor arguments.
 */
#include "http/endpoint.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "jwt-fcgi.conf"

/* The struct endpoint of each program; make.sh renames them with objcopy. */
extern const struct endpoint token_endpoint, refresh_endpoint, verify_endpoint, blacklist_endpoint,
    sliding_endpoint, sliding_refresh_endpoint, logout_endpoint, sessions_endpoint,
    permissions_endpoint, hello_endpoint;

/* The programs' main(), renamed too, and the endpoint that it serves. */
int serve(int argc, char **argv);
extern struct endpoint endpoint;
struct endpoint endpoint;

static const struct endpoint *const programs[] = {&token_endpoint, &refresh_endpoint,
    &verify_endpoint, &blacklist_endpoint, &sliding_endpoint, &sliding_refresh_endpoint,
    &logout_endpoint, &sessions_endpoint, &permissions_endpoint, &hello_endpoint, NULL};

/* Whether info is the endpoint's path, with or without the last slash, or an item below it. */
static bool
is_path_of(const struct endpoint *one, const char *info)
{
	size_t length = strlen(one->path) - 1;

	if (info == NULL || strncmp(info, one->path, length) != 0)
		return false;
	info += length;
	return strcmp(info, "") == 0 || strcmp(info, "/") == 0 ||
	       (*info == '/' && one->item != NULL);
}

/* Whether the folder is in the document root, so that everybody might read its files. */
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

/* Finds the nearest file above the program's folder; skips, and reports, one in the document root. */
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
			    "auth.cgi: %s is inside the document root, so it is not read: "
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

	(void)argc;
	for (size_t i = 0; programs[i] != NULL; i++) {
		char *arguments[] = {argv[0], NULL};

		if (!is_path_of(programs[i], info))
			continue;
		if (!find_settings(path))
			return EXIT_FAILURE;
		setenv("JWT_CONFIG_FILE", path, 1);
		endpoint = *programs[i];
		return serve(1, arguments);
	}
	return answer_not_found();
}
