/*
 * A browser's client for access and refresh tokens: its fetch() sends the access token, and renews it when the
 * server no longer accepts it. The file needs no other: copy it into your site. See docs/client.md.
 *
 *     const client = new TokenClient();
 *     const answer = await client.login("vitor", "123");
 *     if (answer.ok)
 *         console.log(await (await client.fetch("/hello/")).json());
 *
 * Cookie mode: if the server keeps the refresh token in a cookie (JWT_REFRESH_COOKIE), the answer to a login has no
 * refresh token, and all tabs of the origin share one session.
 *
 * OpenID Connect: pass tokens of the code flow to adopt(); they are renewed at /oauth/token.
 */

/* Whether a new access token would help. Another 401 concerns the user, not the token. */
async function refusesToken(response) {
	if (response.status !== 401)
		return false;
	const body = await response.clone().json().catch(() => null);
	return body?.code === "token_not_valid";
}

/* Whether the refusal to renew these tokens is final. OAuth answers invalid_grant with 400. */
const ends = (pair, response) => response.status === (pair.client_id ? 400 : 401);

const REPEATABLE = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]; // sending it twice has the effect of sending it once
const WAIT_MAXIMUM = 30; // seconds

const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/* Seconds to wait, from Retry-After; 1 without one. */
const waitOf = (response) =>
	Math.min(WAIT_MAXIMUM, Math.max(1, Number.parseInt(response.headers.get("Retry-After"), 10) || 1));

/* Runs action while no other tab runs one of the same name. Without navigator.locks: at once. */
const alone = (name, action) =>
	globalThis.navigator?.locks ? navigator.locks.request(name, action) : action();

export class TokenClient {
	/*
	 * The tokens, in memory only: any script that ever runs on this origin can read browser storage,
	 * long after the user has left. Each login has its own object, so that a late answer changes the
	 * tokens of its own login, never those of a later one.
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
	 * All options may be omitted.
	 * origin: the only origin to which tokens are sent.
	 * paths: the URLs on that server, if they differ from the defaults below.
	 * fetch: replaces the browser's fetch(); its third argument is the purpose of the request.
	 * changed: called with { access, refresh }, or null, when the tokens have changed; in cookie mode
	 * refresh is null.
	 * credentials: that option of fetch() in requests for tokens; "include" if the server with the cookie
	 * has another origin.
	 * repeats: how often a request is repeated after 503.
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

	/* Logs in and keeps the tokens. Returns the server's response, which is not ok if it refuses. */
	async login(username, password) {
		await this.#restoring?.catch(() => {}); // a refusal of it would delete the cookie of this login
		const response = await this.#post(this.#paths.obtain, { username, password }, "log in");
		if (response.ok) {
			const { access, refresh = null } = await response.clone().json();
			this.#become({ access, refresh, renewal: null });
			if (refresh === null)
				this.#tell({ access, login: true });
		}
		return response;
	}

	/* Uses tokens that a public client has obtained for an authorization code; the refresh token may be missing. */
	adopt({ access, refresh = "" }, client_id) {
		this.#become({ access, refresh, client_id, renewal: null });
	}

	/* Call it when the page loads: true if the browser has the cookie of a valid session, whose tokens are then used. */
	restore() {
		this.#restoring ??= this.#restore().finally(() => {
			this.#restoring = null;
		});
		return this.#restoring;
	}

	/*
	 * The browser's fetch() with the access token. If the server refuses the token, fetch() renews it and
	 * repeats the request once; so the body must be something that can be sent twice, not a stream. If the
	 * refresh token is refused too, the tokens are forgotten and the first response is returned; if
	 * renewing fails for another reason (429, 503), that response is. After 503 an idempotent request is
	 * repeated after the time in Retry-After; a POST is not.
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
		if (pair.access === access) { // otherwise another call has renewed it already
			const renewal = await this.refresh();
			if (!renewal.ok && !ends(pair, renewal))
				return renewal.clone();
		}
		if (pair !== this.#pair) // logged out, or the refresh token was refused
			return response;
		return this.#persist(pair, options.method ?? "GET", () => this.#send(url, options, pair.access, "repeat"));
	}

	/* Renews the access token. Concurrent calls share one request and its response. */
	refresh() {
		const pair = this.#pair;
		if (!pair)
			return Promise.reject(new Error("not logged in"));
		pair.renewal ??= this.#renew(pair).finally(() => {
			pair.renewal = null;
		});
		return pair.renewal;
	}

	/* Forgets the tokens in any case, then revokes them. Returns the server's response, or null without tokens. */
	async logout() {
		const pair = this.#pair;
		this.#become(null);
		if (!pair)
			return null;
		await pair.renewal?.catch(() => {}); // it may return a new refresh token
		const response = pair.client_id
			? await this.#postForm(this.#paths.revoke, { token: pair.refresh || pair.access, client_id: pair.client_id }, "log out")
			: await this.#post(this.#paths.blacklist, this.#refreshFields(pair), "log out");
		if (pair.refresh === null)
			this.#tell({ access: null });
		return response;
	}

	async #renew(pair) {
		if (pair.refresh !== null)
			return this.#renewAlone(pair);
		const stale = pair.access;
		return alone(`jwt-fcgi refresh ${this.#origin}`, () =>
			pair.access === stale // otherwise another tab has renewed it meanwhile
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
			: this.#post(this.#paths.refresh, this.#refreshFields(pair), "refresh");
	}

	/* The refresh token for a request's body; in cookie mode the browser sends it. */
	#refreshFields(pair) {
		return pair.refresh === null ? {} : { refresh: pair.refresh };
	}

	/* Repeats an idempotent request while the server answers 503, unless there was a login or a logout. */
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

	/* In cookie mode all tabs share one session: listens for new access tokens, logouts and logins of other tabs. */
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
