# shellcheck shell=bash
# The child processes of ./run; to be sourced (bash). Each leads its own process group, and the kernel sends it a signal
# if this shell is killed.
me=$(id -un)
declare -A pids=()

identity() { # USER: the options of setpriv that change to this user
	[ "$1" = "$me" ] || echo "--reuid=$1 --regid=$1 --init-groups"
}

as() { # USER COMMAND...
	setpriv $(identity "$1") -- "${@:2}"
}

start() { # NAME USER SIGNAL COMMAND...: in the background; SIGNAL ends it if this shell is killed
	setsid setpriv $(identity "$2") --pdeathsig "$3" -- "${@:4}" </dev/null 8<&- 9<&- &
	pids[$1]=$!
}

running() { # NAME
	[ -n "${pids[$1]-}" ] && kill -0 "${pids[$1]}" 2>/dev/null
}

wait_for() { # NAMES CONDITION...: up to half a minute, while the processes NAMES run
	local name i
	for ((i = 0; i < 1500; i++)); do
		for name in $1; do
			running "$name" || return 1
		done
		"${@:2}" && return
		sleep 0.02
	done
	return 1
}

end() { # NAME SIGNAL: sends SIGNAL, and SIGKILL to the group after 10 seconds
	local pid=${pids[$1]-} i
	[ -n "$pid" ] || return 0
	kill "-$2" "$pid" 2>/dev/null
	for ((i = 0; i < 200; i++)); do
		running "$1" || break
		sleep 0.05
	done
	kill -KILL -- "-$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	unset "pids[$1]"
}

quiet() { # USER COMMAND...: shows its output only if it fails; Ctrl-C ends it too
	local log=$state/work.log
	start work "$1" TERM "${@:2}" >"$log" 2>&1
	wait "${pids[work]}" || die_with "$log" "failed: ${*:2}"
	unset 'pids[work]'
}
