/*
 * A client of an access and a refresh token: fetch() with the access token, which is renewed when the
 * server no longer takes it. It stands alone: take this file into a page of yours. See docs/client.md.
 *
 *     const client = new TokenClient();
 *     const answer = await client.login("vitor", "123");
 *     if (answer.ok)
 *         console.log(await (await client.fetch("/hello/")).json());
 */

/* Whether a new access token would help: another 401 speaks of the user, not of the token. */
async function refusesToken(response) {
	if (response.status !== 401)
		return false;
	const body = await response.clone().json().catch(() => null);
	return body?.code === "token_not_valid";
}

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

	/*
	 * All optional. origin: where the tokens are sent, and nowhere else. paths: of that server.
	 * fetch: in place of the browser's; its third argument says what for. changed: called with
	 * { access, refresh }, or null, whenever these have changed.
	 */
	constructor({ origin = globalThis.location.origin, paths = {}, fetch, changed } = {}) {
		this.#origin = new URL(origin).origin;
		this.#paths = {
			obtain: "/api/token/",
			refresh: "/api/token/refresh/",
			blacklist: "/api/token/blacklist/",
			...paths,
		};
		this.#fetch = fetch ?? ((url, options) => globalThis.fetch(url, options));
		this.#changed = changed ?? (() => {});
	}

	get tokens() {
		return this.#pair && { access: this.#pair.access, refresh: this.#pair.refresh };
	}

	/* The server's answer; if it is ok, its tokens are kept. */
	async login(username, password) {
		const response = await this.#post(this.#paths.obtain, { username, password }, "log in");
		if (response.ok) {
			const { access, refresh } = await response.clone().json();
			this.#become({ access, refresh, renewal: null });
		}
		return response;
	}

	/*
	 * As the browser's fetch(), with the access token. One that is refused is renewed and the request
	 * repeated, once; so a body must be something that can be sent twice, not a stream. If the refresh
	 * token is refused too, the tokens are forgotten and the first answer is the result; if renewing
	 * fails for another reason (429, 503), that answer is.
	 */
	async fetch(path, options = {}) {
		const url = this.#url(path);
		const pair = this.#pair;
		if (!pair)
			return this.#fetch(url, options, "call");
		const access = pair.access;
		const response = await this.#send(url, options, access, "call");
		if (!(await refusesToken(response)) || pair !== this.#pair)
			return response;
		if (pair.access === access) { // else another call has renewed it by now
			const renewal = await this.refresh();
			if (!renewal.ok && renewal.status !== 401)
				return renewal.clone();
		}
		if (pair !== this.#pair) // logged out, or refused for good
			return response;
		return this.#send(url, options, pair.access, "repeat");
	}

	/* Renews the access token; whoever asks while that goes on waits for the same answer. */
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
		return this.#post(this.#paths.blacklist, { refresh: pair.refresh }, "log out");
	}

	async #renew(pair) {
		const response = await this.#post(this.#paths.refresh, { refresh: pair.refresh }, "refresh");
		if (response.ok) {
			const { access, refresh = pair.refresh } = await response.clone().json();
			Object.assign(pair, { access, refresh });
		}
		if (pair === this.#pair && (response.ok || response.status === 401))
			this.#become(response.ok ? pair : null);
		return response;
	}

	#become(pair) {
		this.#pair = pair;
		this.#changed(this.tokens);
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
		const options = {
			method: "POST",
			headers: { "Content-Type": "application/json" },
			body: JSON.stringify(fields),
			cache: "no-store",
			credentials: "omit",
			redirect: "error",
		};
		return this.#fetch(this.#url(path), options, why);
	}
}
