/*
 * A client of an access and a refresh token: fetch() with the access token, which is renewed when the
 * server no longer takes it. It stands alone: take this file into a page of yours. See docs/client.md.
 *
 *     const client = new TokenClient();
 *     const answer = await client.login("vitor", "123");
 *     if (answer.ok)
 *         console.log(await (await client.fetch("/hello/")).json());
 *
 * Where the server keeps the refresh token in a cookie (JWT_REFRESH_COOKIE), its login answers without one: then
 * the browser has it, and all tabs of the origin share one session.
 *
 * Tokens of OpenID Connect's code flow are taken over with adopt(), and renewed at /oauth/token.
 */

/* Whether a new access token would help: another 401 speaks of the user, not of the token. */
async function refusesToken(response) {
	if (response.status !== 401)
		return false;
	const body = await response.clone().json().catch(() => null);
	return body?.code === "token_not_valid";
}

/* Whether the refused renewal of these tokens is for good: OAuth says invalid_grant with 400. */
const ends = (pair, response) => response.status === (pair.client_id ? 400 : 401);

const REPEATABLE = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]; // twice is the same as once
const WAIT_MAXIMUM = 30; // seconds

const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/* In seconds, from Retry-After; 1 if it does not say. */
const waitOf = (response) =>
	Math.min(WAIT_MAXIMUM, Math.max(1, Number.parseInt(response.headers.get("Retry-After"), 10) || 1));

/* Runs action while no other tab runs one of that name; at once where the browser has no locks. */
const alone = (name, action) =>
	globalThis.navigator?.locks ? navigator.locks.request(name, action) : action();

export class TokenClient {
	/*
	 * The tokens, in memory and nowhere else: any script that ever runs on this origin can read
	 * browser storage, long after the user has gone. An object per login, so that an answer that comes
	 * late finds its own and never touches its successor's.
	 */
	#pair = null;
	#origin;
	#paths;
	#fetch;
	#changed;
	#credentials;
	#repeats;
	#restoring = null;
	#channel = null; // to the other tabs, in cookie mode

