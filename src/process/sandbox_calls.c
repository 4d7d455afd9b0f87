/*
 * seccomp: the system calls that a program may make.
 */
#include "process/sandbox.h"

#ifndef HAVE_SECCOMP

const char *
sandbox_calls(const struct sandbox_network *network, bool log_only)
{
	(void)network;
	(void)log_only;
	return "built without libseccomp";
}

#else

#include <errno.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/socket.h>

/* Calls of the programs, libpq, OpenSSL, getaddrinfo(3) and dlopen(3), and some similar ones. */
static const char *const allowed[] = {"accept4", "access", "arch_prctl", "bind", "brk",
    "clock_getres", "clock_gettime", "clock_nanosleep", "close", "connect", "dup", "dup2", "dup3",
    "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_wait", "eventfd2", "exit", "exit_group",
    "faccessat", "faccessat2", "fadvise64", "fcntl", "fdatasync", "flock", "fstat", "fstatfs",
    "fsync", "ftruncate", "futex", "get_robust_list", "getcpu", "getcwd", "getdents", "getdents64",
    "getegid", "geteuid", "getgid", "getgroups", "getpeername", "getpgrp", "getpid", "getppid",
    "getpriority", "getrandom", "getresgid", "getresuid", "getrlimit", "getrusage", "getsockname",
    "getsockopt", "gettid", "gettimeofday", "getuid", "ioctl", "lseek", "lstat", "madvise",
    "membarrier", "mincore", "mlock", "mlock2", "mmap", "mprotect", "mremap", "msync", "munlock",
    "munmap", "nanosleep", "newfstatat", "open", "openat", "pipe", "pipe2", "poll", "ppoll",
    "prctl", "pread64", "preadv", "prlimit64", "pselect6", "pwrite64", "read", "readlink",
    "readlinkat", "readv", "recvfrom", "recvmmsg", "recvmsg", "restart_syscall", "rseq",
    "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigreturn", "rt_sigsuspend",
    "rt_sigtimedwait", "sched_getaffinity", "sched_getparam", "sched_getscheduler", "sched_yield",
    "select", "sendmmsg", "sendmsg", "sendto", "set_robust_list", "set_tid_address", "setpriority",
    "setsockopt", "shutdown", "sigaltstack", "socketpair", "stat", "statfs", "statx", "sysinfo",
    "tgkill", "time", "times", "umask", "uname", "write", "writev"};

/* Refused with EPERM. Calls in neither list fail with ENOSYS, as on an old kernel. */
static const char *const refused[] = {"bpf", "chroot", "execve", "execveat", "fork", "init_module",
    "io_uring_setup", "keyctl", "kill", "mount", "perf_event_open", "pivot_root",
    "process_vm_readv", "process_vm_writev", "ptrace", "setns", "setuid", "tkill", "unshare",
    "userfaultfd", "vfork"};

static bool
add_names(scmp_filter_ctx filter, uint32_t action, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int call = seccomp_syscall_resolve_name(names[i]);
		int added;

		if (call == __NR_SCMP_ERROR) /* of another architecture */
			continue;
		added = seccomp_rule_add(filter, action, call, 0);
		if (added != 0 && added != -EDOM)
			return false;
	}
	return true;
}

static bool
add_socket(scmp_filter_ctx filter, unsigned family)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
		   SCMP_A0(SCMP_CMP_EQ, family, 0)) == 0;
}

/* getaddrinfo(3) asks the kernel for the host's own addresses. */
static bool
add_routing_socket(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
		   SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0),
		   SCMP_A2(SCMP_CMP_EQ, NETLINK_ROUTE, 0)) == 0;
}

static bool
fill(scmp_filter_ctx filter, const struct sandbox_network *network, bool log_only)
{
	/* Threads, for Argon2's lanes. As clone3 fails with ENOSYS, the C library uses clone. */
	return add_names(filter, SCMP_ACT_ALLOW, allowed, sizeof(allowed) / sizeof(*allowed)) &&
	       (log_only || add_names(filter, SCMP_ACT_ERRNO(EPERM), refused,
				sizeof(refused) / sizeof(*refused))) &&
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
		   SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)) == 0 &&
	       add_socket(filter, AF_UNIX) &&
	       (network->local || (add_socket(filter, AF_INET) && add_socket(filter, AF_INET6) &&
				      add_routing_socket(filter)));
}

const char *
sandbox_calls(const struct sandbox_network *network, bool log_only)
{
	scmp_filter_ctx filter = seccomp_init(log_only ? SCMP_ACT_LOG : SCMP_ACT_ERRNO(ENOSYS));
	const char *why = NULL;
	int loaded;

	if (filter == NULL || !fill(filter, network, log_only)) {
		why = "libseccomp cannot make the filter";
	} else {
		loaded = seccomp_load(filter);
		why = loaded == 0 ? NULL : strerror(-loaded);
	}
	seccomp_release(filter);
	return why;
}

#endif
