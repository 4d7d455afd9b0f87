/* The page: its buttons, and the messages below them. */
import { Card } from "./card.js";
import { TokenClient } from "./client.js";
import { copyOf, element, withTokens } from "./dom.js";
import { discover, faultOfAnswer, faultOfIdToken, makeRequest, takeAnswer, tokenRequest } from "./flow.js";
import { decode, forge } from "./token.js";
import { bodyOf, explain, explainError, refusalOf, waitOf } from "./words.js";
import { Wire } from "./wire.js";

const YEAR = 365 * 86400;
const CLIENT = "page"; // of OpenID Connect, as ./run adds it
const SCOPE = "openid profile email offline_access";

const $ = (selector) => document.querySelector(selector);
const wire = new Wire($("#exchanges"), $("#nothing"));
const client = new TokenClient({ fetch: wire.fetch, changed: show });
const now = () => Date.now() + wire.skew;

for (const name of ["access", "refresh"]) {
	$(`#${name}`).append(...copyOf("token-body").children);
	$(`#${name} .actions`).append(...copyOf(`${name}-actions`).children);
}
const cards = {
	access: new Card($("#access"), now, () =>
		say("access", "The access token has expired. Call anyway: the server will refuse the token, and the page will refresh it and repeat the call by itself.")),
	refresh: new Card($("#refresh"), now, () =>
		say("refresh", "The refresh token has expired too. Only the password helps now.")),
};

/* --- Messages. */

let waiting = null;

/* Shows a message under a part of the page; tone is good, bad or empty. wait: seconds until the next attempt. */
function say(place, text, tone = "", wait = 0) {
	const outcome = $(`#${place} .outcome`);
	clearInterval(waiting);
	outcome.textContent = text;
	outcome.dataset.tone = tone;
	if (wait > 0)
		countDown(outcome, wait);
}

/* Hidden from screen readers, which would read a number every second. */
function countDown(outcome, wait) {
	const end = performance.now() + wait * 1000;
	const shown = element("span", { class: "wait", "aria-hidden": "true" });
	const count = () => {
		const left = Math.ceil((end - performance.now()) / 1000);
		if (left > 0) {
			shown.textContent = ` ${left} s`;
			return;
		}
		clearInterval(waiting);
		outcome.textContent = "You can try again now.";
		outcome.dataset.tone = "";
	};
	outcome.append(shown);
	waiting = setInterval(count, 250);
	count();
}

const reached = new Set();

/* Marks steps at the top of the page as done; the first step that is not done is the current one. */
function reach(...steps) {
	let current = "step";
	for (const step of steps)
		reached.add(step);
	for (const item of document.querySelectorAll("header .steps li")) {
		const done = reached.has(item.dataset.step);
		item.classList.toggle("done", done);
		item.toggleAttribute("aria-current", false);
		if (!done && current) {
			item.setAttribute("aria-current", current);
			current = null;
		}
	}
}

/* The client calls it when its tokens have changed. */
function show(tokens) {
	const before = $("#session").hidden;
	$("#session").hidden = !tokens;
	$("#login").hidden = $("#anatomy").hidden = Boolean(tokens);
	if (!tokens) {
		cards.access.forget();
		cards.refresh.forget();
		reached.clear();
		reach();
		$("#flow").hidden = true;
		$("#login [name=username]").focus();
		return;
	}
	const inCookie = tokens.refresh === null;
	for (const part of document.querySelectorAll("[data-mode]"))
		part.hidden = (part.dataset.mode === "cookie") !== inCookie;
	for (const part of document.querySelectorAll("#refresh .life, #refresh .open, [data-do=verify-refresh]"))
		part.hidden = inCookie;
	cards.access.show(tokens.access);
	$("#refresh").hidden = tokens.refresh === "";
	if (tokens.refresh)
		cards.refresh.show(tokens.refresh);
	if (before) {
		$("#sessions").hidden = true;
		if ("sid" in decode(tokens.access).claims)
			listSessions().catch(() => {});
		say("access", "");
		say("refresh", "");
		$("[data-do=hello]").focus({ preventScroll: true });
	}
}

setInterval(() => {
	if (!client.tokens)
		return;
	cards.access.tick();
	if (client.tokens.refresh)
		cards.refresh.tick();
}, 250);

/* --- The actions of the buttons. Each returns a message and its tone. */

const good = (text) => [text, "good"];
const bad = (text) => [text, "bad"];
const refused = async (response, special) => [...bad(await explain(response, special)), waitOf(response, await bodyOf(response))];

