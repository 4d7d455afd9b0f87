/* The server's answers in plain words. */

const AWAY =
	"The server does not answer. Is ./run still running? Nothing was changed: try again when it is back.";

export const seconds = (n) => (n === 1 ? "1 second" : `${n} seconds`);

/* How long a throttled or refused client shall wait, in seconds; 0 if the answer does not say. */
export function waitOf(response, body) {
	const said = response.headers.get("Retry-After") ?? /available in (\d+) second/.exec(body.detail)?.[1];
	return Math.max(0, Number.parseInt(said, 10) || 0);
}

export async function bodyOf(response) {
	const body = await response.clone().json().catch(() => null);
	return body !== null && typeof body === "object" ? body : {};
}

/* Why the server refused a token, in its own words. */
export function refusalOf(body) {
	return body.messages?.[0]?.message ?? body.detail ?? body.error_description ?? body.error ?? "no reason given";
}

function ofFields(body) {
	const lines = Object.entries(body).map(([field, said]) => `${field}: ${[said].flat().join(" ")}`);
	return body.detail ?? (lines.join(" ") || "no reason given");
}

/* What any answer that is not ok means; special, by status, goes first. */
export async function explain(response, special = {}) {
	const body = await bodyOf(response);
	const wait = waitOf(response, body);
	const soon = wait > 0 ? `in ${seconds(wait)}` : "in a moment";
	switch (response.status) {
	case 429:
		return `Too many tries. The server takes the next one ${soon}.`;
	case 503:
		return `The service is unavailable for the moment; most often its database is away. It is not about you: try again ${soon}.`;
	}
	if (Object.hasOwn(special, response.status))
		return special[response.status](body);
	switch (response.status) {
	case 400:
		return `The server cannot use what it was sent. ${ofFields(body)}`;
	case 401:
		return `The server refused: ${refusalOf(body)}.`;
	case 404:
		return "This server has nothing at that address.";
	default:
		return `The server answered ${response.status}: ${ofFields(body)}`;
	}
}

/* What an error thrown on the way means. */
export function explainError(error) {
	if (error.name === "TimeoutError")
		return "No answer came in time. The server may be overloaded or hanging: try again in a moment.";
	return error instanceof TypeError ? AWAY : `Something went wrong in this page: ${error.message}`;
}
