#include "process/sandbox.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/memory.h"

#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool
is_set(const char *name)
{
	const char *value = config_environment(name);

	return value != NULL && *value != '\0';
}

/* Without these variables libpq reads the user database, which the sandbox forbids. */
static void
settle_user(void)
{
	const struct passwd *user = is_set("PGUSER") && is_set("HOME") ? NULL : getpwuid(geteuid());

	if (user == NULL)
		return;
	setenv("PGUSER", user->pw_name, 0);
	setenv("HOME", user->pw_dir, 0);
}

static bool
is_local(const char *hosts)
{
	for (const char *host = hosts; host != NULL; host = strchr(host, ',')) {
		host += *host == ',';
		if (*host != '/' && *host != '@' && *host != ',' && *host != '\0')
			return false;
	}
	return true;
}

static struct sandbox_network
find_network(void)
{
	const char *hosts = config_environment("PGHOST");
	bool elsewhere = is_set("PGSERVICE") || is_set("PGHOSTADDR");

	return (struct sandbox_network){.local = !elsewhere && is_local(hosts),
	    .ports = is_set("PGSERVICE") ? NULL
		     : is_set("PGPORT")  ? config_environment("PGPORT")
					 : "5432"};
}

/* Root keeps the right to read other users' files: keys and sockets may be theirs. */
static void
drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct kept[2] = {0};

	if (geteuid() == 0)
		kept[0].permitted = kept[0].effective =
		    1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH;
	if (syscall(SYS_capset, &header, kept) != 0 && geteuid() == 0)
		log_warning("sandbox: capabilities are kept");
}

static void
complain(const char *part, const char *why)
{
	if (why != NULL)
		log_warning("sandbox: no %s: %s", part, why);
}

void
sandbox_enter(const struct config *config)
{
	struct sandbox_network network = find_network();
	bool log_only = strcmp(config->sandbox, "log") == 0;

	if (strcmp(config->sandbox, "off") == 0)
		return;
	if (SANITIZED) {
		log_warning("sandbox: off, this is a build with AddressSanitizer");
		return;
	}
	settle_user();
	memory_hide(); /* it holds the keys */
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	prctl(PR_SET_DUMPABLE, 0);
	drop_capabilities();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		complain("new privileges, seccomp and Landlock", "the kernel is too old");
		return;
	}
	if (!log_only)
		complain("Landlock", sandbox_files(config, &network));
	complain("seccomp", sandbox_calls(&network, log_only));
}
