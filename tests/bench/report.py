"""What was measured, for people: a page of markdown and a chart."""
import statistics

NAMES = {
    "floor": "floor: a constant libfcgi responder", "ours": "jwt-fcgi", "before": "jwt-fcgi, another build",
    "reads": "jwt-fcgi, JWT_FEED_KNOWN=0", "many": "jwt-fcgi, JWT_FEED_KNOWN=131072",
    "many_reads": "jwt-fcgi, JWT_FEED_KNOWN=0",
    "permission": "jwt-fcgi", "sessions": "jwt-fcgi, JWT_SESSIONS=on",
    "django": "Django + SimpleJWT + gunicorn", "php": "PHP-FPM", "node": "Node (fastify)",
    "floor_kept": "floor, fastcgi_keep_conn", "ours_kept": "jwt-fcgi, fastcgi_keep_conn",
    "provider": "jwt-fcgi", "openssl": "RSA signatures of openssl speed",
    "hashes": "our PBKDF2 alone, all processors free",
}
TITLES = {"hello": "GET /hello/", "refresh": "POST /api/token/refresh/", "token": "POST /api/token/",
          "authorize": "GET /oauth/authorize with prompt=none, a session and a code",
          "login_required": "GET /oauth/authorize with prompt=none, login_required",
          "oauth_token": "POST /oauth/token with a code"}


def spread(values, form="{:.2f}"):
    """The median, and between which values all rounds were."""
    text = [form.format(value) for value in (statistics.median(values), min(values), max(values))]
    return f"{text[0]} ({text[1]} to {text[2]})"


def ratios(some, others, of="rate"):
    """Round by round, because the rounds before and after may have had another machine."""
    return [one[of] / other[of] for one, other in zip(some, others)]


def total(result):
    return sum(result["cpu"].values())


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def throughput(title, found):
    base = "floor" if "floor" in found else "ours"
    rows = []
    for name, rounds in found.items():
        row = [NAMES.get(name, name), f"{statistics.median(one['rate'] for one in rounds):,.0f}",
               spread(ratios(rounds, found[base]))]
        row.append(spread(ratios(found["ours"], rounds)) if "ours" in found and name != "ours" else "")
        if "cpu" in rounds[0]:
            row.append(spread([total(a) / total(b) for a, b in zip(found[base], rounds)]))
            row += [f"{statistics.median(one['cpu'][group] for one in rounds):,.0f}"
                    for group in ("programs", "postgres", "nginx", "wrk")]
        else:
            row += [""] * 5
        rows.append(row)
    return f"### {title}\n\n" + table(
        ["", "a second", f"to {base}", "jwt-fcgi to it", f"to {base}, by processor time", "programs µs",
         "PostgreSQL µs", "Nginx µs", "wrk µs"], rows)


def permission(results):
    return throughput("auth_check with a permission", results["permission"])


def sessions(results):
    return throughput("GET /hello/ of a token with a session", results["sessions"])


def latency(results):
    tables = []
    for operation, found in results["latency"].items():
        rows = [[NAMES[name], f"{statistics.median(one['rate'] for one in rounds):,.0f}",
                 spread(ratios(rounds, found["floor"])),
                 f"{statistics.median(one['p50'] for one in rounds) / 1000:.1f}",
                 f"{statistics.median(one['p99'] for one in rounds) / 1000:.1f}",
                 spread(ratios(rounds, found["floor"], "p99"))] for name, rounds in found.items()]
        tables.append(f"### {TITLES[operation]}, 64 connections\n\n" + table(
            ["", "a second", "to floor", "median ms", "99 % ms", "99 % to the floor's"], rows))
    return "\n".join(tables)


def known(results):
    found = results["known"]
    return "\n".join(
        throughput(f"{TITLES[operation]}, {found['users']:,} users at random", rounds)
        + f"\nHit rate with the change feed, from /metrics: {found['hits'][operation]:.1%}.\n"
        for operation, rounds in found["rounds"].items())


def connections(results):
    found = results["connections"]
    counts = list(found["floor"])
    rows = [[NAMES[name], *(f"{found[name][count]:,.0f}" for count in counts)] for name in found]
    rows.append(["ratio", *(f"{found['ours'][count] / found['floor'][count]:.2f}" for count in counts)])
    return "### GET /hello/ a second, by connections\n\n" + table(["", *map(str, counts)], rows)


def flood(results):
    found = results["flood"]
    return "### GET /hello/ while 64 connections log in without pause\n\n" + table(
        ["", "to the undisturbed"],
        [["answers a second", spread(ratios(found["flooded"], found["alone"]))],
         ["99 % of answers within", spread(ratios(found["flooded"], found["alone"], "p99"))]])


