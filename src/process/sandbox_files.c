/*
 * Landlock: the files and ports that a program may use.
 */
#include "process/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Landlock's interface (linux/landlock.h); older headers lack parts of it. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule       445
#define SYS_landlock_restrict_self  446
#endif
#define GET_VERSION   1u
#define RULE_PATH     1
#define RULE_PORT     2
#define WRITE_FILE    (UINT64_C(1) << 1)
#define READ_FILE     (UINT64_C(1) << 2)
#define READ_DIR      (UINT64_C(1) << 3)
#define ALL_OF_1      ((UINT64_C(1) << 13) - 1)
#define REFER_OF_2    (UINT64_C(1) << 13)
#define TRUNCATE_OF_3 (UINT64_C(1) << 14)
#define CONNECT_OF_4  (UINT64_C(1) << 1)
#define DNS           53
#define KEPT_MAXIMUM  8

struct ruleset {
	uint64_t files, network;
};

struct path_rule {
	uint64_t access;
	int32_t parent;
} __attribute__((packed));

struct port_rule {
	uint64_t access, port;
};

/* Files and folders that the C library, OpenSSL and libpq read for each new connection. */
static const char *const looked_up[] = {"/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec",
    "/usr/local/lib", "/usr/local/share", "/usr/share", "/lib", "/lib64", "/nix/store",
    "/gnu/store", "/etc/ssl", "/etc/pki", "/etc/crypto-policies", "/etc/ca-certificates",
    "/etc/ld.so.cache", "/etc/localtime", "/etc/hosts", "/etc/host.conf", "/etc/resolv.conf",
    "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols", "/etc/networks",
    "/etc/krb5.conf", "/etc/krb5.conf.d", "/etc/gss", "/etc/postgresql-common",
    "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/var/lib/sss",
    "/dev/urandom", "/dev/random", "/dev/zero", "/sys/devices/system/cpu"};

/* Variables that name files of libpq and OpenSSL. Files may be replaced: allow their folders. */
static const char *const named[] = {"PGPASSFILE", "PGSERVICEFILE", "PGSSLCERT", "PGSSLKEY",
    "PGSSLROOTCERT", "PGSSLCRL", "PGSSLCRLDIR", "SSL_CERT_FILE", "OPENSSL_CONF"};
static const char *const folders[] = {
    "PGSYSCONFDIR", "SSL_CERT_DIR", "OPENSSL_MODULES", "GCONV_PATH", "LD_LIBRARY_PATH"};

static void
allow(int ruleset, const char *path, uint64_t access)
{
	struct path_rule rule = {.access = access};
	struct stat status;

	rule.parent = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent < 0)
		return;
	if (fstat(rule.parent, &status) == 0 && !S_ISDIR(status.st_mode))
		rule.access &= READ_FILE | WRITE_FILE;
	syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &rule, 0);
	close(rule.parent);
}

static void
allow_reading(int ruleset, const char *path)
{
	allow(ruleset, path, READ_FILE | READ_DIR);
}

static void
allow_folder_of(int ruleset, const char *path)
{
	char real[PATH_MAX], folder[PATH_MAX];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	for (int i = 0; i < 2; i++) {
		slash = strrchr(folder, '/');
		if (slash != NULL && slash != folder) {
			*slash = '\0';
			allow_reading(ruleset, folder);
		}
		if (realpath(path, real) == NULL)
			return;
		snprintf(folder, sizeof(folder), "%s", real);
	}
}

static const char *kept[KEPT_MAXIMUM];
static size_t kept_count;

void
sandbox_keep(const char *path)
{
	if (path != NULL && kept_count < KEPT_MAXIMUM)
		kept[kept_count++] = path;
}

static void
allow_kept(int ruleset, const char *path)
{
	struct stat status;

	if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
		allow_reading(ruleset, path);
	else
		allow_folder_of(ruleset, path);
}

/* libpq's files in the home folder, if there are any. */
static void
allow_home(int ruleset)
{
	static const char *const inside[] = {".pgpass", ".pg_service.conf", ".postgresql"};
	const char *home = config_environment("HOME");
	char path[PATH_MAX];

	for (size_t i = 0; home != NULL && i < sizeof(inside) / sizeof(*inside); i++) {
		snprintf(path, sizeof(path), "%s/%s", home, inside[i]);
		if (access(path, F_OK) != 0)
			continue;
		allow_folder_of(ruleset, path);
		allow_reading(ruleset, path);
	}
}

static void
allow_files(int ruleset, const struct config *config)
{
	for (size_t i = 0; i < sizeof(looked_up) / sizeof(*looked_up); i++)
		allow_reading(ruleset, looked_up[i]);
	for (size_t i = 0; i < sizeof(named) / sizeof(*named); i++)
		if (config_environment(named[i]) != NULL)
			allow_folder_of(ruleset, config_environment(named[i]));
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		if (config_environment(folders[i]) != NULL)
			allow_reading(ruleset, config_environment(folders[i]));
	if (config_environment("PGREQUIREPEER") != NULL)
		allow_reading(ruleset, "/etc/passwd");
	for (size_t i = 0; i < kept_count; i++)
		allow_kept(ruleset, kept[i]);
	if (config->metrics_dir != NULL)
		allow_reading(ruleset, config->metrics_dir);
	allow(ruleset, "/dev/null", READ_FILE | WRITE_FILE);
	allow_home(ruleset);
}

static void
allow_ports(int ruleset, const char *ports)
{
	struct port_rule rule = {.access = CONNECT_OF_4, .port = DNS};

	syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &rule, 0);
	for (const char *port = ports; port != NULL; port = strchr(port, ',')) {
		port += *port == ',';
		rule.port = strtoul(*port == '\0' || *port == ',' ? "5432" : port, NULL, 10);
		syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &rule, 0);
	}
}

const char *
sandbox_files(const struct config *config, const struct sandbox_network *network)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, GET_VERSION);
	struct ruleset wanted = {.files = ALL_OF_1};
	const char *why = NULL;
	int ruleset;

	/* A ticket cache may be anywhere, even in the kernel's keyring. */
	if (config_environment("KRB5CCNAME") != NULL || config_environment("KRB5_CONFIG") != NULL)
		return "Kerberos is used";
	if (version < 1)
		return strerror(errno);
	wanted.files |= version >= 2 ? REFER_OF_2 : 0;
	wanted.files |= version >= 3 ? TRUNCATE_OF_3 : 0;
	wanted.network = version >= 4 && network->ports != NULL ? CONNECT_OF_4 : 0;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &wanted,
	    version >= 4 ? sizeof(wanted) : sizeof(wanted.files), 0);
	if (ruleset < 0)
		return strerror(errno);
	allow_files(ruleset, config);
	if (wanted.network != 0)
		allow_ports(ruleset, network->ports);
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		why = strerror(errno);
	close(ruleset);
	return why;
}