	/*
	 * All optional. origin: where the tokens are sent, and nowhere else. paths: of that server.
	 * fetch: in place of the browser's; its third argument says what for. changed: called with
	 * { access, refresh }, or null, whenever these have changed; refresh is null in cookie mode.
	 * credentials: of requests for tokens; "include" for the cookie of another origin. repeats: how often
	 * a request is sent again after 503.
	 */
	constructor({ origin = globalThis.location.origin, paths = {}, fetch, changed, credentials = "same-origin",
		repeats = 2 } = {}) {
		this.#origin = new URL(origin).origin;
		this.#paths = {
			obtain: "/api/token/",
			refresh: "/api/token/refresh/",
			blacklist: "/api/token/blacklist/",
			token: "/oauth/token",
			revoke: "/oauth/revoke",
			...paths,
		};
		this.#fetch = fetch ?? ((url, options) => globalThis.fetch(url, options));
		this.#changed = changed ?? (() => {});
		this.#credentials = credentials;
		this.#repeats = repeats;
	}

	get tokens() {
		return this.#pair && { access: this.#pair.access, refresh: this.#pair.refresh };
	}

	/* The server's answer; if it is ok, its tokens are kept. */
	async login(username, password) {
		await this.#restoring?.catch(() => {}); // its refusal would clear the cookie of this login
		const response = await this.#post(this.#paths.obtain, { username, password }, "log in");
		if (response.ok) {
			const { access, refresh = null } = await response.clone().json();
			this.#become({ access, refresh, renewal: null });
			if (refresh === null)
				this.#tell({ access, login: true });
		}
		return response;
	}

	/* Takes over the tokens that a public client has obtained for an authorization code; perhaps without a refresh token. */
	adopt({ access, refresh = "" }, client_id) {
		this.#become({ access, refresh, client_id, renewal: null });
	}

	/* At load: whether the browser has a cookie of a session that goes on; then its tokens are here. */
	restore() {
		this.#restoring ??= this.#restore().finally(() => {
			this.#restoring = null;
		});
		return this.#restoring;
	}

	/*
	 * As the browser's fetch(), with the access token. One that is refused is renewed and the request
	 * repeated, once; so a body must be something that can be sent twice, not a stream. If the refresh
	 * token is refused too, the tokens are forgotten and the first answer is the result; if renewing
	 * fails for another reason (429, 503), that answer is. After 503 a request that may be sent twice is
	 * sent again when Retry-After says so; a POST is not.
	 */
	async fetch(path, options = {}) {
		const url = this.#url(path);
		const pair = this.#pair;
		if (!pair)
			return this.#fetch(url, options, "call");
		const access = pair.access;
		const response = await this.#persist(pair, options.method ?? "GET",
			(why) => this.#send(url, options, access, why ?? "call"));
		if (!(await refusesToken(response)) || pair !== this.#pair)
			return response;
		if (pair.access === access) { // else another call has renewed it by now
			const renewal = await this.refresh();
			if (!renewal.ok && !ends(pair, renewal))
				return renewal.clone();
		}
		if (pair !== this.#pair) // logged out, or refused for good
			return response;
		return this.#persist(pair, options.method ?? "GET", () => this.#send(url, options, pair.access, "repeat"));
	}

	/* Renews the access token; calls meanwhile wait for the same answer. */
	refresh() {
		const pair = this.#pair;
		if (!pair)
			return Promise.reject(new Error("not logged in"));
		pair.renewal ??= this.#renew(pair).finally(() => {
			pair.renewal = null;
		});
		return pair.renewal;
	}

	/* Forgets the tokens whatever happens, then tells the server; its answer, or null without tokens. */
	async logout() {
		const pair = this.#pair;
		this.#become(null);
		if (!pair)
			return null;
		await pair.renewal?.catch(() => {}); // it may bring another refresh token
		const response = pair.client_id
			? await this.#postForm(this.#paths.revoke, { token: pair.refresh || pair.access, client_id: pair.client_id }, "log out")
			: await this.#post(this.#paths.blacklist, this.#shown(pair), "log out");
		if (pair.refresh === null)
			this.#tell({ access: null });
		return response;
	}

	async #renew(pair) {
		if (pair.refresh !== null)
			return this.#renewAlone(pair);
		const stale = pair.access;
		return alone(`jwt-fcgi refresh ${this.#origin}`, () =>
			pair.access === stale // else another tab has renewed it meanwhile
				? this.#renewAlone(pair)
				: new Response(JSON.stringify({ access: pair.access })));
	}

	async #renewAlone(pair) {
		const response = await this.#persist(pair, "GET", () => this.#askForRenewal(pair));
		if (response.ok) {
			const { access, access_token, refresh, refresh_token } = await response.clone().json();
			Object.assign(pair, { access: access ?? access_token, refresh: refresh ?? refresh_token ?? pair.refresh });
		}
		if (pair === this.#pair && (response.ok || ends(pair, response))) {
			this.#become(response.ok ? pair : null);
			if (pair.refresh === null)
				this.#tell({ access: response.ok ? pair.access : null });
		}
		return response;
	}

	async #restore() {
		const response = await alone(`jwt-fcgi refresh ${this.#origin}`, () =>
			this.#persist(null, "GET", () => this.#post(this.#paths.refresh, {}, "restore")));
		if (response.ok && !this.#pair) {
			const { access } = await response.clone().json();
			this.#become({ access, refresh: null, renewal: null });
		}
		return response.ok;
	}

	#askForRenewal(pair) {
		const { client_id, refresh } = pair;
		return client_id
			? this.#postForm(this.#paths.token, { grant_type: "refresh_token", refresh_token: refresh, client_id }, "refresh")
			: this.#post(this.#paths.refresh, this.#shown(pair), "refresh");
	}

	/* What a request for tokens has to show: in cookie mode the browser shows it. */
	#shown(pair) {
		return pair.refresh === null ? {} : { refresh: pair.refresh };
	}

	/* Sends again while the server is unavailable, unless there was a login or a logout meanwhile. */
	async #persist(pair, method, send) {
		let response = await send();
		if (!REPEATABLE.includes(method.toUpperCase()))
			return response;
		for (let left = this.#repeats; left > 0 && response.status === 503; left--) {
			await sleep(waitOf(response));
			if (pair !== this.#pair)
				break;
			response = await send("repeat");
		}
		return response;
	}

	#become(pair) {
		this.#pair = pair;
		if (pair?.refresh === null)
			this.#listen();
		this.#changed(this.tokens);
	}

	/* In cookie mode all tabs have one session: its access token, its end, and a login in its place. */
	#listen() {
		if (this.#channel || !globalThis.BroadcastChannel)
			return;
		this.#channel = new BroadcastChannel(`jwt-fcgi ${this.#origin}`);
		this.#channel.onmessage = ({ data: { access, login } }) => {
			const pair = this.#pair;
			if (pair?.refresh !== null)
				return;
			if (access && !login)
				pair.access = access;
			this.#become(!access ? null : login ? { access, refresh: null, renewal: null } : pair);
		};
	}

	#tell(message) {
		this.#channel?.postMessage(message);
	}

	#url(path) {
		const url = new URL(path, this.#origin);
		if (url.origin !== this.#origin)
			throw new TypeError(`The tokens are for ${this.#origin}, not for ${url.origin}`);
		return url;
	}

	#send(url, options, access, why) {
		const headers = new Headers(options.headers);
		headers.set("Authorization", `Bearer ${access}`);
		return this.#fetch(url, { cache: "no-store", redirect: "error", ...options, headers }, why);
	}

	#post(path, fields, why) {
		return this.#ask(path, "application/json", JSON.stringify(fields), why);
	}

	#postForm(path, fields, why) {
		return this.#ask(path, "application/x-www-form-urlencoded", String(new URLSearchParams(fields)), why);
	}

	#ask(path, type, body, why) {
		const options = {
			method: "POST",
			headers: { "Content-Type": type },
			body,
			cache: "no-store",
			credentials: this.#credentials,
			redirect: "error",
		};
		return this.#fetch(this.#url(path), options, why);
	}
}
