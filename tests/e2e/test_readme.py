"""README.md, CONTRIBUTING.md and docs/settings.md are true: commands run, answers are the answers, tables are complete.

Blocks and tables are found by their markers (harness.pages). docs/install.md, docs/keys.md and docs/django.md have tests of
their own, test_install.py and test_takeover.py.
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
from harness import ours, process
from harness.fixtures import skip_without
from harness.pages import Page

README, WORK, SETTINGS = Page("README.md"), Page("CONTRIBUTING.md"), Page("docs/settings.md")
PAGES = [README, WORK, Page("SECURITY.md"), *(Page(f"docs/{path.name}") for path in (ours.CHECKOUT / "docs").glob("*.md"))]


@pytest.fixture(scope="module")
def clone():
    """A checkout as git makes it."""
    folder = Path(tempfile.mkdtemp(prefix="jwt-fcgi-clone-"))
    folder.chmod(0o755)
    left_out = shutil.ignore_patterns(".git", ".state", "autom4te.cache", "build", "__pycache__", "tests")
    shutil.copytree(ours.CHECKOUT, folder / "jwt-fcgi", ignore=left_out)
    if os.access(ours.program("token"), os.X_OK):
        shutil.copy(ours.program("token"), folder / "jwt-fcgi")
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
    [command] = re.findall(r"^(\./run) +# .*http://127\.0\.0\.1:8000/", README.block("run"), re.M)
    state, log = clone.parent / "state", clone.parent / "log"
    run = process.start(
        [clone / command, "--programs", ours.BUILD, "--port", str(port), "--state", state, "--workers", "1"],
        log, cwd=clone, env=ours.environment({}, {}))

    def ready():
        if run.poll() is not None:
            raise process.Unfinished(log.read_text())
        return f"http://127.0.0.1:{port}/\n" in log.read_text()

    process.wait_for(ready, "./run", 60)
    yield port
    process.end(run)


def test_check_is_an_executable_script():
    [command] = re.findall(r"^(\./check)\b", README.block("check"), re.M)
    assert os.access(ours.CHECKOUT / command, os.X_OK)
    assert sh(f"bash -n {command}", ours.CHECKOUT).returncode == 0


def elided(text):
    """JSON with its tokens cut behind the header, which is as much as the README shows of them."""
    return json.loads(re.sub(r"(eyJ\w+\.)[^\"]+", r"\1…", text), object_pairs_hook=list)


def test_tutorial(served, clone):
    """The commands in one shell, as a reader types them, and the answer below each."""
    commands, answers = README.blocks("tutorial"), README.blocks("answer")
    assert len(commands) == len(answers) == 5
    text = "http() { command http --ignore-stdin --body \"$@\"; }\n" + "echo ---\n".join(commands)
    done = sh(text.replace("8000", str(served)), clone)
    assert [elided(said) for said in done.stdout.split("---\n")] == [elided(answer) for answer in answers], done.stderr


def test_the_example_of_cgi(cluster, clone):
    skip_without("token")
    cluster.psql("postgres", "-c", "CREATE DATABASE readme")
    for name in ("schema", "roles", "seed"):
        cluster.psql("readme", "-f", ours.CHECKOUT / f"sql/{name}.sql")
    done = sh(README.block("cgi"), clone, JWT_SIGNING_KEY="k" * 32, **cluster.environment("readme", "jwt_fcgi"))
    head, _, body = done.stdout.partition("\n\n")
    assert head.startswith("Status: 200 OK\n"), done.stdout + done.stderr
    assert list(json.loads(body)) == ["refresh", "access"]


# --- Working on it, and installing.

def made():
    return (ours.BUILD / "Makefile").exists()


def rules(text):
    """The targets of the `make` commands in a block."""
    for line in text.splitlines():
        words = shlex.split(line.split("&&")[0], comments=True)
        if words and words[0] == "make":
            yield from words[1:] or ["all"]


@pytest.mark.skipif(not made(), reason="BUILD_DIR was not made by make")
def test_the_rules_of_make():
    for rule in {*rules(WORK.block("work")), *rules(WORK.block("one")), *rules(Page("docs/install.md").block("build"))}:
        done = subprocess.run(["make", "-q", rule], cwd=ours.BUILD, capture_output=True, text=True, timeout=60)
        assert "No rule" not in done.stderr and done.returncode in (0, 1), done.stderr


def test_the_options_of_configure_are_there():
    text = (ours.CHECKOUT / "configure.ac").read_text()
    options = re.findall(r"--(?:enable|with)-([a-z]+)", WORK.text)
    assert options and all(option in text for option in options)
    for path in re.findall(r"(?<![\w./-])(?:\.\./\.\./)?(tests/[\w/]+(?:\.py)?)", WORK.text):
        assert any((ours.CHECKOUT / name).exists() for name in (path, path + ".c", path + ".h")), path


def test_the_packages_of_the_build_are_those_of_debian():
    """docs/install.md installs every library that debian/control builds with, but the one for tests."""
    wanted = set(re.findall(r"\b(lib[\w-]+-dev)\b(?!.*nocheck)", (ours.CHECKOUT / "debian/control").read_text()))
    assert set(re.findall(r"\blib[\w-]+-dev\b", Page("docs/install.md").block("packages"))) == wanted


@pytest.mark.skipif(not made(), reason="BUILD_DIR was not made by make")
def test_install(tmp_path):
    """What `make install` makes is at the places that docs/install.md names."""
    subprocess.run(["make", "-s", "install", f"DESTDIR={tmp_path}"], cwd=ours.BUILD, check=True,
                   capture_output=True, timeout=300)
    prefix = re.search(r"^prefix = (.*)", (ours.BUILD / "Makefile").read_text(), re.M).group(1)[1:]
    for name in programs():
        assert (tmp_path / prefix / "libexec/jwt-fcgi" / name).exists()
    for path in re.findall(r"/usr/local/([\w./-]*\w)", Page("docs/install.md").text):
        assert (tmp_path / prefix / path).exists() or path.endswith("share/jwt-fcgi/sql"), path
    for path in ("nginx/schema.conf", "servers/apache-cgi.conf", "servers/Caddyfile"):
        text = (tmp_path / prefix / "share/jwt-fcgi" / path).read_text()
        assert "/usr/lib" not in text and f"/{prefix}/share/jwt-fcgi" in text, "where it is installed"
    for page in PAGES:
        assert (tmp_path / prefix / "share/doc/jwt-fcgi" / page.path).exists(), page.path
    assert subprocess.run([tmp_path / prefix / "libexec/jwt-fcgi/token", "--version"], capture_output=True).returncode == 0


# --- The tables.

def programs():
    text = (ours.CHECKOUT / "Makefile.am").read_text()
    return re.search(r"^pkglibexec_PROGRAMS = (.*(?:(?<=\\)\n.*)*)", text, re.M).group(1).replace("\\\n", " ").split()


@pytest.mark.skipif(not made(), reason="BUILD_DIR was not made by make")
def test_the_page_of_settings_is_that_of_the_programs():
    """`make settings-page` writes it anew."""
    subprocess.run(["make", "-s", "man/stamp"], cwd=ours.BUILD, check=True, capture_output=True)
    assert (ours.BUILD / "man/settings.md").read_text() == SETTINGS.text


def test_the_page_of_settings_has_every_setting():
    skip_without("token")
    text = subprocess.run([ours.program("token"), "--help"], capture_output=True, text=True).stdout
    told = dict(re.findall(r"^  (JWT_\w+)(?: \((.*?)(?: s)?\))?\n", text, re.M))
    assert {row[0].strip("`"): row[1] for row in SETTINGS.table("settings")} == told


def test_the_table_of_programs_is_complete():
    assert sorted(row[0].strip("`") for row in README.table("programs")) == sorted(programs())


def test_every_web_server_is_named():
    """Authorizers are in a page of their own."""
    named = " ".join(" ".join(row[1:]) for row in README.table("servers"))
    files = [file.name for file in (ours.CHECKOUT / "servers").iterdir() if "authorizer" not in file.name]
    assert not [name for name in files if f"](servers/{name})" not in named]


def test_the_map_has_every_folder():
    text = README.block("map")
    assert set(re.findall(r"^src/(\w+)/", text, re.M)) == {
        path.name for path in (ours.CHECKOUT / "src").iterdir() if path.is_dir()
    }
    named = set(re.findall(r"(?<![\w/])([\w-]+)/", text))
    there = subprocess.run(["git", "-c", "safe.directory=*", "ls-files"], cwd=ours.CHECKOUT, capture_output=True, text=True)
    folders = {name.split("/")[0] for name in there.stdout.splitlines() if "/" in name}
    assert not {name for name in folders if not name.startswith(".")} - named - {"m4"}
    for name in [name for line in text.splitlines() for name in line[:16].split()]:
        assert (ours.CHECKOUT / name).is_dir(), name


def test_the_table_of_includes_is_that_of_the_test():
    """CONTRIBUTING.md and tests/walls name the same folders."""
    text = (ours.CHECKOUT / "tests/walls").read_text()
    allowed = dict(re.findall(r"^(\w+): ([\w ]+)$", text.partition('folders="')[2].partition('"')[0], re.M))
    for folder, may in re.findall(r"^\| (\w+) \| ([\w ]+) \| ", WORK.text, re.M):
        if folder in allowed:
            assert set(may.split()) == set(allowed[folder].split()), folder


# --- Links and commands of all pages.

@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_every_file_and_link_that_is_named_is_there(page):
    folder = (ours.CHECKOUT / page.path).parent
    for path in re.findall(r"\]\(([^):#]+)[)#]", page.text):
        assert (folder / path).exists(), path
    for path in re.findall(r"`((?:nginx|scripts|sql|servers|docs|tests)/[\w./-]*)`", page.text):
        assert any((ours.CHECKOUT / (path + suffix)).exists() for suffix in ("", ".c")), path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_every_block_is_shell(page):
    for block in re.findall(r"^```sh\n(.*?)^```$", page.text, re.M | re.S):
        assert sh(f"bash -n <<'END_OF_BLOCK'\n{block}END_OF_BLOCK", ours.CHECKOUT).returncode == 0, block


def test_every_page_is_named():
    assert not [page.path for page in PAGES if page.path.startswith("docs/") and f"]({page.path}" not in README.text]
