# Processes of ./run; to be sourced (bash). Each leads a group of its own, and is told to end if this
# shell is killed.
me=$(id -un)
declare -A pids=()

identity() { # USER: the options of setpriv that make a process of ours that user's
	[ "$1" = "$me" ] || echo "--reuid=$1 --regid=$1 --init-groups"
}

as() { # USER COMMAND...
	setpriv $(identity "$1") -- "${@:2}"
}

start() { # NAME USER SIGNAL COMMAND...: in the background; SIGNAL is what ends it
	setsid setpriv $(identity "$2") --pdeathsig "$3" -- "${@:4}" </dev/null 8<&- 9<&- &
	pids[$1]=$!
}

running() { # NAME
	[ -n "${pids[$1]-}" ] && kill -0 "${pids[$1]}" 2>/dev/null
}

wait_for() { # NAMES CONDITION...: for half a minute, and as long as those processes run
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

end() { # NAME SIGNAL: politely, then firmly
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

quiet() { # USER COMMAND...: shows what it says only if it fails; ends with us even in its middle
	local log=$state/work.log
	start work "$1" TERM "${@:2}" >"$log" 2>&1
	wait "${pids[work]}" || die_with "$log" "failed: ${*:2}"
	unset 'pids[work]'
}
