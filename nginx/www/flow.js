/*
 * A login by an authorization code with PKCE (OpenID Connect Core, section 3.1; RFC 7636), for a public client whose
 * redirect URI is this page. Each function is a step; the page shows what it returns.
 */
const KEPT = "code flow"; // in sessionStorage, while the browser is away at the server

const base64url = (buffer) =>
	btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

const sha256 = (text) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));

/* The discovery document; null if the server has none, or its issuer has another origin than this page. */
export async function discover() {
	const response = await fetch("/.well-known/openid-configuration").catch(() => null);
	const provider = response?.ok ? await response.json().catch(() => null) : null;
	return provider?.issuer && new URL(provider.issuer).origin === location.origin ? provider : null;
}

/* The authorization request. Its secrets are kept in sessionStorage, to check the answer. */
export async function makeRequest(provider, client_id, scope) {
	const verifier = random();
	const request = {
		response_type: "code",
		client_id,
		redirect_uri: `${location.origin}/`,
		scope,
		state: random(),
		nonce: random(),
		code_challenge: base64url(await sha256(verifier)),
		code_challenge_method: "S256",
	};
	sessionStorage.setItem(KEPT, JSON.stringify({ verifier, request }));
	return { request, url: `${provider.authorization_endpoint}?${new URLSearchParams(request)}` };
}

/* Takes the server's answer out of the page's URL: { verifier, request, answer }, or null without one. */
export function takeAnswer() {
	const answer = Object.fromEntries(new URLSearchParams(location.search));
	if (!("code" in answer) && !("error" in answer))
		return null;
	const kept = sessionStorage.getItem(KEPT);
	sessionStorage.removeItem(KEPT);
	history.replaceState(null, "", location.pathname);
	return kept && { ...JSON.parse(kept), answer };
}

/* Why the answer does not belong to the request, or is a refusal; null if it is good. */
export function faultOfAnswer(provider, { request, answer }) {
	if (answer.state !== request.state)
		return "state differs: this is not an answer to the page's own request.";
	if (answer.iss !== provider.issuer)
		return "iss differs: the answer is from another server.";
	if ("error" in answer)
		return `The server refused: ${answer.error_description ?? answer.error}`;
	return null;
}

/* The request that exchanges the code. The verifier proves that it comes from the page that requested the code. */
export function tokenRequest({ verifier, request, answer }) {
	return {
		grant_type: "authorization_code",
		code: answer.code,
		redirect_uri: request.redirect_uri,
		client_id: request.client_id,
		code_verifier: verifier,
	};
}

/* Why an ID token is not for this login (Core, section 3.1.3.7); null if it is. It came directly from the issuer, so
 * its signature need not be checked. */
export function faultOfIdToken(provider, { request }, claims, now) {
	if (claims.iss !== provider.issuer || claims.aud !== request.client_id)
		return "The ID token is from another server, or for another client.";
	if (claims.nonce !== request.nonce)
		return "The ID token has another nonce: it was made for another login.";
	return claims.exp * 1000 > now ? null : "The ID token has expired.";
}
