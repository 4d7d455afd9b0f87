/* The view of one token: its remaining life, its three parts, their contents and what these mean. */
import { copy, element, tokenParts } from "./dom.js";
import { decode, meaningOf, meaningOfSignature, timeOf } from "./token.js";

const LOW = 0.2; // share of the life left at which the bar changes its colour
const dates = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/* 4:05, or 23:59:07 */
function clock(milliseconds) {
	const total = Math.ceil(milliseconds / 1000);
	const parts = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
	const shown = parts[0] > 0 ? parts : parts.slice(1);
	return shown.map((part, i) => (i === 0 ? String(part) : String(part).padStart(2, "0"))).join(":");
}

/* The same for screen readers, in the largest unit. */
function spoken(milliseconds) {
	const left = Math.ceil(milliseconds / 1000);
	const [unit, size] = left >= 7200 ? ["hours", 3600] : left >= 120 ? ["minutes", 60] : ["seconds", 1];
	return `${Math.floor(left / size)} ${unit} left`;
}

function valueOf(name, value) {
	const date = timeOf(name, value);
	if (!date || Number.isNaN(date.getTime()))
		return [typeof value === "string" ? value : JSON.stringify(value)];
	return [element("time", { datetime: date.toISOString() }, dates.format(date)), " ",
		element("span", { class: "raw" }, String(value))];
}

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export class Card {
	#root;
	#now;
	#expires = 0;
	#lifetime = 1;
	#token = null;
	#over = false;

	/* now() is the server's time; expired() is called once, when the token expires. */
	constructor(root, now, expired) {
		this.#root = root;
		this.#now = now;
		this.expired = expired;
		this.#find("copy-token").addEventListener("click", (event) =>
			copy(event.currentTarget, this.#token, this.#find("encoded")));
	}

	show(token) {
		if (token === this.#token)
			return;
		const { header, claims, signature } = decode(token);
		this.#token = token;
		this.#expires = claims.exp * 1000;
		this.#lifetime = Math.max(1, this.#expires - this.#now());
		this.#over = false;
		this.#find("encoded").replaceChildren(...tokenParts(token, true));
		this.#find("header").replaceChildren(...this.#rows(header));
		this.#find("claims").replaceChildren(...this.#rows(claims));
		this.#find("signature").replaceChildren(
			this.#row("bytes", [`${signature.length} bytes: `, element("span", { class: "raw" }, hex(signature))],
				meaningOfSignature(header)));
		this.#explain(null);
		this.#root.classList.remove("new");
		void this.#root.offsetWidth; // so that the animation starts again
		this.#root.classList.add("new");
		this.tick();
	}

	forget() {
		this.#token = null;
		for (const name of ["encoded", "header", "claims", "signature"])
			this.#find(name).replaceChildren();
	}

	/* Call it a few times a second. */
	tick() {
		const left = Math.max(0, this.#expires - this.#now());
		const share = Math.min(1, left / this.#lifetime);
		const bar = this.#find("bar");
		this.#root.dataset.life = left === 0 ? "over" : share < LOW ? "low" : "good";
		bar.firstElementChild.style.transform = `scaleX(${share})`;
		bar.setAttribute("aria-valuenow", String(Math.round(share * 100)));
		bar.setAttribute("aria-valuetext", left === 0 ? "expired" : spoken(left));
		this.#find("left").textContent = left === 0 ? "expired" : `${clock(left)} left`;
		if (left === 0 && !this.#over) {
			this.#over = true;
			this.expired();
		}
	}

	#rows(members) {
		return Object.entries(members).map(([name, value]) =>
			this.#row(name, valueOf(name, value), meaningOf(name, members)));
	}

	/* The name is a button, so that pointer, keyboard and finger can show the meaning. */
	#row(name, value, meaning) {
		const button = element("button", { type: "button", "aria-description": meaning }, name);
		const row = element("div", { class: "row" }, element("dt", {}, button), element("dd", {}, ...value));
		const explain = () => this.#explain(row, name, meaning);
		row.addEventListener("pointerenter", explain);
		button.addEventListener("focus", explain);
		button.addEventListener("click", explain);
		return row;
	}

	#explain(row, name, meaning) {
		const place = this.#find("meaning");
		for (const other of this.#root.querySelectorAll(".row.explained"))
			other.classList.remove("explained");
		row?.classList.add("explained");
		if (row)
			place.replaceChildren(element("b", {}, name), " ", meaning);
		else
			place.replaceChildren("Point at a name, or move to it with the Tab key, to read what it means.");
	}

	#find(name) {
		return this.#root.querySelector(`[data-is="${name}"]`);
	}
}
