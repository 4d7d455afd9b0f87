"""A browser without script: keeps cookies, follows redirects, fills in forms."""
import dataclasses
import html.parser
import http.cookiejar
import urllib.error
import urllib.parse
import urllib.request

REDIRECTS = 20


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Forms(html.parser.HTMLParser):
    """The forms of a page: action, method and fields; named buttons by their value."""

    def __init__(self, text):
        super().__init__()
        self.found, self.title, self.inside = [], "", ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.inside = tag
        if tag == "form":
            self.found.append({"action": given.get("action"), "method": given.get("method", "get"), "fields": {},
                               "buttons": []})
        elif tag == "input" and "name" in given:
            self.found[-1]["fields"][given["name"]] = given.get("value") or ""
        elif tag == "button" and "name" in given:
            self.found[-1]["buttons"].append((given["name"], given.get("value") or ""))

    def handle_endtag(self, _):
        self.inside = ""

    def handle_data(self, data):
        if self.inside == "title":
            self.title += data


@dataclasses.dataclass
class Answer:
    status: int
    headers: object
    text: str
    url: str

    @property
    def location(self):
        given = self.headers.get("Location")
        return given and urllib.parse.urljoin(self.url, given)

    @property
    def forms(self):
        return Forms(self.text).found

    @property
    def title(self):
        return Forms(self.text).title


class UserAgent:
    """stops: prefixes of URLs that are not requested; the redirect to one of them is the last answer."""

    def __init__(self, *stops):
        self.stops = stops
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), NoRedirect, urllib.request.HTTPCookieProcessor(self.cookies))

    def once(self, url, fields=None, **headers):
        """Sends one request; fields: of a form to post."""
        data = None if fields is None else urllib.parse.urlencode(fields).encode()
        headers = {"Accept": "text/html", **{name.replace("_", "-"): value for name, value in headers.items()}}
        request = urllib.request.Request(url, data, headers)
        try:
            with self.opener.open(request, timeout=10) as answer:
                return Answer(answer.status, answer.headers, answer.read().decode(), url)
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read().decode(), url)

    def get(self, url, fields=None):
        """Follows redirects to the first page, or to a URL of stops."""
        answer = self.once(url, fields)
        for _ in range(REDIRECTS):
            if answer.status not in (301, 302, 303) or answer.location.startswith(self.stops):
                return answer
            answer = self.once(answer.location)
        raise AssertionError(f"more than {REDIRECTS} redirects from {url}")

    def submit(self, answer, button=None, form=0, **values):
        """Fills in a form of a page and submits it, with the button of this value."""
        found = answer.forms[form]
        fields = {**found["fields"], **values}
        for name, value in found["buttons"]:
            if value == button:
                fields[name] = value
        assert found["method"].lower() == "post", found
        return self.get(urllib.parse.urljoin(answer.url, found["action"] or ""), fields)

    def cookie(self, name):
        return next((cookie.value for cookie in self.cookies if cookie.name == name), None)
