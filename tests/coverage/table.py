"""From gcovr's summary (JSON): lines and branches by folder; false below what is required."""
import collections
import json
import re
import sys

LEAST = 90  # per cent
WHOLE = "src"
PASSWORDS = "src/accounts: passwords"
PASSWORD_FILE = re.compile(r"src/accounts/(password|hasher_\w+|pbkdf2)\.[ch]")
REQUIRED = ((WHOLE, "line"), ("src/signing", "branch"), (PASSWORDS, "branch"))


def groups(name):
    yield name.rpartition("/")[0]
    if PASSWORD_FILE.fullmatch(name):
        yield PASSWORDS
    yield WHOLE


def main():
    sums = collections.defaultdict(collections.Counter)
    for file in json.load(sys.stdin)["files"]:
        for group in groups(file["filename"]):
            sums[group].update({name: value for name, value in file.items() if isinstance(value, int)})

    def percent(group, kind):
        return 100 * sums[group][f"{kind}_covered"] / sums[group][f"{kind}_total"]

    print(f"{'':25}{'lines':>14}{'':>8}{'branches':>14}")
    for group in sorted(sums, key=lambda group: (group == WHOLE, group)):
        parts = (f"{sums[group][kind + '_covered']:>8}/{sums[group][kind + '_total']:<5}{percent(group, kind):7.1f}%"
                 for kind in ("line", "branch"))
        print(f"{group:25}" + " ".join(parts))
    short = [f"{group}: {percent(group, kind):.1f} % of its {kind}s, {LEAST} % are required"
             for group, kind in REQUIRED if percent(group, kind) < LEAST]
    print(*short, sep="\n", end="\n" if short else "")
    return 1 if short else 0


sys.exit(main())
