/*
 * Preloaded into a program. On SIGURG the process makes system calls that its sandbox should refuse
 * and writes a line "inside: NAME: ERRNO" for each to its standard error, ERRNO being 0 for a call
 * that was not refused, then "inside: end". INSIDE_FOLDER is an empty folder that a successful call
 * may change. INSIDE_HARMLESS limits the calls to those that do no harm where nothing refuses them.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ARGUMENTS 6

struct call {
	const char *name;
	long number;
	long arguments[ARGUMENTS];
	bool harmless;
};

static char victim[4096], new_file[4096], new_folder[4096];
static const char *folder;

static long
make(const struct call *call)
{
	const long *a = call->arguments;
	pid_t process = getpid();
	long result = syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);

	if (getpid() != process)
		_exit(0); /* the child of a call that should have been refused */
	return result;
}

static void
report(const char *name, long result)
{
	dprintf(2, "inside: %s: %d\n", name, result < 0 ? errno : 0);
}

/* A TCP connection to the discard port, whose number a database never has. */
static void
connect_elsewhere(void)
{
	struct sockaddr_in discard = {.sin_family = AF_INET, .sin_port = htons(9)};
	int connection = socket(AF_INET, SOCK_STREAM, 0);

	discard.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	report("a connection to another port",
	    connection < 0 ? -1
			   : connect(connection, (struct sockaddr *)&discard, sizeof(discard)));
	close(connection);
}

static void
make_all(int number)
{
	int before = errno;
	bool only_harmless = getenv("INSIDE_HARMLESS") != NULL;
	const struct call calls[] = {
	    {"read /etc/passwd", SYS_openat, {AT_FDCWD, (long)"/etc/passwd", O_RDONLY}, true},
	    {"read the folder /", SYS_openat, {AT_FDCWD, (long)"/", O_RDONLY | O_DIRECTORY}, true},
	    {"create a file", SYS_openat, {AT_FDCWD, (long)new_file, O_WRONLY | O_CREAT, 0600},
		true},
	    {"create a folder", SYS_mkdirat, {AT_FDCWD, (long)new_folder, 0700}, true},
	    {"chmod", SYS_fchmodat, {AT_FDCWD, (long)victim, 0644}, true},
	    {"remove a file", SYS_unlinkat, {AT_FDCWD, (long)victim, 0}, true},
	    {"an IPv4 socket", SYS_socket, {AF_INET, SOCK_STREAM}, true},
	    {"an IPv6 socket", SYS_socket, {AF_INET6, SOCK_DGRAM}, true},
	    {"a routing socket", SYS_socket, {AF_NETLINK, SOCK_RAW, NETLINK_ROUTE}, true},
	    {"a netfilter socket", SYS_socket, {AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER}, false},
	    {"listen", SYS_listen, {0, 5}, true},
	    {"clone", SYS_clone, {SIGCHLD}, true},
#ifdef SYS_fork
	    {"fork", SYS_fork, {0}, true},
	    {"vfork", SYS_vfork, {0}, false},
#endif
	    {"read its own environment", SYS_openat, {AT_FDCWD, (long)"/proc/self/environ"}, false},
	    {"read /etc/shadow", SYS_openat, {AT_FDCWD, (long)"/etc/shadow", O_RDONLY}, false},
	    {"read /proc/1/environ", SYS_openat, {AT_FDCWD, (long)"/proc/1/environ", O_RDONLY},
		false},
	    {"create a file in /dev/shm", SYS_openat,
		{AT_FDCWD, (long)"/dev/shm/jwt-fcgi-inside", O_WRONLY | O_CREAT, 0600}, false},
	    {"a raw socket", SYS_socket, {AF_INET, SOCK_RAW, 1}, false},
	    {"a packet socket", SYS_socket, {AF_PACKET, SOCK_RAW}, false},
	    {"clone3", SYS_clone3, {0}, false},
	    {"ptrace", SYS_ptrace, {PTRACE_ATTACH, 1}, false},
	    {"process_vm_readv", SYS_process_vm_readv, {1}, false},
	    {"kill", SYS_kill, {1, 0}, false},
	    {"mount", SYS_mount, {(long)"none", (long)folder, (long)"tmpfs"}, false},
	    {"unshare", SYS_unshare, {0x10000000}, false},
	    {"setuid", SYS_setuid, {0}, false},
	    {"bpf", SYS_bpf, {0}, false},
	    {"io_uring_setup", SYS_io_uring_setup, {1}, false},
	    {"keyctl", SYS_keyctl, {0}, false},
	    {"userfaultfd", SYS_userfaultfd, {0}, false},
	    {"init_module", SYS_init_module, {0, 0, (long)""}, false},
	    {"execveat", SYS_execveat, {AT_FDCWD, (long)"/bin/sh"}, false},
	    {"execve", SYS_execve, {(long)"/bin/sh"}, false},
	};

	(void)number;
	connect_elsewhere();
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (calls[i].harmless || !only_harmless)
			report(calls[i].name, make(&calls[i]));
	dprintf(2, "inside: end\n");
	errno = before;
}

__attribute__((constructor)) static void
prepare(void)
{
	struct sigaction action = {.sa_handler = make_all, .sa_flags = SA_RESTART};

	folder = getenv("INSIDE_FOLDER");
	if (folder == NULL)
		abort();
	snprintf(victim, sizeof(victim), "%s/victim", folder);
	snprintf(new_file, sizeof(new_file), "%s/new file", folder);
	snprintf(new_folder, sizeof(new_folder), "%s/new folder", folder);
	sigaction(SIGURG, &action, NULL);
}
