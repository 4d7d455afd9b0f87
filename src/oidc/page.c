#include "oidc/page.h"

#include "oidc/browser.h"
#include "oidc/html.h"
#include "oidc/oauth.h"
#include "oidc/text.h"

#define STYLE "/oidc.css"
#define POLICY \
	"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
/* No form-action: browsers apply it also to the redirect that answers a form. */

/* The only script, which submits a form without a click; the policy has its hash. */
#define SUBMIT      "document.forms[0].submit()"
#define SUBMIT_HASH "'sha256-ePniVEkSivX/c7XWBGafqh8tSpiRrKiqYeqbG7N1TOE='"

/* A page that is being written. */
struct page {
	struct request *request;
	const struct language *language;
	const char *set_cookie; /* NULL: none */
	bool submits;           /* the script submits its form */
	struct buffer html;
};

/* The host of a URI, or its scheme if it has no host, as a native application's may. */
static const char *
host_of(struct arena *arena, const char *uri)
{
	const char *host = strstr(uri, "://");

	host = host == NULL ? NULL : host + 3;
	if (host == NULL || strcspn(host, "/?#") == 0)
		return arena_copy(arena, uri, strcspn(uri, ":"));
	return arena_copy(arena, host, strcspn(host, "/?#"));
}

static const char *
site_of(const struct request *request)
{
	const struct config *config = request->config;

	return config->oidc_name != NULL ? config->oidc_name
					 : host_of(request->arena, config->oidc_issuer);
}

static struct page
begin(struct request *request, const char *ui_locales, const char *title)
{
	struct page page = {.request = request, .html = {.arena = request->arena}};
	const struct config *config = request->config;
	struct buffer *html = &page.html;

	page.language = text_language(ui_locales, request->accept_language);
	title = text_of(page.language, title);
	html_put(html,
	    "<!DOCTYPE html>\n<html lang=\"{}\" dir=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	    "<title>{} \xe2\x80\x93 {}</title>\n<link rel=\"stylesheet\" href=\"{}\">\n",
	    text_tag(page.language), text_of(page.language, "direction"), title, site_of(request),
	    oauth_url(request->arena, config, STYLE));
	if (config->oidc_style != NULL)
		html_put(html, "<link rel=\"stylesheet\" href=\"{}\">\n", config->oidc_style);
	html_put(html, "</head>\n<body>\n<main>\n<p class=\"site\">");
	if (config->oidc_logo != NULL)
		html_put(html, "<img src=\"{}\" alt=\"\">", config->oidc_logo);
	html_put(html, "<span>{}</span></p>\n<h1>{}</h1>\n", site_of(request), title);
	return page;
}

static void
put_text(struct page *page, const char *key)
{
	html_put(&page->html, "<p>{}</p>\n", text_of(page->language, key));
}

static void
put_text_with(struct page *page, const char *key, const char *value)
{
	html_put(&page->html, "<p>{}</p>\n",
	    text_with(page->request->arena, page->language, key, value));
}

static struct reply
finish(struct page *page, int status, const char *outcome)
{
	struct reply reply = reply_status(status, outcome);

	html_put(&page->html, "</main>\n</body>\n</html>\n");
	reply.body = buffer_bytes(&page->html);
	reply.type = "text/html; charset=utf-8";
	reply.referrer = "no-referrer";
	reply_header(page->request, &reply, "Content-Security-Policy",
	    page->submits ? POLICY "; script-src " SUBMIT_HASH : POLICY);
	if (page->set_cookie != NULL)
		reply_header(page->request, &reply, "Set-Cookie", page->set_cookie);
	return reply;
}

static struct reply
error_page(struct request *request, const char *key, int status, const char *outcome)
{
	struct page page = begin(request, NULL, "error.title");

	html_put(&page.html, "<p role=\"alert\">{}</p>\n", text_of(page.language, key));
	if (status < 500)
		put_text(&page, "error.back");
	html_put(&page.html, "<p class=\"code\">{} {}</p>\n",
	    arena_printf(request->arena, "%d", status), outcome);
	return finish(&page, status, outcome);
}

