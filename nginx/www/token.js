/* The contents of a token, and what they mean. */

const bytesOf = (base64url) =>
	Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

const objectOf = (base64url) => JSON.parse(new TextDecoder().decode(bytesOf(base64url)));

/* Does not verify the signature, which needs the key. */
export function decode(token) {
	const [header, claims, signature] = token.split(".");
	return { header: objectOf(header), claims: objectOf(claims), signature: bytesOf(signature) };
}

/* The token with a later exp and the old signature: a forgery, made without the key. */
export function forge(token, seconds) {
	const [header, claims, signature] = token.split(".");
	const changed = objectOf(claims);
	changed.exp += seconds;
	const bytes = new TextEncoder().encode(JSON.stringify(changed));
	const base64 = btoa(String.fromCharCode(...bytes));
	const forged = base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
	return [header, forged, signature].join(".");
}

const TIMES = ["exp", "iat", "nbf", "refresh_exp"];

/* A claim that is a time, as a Date; others null. */
export function timeOf(name, value) {
	return TIMES.includes(name) && typeof value === "number" ? new Date(value * 1000) : null;
}

const FAMILIES = {
	HS: "with a secret key (HMAC) that only the server knows: whoever can check a token could also make one",
	RS: "with an RSA private key; its public half is enough to check a token",
	PS: "with an RSA private key (PSS); its public half is enough to check a token",
	ES: "with a private key on an elliptic curve; its public half is enough to check a token",
	Ed: "with a private Ed25519 key; its public half is enough to check a token",
};

const signedHow = (alg) => FAMILIES[String(alg).slice(0, 2)] ?? "in a way that this page does not know";

const MEANINGS = {
	alg: ({ alg }) => `How it is signed: ${signedHow(alg)}.`,
	typ: () => "What this is: a JSON Web Token.",
	kid: () => "Which of the server's keys signed it. It changes when the keys are rotated.",
	token_type: ({ token_type }) =>
		token_type === "refresh"
			? "The kind of token. This one only fetches new access tokens; /hello/ would refuse it."
			: "The kind of token. This one is shown with every request; it cannot be used to refresh.",
	exp: () => "Expires: from this second on the server refuses the token.",
	iat: () => "Issued at: when the server made it.",
	nbf: () => "Not before: the server refuses the token until then.",
	jti: () => "The token's own id, 16 random bytes. The blacklist has the ids of tokens that were logged out.",
	user_id: () => "Whose token it is: the id of a row in the table of users. No name, no password.",
	sub: () => "Subject: whose token it is.",
	iss: () => "Issuer: who made it.",
	aud: () => "Audience: for whom it was made. Others refuse it.",
	hash_password: () => "A digest of the password's hash: when the password changes, the token is void.",
	refresh_exp: () => "Until when this token can be exchanged for another.",
};

/* What a member of the header or of the claims means; members: all members of that part. */
export function meaningOf(name, members) {
	return Object.hasOwn(MEANINGS, name) ? MEANINGS[name](members) : "A claim of this server's own.";
}

export function meaningOfSignature({ alg }) {
	return `Made from the two parts before it, ${signedHow(alg)}. Change one character and it no longer matches.`;
}
