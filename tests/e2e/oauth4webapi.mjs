// A relying party made with oauth4webapi, which checks every answer strictly. As openid_client.mjs.
import readline from 'node:readline';
import * as oauth from 'oauth4webapi';

const [issuer, id, secret, redirect, postLogout] = process.argv.slice(2);
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (value) => console.log(JSON.stringify(value));
const insecure = { [oauth.allowInsecureRequests]: true };

const url = new URL(issuer);
const server = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, insecure));
const client = { client_id: id };
const authentication = secret ? oauth.ClientSecretPost(secret) : oauth.None();
const verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const nonce = oauth.generateRandomNonce();
const start = new URL(server.authorization_endpoint);
start.search = new URLSearchParams({
	client_id: id, redirect_uri: redirect, response_type: 'code', scope: 'openid profile email offline_access',
	state, nonce, code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
});
say(start.href);

const parameters = oauth.validateAuthResponse(server, client, new URL(JSON.parse((await lines.next()).value)), state);
const tokens = await oauth.processAuthorizationCodeResponse(
	server, client,
	await oauth.authorizationCodeGrantRequest(server, client, authentication, parameters, redirect, verifier, insecure),
	{ expectedNonce: nonce, requireIdToken: true },
);
const claims = oauth.getValidatedIdTokenClaims(tokens);
const refreshed = await oauth.processRefreshTokenResponse(
	server, client,
	await oauth.refreshTokenGrantRequest(server, client, authentication, tokens.refresh_token, insecure),
);
const user = await oauth.processUserInfoResponse(
	server, client, claims.sub, await oauth.userInfoRequest(server, client, refreshed.access_token, insecure),
);
const introspect = async () => secret ? (await oauth.processIntrospectionResponse(
	server, client,
	await oauth.introspectionRequest(server, client, authentication, refreshed.access_token, insecure),
)).active : null;
const logout = new URL(server.end_session_endpoint);
logout.search = new URLSearchParams({
	id_token_hint: refreshed.id_token, post_logout_redirect_uri: postLogout, state: 'bye',
});
say({
	claims, again: oauth.getValidatedIdTokenClaims(refreshed), user, access: refreshed.access_token,
	logout: logout.href, active: await introspect(),
});
await lines.next();
await oauth.processRevocationResponse(
	await oauth.revocationRequest(server, client, authentication, refreshed.refresh_token, insecure));
let refused = null;
try {
	await oauth.processRefreshTokenResponse(server, client,
		await oauth.refreshTokenGrantRequest(server, client, authentication, refreshed.refresh_token, insecure));
} catch (error) {
	refused = error.error;
}
say({ refused, active: await introspect() });
process.exit(0);
