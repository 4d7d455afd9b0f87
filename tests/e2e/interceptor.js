// A page's client as many write it: axios with the access token in every request, and one refresh for
// all that a 401 meets at the same time. Prints what happened as JSON: node interceptor.js BASE
const axios = require('axios');

const base = process.argv[2];
const api = axios.create({ baseURL: base, proxy: false });
const log = [];
let tokens = {};
let refreshing = null;

function note(step, response) {
	log.push([step, response.status, response.statusText, response.data]);
	return response;
}

function renew() {
	refreshing = refreshing || axios.post(base + '/api/token/refresh/', { refresh: tokens.refresh }, { proxy: false })
		.then((response) => {
			note('refresh', response);
			tokens = { ...tokens, ...response.data };
		})
		.finally(() => {
			refreshing = null;
		});
	return refreshing;
}

api.interceptors.request.use((config) => {
	if (tokens.access)
		config.headers.Authorization = `Bearer ${tokens.access}`;
	config.sent = tokens.access;
	return config;
});

api.interceptors.response.use((response) => response, (error) => {
	const { config, response } = error;
	note('refused', response);
	if (response.status !== 401 || response.statusText !== 'Unauthorized' || config.retried)
		throw error;
	if (response.data.code !== 'token_not_valid' || response.data.messages[0].token_class !== 'AccessToken')
		throw error;
	config.retried = true;
	if (config.sent !== tokens.access) // somebody else's refusal was earlier
		return api(config);
	return renew().then(() => api(config));
});

async function refused(promise, step) {
	await promise.then((response) => note(step, response), (error) => note(step, error.response));
}

async function main() {
	await refused(axios.get(base + '/hello/', { proxy: false }), 'anonymous');
	const credentials = { username: 'alice', password: 'correct horse battery staple' };
	await refused(axios.post(base + '/api/token/', { ...credentials, password: 'wrong' }, { proxy: false }), 'wrong');
	await refused(axios.post(base + '/api/token/', {}, { proxy: false }), 'nothing');
	tokens = note('login', await axios.post(base + '/api/token/', new URLSearchParams(credentials), { proxy: false })).data;
	note('hello', await api.get('/hello/'));
	const claims = JSON.parse(atob(tokens.access.split('.')[1]));
	log.push(['lifetime', claims.exp - claims.iat, claims.token_type]);

	tokens.access = tokens.access.slice(0, -4); // as good as expired
	const three = await Promise.all([1, 2, 3].map(() => api.get('/hello/')));
	three.forEach((response) => note('again', response));

	tokens = { access: 'x.y.z', refresh: 'x.y.z' };
	await refused(api.get('/hello/'), 'no session');
	console.log(JSON.stringify(log));
}

main().catch((error) => {
	console.error(error);
	process.exit(1);
});
