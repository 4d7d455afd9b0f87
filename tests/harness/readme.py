"""README.md as its readers take it: sections, and the fenced commands in them."""
import re

from . import ours

TEXT = (ours.CHECKOUT / "README.md").read_text()


def section(title):
    """The text below a heading of the second or third level, to the next one of its level."""
    found = re.search(rf"^(##+) {re.escape(title)}\n(.*?)(?=^##? |\Z)", TEXT, re.M | re.S)
    assert found, f"README.md has no section {title}"
    return found.group(2)


def blocks(text, language):
    """The fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)