def without_wrk(result):
    return total(result) - result["cpu"]["wrk"]


def oidc(results):
    found = results["oidc"]
    text, rows = "", []
    for operation in ("authorize", "login_required", "oauth_token"):
        rounds, base = found[operation], found[operation]["floor"]
        ours = rounds["provider"]
        text += throughput(TITLES[operation], rounds) + "\n"
        flooded = found[f"{operation} flooded"]
        rows.append([TITLES[operation], spread(ratios(ours, base)),
                     spread([without_wrk(a) / without_wrk(b) for a, b in zip(base, ours)]),
                     spread(ratios(flooded, ours))])
    ours, speed = found["oauth_token"]["provider"], found["oauth_token"]["openssl"]
    count = found["signatures"]
    return text + "### OpenID Connect\n\n" + table(
        ["", "to floor", "to floor, by processor time without wrk", "while 64 connections log in without pause"],
        rows) + (
        f"\nAn answer to a code has {count} signatures. Of those that `openssl speed rsa2048` makes: "
        f"{spread([count * value for value in ratios(ours, speed)])}; by processor time without wrk "
        f"{spread([count * without_wrk(b) / without_wrk(a) for a, b in zip(ours, speed)])}.\n")


def scale(results):
    rows = [[TITLES[operation], spread(ratios(found["large"], found["small"]))]
            for operation, found in results["scale"].items()]
    return (f"### {results['users']:,} users and as many tokens, the blacklist in use\n\n"
            + table(["", "to 100,000 users and no token"], rows))


def processes(results):
    found = results["processes"]
    calls = [[TITLES[name], f"{sum(of.values()):.1f}", " ".join(f"{call} {count:.1f}" for call, count in of.items())]
             for name, of in found["syscalls"].items()]
    memory = [[TITLES[name], f"{before / 1024:.1f}", f"{after / 1024:.1f}"] for name, (before, after) in
              found["pss"].items()]
    memory.append([f"GET /hello/, {found['soak']['requests']:,} requests later", "",
                   f"{found['soak']['pss'] / 1024:.1f}"])
    return ("### One process\n\n" + table(["", "system calls a request", ""], calls) + "\n"
            + table(["proportional memory (PSS), MiB", "at first", "in use"], memory)
            + f"\nFrom exec to the first answer on a socket: {found['start']:.1f} ms. A whole GET /hello/ by CGI, "
            f"database connection included: {found['cgi']:.1f} ms.\n")


def markdown(results):
    machine = results["machine"]
    text = (
        f"# Measured on {machine['date']}\n\n{machine['processors']}, Linux {machine['kernel']}, {machine['openssl']}; "
        f"load before: {machine['load']:.1f}; {results['connections_used']} connections.\n\n"
        "Every figure is the median of its rounds, with the least and the greatest. Ratios are of rounds that ran one\n"
        "after the other. Processor time is that of all processes together, wrk's too: on a busy machine it is the\n"
        "steadier ratio. Every answer was 2xx or 3xx.\n\n![answers a second](report.svg)\n\n")
    if machine["load"] > 1:
        text += ("**The machine was busy with other work.** Answers a second and times say little of the programs, and ratios of\n"
                 "single rounds are far apart.\n\n")
    for part in ("hello", "refresh", "token"):
        if part in results:
            text += throughput(TITLES[part], results[part]) + "\n"
    for part in (permission, sessions, latency, known, connections, flood, oidc, scale, processes):
        if part.__name__ in results:
            text += part(results) + "\n"
    return text


def chart(results):
    """Bars of answers a second as shares of the best, one group for each operation."""
    colours = {"floor": "#bbbbbb", "floor_kept": "#dddddd", "ours": "#1f6f8b", "ours_kept": "#63a4b8"}
    y, parts = 20, []
    for operation in ("hello", "refresh", "token"):
        if operation not in results:
            continue
        rates = {name: statistics.median(one["rate"] for one in rounds) for name, rounds in results[operation].items()}
        parts.append(f'<text x="10" y="{y + 12}" font-weight="bold">{TITLES[operation]}, a second</text>')
        y += 24
        for name, rate in rates.items():
            width = 420 * rate / max(rates.values())
            parts.append(f'<text x="250" y="{y + 13}" text-anchor="end">{NAMES.get(name, name)}</text>'
                         f'<rect x="260" y="{y}" width="{width:.0f}" height="16" fill="{colours.get(name, "#c98b4b")}"/>'
                         f'<text x="{266 + width:.0f}" y="{y + 13}">{rate:,.0f}</text>')
            y += 21
        y += 14
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="760" height="{y}" font-family="sans-serif" '
            f'font-size="12"><rect width="760" height="{y}" fill="white"/>' + "\n".join(parts) + "</svg>\n")
