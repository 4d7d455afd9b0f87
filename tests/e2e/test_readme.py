"""README.md is true: its commands run, its answers are the answers, its tables are complete.

The section on a Django site has its own test, test_takeover.py. What would build everything again is only
looked up: a rule of the Makefile that `make -n` finds, a program that is there.
"""
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from harness import ours, process, readme
from harness.fixtures import skip_without

RUN, CHECK = readme.blocks(readme.section("Two commands"), "sh")
TUTORIAL = readme.blocks(readme.section("Five minutes to a token"), "sh")
ANSWERS = readme.blocks(readme.section("Five minutes to a token"), "json")
[CGI] = readme.blocks(readme.section("The programs"), "sh")
BUILD, TABLES, SERVE = readme.blocks(readme.section("By hand"), "sh")
[WORK] = readme.blocks(readme.section("Working on it"), "sh")


@pytest.fixture(scope="module")
def clone():
    """A checkout of somebody who has just read the README, as git would make it."""
    folder = Path(tempfile.mkdtemp(prefix="jwt-fcgi-clone-"))
    folder.chmod(0o755)
    left_out = shutil.ignore_patterns(".git", ".state", "autom4te.cache", "build", "__pycache__", "tests")
    shutil.copytree(ours.CHECKOUT, folder / "jwt-fcgi", ignore=left_out)
    for name in (ours.program("token"), ours.program("refresh")):
        if os.access(name, os.X_OK):
            shutil.copy(name, folder / "jwt-fcgi")
    yield folder / "jwt-fcgi"
    shutil.rmtree(folder)


