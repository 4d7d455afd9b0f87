/* Explains the server's answers to the user. */

const AWAY =
	"The server does not answer. Is ./run still running? Nothing was changed: try again when it is back.";

export const seconds = (n) => (n === 1 ? "1 second" : `${n} seconds`);

/* How many seconds to wait before the next attempt; 0 if the answer does not say. */
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

/* What an answer that is not ok means. special: explanations by status, for this request only. */
export async function explain(response, special = {}) {
	const body = await bodyOf(response);
	const wait = waitOf(response, body);
	const soon = wait > 0 ? `in ${seconds(wait)}` : "in a moment";
	switch (response.status) {
	case 429:
		return `Too many attempts. Try again ${soon}.`;
	case 503:
		return `The service is unavailable for the moment, most often because its database cannot be reached. You did nothing wrong: try again ${soon}.`;
	}
	if (Object.hasOwn(special, response.status))
		return special[response.status](body);
	switch (response.status) {
	case 400:
		return `The server cannot process the request. ${ofFields(body)}`;
	case 401:
		return `The server refused: ${refusalOf(body)}.`;
	case 404:
		return "This server has no such URL.";
	default:
		return `The server answered ${response.status}: ${ofFields(body)}`;
	}
}

/* What an error means that fetch() has thrown. */
export function explainError(error) {
	if (error.name === "TimeoutError")
		return "No answer came in time. The server may be overloaded or hanging: try again in a moment.";
	return error instanceof TypeError ? AWAY : `Something went wrong in this page: ${error.message}`;
}
