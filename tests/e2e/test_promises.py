"""Every test that SECURITY.md, README.md, CONTRIBUTING.md and docs/ name is there."""
import re

import pytest
from harness import ours

PAGES = [ours.CHECKOUT / "SECURITY.md", ours.CHECKOUT / "README.md", ours.CHECKOUT / "CONTRIBUTING.md",
         *sorted((ours.CHECKOUT / "docs").glob("*.md"))]
TESTS = "\n".join(path.read_text(errors="replace") for kind in ("*.py", "*.c") for path in
                  (ours.CHECKOUT / "tests").rglob(f"test_{kind}"))
# The programs of tests/ are made of a source of the same name.
SUFFIXES = ("", ".c")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tests_that_a_page_names_exist(page):
    text = page.read_text()
    for path in re.findall(r"\btests/[\w./-]*\w", text):
        assert any((ours.CHECKOUT / f"{path}{suffix}").exists() for suffix in SUFFIXES), path
    for name in re.findall(r"`(test_\w+)`", text):
        assert re.search(rf"\b{name}\(", TESTS), name
    for name in re.findall(r"`(test_\w+\.(?:py|c))`", text):
        assert any((ours.CHECKOUT / "tests").rglob(name)), name


def test_every_group_of_promises_names_its_tests():
    promises = (ours.CHECKOUT / "SECURITY.md").read_text().partition("## What is promised")[2].partition("\n## ")[0]
    before, *groups = promises.split("\n### ")
    assert groups and not before.strip()
    for group in groups:
        assert re.search(r"\A.+\n\nTests: .*tests/", group), group
