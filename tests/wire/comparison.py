"""Two results of one case side by side."""
import differences


def unexplained(case, sent, theirs, ours):
    """The lines that tell what differs and is not meant to; empty if all is well."""
    names = [
        differences.explained(case, sent, one, other)
        for one, other in zip(theirs["answers"], ours["answers"]) if one != other
    ]
    lines = []
    for step, (one, other) in enumerate(zip(theirs["answers"], ours["answers"]), 1):
        if one != other and not differences.explained(case, sent, one, other):
            lines += _lines(f"answer {step}", one, other)
    if theirs["written"] != ours["written"] and not any(names) and not differences.is_of_version(case, theirs, ours):
        lines += [f"written, theirs: {theirs['written']}", f"written, ours:   {ours['written']}"]
    return lines


def _lines(what, one, other):
    lines = []
    for name in {**one, **other}:
        if one.get(name) != other.get(name):
            lines += [f"{what}, {name}, theirs: {_short(one.get(name))}",
                      f"{what}, {name}, ours:   {_short(other.get(name))}"]
    return lines


def _short(value):
    text = str(value)
    return text if len(text) < 1200 else text[:600] + " … " + text[-600:]


def failure(case, sent, lines):
    requests = "\n".join(_short(text) for text in sent if text)
    return f"{case.name} ({case.profile})\n{requests}\n" + "\n".join(lines)