def sh(text, folder, **environment):
    return subprocess.run(["bash", "-e", "-c", text], cwd=folder, env=ours.environment({}, environment),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


# --- The two commands and the tutorial.

@pytest.fixture(scope="module")
def served(clone):
    """What ./run serves, at the port that stands for the README's."""
    skip_without("token", "refresh", "hello")
    port = process.free_port()
    [command] = re.findall(r"^(\./run) +# .*http://127\.0\.0\.1:8000/", RUN, re.M)
    state = clone.parent / "state"
    run = process.start(
        [clone / command, "--programs", ours.BUILD, "--port", str(port), "--state", state, "--workers", "1"],
        clone.parent / "log", cwd=clone, env=ours.environment({}, {}))
    log = clone.parent / "log"

    def ready():
        if run.poll() is not None:
            raise process.Unfinished(log.read_text())
        return f"http://127.0.0.1:{port}/\n" in log.read_text()

    process.wait_for(ready, "./run", 60)
    yield port
    process.end(run)


def test_check_is_there():
    [command] = re.findall(r"^(\./check)\b", CHECK, re.M)
    assert os.access(ours.CHECKOUT / command, os.X_OK)
    assert sh(f"bash -n {command}", ours.CHECKOUT).returncode == 0


def elided(text):
    """JSON with its tokens cut behind the header, which is as much as the README shows of them."""
    return json.loads(re.sub(r"(eyJ\w+\.)[^\"]+", r"\1…", text), object_pairs_hook=list)


def test_tutorial(served, clone):
    """Each command, its $access and $refresh being those of the answer before, and the answer below it."""
    assert len(TUTORIAL) == len(ANSWERS) == 5
    tokens = {}
    for command, answer in zip(TUTORIAL, ANSWERS):
        assert command.startswith("http ") and "127.0.0.1:8000" in command
        command = command.replace("8000", str(served)).replace("http ", "http --ignore-stdin --body ", 1)
        done = sh(command, clone, **tokens)
        assert elided(done.stdout) == elided(answer), (command, done.stdout, done.stderr)
        tokens.update((name, value) for name, value in json.loads(done.stdout).items() if name != "detail")


# --- By hand.

@pytest.fixture(scope="module")
def database(cluster):
    cluster.psql("postgres", "-c", "CREATE DATABASE readme")
    return cluster.environment("readme")


def test_tables_key_and_socket(database, clone):
    """A database, a key, a program behind its socket, and the example of CGI."""
    skip_without("token")
    done = sh(TABLES, clone, **database)
    assert done.returncode == 0, done.stderr
    make_key, serve = SERVE.split("\n", 1)
    assert sh(make_key, clone).returncode == 0
    assert (clone / "key").stat().st_mode & 0o777 == 0o600
    run = clone.parent / "run"
    run.mkdir()
    text = serve.replace("/run/jwt-fcgi", str(run)).replace("/usr/local/libexec/jwt-fcgi", str(ours.BUILD))
    assert text != serve
    server = process.start(["bash", "-c", "exec env " + text], clone.parent / "socket.log", cwd=clone,
                           env=ours.environment(database, {}))
    try:
        process.wait_for((run / "token.sock").is_socket, "the socket")
        workers = int(re.search(r"multiwatch -f (\d+)", serve).group(1))
        process.wait_for(lambda: len(process.children(server.pid)) == 1 + workers, "the workers")
    finally:
        process.end(server)
    done = sh(CGI, clone, JWT_SIGNING_KEY_FILE=str(clone / "key"), **{**database, "PGUSER": "jwt_fcgi"})
    head, _, body = done.stdout.partition("\n\n")
    assert head.startswith("Status: 200 OK\n"), done.stdout + done.stderr
    assert list(json.loads(body)) == ["refresh", "access"]


def rules(text):
    """The targets of the `make` commands in a block."""
    for line in text.splitlines():
        words = shlex.split(line.split("&&")[0], comments=True)
        if words and words[0] == "make":
            yield from words[1:] or ["all"]


def made():
    return (ours.BUILD / "Makefile").exists()


@pytest.mark.skipif(not made(), reason="BUILD_DIR was not made by make")
def test_the_rules_of_make():
    assert set(rules(BUILD)) == {"all", "check", "install"}
    for rule in {*rules(BUILD), *rules(WORK)}:
        done = subprocess.run(["make", "-q", rule], cwd=ours.BUILD, capture_output=True, text=True, timeout=60)
        assert "No rule" not in done.stderr and done.returncode in (0, 1), done.stderr


def test_what_the_build_needs_is_there():
    first = {line.split()[0] for line in (BUILD + WORK).splitlines() if line}
    assert first <= {"autoreconf", "./configure", "make", "BUILD_DIR=$PWD"}
    assert (ours.CHECKOUT / "configure.ac").exists()
    options = re.findall(r"--(?:enable|with)-[a-z]+", BUILD + WORK + readme.section("Working on it"))
    text = (ours.CHECKOUT / "configure.ac").read_text()
    assert options and all(option.split("-", 3)[3] in text for option in options)
    for path in re.findall(r"tests/[\w/]+(?:\.py)?", WORK + readme.section("Working on it")):
        assert any((ours.CHECKOUT / name).exists() for name in (path, path + ".c")), path


@pytest.mark.skipif(not made(), reason="BUILD_DIR was not made by make")
def test_install(tmp_path):
    """What `make install` makes is what the README says, at the places that it names."""
    subprocess.run(["make", "-s", "install", f"DESTDIR={tmp_path}"], cwd=ours.BUILD, check=True,
                   capture_output=True, timeout=300)
    files = {path.name: path for path in tmp_path.rglob("*") if path.is_file()}
    prefix = re.search(r"^prefix = (.*)", (ours.BUILD / "Makefile").read_text(), re.M).group(1)
    for name in programs():
        path = f"{prefix}/libexec/jwt-fcgi/{name}"
        assert files[name] == tmp_path / path[1:]
        assert prefix != "/usr/local" or name != "token" or path in SERVE
    assert files["jwt-fcgi-from-django"].parent == tmp_path / f"{prefix}/bin"[1:]
    assert subprocess.run([files["token"], "--version"], capture_output=True).returncode == 0


# --- The tables.

def table(title):
    rows = re.findall(r"^\| (.*) \|$", readme.section(title), re.M)
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)] for row in rows]


