/* Functions to create and fill elements. Text is never parsed as HTML. */

/* element("a", { href: "/" }, "text", child, null); null, false and undefined are left out. */
export function element(name, attributes = {}, ...children) {
	const made = document.createElement(name);
	for (const [attribute, value] of Object.entries(attributes))
		if (value !== null && value !== undefined && value !== false)
			made.setAttribute(attribute, value === true ? "" : value);
	made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
	return made;
}

/* A copy of the only element in a <template>. */
export function copyOf(id) {
	return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

const PARTS = ["header", "claims", "signature"];

/* A token in its three colours: whole, or the beginning of each part. */
export function tokenParts(token, whole) {
	return token.split(".").flatMap((part, i) => {
		const text = whole || part.length <= 10 ? part : `${part.slice(0, 8)}…`;
		const coloured = element("span", { class: `part ${PARTS[i] ?? ""}` }, text);
		return i === 0 ? [coloured] : [element("span", { class: "dot" }, "."), coloured];
	});
}

export const TOKEN = /eyJ[\w-]*\.[\w-]+\.[\w-]*/;

/* A text, with the tokens in it shortened and coloured. */
export function withTokens(text) {
	return text.split(new RegExp(`(${TOKEN.source})`)).flatMap((piece, i) => (i % 2 ? tokenParts(piece, false) : piece));
}

/* Copies a text to the clipboard; if the browser does not allow that, selects it. */
export async function copy(button, text, shown) {
	const label = button.textContent;
	try {
		await navigator.clipboard.writeText(text);
		button.textContent = "Copied";
	} catch {
		getSelection().selectAllChildren(shown);
		button.textContent = "Selected";
	}
	setTimeout(() => {
		button.textContent = label;
	}, 1500);
}