async function logIn() {
	const form = $("#login form");
	const name = form.elements.username.value;
	const response = await client.login(name, form.elements.password.value);
	if (!response.ok)
		return refused(response, {
			401: () => "User name or password is wrong, or the account is closed. The server does not say which, so that nobody can find out who has an account.",
		});
	form.reset();
	$("#name").textContent = name;
	reach("login");
	return good("");
}

async function logOut() {
	const verb = $("#flow").hidden ? "blacklisted" : "revoked";
	try {
		const response = await wire.asked("log out", () => client.logout());
		if (response.ok)
			return good(`Logged out: the server has ${verb} the refresh token, and this page has forgotten both.`);
		const why = await explain(response, {
			401: (body) => `The server no longer accepts the refresh token: ${refusalOf(body)}.`,
			404: () => "This server has no blacklist (JWT_TOKEN_BLACKLIST is off): a copy of the tokens would work until they expire.",
		});
		return [`This page has forgotten both tokens. ${why}`];
	} catch (error) {
		return bad(`This page has forgotten both tokens, but the server was not told. ${explainError(error)}`);
	}
}

/* What the page did by itself before these answers. */
function story(exchanges) {
	const calls = exchanges.filter(({ why, status }) => why === "call" && status === 401);
	const refreshed = exchanges.filter(({ why, status }) => why === "refresh" && status === 200).length;
	if (refreshed === 0)
		return "";
	const said = refusalOf(JSON.parse(calls[0].body));
	return calls.length === 1
		? `The access token was refused (401: ${said}). The page refreshed it and repeated the call. `
		: `${calls.length} calls were refused (401: ${said}). One refresh served them all, and each was repeated. `;
}

async function hello(times) {
	const last = wire.exchanges.at(-1);
	const calls = Array.from({ length: times }, () => client.fetch("/hello/"));
	const responses = await Promise.all(calls);
	const told = story(wire.exchanges.slice(wire.exchanges.indexOf(last) + 1));
	const failed = responses.find((response) => !response.ok);
	if (!client.tokens)
		return bad("Your session is over: the server no longer accepts the refresh token. Log in again.");
	if (failed)
		return refused(failed);
	reach("call", told && "refresh");
	const { message } = await bodyOf(responses[0]);
	return good(`${told}“${message}”${times > 1 ? ` ${times} times.` : ""}`);
}

const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/* The server's data about one of the user's sessions, and a button that ends it. */
function itemOf({ sid, created_at, refreshed_at, current, address, agent, client: at }) {
	const text = [at === "" ? "the browser's login for the code flow" : at && `of the client ${at}`, `since ${date.format(new Date(created_at))}`, `last used ${date.format(new Date(refreshed_at))}`, address, agent];
	const button = element("button", { type: "button", "aria-label": `End the session ${sid.slice(0, 8)}` }, "end");
	button.addEventListener("click", () => act("sessions", () => endSession(sid)));
	return element("li", {}, element("b", {}, current ? "this one" : sid.slice(0, 8)),
		` ${text.filter(Boolean).join(", ")} `, button);
}

/* Shows the list, if the server has sessions. */
async function listSessions() {
	const response = await client.fetch("/api/sessions/");
	const list = response.ok ? await response.json() : null;
	$("#sessions").hidden = !Array.isArray(list);
	if (Array.isArray(list))
		$("#sessions [data-is=list]").replaceChildren(...list.map(itemOf));
}

async function endSession(sid) {
	const response = await client.fetch(`/api/sessions/${sid}/`, { method: "DELETE" });
	if (!response.ok && response.status !== 404)
		return refused(response);
	await listSessions();
	return good(client.tokens ? "Ended: its tokens are refused from now on." : "Your session was ended. Log in again.");
}

async function forged() {
	const token = forge(client.tokens.access, YEAR);
	const response = await wire.fetch("/hello/", { headers: { Authorization: `Bearer ${token}` } }, "forged call");
	if (response.ok)
		return bad("The server accepted a token that it had not signed. Do not use this server.");
	return [await explain(response, {
		401: (body) => `Refused, as it should be: “${refusalOf(body)}”. exp is a year later in the copy, so the signature does not match. Without the server's key nobody can make one that does.`,
	}), response.status === 401 ? "good" : "bad"];
}

async function verify(token) {
	const options = {
		method: "POST",
		headers: { "Content-Type": "application/json" },
		body: JSON.stringify({ token }),
	};
	const response = await wire.fetch("/api/token/verify/", options, "verify");
	return response.ok
		? good("Valid: the signature matches, and the token has not expired.")
		: refused(response, { 401: (body) => `Not valid: ${refusalOf(body)}.` });
}