def programs():
    text = (ours.CHECKOUT / "Makefile.am").read_text()
    return re.search(r"^pkglibexec_PROGRAMS = (.*(?:\\\n.*)*)", text, re.M).group(1).replace("\\\n", " ").split()


def test_the_table_of_settings_is_that_of_the_programs():
    skip_without("token")
    text = subprocess.run([ours.program("token"), "--help"], capture_output=True, text=True).stdout
    told = dict(re.findall(r"^  (JWT_\w+)(?: \((.*?)(?: s)?\))?\n", text, re.M))
    written = [(row[0].strip("`"), row[1]) for row in table("Settings") if row[0].startswith("`")]
    assert sorted(written) == sorted(told.items())


def test_the_table_of_settings_names_simplejwts():
    """Each setting that has SimpleJWT's name beside it has that name, and JWT_ in front."""
    for ours_, _, theirs, _ in (row for row in table("Settings") if re.fullmatch(r"`[A-Z_]+`", row[2])):
        assert ours_ == f"`JWT_{theirs[1:]}"


def test_the_table_of_programs_is_complete():
    assert sorted(row[0].strip("`") for row in table("The programs") if row[0].startswith("`")) == sorted(programs())


def test_the_map_of_the_house_is_complete():
    text = readme.blocks(readme.section("How it is made"), "")[0]
    assert set(re.findall(r"^src/(\w+)/", text, re.M)) == {
        path.name for path in (ours.CHECKOUT / "src").iterdir() if path.is_dir()
    }
    for name in [name for line in text.splitlines() for name in line[:16].split()]:
        assert (ours.CHECKOUT / name).is_dir(), name


def test_every_file_and_link_that_is_named_is_there():
    for path in re.findall(r"\]\(([^):#]+)\)", readme.TEXT):
        assert (ours.CHECKOUT / path).exists(), path
    for path in re.findall(r"`((?:nginx|scripts|sql|servers|docs|tests)/[\w./-]*)`", readme.TEXT):
        assert (ours.CHECKOUT / path).exists(), path


def test_every_command_can_be_found():
    """Also those of sections that are not run here: their words are programs, or files of the tree."""
    for block in readme.blocks(readme.TEXT, "sh"):
        assert sh(f"bash -n <<'END'\n{block}END", ours.CHECKOUT).returncode == 0, block
        for word in re.findall(r"(?<![\w/])(?:\./)?(?:scripts|tests)/[\w./-]+|(?<![\w/])\./\w+", block):
            path = ours.CHECKOUT / word
            assert word in ("./configure", "./token") or path.exists() or path.with_suffix(".c").exists(), word


def test_every_place_where_it_runs_is_named():
    """Each file for a web server, each page; authorizers are in a page of their own."""
    where = readme.section("Where it runs")
    files = [f"servers/{file.name}" for file in (ours.CHECKOUT / "servers").iterdir()
             if "authorizer" not in file.name and file.suffix in ("", ".conf")]
    assert not [name for name in files if f"]({name})" not in where]
    text = (ours.CHECKOUT / "README.md").read_text()
    pages = [f"docs/{page.name}" for page in (ours.CHECKOUT / "docs").glob("*.md")]
    assert not [page for page in pages if f"]({page}" not in text]
    for path in re.findall(r"\]\(([\w./-]+)", text):
        assert (ours.CHECKOUT / path).exists(), path


def test_the_map_has_every_folder():
    [tree] = re.findall(r"```\n(src/base/.*?)```", readme.section("How it is made"), re.S)
    named = set(re.findall(r"(?<![\w/])([\w-]+)/", tree))
    there = subprocess.run(["git", "-c", "safe.directory=*", "ls-files"], cwd=ours.CHECKOUT, capture_output=True, text=True)
    folders = {name.split("/")[0] for name in there.stdout.splitlines() if "/" in name}
    assert not {name for name in folders if not name.startswith(".")} - named - {"m4"}
