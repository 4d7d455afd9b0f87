// A relying party made with openid-client. Standard input and output: one JSON value a line.
// Arguments: issuer, client id, client secret ("" if public), redirect URI, post-logout redirect URI.
import readline from 'node:readline';
import * as client from 'openid-client';

const [issuer, id, secret, redirect, postLogout] = process.argv.slice(2);
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (value) => console.log(JSON.stringify(value));

const config = await client.discovery(
	new URL(issuer), id, secret || undefined, secret ? undefined : client.None(),
	{ execute: [client.allowInsecureRequests] },
);
const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const nonce = client.randomNonce();
say(client.buildAuthorizationUrl(config, {
	redirect_uri: redirect, scope: 'openid profile email offline_access', state, nonce,
	code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
}).href);

const callback = new URL(JSON.parse((await lines.next()).value));
const tokens = await client.authorizationCodeGrant(config, callback, {
	pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true,
});
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
const { sub } = tokens.claims();
const user = await client.fetchUserInfo(config, refreshed.access_token, sub);
say({
	claims: tokens.claims(), again: refreshed.claims(), user, access: refreshed.access_token,
	logout: client.buildEndSessionUrl(config, {
		id_token_hint: refreshed.id_token, post_logout_redirect_uri: postLogout, state: 'bye',
	}).href,
	active: secret ? (await client.tokenIntrospection(config, refreshed.access_token)).active : null,
});
await lines.next();
await client.tokenRevocation(config, refreshed.refresh_token);
let refused = null;
try {
	await client.refreshTokenGrant(config, refreshed.refresh_token);
} catch (error) {
	refused = error.error;
}
say({ refused, active: secret ? (await client.tokenIntrospection(config, refreshed.access_token)).active : null });
process.exit(0);