async function refresh() {
	const { refresh: before } = client.tokens;
	const response = await wire.asked("refresh", () => client.refresh());
	if (!client.tokens)
		return bad("Your session is over: the server no longer accepts the refresh token. Log in again.");
	if (!response.ok)
		return refused(response);
	reach("refresh");
	return good(before === null || client.tokens?.refresh === before
		? "Here is a new access token. The password was not needed."
		: "Here is a new pair: this server replaces the refresh token too.");
}

/* --- The code flow. */

let provider = null;

const row = ([name, value]) => element("div", { class: "row" }, element("dt", {}, name),
	element("dd", {}, ...withTokens(String(value))));

/* Shows a step of the flow, with what it sent or received. */
function showStep(name, fields, done = true) {
	const item = $(`#flow [data-step=${name}]`);
	$("#flow").hidden = false;
	item.hidden = false;
	item.classList.toggle("done", done);
	item.querySelector("dl").replaceChildren(...Object.entries(fields).map(row));
}

function hideSteps() {
	for (const item of document.querySelectorAll("#flow li"))
		item.hidden = true;
}

async function beginFlow() {
	const { request, url } = await makeRequest(provider, CLIENT, SCOPE);
	hideSteps();
	showStep("request", request, false);
	$("#flow-go").hidden = false;
	$("#flow-go").onclick = () => location.assign(url);
	$("#flow-go").focus();
	return good("");
}

/* When the browser has come back from the server. */
async function endFlow(login) {
	hideSteps();
	$("#flow-go").hidden = true;
	showStep("request", login.request);
	showStep("code", login.answer);
	const fault = faultOfAnswer(provider, login);
	if (fault)
		return bad(fault);
	const response = await wire.fetch(new URL(provider.token_endpoint), {
		method: "POST",
		headers: { "Content-Type": "application/x-www-form-urlencoded" },
		body: String(new URLSearchParams(tokenRequest(login))),
		cache: "no-store",
		redirect: "error",
	}, "token request");
	if (!response.ok)
		return refused(response);
	const { access_token, id_token, refresh_token } = await response.json();
	const { claims } = decode(id_token);
	showStep("token", claims);
	const wrong = faultOfIdToken(provider, login, claims, now());
	if (wrong)
		return bad(wrong);
	client.adopt({ access: access_token, refresh: refresh_token }, CLIENT);
	$("#name").textContent = `user ${claims.sub}`;
	reach("login");
	const said = await hello(1);
	if (said[1] === "good")
		showStep("api", { Authorization: `Bearer ${access_token}`, answer: said[0] });
	return said;
}

/* --- Events. */

const ACTIONS = {
	hello: ["access", () => hello(1)],
	three: ["access", () => hello(3)],
	"verify-access": ["access", () => verify(client.tokens.access)],
	forge: ["access", forged],
	refresh: ["refresh", refresh],
	"verify-refresh": ["refresh", () => verify(client.tokens.refresh)],
};

let busy = false;

/* Runs one action at a time; ignores clicks meanwhile. */
async function act(place, action) {
	if (busy)
		return;
	busy = true;
	document.body.classList.add("busy");
	try {
		const outcome = await action();
		say(client.tokens ? place : "login", ...outcome);
	} catch (error) {
		say(client.tokens ? place : "login", ...bad(explainError(error)));
	} finally {
		if (!client.tokens)
			wire.forgetTokens();
		busy = false;
		document.body.classList.remove("busy");
	}
}

for (const [name, [place, action]] of Object.entries(ACTIONS))
	$(`[data-do=${name}]`).addEventListener("click", () => act(place, action));
$("#logout").addEventListener("click", () => act("login", logOut));
$("#login form").addEventListener("submit", (event) => {
	event.preventDefault();
	act("login", logIn);
});
$("#fill").addEventListener("click", () => {
	const { username, password } = $("#login form").elements;
	username.value = "vitor";
	password.value = "123";
	$("#login form button").focus();
});
reach();

$("#flow-begin").addEventListener("click", () => act("login", beginFlow));

/* At load: the browser may have come back from the server, or still have the cookie of a session. */
const login = takeAnswer();
discover().then((found) => {
	provider = found;
	$("#offer").hidden = !found;
	if (found && login)
		act("access", () => endFlow(login));
});
if (!login)
	client.restore().then((restored) => {
		if (!restored || !client.tokens)
			return;
		const { user_id, sub } = decode(client.tokens.access).claims;
		$("#name").textContent = `user ${user_id ?? sub}`;
		reach("login");
	}, () => {});