struct reply
page_refuse(struct request *request, enum wire wire, const char *argument)
{
	const struct wire_text *text = wire_text(wire);
	const char *key = wire == WIRE_METHOD        ? "error.method"
			  : wire == WIRE_UNAVAILABLE ? "error.unavailable"
						     : "error.request";

	(void)argument;
	return error_page(request, key, text->status, text->outcome);
}

struct reply
page_fault(struct request *request, enum authorization_fault fault)
{
	if (fault == FAULT_CLIENT)
		return error_page(request, "error.client", 400, "unknown-client");
	if (fault == FAULT_REDIRECT_URI)
		return error_page(request, "error.redirect_uri", 400, "redirect-uri");
	return page_refuse(request, WIRE_BAD_REQUEST, NULL);
}

static void
put_hidden(struct page *page, const struct parameter *parameters, size_t count)
{
	for (; count > 0; parameters++, count--)
		if (parameters->value != NULL)
			html_put(&page->html, "<input type=\"hidden\" name=\"{}\" value=\"{}\">\n",
			    parameters->name, parameters->value);
}

/* Begins a form with its csrf field; false: there are no random numbers for it. */
static bool
begin_form(struct page *page, const char *path, const char *bound)
{
	struct request *request = page->request;
	const char *csrf = browser_form(request, bound, &page->set_cookie);

	if (csrf == NULL)
		return false;
	html_put(&page->html,
	    "<form method=\"post\" action=\"{}\">\n"
	    "<input type=\"hidden\" name=\"csrf\" value=\"{}\">\n",
	    oauth_url(request->arena, request->config, path), csrf);
	return true;
}

/* What went wrong, for the user. */
static const char *
message_of(const struct page *page, const struct page_attempt *attempt)
{
	struct arena *arena = page->request->arena;
	long minutes = (attempt->wait + 59) / 60;

	if (attempt->wire == WIRE_NO_ACCOUNT)
		return text_of(page->language, "login.wrong");
	if (attempt->wire != WIRE_THROTTLED)
		return text_of(page->language, "login.again");
	return text_with(arena, page->language, minutes > 2 ? "login.wait_minutes" : "login.wait",
	    arena_printf(arena, "%ld", minutes > 2 ? minutes : attempt->wait));
}

/* With a name the password has the focus, else the name. */
static void
put_login_fields(struct page *page, const char *name, bool failed)
{
	const char *describes = failed ? " aria-describedby=\"error\"" : "";
	bool named = name != NULL && *name != '\0';

	html_put(&page->html,
	    "<label for=\"username\">{}</label>\n"
	    "<input id=\"username\" name=\"username\" value=\"{}\" autocomplete=\"username\" "
	    "autocapitalize=\"none\" spellcheck=\"false\" required",
	    text_of(page->language, "login.name"), name);
	buffer_printf(&page->html, "%s%s>\n", named ? "" : " autofocus", named ? "" : describes);
	html_put(&page->html,
	    "<label for=\"password\">{}</label>\n"
	    "<input id=\"password\" name=\"password\" type=\"password\" "
	    "autocomplete=\"current-password\" required",
	    text_of(page->language, "login.password"));
	buffer_printf(&page->html, "%s%s>\n", named ? " autofocus" : "", named ? describes : "");
	html_put(
	    &page->html, "<button>{}</button>\n</form>\n", text_of(page->language, "login.button"));
}

