"""What is measured: several backends on one PostgreSQL, with one key, behind one Nginx."""
import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path.insert(0, str(TOP / "tests"))

from harness import hashes, process  # noqa: E402
from harness.reference import PYTHON, SITE  # noqa: E402

KEY = "a key of the benchmark, known to all the world, of 64 characters"
PASSWORD = "correct horse battery staple"
USERS = 100000
ITERATIONS = 260000

# OpenID Connect: with the cookie of a browser's session and without, and a code for tokens.
AUTHORIZE = "/oauth/authorize?" + urllib.parse.urlencode({
    "client_id": "bench", "redirect_uri": "https://rp.example/callback", "response_type": "code", "scope": "openid",
    "state": "a state of some length", "nonce": "a nonce of some length", "prompt": "none",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"})
AUTH_CHECK = {"auth_check": "/auth_check/"}
OIDC = {"authorize": AUTHORIZE, "login_required": AUTHORIZE, "oauth_token": "/oauth/token"}

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log warn;
worker_processes auto;
events {{ worker_connections 2048; }}
http {{
	access_log off;
	server_tokens off;
	keepalive_requests 1000000;
	client_body_temp_path {folder}/body;
	proxy_temp_path {folder}/proxy;
	fastcgi_temp_path {folder}/fastcgi;
	uwsgi_temp_path {folder}/uwsgi;
	scgi_temp_path {folder}/scgi;
{servers}
}}
"""

PROXY = """proxy_pass http://{name};
			proxy_set_header Host $http_host;
			proxy_http_version 1.1;
			proxy_set_header Connection "";"""


def fastcgi_parameters():
    """Those of nginx/request.conf; the answers to errors and to other sites are not of interest here."""
    lines = (TOP / "nginx" / "request.conf").read_text().splitlines()
    return "\n".join(line for line in lines if line.startswith(("fastcgi_", "client_")))


class Backend:
    """One kind of server: its processes and how Nginx reaches it.

    paths: the path of each operation it has, of hello, refresh and token.
    """

    def __init__(self, name, paths=None):
        self.name = name
        self.port = process.free_port()
        self.paths = paths or {"hello": "/hello/", "refresh": "/api/token/refresh/", "token": "/api/token/"}
        self.started = []
        self.locations = []  # of Nginx: (path, upstream)
        self.upstreams = {}  # name: server line
        self.keepalive = 0
        self.http = False
        self.more = ""  # of Nginx's location

    def url(self, operation):
        return f"http://127.0.0.1:{self.port}{self.paths[operation]}"

    def pids(self):
        return [pid for child in self.started for pid in process.children(child.pid)]

    def end(self):
        for child in self.started:
            process.end(child)

    def configuration(self):
        text = ""
        for upstream, server in self.upstreams.items():
            keepalive = f"keepalive {self.keepalive};" if self.keepalive else ""
            text += f"\tupstream {upstream} {{ server {server}; {keepalive} }}\n"
        text += f"\tserver {{\n\t\tlisten 127.0.0.1:{self.port} backlog=1024;\n"
        for path, upstream in self.locations:
            if self.http:
                passing = PROXY.format(name=upstream)
            else:
                passing = fastcgi_parameters() + f"\nfastcgi_pass {upstream};\n"
                if self.keepalive:
                    passing += "fastcgi_keep_conn on;\n"
            text += f"\t\tlocation {path} {{\n{passing}\n{self.more}\t\t}}\n"
        return text + "\t}\n"


def listen(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    os.chmod(path, 0o666)
    listener.listen(1024)
    return listener


def start_workers(program, path, count, environment, log):
    """As spawn-fcgi and multiwatch do: processes with one listening socket as standard input."""
    with listen(path) as listener, open(log, "ab") as output:
        return [
            subprocess.Popen([program], stdin=listener, stdout=output, stderr=output, env=environment,
                             start_new_session=True)
            for _ in range(count)
        ]


def clean_environment(more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JWT_", "PG"))}
    return {**kept, **more}


def floor(folder, build, workers, keep=False):
    name = "floor_kept" if keep else "floor"
    backend = Backend(name, {"hello": "/hello/", "refresh": "/api/token/refresh/", **AUTH_CHECK, **OIDC})
    path = folder / f"{name}.sock"
    # A kept connection holds a process of libfcgi: there must be one for each that Nginx may open.
    count = 16 if keep else workers
    backend.started = start_workers(build / "tests/bench/floor", path, count, clean_environment({}),
                                    folder / f"{name}.log")
    backend.upstreams = {name: f"unix:{path}"}
    backend.locations = [("/", name)]
    backend.keepalive = 8 if keep else 0
    return backend


def ours(folder, build, workers, database, keep=False, settings=None, label="ours", paths=None):
    name = f"{label}_kept" if keep else label
    backend = Backend(name, paths)
    environment = clean_environment({**database, "JWT_SIGNING_KEY": KEY, "JWT_ACCESS_TOKEN_LIFETIME": "86400",
                                     "JWT_PBKDF2_ITERATIONS": str(ITERATIONS), **(settings or {})})
    backend.of, backend.environment = {}, environment
    for program, path in backend.paths.items():
        count = min(os.cpu_count(), workers) if program == "token" else workers  # as docs/speed.md advises
        socket_path = folder / f"{name}-{program}.sock"
        backend.of[program] = start_workers(build / program, socket_path, count, environment,
                                            folder / f"{name}.log")
        backend.started += backend.of[program]
        backend.upstreams[f"{name}_{program}"] = f"unix:{socket_path}"
        backend.locations.append((f"= {path}", f"{name}_{program}"))
    backend.keepalive = 8 if keep else 0
    return backend


def permission(folder, build, workers, database):
    """auth_check at a location of its own, where Nginx names a permission."""
    backend = ours(folder, build, workers, database, label="permission", paths=AUTH_CHECK)
    backend.more = "fastcgi_param AUTH_PERMISSION blog.change_post;\n"
    return backend


def provider(folder, build, workers, database):
    """The programs of OpenID Connect with an RSA key as that of `openssl speed rsa2048`, and one for logins."""
    keys = folder / "keys"
    subprocess.run([build / "jwtctl", "key", "generate", "--dir", keys, "--algorithm", "RS256",
                    "--state", "active"], check=True, stdout=subprocess.DEVNULL)
    backend = ours(folder, build, workers, database, label="provider", settings={
        "JWT_SIGNING_KEY": "", "JWT_KEY_DIR": str(keys), "JWT_SESSIONS": "on", "JWT_ACCESS_TOKEN_LIFETIME": "300",
        "JWT_OIDC_ISSUER": "http://127.0.0.1"},
        paths={"authorize": "/oauth/authorize", "oauth_token": OIDC["oauth_token"], "token": "/api/token/"})
    backend.paths |= OIDC
    return backend


def django(folder, workers, database):
    backend = Backend("django")
    socket_path, log = folder / "django.sock", folder / "django.log"
    environment = clean_environment({
        **database, "PYTHONPATH": str(SITE), "PYTHONDONTWRITEBYTECODE": "1",
        "DJANGO_SETTINGS_MODULE": "reference.settings", "REFERENCE_SECRET_KEY": KEY,
        "REFERENCE_SIMPLE_JWT": '{"ACCESS_TOKEN_LIFETIME": 86400}',
        "REFERENCE_PBKDF2_ITERATIONS": str(ITERATIONS),
    })
    backend.started = [process.start(
        [PYTHON, "-m", "gunicorn", "--bind", f"unix:{socket_path}", "--workers", str(workers),
         "--worker-tmp-dir", "/dev/shm", "--log-level", "warning", "reference.wsgi"],
        log, env=environment, cwd=SITE)]
    backend.http = True
    backend.upstreams = {"django": f"unix:{socket_path}"}
    backend.locations = [("/", "django")]
    return backend


def php(folder, workers, database):
    """None where PHP-FPM is not installed."""
    found = sorted(pathlib.Path("/usr/sbin").glob("php-fpm*"))
    if not found:
        return None
    backend = Backend("php")
    socket_path = folder / "php.sock"
    user = "user = www-data\ngroup = www-data\n" if os.geteuid() == 0 else ""
    (folder / "php.conf").write_text(
        f"[global]\nerror_log = {folder}/php.log\ndaemonize = no\n[www]\n{user}"
        f"listen = {socket_path}\nlisten.mode = 0666\npm = static\npm.max_children = {workers}\n"
        "clear_env = no\n")
    backend.started = [process.start(
        [found[-1], "-F", "-y", folder / "php.conf", "-d", "opcache.enable=1"], folder / "php.log",
        env=clean_environment({**database, "BENCH_KEY": KEY}))]
    backend.upstreams = {"php": f"unix:{socket_path}"}
    backend.locations = [("/", "php")]
    shutil.copy(HERE / "peers" / "peer.php", folder)
    backend.more = f"fastcgi_param SCRIPT_FILENAME {folder}/peer.php;\n"
    return backend


def node(folder, workers, database):
    """None where Node is not installed or its two packages cannot be."""
    modules = pathlib.Path(os.environ.get("BENCH_NODE_MODULES") or HERE / "peers" / "node_modules")
    if not shutil.which("node") or not (modules / "fastify").is_dir():
        return None
    backend = Backend("node")
    socket_path = folder / "node.sock"
    os.symlink(modules, folder / "node_modules")
    shutil.copy(HERE / "peers" / "peer.js", folder)
    backend.started = [process.start(
        ["node", folder / "peer.js", socket_path, str(workers)], folder / "node.log",
        env=clean_environment({**database, "BENCH_KEY": KEY}), cwd=folder)]
    backend.http = True
    backend.upstreams = {"node": f"unix:{socket_path}"}
    backend.locations = [("/", "node")]
    backend.keepalive = 32
    return backend


def start_nginx(folder, backends, name="nginx"):
    folder = folder / name
    folder.mkdir()
    folder.chmod(0o777)
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(
        folder=folder, servers="".join(backend.configuration() for backend in backends)))
    nginx = process.start(["nginx", "-e", f"{folder}/nginx-error.log", "-p", folder, "-c", configuration],
                          folder / "nginx.log")
    for backend in backends:
        try:
            process.wait_for(lambda: process.accepts(backend.port), "Nginx", 5)
        except process.Unfinished:
            raise process.Unfinished((folder / "nginx.log").read_text()) from None
    return nginx


def populate(cluster, database, iterations=ITERATIONS):
    """Django's tables, the change feed, sessions, permissions, OpenID Connect, and users who all have one password."""
    cluster.psql("postgres", "-c", f"CREATE DATABASE {database}")
    for name in ("schema.sql", "oidc.sql", "roles.sql"):
        cluster.psql(database, "-f", TOP / "sql" / name, stdout=subprocess.DEVNULL)
    add_users(cluster, database, "user", USERS, iterations)
    add_permission(cluster, database)
    cluster.psql(database, "-f", TOP / "sql" / "permissions.sql")
    cluster.psql(database, "-c", "VACUUM ANALYZE")


def add_permission(cluster, database):
    """blog.change_post, which user 1 has as a member of a group."""
    cluster.psql(database, "-c", """
        WITH post AS (INSERT INTO django_content_type (app_label, model) VALUES ('blog', 'post') RETURNING id),
        allowed AS (INSERT INTO auth_permission (name, content_type_id, codename)
            SELECT 'Can change post', id, 'change_post' FROM post RETURNING id),
        editors AS (INSERT INTO auth_group (name) VALUES ('editors') RETURNING id),
        member AS (INSERT INTO auth_user_groups (user_id, group_id) SELECT 1, id FROM editors)
        INSERT INTO auth_group_permissions (group_id, permission_id) SELECT editors.id, allowed.id FROM editors, allowed""")


def add_client(cluster, database):
    cluster.psql(database, "-c", """
        INSERT INTO oidc_client (client_id, name, secret, auth_method, redirect_uris)
        VALUES ('bench', 'The benchmark', 'sha256$' || encode(sha256('secret'), 'hex'), 'client_secret_post',
            '{https://rp.example/callback}')""")


def add_users(cluster, database, name, count, iterations):
    password = hashes.pbkdf2(PASSWORD, iterations)
    cluster.psql(database, "-c", f"""
        INSERT INTO auth_user (username, password, is_superuser, first_name, last_name, email, is_staff,
            is_active, date_joined)
        SELECT '{name}' || n, '{password}', false, '', '', '', false, true, now() FROM generate_series(1, {count}) n""")


# What removes and makes the indexes of all tables: filling them row by row would take hours.
INDEXES = """
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
        format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)),
        contype = 'f' AS first
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f')
    UNION ALL
    SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid), false
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE relnamespace = 'public'::regnamespace
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
    ORDER BY first DESC"""


@contextlib.contextmanager
def without_indexes(cluster, database):
    with contextlib.closing(cluster.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute(INDEXES)
        found = cursor.fetchall()
        for drop, _, _ in found:
            cursor.execute(drop)
        yield
        cursor.execute("SET maintenance_work_mem = '1GB'")
        for _, make, _ in reversed(found):
            cursor.execute(make)


def populate_large(cluster, users):
    """As many users, each with a refresh token, half of these blacklisted."""
    populate(cluster, "large", 1)
    with without_indexes(cluster, "large"):
        add_users(cluster, "large", "more", users, 1)
        cluster.psql("large", "-c", f"""
            INSERT INTO token_blacklist_outstandingtoken (token, expires_at, created_at, user_id, jti)
            SELECT repeat('x', 200), now(), now(), id, md5(id::text) FROM auth_user LIMIT {users}""")
        cluster.psql("large", "-c", """
            INSERT INTO token_blacklist_blacklistedtoken (token_id, blacklisted_at)
            SELECT id, now() FROM token_blacklist_outstandingtoken WHERE id % 2 = 0""")
    cluster.psql("large", "-c", "VACUUM ANALYZE")
