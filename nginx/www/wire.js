/* The list of exchanges: a fetch() that shows each request and its answer. */
import { TOKEN, copy, copyOf, withTokens } from "./dom.js";
import { refusalOf } from "./words.js";

const TIMEOUT = 15000;
const KEPT = 50;
const ANSWER_HEADERS = ["Content-Type", "WWW-Authenticate", "Retry-After", "Allow", "Cache-Control"];

/* Requests that the page, not the user, decided to send. */
const BY_ITSELF = { refresh: "refresh", repeat: "repeat", restore: "restore" };

const quote = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

function curlLine(url, method, headers, body) {
	const words = ["curl", "-i"];
	for (const [name, value] of headers)
		words.push("-H", quote(`${name}: ${value}`));
	if (body)
		words.push("-d", quote(body));
	else if (method !== "GET")
		words.push("-X", method);
	words.push(quote(url.href));
	return words.join(" ");
}

/* Keeps the password out of the list and the clipboard. */
function withoutPassword(body) {
	if (!body?.includes('"password"'))
		return body ?? "";
	return JSON.stringify({ ...JSON.parse(body), password: "PASSWORD" });
}

/* The reason that a refusal gives. */
function shortly(body) {
	try {
		return refusalOf(JSON.parse(body));
	} catch {
		return "no reason given";
	}
}

const properName = (name) => name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());

class Exchange {
	constructor(url, options, why, automatic) {
		const headers = [...new Headers(options.headers)].map(([name, value]) => [properName(name), value]);
		const method = options.method ?? "GET";
		const body = withoutPassword(options.body);
		this.why = why;
		this.status = 0;
		this.body = "";
		this.item = copyOf("exchange");
		this.#put("method", method);
		this.#put("path", url.pathname);
		this.#put("sent", `${method} ${url.pathname}\n${headers.map((h) => h.join(": ")).join("\n")}`, body && `\n\n${body}`);
		this.#find("tag").hidden = !automatic;
		this.#find("why").textContent = automatic ? `${BY_ITSELF[why]}, by itself` : why;
		this.#find("curl").textContent = curlLine(url, method, headers, body);
		if (body.includes("PASSWORD"))
			this.#note("Put your password in place of PASSWORD: it is kept out of this list.");
		this.#find("copy").addEventListener("click", (event) =>
			copy(event.currentTarget, this.#find("curl").textContent, this.#find("curl")));
	}

	answered(response, body, took) {
		const headers = ANSWER_HEADERS.filter((name) => response.headers.has(name));
		const lines = headers.map((name) => `${name}: ${response.headers.get(name)}`);
		this.status = response.status;
		this.body = body;
		this.#put("received", `${response.status} ${response.statusText}\n${lines.join("\n")}`, body && `\n\n${body}`);
		if (!response.ok)
			this.#put("said", `: ${shortly(body)}`);
		this.#judge(response.status, `${Math.round(took)} ms`, `${String(response.status)[0]}xx`);
	}

	failed(error) {
		const late = error.name === "TimeoutError";
		this.#put("received", late ? `No answer within ${TIMEOUT / 1000} seconds.` : "No answer: no connection.");
		this.#judge("none", "", "none");
	}

	/* Removes the tokens from the curl command; only their beginnings remain in the list. */
	forget() {
		const curl = this.#find("curl");
		this.body = "";
		if (!TOKEN.test(curl.textContent))
			return;
		curl.textContent = curl.textContent.replace(TOKEN, "TOKEN");
		this.#note("Put a token in place of TOKEN: this one was forgotten.");
	}

	#note(text) {
		this.#find("placeholder").textContent = text;
		this.#find("placeholder").hidden = false;
	}

	#judge(status, took, kind) {
		this.#put("status", String(status));
		this.#put("took", took);
		this.item.dataset.kind = kind;
	}

	#find(name) {
		return this.item.querySelector(`[data-is="${name}"]`);
	}

	#put(name, ...texts) {
		this.#find(name).replaceChildren(...texts.filter(Boolean).flatMap(withTokens));
	}
}

export class Wire {
	exchanges = []; // the last of them, oldest first
	skew = 0; // of the server's clock, in milliseconds
	#asked = null;
	#list;
	#empty;

	constructor(list, empty) {
		this.#list = list;
		this.#empty = empty;
	}

	/* Like fetch(); why: the purpose, shown in the list. */
	fetch = async (url, options = {}, why = "call") => {
		if (why === "restore")
			return this.#restore(url, options, why);
		const exchange = this.#add(new URL(url, location.href), options, why);
		const began = performance.now();
		try {
			const response = await fetch(url, { ...options, signal: AbortSignal.timeout(TIMEOUT) });
			const body = await response.clone().text();
			exchange.answered(response, body, performance.now() - began);
			this.#setClock(response.headers.get("Date"));
			return response;
		} catch (error) {
			exchange.failed(error);
			throw error;
		}
	};

	/* At load the page does not know whether there is a session: the attempt is listed only if there was one. */
	async #restore(url, options, why) {
		const began = performance.now();
		const response = await fetch(url, { ...options, signal: AbortSignal.timeout(TIMEOUT) });
		if (response.ok) {
			const body = await response.clone().text();
			this.#add(new URL(url, location.href), options, why).answered(response, body, performance.now() - began);
		}
		return response;
	}

	/* Runs an action of the user: until it ends, requests of this purpose are not marked as the page's own. */
	async asked(why, action) {
		this.#asked = why;
		try {
			return await action();
		} finally {
			this.#asked = null;
		}
	}

	forgetTokens() {
		for (const exchange of this.exchanges)
			exchange.forget();
	}

	#add(url, options, why) {
		const exchange = new Exchange(url, options, why, why in BY_ITSELF && why !== this.#asked);
		for (const earlier of this.#list.querySelectorAll("details[open]"))
			earlier.open = false;
		exchange.item.querySelector("details").open = true;
		this.#empty.hidden = true;
		this.exchanges.push(exchange);
		this.#list.prepend(exchange.item);
		if (this.exchanges.length > KEPT)
			this.exchanges.shift().item.remove();
		return exchange;
	}

	/* Date has whole seconds only, so a difference below two seconds is ignored. */
	#setClock(date) {
		const skew = Date.parse(date) + 500 - Date.now();
		this.skew = Math.abs(skew) < 2000 || Number.isNaN(skew) ? 0 : skew;
	}
}