struct reply
page_login(struct request *request, const struct authorization *authorization,
    const struct page_attempt *attempt)
{
	struct page page = begin(request, authorization->ui_locales, "login.title");
	const char *name = attempt == NULL ? authorization->login_hint : attempt->name;
	bool throttled = attempt != NULL && attempt->wire == WIRE_THROTTLED;
	struct reply reply;

	put_text_with(&page, "login.for", authorization->client.name);
	if (attempt != NULL)
		html_put(&page.html, "<p id=\"error\" role=\"alert\">{}</p>\n",
		    message_of(&page, attempt));
	if (!begin_form(&page, "/oauth/login", NULL))
		return page_refuse(request, WIRE_UNAVAILABLE, NULL);
	put_hidden(&page, authorization->parameters, AUTHORIZATION_PARAMETERS);
	put_login_fields(&page, name, attempt != NULL);
	if (attempt == NULL)
		return finish(&page, 200, "login-page");
	reply = finish(&page, throttled ? 429 : 200, wire_text(attempt->wire)->outcome);
	if (throttled)
		reply_header(request, &reply, "Retry-After",
		    arena_printf(request->arena, "%ld", attempt->wait));
	return reply;
}

static void
put_scopes(struct page *page, const char *scopes)
{
	struct arena *arena = page->request->arena;
	struct bytes rest = bytes_of(scopes), word;

	html_put(&page->html, "<ul>\n");
	while (bytes_word(&rest, &word)) {
		const char *scope = arena_copy(arena, word.data, word.length);
		const char *text = text_of(page->language, arena_printf(arena, "scope.%s", scope));

		if (text == NULL)
			text = text_with(arena, page->language, "scope", scope);
		html_put(&page->html, "<li>{}</li>\n", text);
	}
	html_put(&page->html, "</ul>\n");
}

struct reply
page_consent(struct request *request, const struct authorization *authorization,
    const struct provider_session *session)
{
	struct page page = begin(request, authorization->ui_locales, "consent.title");

	put_text_with(&page, "consent.who", authorization->client.name);
	put_scopes(&page, authorization->scopes);
	if (session->name != NULL)
		put_text_with(&page, "consent.user", session->name);
	put_text_with(&page, "consent.where", host_of(request->arena, authorization->redirect_uri));
	if (!begin_form(&page, "/oauth/consent",
		authorization_bound(request->arena, authorization, session)))
		return page_refuse(request, WIRE_UNAVAILABLE, NULL);
	put_hidden(&page, authorization->parameters, AUTHORIZATION_PARAMETERS);
	html_put(&page.html,
	    "<button name=\"decision\" value=\"allow\">{}</button>\n"
	    "<button name=\"decision\" value=\"refuse\" class=\"second\">{}</button>\n</form>\n",
	    text_of(page.language, "consent.allow"), text_of(page.language, "consent.refuse"));
	return finish(&page, 200, "consent-page");
}

struct reply
page_post(struct request *request, const char *outcome, const char *uri,
    const struct parameter *parameters, size_t count)
{
	struct page page = begin(request, NULL, "post.title");

	put_text(&page, "post.text");
	html_put(&page.html, "<form method=\"post\" action=\"{}\">\n", uri);
	put_hidden(&page, parameters, count);
	html_put(&page.html, "<button>{}</button>\n</form>\n<script>" SUBMIT "</script>\n",
	    text_of(page.language, "post.button"));
	page.submits = true;
	return finish(&page, 200, outcome);
}

struct reply
page_ask_logout(
    struct request *request, const char *ui_locales, const struct provider_session *session)
{
	struct page page = begin(request, ui_locales, "logout.title");

	if (session->name != NULL)
		put_text_with(&page, "logout.text", session->name);
	if (!begin_form(&page, "/oauth/logout", session->sid))
		return page_refuse(request, WIRE_UNAVAILABLE, NULL);
	html_put(
	    &page.html, "<button>{}</button>\n</form>\n", text_of(page.language, "logout.button"));
	return finish(&page, 200, "logout-page");
}

struct reply
page_logged_out(struct request *request, const char *ui_locales)
{
	struct page page = begin(request, ui_locales, "logout.done");

	put_text(&page, "logout.close");
	return finish(&page, 200, "logged-out");
}
