// The same three endpoints as a Node programmer would write them: fastify, pg, prepared statements, one
// process for each processor. Enough of them to be measured, not to be used.
// node peer.js SOCKET PROCESSES
'use strict';

const cluster = require('node:cluster');
const crypto = require('node:crypto');
const fs = require('node:fs');
const { promisify } = require('node:util');
const { Pool } = require('pg');

const [socket, processes] = process.argv.slice(2);
const key = process.env.BENCH_KEY;
const pbkdf2 = promisify(crypto.pbkdf2);
const header = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url');
const now = () => Math.floor(Date.now() / 1000);
const mac = (signed) => crypto.createHmac('sha256', key).update(signed).digest();

function sign(type, lifetime, user) {
	const claims = { token_type: type, exp: now() + lifetime, iat: now(), jti: crypto.randomBytes(16).toString('hex'),
		user_id: String(user) };
	const signed = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
	return `${signed}.${mac(signed).toString('base64url')}`;
}

function refuse(detail) {
	throw Object.assign(new Error(detail), { statusCode: 401 });
}

function read(token, type) {
	const [head, payload, signature] = token.split('.');
	const given = Buffer.from(signature ?? '', 'base64url'), expected = mac(`${head}.${payload}`);
	if (given.length !== expected.length || !crypto.timingSafeEqual(given, expected))
		refuse('Token is invalid');
	const claims = JSON.parse(Buffer.from(payload, 'base64url'));
	if (JSON.parse(Buffer.from(head, 'base64url')).alg !== 'HS256' || claims.exp <= now() || claims.token_type !== type)
		refuse('Token is invalid');
	return claims;
}

async function serve() {
	const pool = new Pool({ max: 4 });
	const app = require('fastify')({ logger: false });
	const user = async (column, value) => {
		const { rows } = await pool.query({ name: column, values: [value],
			text: `SELECT id, password, is_active FROM auth_user WHERE ${column} = $1` });
		if (!rows.length || !rows[0].is_active)
			refuse('No active account found');
		return rows[0];
	};
	app.get('/hello/', async (request) => {
		await user('id', read((request.headers.authorization ?? '').slice(7), 'access').user_id);
		return { message: 'Hello, World!' };
	});
	app.post('/api/token/refresh/', async (request) => {
		const { id } = await user('id', read(request.body.refresh, 'refresh').user_id);
		return { access: sign('access', 300, id) };
	});
	app.post('/api/token/', async (request) => {
		const found = await user('username', request.body.username);
		const [, iterations, salt, hash] = found.password.split('$');
		const made = await pbkdf2(request.body.password, salt, Number(iterations), 32, 'sha256');
		if (!crypto.timingSafeEqual(made, Buffer.from(hash, 'base64')))
			refuse('No active account found');
		return { refresh: sign('refresh', 86400, found.id), access: sign('access', 300, found.id) };
	});
	await app.listen({ path: socket });
	fs.chmodSync(socket, 0o666);
}

if (cluster.isPrimary)
	for (let i = 0; i < Number(processes); i++)
		cluster.fork();
else
	serve();
