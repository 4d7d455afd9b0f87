/*
 * jwtctl doctor: looks at everything that an installation stands on, and says of what is wrong how
 * it is mended.
 */
#include "ctl/probe.h"
#include "ctl/report.h"

#include "accounts/accounts.h"
#include "signing/keyring.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKETS "/run/jwt-fcgi"
#define SUFFIX  ".sock"

static const struct column columns[] = {{"ok", COLUMN_BOOL}, {"what", COLUMN_TEXT},
    {"found", COLUMN_TEXT}, {"mend", COLUMN_TEXT}, {NULL, COLUMN_TEXT}};

struct visit {
	const struct invocation *invocation;
	struct arena *arena;
	struct report report;
	bool healthy;
};

/* One finding; mend: what to do about it, NULL if nothing is wrong. */
static void
find(struct visit *visit, const char *what, const char *found, const char *mend)
{
	const char *cells[] = {mend == NULL ? "true" : "false", what, found, mend};

	report_add(&visit->report, cells);
	visit->healthy = visit->healthy && mend == NULL;
	if (visit->invocation->json)
		return;
	printf("%-6s %s: %s\n", mend == NULL ? "ok" : "wrong", what,
	    printable(visit->arena, found).data);
	if (mend != NULL)
		printf("       -> %s\n", mend);
}

static void
look_at_settings(struct visit *visit)
{
	const char *file = visit->invocation->config->config_file;

	find(visit, "settings", file == NULL ? "from the environment" : file, NULL);
}

static void
look_at_keys(struct visit *visit)
{
	struct keyring *keyring = keyring_load(visit->invocation->config, KEYRING_SIGNS);

	find(visit, "keys", keyring == NULL ? "see above" : "there and good",
	    keyring == NULL ? "openssl rand -base64 48 into a file with mode 0600 that "
			      "JWT_SIGNING_KEY_FILE names, or jwtctl key generate"
			    : NULL);
	keyring_free(keyring);
}

static void
look_at_database(struct visit *visit)
{
	struct accounts *accounts = accounts_open(visit->invocation->config, "jwtctl", false);
	enum verdict verdict =
	    accounts == NULL ? VERDICT_UNDECIDED : accounts_check(accounts, visit->arena);

	if (verdict == VERDICT_UNDECIDED) {
		find(visit, "database", "does not answer; see above",
		    "PGHOST, PGDATABASE, PGUSER and PGPASSFILE must name it, and its pg_hba.conf "
		    "must let that user in");
		return;
	}
	find(visit, "database", "answers", NULL);
	find(visit, "tables", verdict == VERDICT_YES ? "have what the settings name" : "see above",
	    verdict == VERDICT_YES ? NULL
				   : "psql -f sql/schema.sql, then psql -f sql/roles.sql, as their "
				     "owner");
}

static bool
somebody_listens(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(path);
	bool listens;
	int probe;

	if (length >= sizeof(address.sun_path))
		return false;
	memcpy(address.sun_path, path, length + 1);
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	listens =
	    probe >= 0 && connect(probe, (const struct sockaddr *)&address, sizeof(address)) == 0;
	if (probe >= 0)
		close(probe);
	return listens;
}

static void
look_at_socket(struct visit *visit, const char *folder, const char *name)
{
	const char *path = arena_printf(visit->arena, "%s/%s", folder, name);
	struct stat status;

	if (stat(path, &status) != 0 || !S_ISSOCK(status.st_mode))
		find(visit, path, "is no socket", "remove it");
	else if (!somebody_listens(path))
		find(visit, path,
		    errno == EACCES ? "may not be used by you" : "nobody listens there",
		    errno == EACCES
			? "ask as root or as the web server's user"
			: "start the program: systemctl start, or spawn-fcgi -n -s SOCKET -M 0660");
	else if (status.st_mode & S_IWOTH)
		find(visit, path, "everybody on this machine can use it",
		    "spawn-fcgi -M 0660, or SocketMode=0660");
	else
		find(visit, path, "somebody listens", NULL);
}

