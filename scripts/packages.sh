# shellcheck shell=bash
# The Debian packages that building, running and testing need; to be sourced (bash).
run_packages=(autoconf automake curl gcc libargon2-dev libc6-dev libcrypt-dev libfcgi-dev libjson-c-dev libpq-dev
	libseccomp-dev libssl-dev make multiwatch nginx pkg-config postgresql spawn-fcgi)
check_packages=(apache2-bin apache2-suexec-custom caddy chromium chromium-driver clang clang-format
	clang-tidy cppcheck dbus debhelper debootstrap dpkg-dev faketime fcgiwrap git gunicorn httpie libapache2-mod-auth-openidc libapache2-mod-fcgid libc6-dbg
	libcmocka-dev libiddawc-dev libnss-systemd lighttpd lintian mandoc node-axios node-jose oidc-agent-cli openssl pgbouncer procps prometheus python3-argon2
	python3-authlib python3-bcrypt python3-cryptography python3-django python3-djangorestframework
	python3-djangorestframework-simplejwt python3-djangorestframework-spectacular python3-psycopg2 python3-pytest python3-pytest-xdist
	python3-requests-oauthlib python3-selenium systemd systemd-container valgrind)
coverage_packages=(gcovr)
command -v node >/dev/null || check_packages+=(nodejs) # unless another package has installed it
command -v npm >/dev/null || check_packages+=(npm)

# Installs those of the packages that are missing; if that fails, names them and returns false.
packages_need() {
	local name missing=() root=()
	for name; do
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>&1) = installed* ]] || missing+=("$name")
	done
	((${#missing[@]})) || return 0
	if ((EUID)); then
		root=(sudo)
		command -v sudo >/dev/null || {
			echo "${0##*/}: missing packages, to be installed by root: ${missing[*]}" >&2
			return 1
		}
	fi
	echo "installing ${missing[*]}"
	"${root[@]}" "$here/scripts/install-packages" "${missing[@]}" || {
		echo "${0##*/}: cannot install the missing packages: ${missing[*]}" >&2
		return 1
	}
}
