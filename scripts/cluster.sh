# shellcheck shell=bash
# The private PostgreSQL cluster of ./run; to be sourced (bash). Its files are in $state/cluster and belong to $owner; it
# listens only on a unix socket in $run/postgres. Peer authentication lets $owner and the user who called ./run log in as
# postgres, and $service as jwt_fcgi.

# Creates the cluster if there is none, and sets $bin to the folder of the server's programs.
cluster_make() {
	local new=$state/cluster.new versions version
	if [ ! -e "$state/cluster" ]; then
		mapfile -t versions < <(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V)
		bin=${versions[-1]}
		echo "making a database cluster in $state/cluster"
		rm -rf "$new"
		install -d -m 0700 "${as_owner[@]}" "$new"
		quiet "$owner" "$bin/initdb" -D "$new" -U postgres -A peer -E UTF8 --locale=C.UTF-8
		mv "$new" "$state/cluster"
	fi
	version=$(as "$owner" cat "$state/cluster/PG_VERSION")
	bin=/usr/lib/postgresql/$version/bin
	[[ $version =~ ^[0-9]+$ ]] && [ -x "$bin/postgres" ] ||
		die "$state/cluster needs $bin; --fresh makes another"
}

cluster_in_use() { # whether a process has the cluster as its working directory, as a server has
	local folder
	for folder in /proc/[0-9]*/cwd; do
		[ ! "$folder" -ef "$state/cluster" ] || return 0
	done
	return 1
}

# Ends a server that outlived a killed ./run: this ./run holds the lock of the state folder, so no other uses the server.
# Removes its pid file too, because an ended server that nobody waits for would count as running.
cluster_end_stale() {
	local file=$state/cluster/postmaster.pid i
	[ -e "$file" ] || return 0
	for ((i = 0; i < 300; i++)); do
		cluster_in_use || { rm -f "$file"; return 0; }
		as "$owner" sh -c 'read -r pid <"$1" && [ "$pid" -gt 1 ] && kill -INT "$pid"' sh "$file" 2>/dev/null
		sleep 0.1
	done
	die "another process uses $state/cluster; see $file"
}

# Writes to a file as the cluster's owner, who could have replaced the file by a link to one of root's.
as_owner_write() { # FILE
	as "$owner" sh -c 'cat >"$1"' sh "$state/cluster/$1"
}

cluster_start() {
	local user log=$state/postgres.log
	cluster_make
	cluster_end_stale
	echo 'local all all peer map=jwt_fcgi' | as_owner_write pg_hba.conf
	{
		for user in $(printf '%s\n' "$owner" "$me" | sort -u); do
			echo "jwt_fcgi $user postgres"
		done
		echo "jwt_fcgi $service jwt_fcgi"
	} | as_owner_write pg_ident.conf
	install -d -m 0755 "${as_owner[@]}" "$run/postgres"
	start postgres "$owner" INT "$bin/postgres" -D "$state/cluster" -c listen_addresses= \
		-c unix_socket_directories="$run/postgres" -c max_connections=$((10 * workers + 20)) \
		>"$log" 2>&1
	wait_for postgres "$bin/pg_isready" -q -h "$run/postgres" ||
		die_with "$log" 'PostgreSQL did not start'
	sql template1 <<-'END'
		SELECT 'CREATE DATABASE jwt_fcgi'
		WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'jwt_fcgi') \gexec
	END
	sql jwt_fcgi <"$here/sql/schema.sql"
	sql jwt_fcgi <"$here/sql/roles.sql"
	sql jwt_fcgi -f "$here/sql/oidc.sql" # and with it sessions.sql
	sql jwt_fcgi -f "$here/sql/permissions.sql"
	if [ ! -e "$state/cluster/seeded" ]; then # once, so that a vitor who was deleted does not come back
		sql jwt_fcgi <"$here/sql/seed.sql"
		as_owner_write seeded </dev/null
	fi
}