static void
look_at_sockets(struct visit *visit)
{
	const char *given = option_value(visit->invocation, "sockets");
	const char *name = given == NULL ? SOCKETS : given;
	DIR *folder = opendir(name);
	const struct dirent *entry;

	if (folder == NULL && given != NULL)
		find(visit, given, strerror(errno), "--sockets names the folder of the sockets");
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		size_t length = strlen(entry->d_name);

		if (length > strlen(SUFFIX) &&
		    strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX) == 0)
			look_at_socket(
			    visit, name, arena_copy(visit->arena, entry->d_name, length));
	}
	if (folder != NULL)
		closedir(folder);
}

/* The directive by which this web server passes the header on. */
static const char *
authorization_directive(const char *server)
{
	if (strcasestr(server, "apache") != NULL)
		return "CGIPassAuth On, or in .htaccess: "
		       "SetEnvIf Authorization \"(.+)\" HTTP_AUTHORIZATION=$1";
	if (strcasestr(server, "nginx") != NULL)
		return "no fastcgi_pass_request_headers off, and no fastcgi_param "
		       "HTTP_AUTHORIZATION of another value";
	return "the web server must pass the header on as HTTP_AUTHORIZATION";
}

/* What is behind a status that none of the programs gives here. */
static const char *
status_mend(int status)
{
	if (status == 404)
		return "the web server must pass this URL on; see docs/deploy.md";
	if (status == 502 || status == 503 || status == 504)
		return "the program must run and its database must answer; see the lines above";
	if (status >= 300 && status < 400)
		return "--url must be where the service itself is, not what leads there";
	return "see the web server's error log";
}

static void
look_at_hello(struct visit *visit, const char *url)
{
	struct probe probe = probe_send(
	    visit->arena, url, "GET", "/hello/", "Authorization: Bearer doctor\r\n", NULL);
	const char *what = arena_printf(visit->arena, "%s/hello/", url);

	if (probe.status == 0)
		find(visit, what, probe.why, probe.mend);
	else if (probe.status != 401)
		find(visit, what, arena_printf(visit->arena, "answers %d", probe.status),
		    status_mend(probe.status));
	else if (strstr(probe.body, "token_not_valid") == NULL)
		find(visit, what, "the Authorization header does not arrive",
		    authorization_directive(probe.server));
	else
		find(visit, what, "the Authorization header arrives", NULL);
}

static void
look_at_token(struct visit *visit, const char *url)
{
	struct probe probe = probe_send(
	    visit->arena, url, "POST", "/api/token/", "Content-Type: application/json\r\n", "{}");
	const char *what = arena_printf(visit->arena, "%s/api/token/", url);

	if (probe.status == 400 && strstr(probe.body, "This field is required.") != NULL)
		find(visit, what, "bodies arrive", NULL);
	else if (probe.status == 0)
		find(visit, what, probe.why, probe.mend);
	else
		find(visit, what, arena_printf(visit->arena, "answers %d", probe.status),
		    status_mend(probe.status));
}

static enum outcome
doctor(const struct invocation *invocation)
{
	struct visit visit = {.invocation = invocation,
	    .arena = invocation->arena,
	    .report = report_new(invocation, columns),
	    .healthy = true};
	const char *url = option_value(invocation, "url");

	look_at_settings(&visit);
	look_at_keys(&visit);
	look_at_database(&visit);
	look_at_sockets(&visit);
	if (url != NULL) {
		look_at_hello(&visit, url);
		look_at_token(&visit, url);
	}
	if (invocation->json)
		report_list(&visit.report);
	return visit.healthy ? OUTCOME_YES : OUTCOME_NO;
}

const struct command doctor_commands[] = {
    {.name = "doctor",
	.summary = "Look at settings, keys, database, sockets and web server; say how to mend them",
	.examples = "  jwtctl doctor --config /etc/jwt-fcgi/jwt-fcgi.conf\n"
		    "  jwtctl doctor --url https://auth.example.org\n",
	.options = {{"sockets", "DIR", "where the programs listen; " SOCKETS " if nothing is said"},
	    {"url", "URL", "of the service, to be asked through the web server"}},
	.configured = true,
	.run = doctor},
    {.name = NULL},
};
