#!/bin/sh
# `make shared-host` runs it in the build directory: makes a folder to upload, and the same as a tarball.
#
#     make.sh SOURCE VERSION CC CFLAGS LDFLAGS LIBRARIES
#
# The folder has one program, auth.cgi, that contains all endpoints. If the static libraries are installed (Debian:
# libfcgi-dev, libjson-c-dev, libpq-dev, libssl-dev, libcrypt-dev, libargon2-dev, libseccomp-dev,
# postgresql-server-dev-15), it contains them too and needs only the C library; otherwise the host must have the
# shared libraries.
set -eu
source=$1 version=$2 cc=$3 cflags=$4 ldflags=$5 shared=$6
out=jwt-fcgi-shared-host-$version
work=shared-host.work
rm -rf "$out" "$out.tar.gz" "$work"
mkdir -p "$work" "$out/public_html"

objects=
for name in token refresh verify blacklist sliding sliding_refresh logout sessions permissions hello; do
	objcopy --redefine-sym "endpoint=${name}_endpoint" "src/endpoints/$name.o" "$work/$name.o"
	objects="$objects $work/$name.o"
done
objcopy --redefine-sym main=serve src/http/main.o "$work/main.o"
for name in dispatch without; do
	$cc $cflags -D_GNU_SOURCE -I"$source/src" -c -o "$work/$name.o" "$source/shared-host/$name.c"
done
objects="$objects $work/dispatch.o $work/main.o"
ar cr "$work/libendpoints.a" src/endpoints/*.o # the objects that the endpoints share
libraries="$work/libendpoints.a liboidc.a libhttp.a libsigning.a libjson.a libaccounts.a libdb.a libprocess.a libconfig.a libbase.a"

archives=
pglib=$(pg_config --pkglibdir 2>/dev/null || :)
for name in fcgi json-c pq ssl crypto crypt argon2 seccomp; do
	case $name$shared in
	argon2*-largon2* | seccomp*-lseccomp* | fcgi* | json-c* | pq* | ssl* | crypt*) archives="$archives $($cc -print-file-name="lib$name.a")" ;;
	esac
done
static="$work/without.o $archives $pglib/libpgcommon_shlib.a $pglib/libpgport_shlib.a"
if $cc $ldflags -o "$work/auth.cgi" $objects $libraries -Wl,--start-group $static -Wl,--end-group \
	2>"$work/log"; then
	echo "auth.cgi needs only these libraries on the host:"
else
	echo "no static libraries (see $work/log); auth.cgi needs these libraries on the host:"
	$cc $ldflags -o "$work/auth.cgi" $objects $libraries $shared
fi
objdump -p "$work/auth.cgi" | sed -n 's/^ *NEEDED */  /p'
strip -o "$out/public_html/auth.cgi" "$work/auth.cgi"
chmod 755 "$out/public_html/auth.cgi"
install -m 644 "$source/shared-host/htaccess" "$out/public_html/.htaccess"
install -m 600 "$source/shared-host/jwt-fcgi.conf" "$out/jwt-fcgi.conf"
install -m 644 openapi.json "$out/public_html/"
install -m 644 "$source/sql/schema.sql" "$source/sql/sessions.sql" "$source/docs/shared-host.md" "$out/"
tar -czf "$out.tar.gz" "$out"
echo "made $out and $out.tar.gz; see $out/shared-host.md"
