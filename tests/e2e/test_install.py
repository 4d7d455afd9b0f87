"""docs/install.md, docs/keys.md, docs/oidc.md and docs/django.md on a new Debian: each command as the page has it.

The system is made by debootstrap and booted by systemd-nspawn, without a network. Packages are fetched before.
INSTALL_SUITE is the release, bookworm (Debian 12) or another.
"""
import os
import shutil
import subprocess

import pytest

from harness import ours, servers
from harness.pages import Page

INSTALL, KEYS, OIDC, DJANGO = (Page(f"docs/{name}.md") for name in ("install", "keys", "oidc", "django"))
OF_DJANGO = "python3-django python3-djangorestframework python3-djangorestframework-simplejwt python3-psycopg2 gunicorn"
SUITE = os.environ.get("INSTALL_SUITE", "bookworm")
CONTAINER = ("systemd-nspawn", "-q", "--register=no", "--keep-unit", "--link-journal=no", "--resolv-conf=copy-host",
             "--suppress-sync=yes",  # nothing of it is to outlive the test
             "--system-call-filter=landlock_create_ruleset landlock_add_rule landlock_restrict_self")
UNIT = """
[Unit]
After=nginx.service postgresql.service postgresql@15-main.service postgresql@17-main.service sockets.target

[Service]
Type=oneshot
Environment=HOME=/root LANG=C.UTF-8
WorkingDirectory=/usr/src/jwt-fcgi
StandardOutput=append:/test/said
StandardError=append:/test/said
ExecStart=bash /test/script
ExecStopPost=systemctl --no-block --force exit
"""
TOOLS = r"""
set -e -o pipefail
export JWT_JWKS_MAX_AGE=0
sleep() { [ "$1" = 300 ] || command sleep "$1"; }
export -f sleep
page() { # FILE: as a reader types it
	echo "== $1" >&2
	bash -e -o pipefail "/test/$1"
}
listening() { # PORT
	local try
	for try in $(seq 100); do
		(: >/dev/tcp/127.0.0.1/$1) 2>/dev/null && return
		sleep 0.1
	done
	echo "no server at port $1"
	exit 1
}
member() {
	sed 's/.*"'"$1"'":"\([^"]*\)".*/\1/'
}
status() { # EXPECTED CURL-ARGUMENT...
	local is
	is=$(curl -s -o /test/answer -w '%{http_code}' "${@:2}")
	[ "$is" = "$1" ] || { echo "${*:2}: $is, not $1"; cat /test/answer; exit 1; }
}
"""


