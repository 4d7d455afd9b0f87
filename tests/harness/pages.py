"""Reads pages of the documentation: blocks and tables, found by markers.

A marker is an HTML comment on the line before a fenced block or a table: <!-- test: NAME -->. A heading may change.
"""
import re

from . import ours


class Page:
    def __init__(self, path):
        self.path = path
        self.text = (ours.CHECKOUT / path).read_text()

    def blocks(self, name):
        """The fenced blocks with this marker, in order."""
        found = re.findall(rf"^<!-- test: {re.escape(name)} -->\n```\w*\n(.*?)^```$", self.text, re.M | re.S)
        assert found, f"{self.path} has no block <!-- test: {name} -->"
        return found

    def block(self, name):
        [block] = self.blocks(name)
        return block

    def table(self, name):
        """The rows of the table with this marker, without its head; each row is a list of cells."""
        found = re.search(rf"^<!-- test: {re.escape(name)} -->\n((?:\|.*\n)+)", self.text, re.M)
        assert found, f"{self.path} has no table <!-- test: {name} -->"
        rows = [re.split(r"(?<!\\)\|", row)[1:-1] for row in found.group(1).splitlines()[2:]]
        return [[cell.strip() for cell in row] for row in rows]
