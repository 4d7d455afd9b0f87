// A site with Auth.js (@auth/core), which Next.js, SvelteKit and Express use. Arguments: port, client secret, the provider
// as docs/oidc.md writes it. /auth/signin has a button; / is the session.
import http from 'node:http';
import { Auth } from '@auth/core';

const [port, secret, recipe] = process.argv.slice(2);
const base = `http://127.0.0.1:${port}`;
process.env.OIDC_CLIENT_SECRET = secret;
const provider = eval(`(${recipe})`);
provider.authorization = { params: { scope: 'openid profile email offline_access' } };
const config = {
	basePath: '/auth',
	secret: 'of this test only',
	trustHost: true,
	providers: [provider],
	callbacks: {
		jwt: ({ token, account }) => (account ? { ...token, account } : token),
		session: ({ session, token }) => ({ ...session, account: token.account }),
	},
};

async function respond(incoming, outgoing) {
	const body = [];
	for await (const part of incoming)
		body.push(part);
	const path = incoming.url === '/' ? '/auth/session' : incoming.url;
	const answer = await Auth(new Request(base + path, {
		method: incoming.method, headers: incoming.headers, body: incoming.method === 'POST' ? Buffer.concat(body) : undefined,
	}), config);
	outgoing.writeHead(answer.status, [...answer.headers].flat());
	outgoing.end(Buffer.from(await answer.arrayBuffer()));
}

http.createServer(respond).listen(port, '127.0.0.1', () => console.log('"ready"'));