class Machine:
    """A new Debian in a folder."""

    def __init__(self, folder):
        self.root, self.log = folder / "root", folder / "log"
        tool = servers.tool("debootstrap")
        servers.tool("systemd-nspawn")
        if os.geteuid() != 0:
            pytest.skip("debootstrap needs root")
        done = subprocess.run([tool, "--variant=minbase", "--include=systemd-sysv,ca-certificates,procps", SUITE,
                               self.root], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no Debian can be installed here: {done.stdout.strip().splitlines()[-1:]}")
        self.test = self.root / "test"
        self.test.mkdir()
        self.source()
        wants = self.root / "etc/systemd/system/multi-user.target.wants"
        (self.root / "etc/systemd/system/jwt-fcgi-test.service").write_text(UNIT)
        # The end signals all processes at once. A program that multiwatch starts at that moment does not hear it.
        (self.root / "etc/systemd/system.conf").write_text("[Manager]\nDefaultTimeoutStopSec=10s\n")
        (wants / "jwt-fcgi-test.service").symlink_to("/etc/systemd/system/jwt-fcgi-test.service")

    def source(self):
        left_out = shutil.ignore_patterns(".git", ".state", "autom4te.cache", "build*", "__pycache__", "*.in~")
        shutil.copytree(ours.CHECKOUT, self.root / "usr/src/jwt-fcgi", ignore=left_out, symlinks=True)

    def fetch(self, *commands):
        """The packages that the commands install, into apt's cache."""
        script = "apt-get -q update\n" + "\n".join(commands).replace("install -y", "install -q -y --download-only")
        done = subprocess.run([*CONTAINER, "-D", self.root, "sh", "-e", "-c", script], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no packages can be fetched here: {done.stderr.strip().splitlines()[-1:]}")

    def boot(self, script, pages=()):
        """Boots it, runs the script and shuts down; what it said."""
        for name, text in dict(pages).items():
            (self.test / name).write_text(text)
        (self.test / "script").write_text(TOOLS + script + "\necho done\n")
        (self.test / "said").unlink(missing_ok=True)
        done = subprocess.run([*CONTAINER, "-D", self.root, "--private-network", "-b"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, timeout=600)
        said = (self.test / "said").read_text(errors="replace") if (self.test / "said").exists() else ""
        if not said and "Operation not permitted" in done.stdout:
            pytest.skip(f"no container can be made here: {done.stdout.strip()[-200:]}")
        assert said.splitlines()[-1:] == ["done"], said[-6000:] or done.stdout[-2000:]
        return said


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    machine = Machine(tmp_path_factory.mktemp("machine"))
    machine.fetch(INSTALL.block("packages"), f"apt-get install -y --no-install-recommends {OF_DJANGO}")
    yield machine
    shutil.rmtree(machine.root, ignore_errors=True)


BY_HAND = """
for name in packages build database seed settings systemd nginx; do page $name; done
listening 8000
page token
page token | member refresh >/root/refresh
grep -q ^ey /root/refresh
access=$(page token | member access)
status 200 -H "Authorization: Bearer $access" http://127.0.0.1:8000/hello/
status 200 -H "Authorization: Bearer $access" http://127.0.0.1:8000/api/permissions/?has=blog.add_post
grep '{"blog.add_post":false}' /test/answer
status 200 http://127.0.0.1:8000/api/schema/
grep '^{"openapi":"3.1.0"' /test/answer
for pid in $(pgrep -f ^/usr/local/libexec/jwt-fcgi/); do [ "$(ps -o user= -p $pid)" = jwt_fcgi ]; done
"""
AFTER_A_BOOT = """
listening 8000
page token | member refresh | grep ^ey
status 200 -d refresh=$(cat /root/refresh) http://127.0.0.1:8000/api/token/refresh/
"""
ROTATION = """
listening 8000
for name in folder rotate; do
	page $name
	for try in $(seq 100); do # a new key signs two seconds later
		page token | member access | cut -d . -f 1 | tr _- /+ | (base64 -d 2>/dev/null || :) | grep ES256 && break
		command sleep 0.1
	done
	[ $try -lt 100 ]
	status 200 -d refresh=$(cat /root/refresh) http://127.0.0.1:8000/api/token/refresh/
done
[ $(ls /etc/jwt-fcgi/keys/retired | wc -l) = 3 ]
"""
WITHOUT_SYSTEMD = """
listening 8000
systemctl stop 'jwt-fcgi@*.socket' 'jwt-fcgi@*.service'
rm -rf /run/jwt-fcgi
page spawn-fcgi
for name in token refresh verify hello; do
	for try in $(seq 100); do [ -S /run/jwt-fcgi/$name.sock ] && break; sleep 0.1; done
	[ "$(stat -c %U:%G:%a /run/jwt-fcgi/$name.sock)" = jwt_fcgi:www-data:660 ]
done
page token | member access | grep ^ey
for pid in $(pgrep -f ^/usr/local/libexec/jwt-fcgi/); do [ "$(ps -o user= -p $pid)" = jwt_fcgi ]; done
"""


def blocks(page, *names):
    return {name: page.block(name) for name in names}


def test_from_a_source_tree_to_a_token(machine):
    machine.boot(BY_HAND, blocks(INSTALL, "packages", "build", "database", "seed", "settings", "systemd", "nginx", "token", "doctor"))


def test_the_service_is_there_after_a_boot(machine):
    machine.boot(AFTER_A_BOOT)


def test_a_folder_of_keys(machine):
    machine.boot(ROTATION, blocks(KEYS, "folder", "rotate"))


def test_without_systemd(machine):
    machine.boot(WITHOUT_SYSTEMD, blocks(INSTALL, "spawn-fcgi"))


A_SITE_BEHIND_A_LOGIN = """
listening 8000
sed -i '/^JWT_KEY_DIR/d' /etc/jwt-fcgi/jwt-fcgi.conf # the folder of the test before
echo 127.0.0.1 login.example.com >>/etc/hosts
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=login.example.com -addext subjectAltName=DNS:login.example.com \\
	-keyout /etc/ssl/private/login.example.com.key -out /etc/ssl/login.example.com.pem
cp /etc/ssl/login.example.com.pem /usr/local/share/ca-certificates/login.crt
update-ca-certificates
for name in key tables issuer login; do page $name; done
listening 443
page programs
secret=$(page client | sed -n 's/^client_secret: *//p')
issuer=https://login.example.com/oauth
uri=https://wiki.example.com/private/redirect
curl -s -c /root/jar "$issuer/authorize?client_id=wiki&redirect_uri=$uri&response_type=code&scope=openid\
&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256" >/root/page
sed -n 's/.*type="hidden" name="\\([^"]*\\)" value="\\([^"]*\\)".*/data-urlencode = "\\1=\\2"/p' /root/page >/root/fields
location=$(curl -s -b /root/jar -K /root/fields -d username=vitor -d password=123 -o /root/page -w '%{redirect_url}' $issuer/login)
code=${location#"$uri?code="}
access=$(curl -s -u wiki:$secret -d grant_type=authorization_code -d code=${code%%&*} -d redirect_uri=$uri \\
	-d code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk $issuer/token | member access_token)
status 200 -H "Authorization: Bearer $access" $issuer/userinfo
status 200 -H "Authorization: Bearer $access" http://127.0.0.1:8000/hello/
"""


def test_a_site_behind_a_login(machine):
    machine.boot(A_SITE_BEHIND_A_LOGIN, blocks(OIDC, "key", "tables", "issuer", "login", "programs", "client"))


SETTINGS = """
SECRET_KEY = "a key of the tests, which is long enough for HS256: 0123456789"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "rest_framework",
                  "rest_framework_simplejwt.token_blacklist"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "mysite", "USER": "mysite"}}
ROOT_URLCONF = "mysite.urls"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
"""
URLS = """
from django.urls import path
from rest_framework_simplejwt import views
from rest_framework.views import APIView
from rest_framework.response import Response
from rest_framework.permissions import IsAuthenticated
from rest_framework_simplejwt.authentication import JWTAuthentication

class Hello(APIView):
    authentication_classes = [JWTAuthentication]
    permission_classes = [IsAuthenticated]
    def get(self, request):
        return Response({"message": "Django"})

urlpatterns = [path("auth/login/", views.TokenObtainPairView.as_view()),
               path("auth/renew/", views.TokenRefreshView.as_view()), path("hello/", Hello.as_view())]
"""
MANAGE = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings"
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
NGINX = """
# in http
server {
	listen 127.0.0.1:8001;
	# in server
	location / { proxy_pass http://unix:/srv/mysite/run/site.sock; proxy_set_header Host $http_host; }
}
"""
TAKEOVER = """
systemctl disable --now 'jwt-fcgi@*.socket' $(systemctl list-units --plain --no-legend 'jwt-fcgi@*' | cut -d ' ' -f 1) || :
rm -rf /etc/nginx/jwt-fcgi /etc/nginx/conf.d/jwt-fcgi.conf /etc/nginx/conf.d/login.conf /etc/jwt-fcgi
apt-get install -q -y --no-install-recommends OF_DJANGO
useradd --system mysite
install -d -o mysite /srv/mysite/run
runuser -u postgres -- psql -c 'CREATE ROLE mysite LOGIN' -c 'CREATE DATABASE mysite OWNER mysite'
cd /srv/mysite
runuser -u mysite -- python3 manage.py migrate
echo "from django.contrib.auth.models import User; User.objects.create_user('ada', password='a good password')" |
	runuser -u mysite -- python3 manage.py shell
runuser -u mysite -- gunicorn --daemon --bind unix:/srv/mysite/run/site.sock \\
	--env DJANGO_SETTINGS_MODULE=mysite.settings 'django.core.wsgi:get_wsgi_application()'
cp /test/site.conf /etc/nginx/conf.d/site.conf
service nginx reload
login() { curl -s -i -d username=ada -d 'password=a good password' http://127.0.0.1:8001/auth/login/; }
for try in $(seq 100); do login | grep -q '^HTTP/1.1 200' && break; command sleep 0.1; done
if login | grep Cache-Control; then exit 1; fi
refresh=$(login | member refresh | tail -n 1)
page configure
if page check >/test/faults 2>&1; then exit 1; fi
grep 'Peer authentication failed' /test/faults || { cat /test/faults; exit 1; }
page role
grep ^PGUSER=jwt_fcgi /etc/jwt-fcgi/jwt-fcgi.conf
page changes
runuser -u postgres -- psql -d mysite -c 'SET ROLE jwt_fcgi' -c 'SELECT FROM jwt_change'
page permissions
page start
systemctl enable --now jwt-fcgi@permissions.socket
page pieces
sed -i -e '/# in http/r /test/in_http' -e '/# in server/r /test/in_server' /etc/nginx/conf.d/site.conf
page switch
for try in $(seq 100); do login | grep -q Cache-Control && break; command sleep 0.1; done
login | grep Cache-Control
status 200 -H "Authorization: Bearer $(login | member access | tail -n 1)" http://127.0.0.1:8001/hello/
grep Django /test/answer
sed -i '/urls.conf/s/.*/&\\ninclude jwt-fcgi\\/permissions.conf;/' /etc/nginx/conf.d/site.conf
nginx -s reload
access=$(login | member access | tail -n 1)
may() { curl -s -H "Authorization: Bearer $access" http://127.0.0.1:8001/api/permissions/?has=auth.add_user; }
for try in $(seq 100); do may | grep '^{"auth.add_user":false}' && break; command sleep 0.1; done
may | grep '^{"auth.add_user":false}'
status 200 -d refresh=$refresh http://127.0.0.1:8001/auth/renew/
"""


def test_in_place_of_a_django_site(machine):
    site = machine.root / "srv/mysite"
    (site / "mysite").mkdir(parents=True)
    (site / "mysite/__init__.py").touch()
    (site / "mysite/settings.py").write_text(SETTINGS)
    (site / "mysite/urls.py").write_text(URLS)
    (site / "manage.py").write_text(MANAGE)
    pages = {**blocks(DJANGO, "configure", "check", "role", "changes", "permissions", "start", "pieces", "switch"),
             "site.conf": NGINX,
             "in_http": DJANGO.block("in http"), "in_server": DJANGO.block("in server")}
    for name in "role", "changes", "permissions":
        pages[name] = "export DJANGO_SETTINGS_MODULE=mysite.settings\n" + pages[name]
    machine.boot(TAKEOVER.replace("OF_DJANGO", OF_DJANGO), pages)
