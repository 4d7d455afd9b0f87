// A site with Passport (passport-openidconnect), as many Express applications are. Arguments: port, client secret, issuer.
// /login begins; /callback answers with what the application is told of the user.
import http from 'node:http';
import passport from 'passport';
import Strategy from 'passport-openidconnect';

const [port, clientSecret, issuer] = process.argv.slice(2);
const session = {}; // of the one browser

passport.use(new Strategy({
	issuer, clientID: 'site', clientSecret,
	authorizationURL: `${issuer}/oauth/authorize`, tokenURL: `${issuer}/oauth/token`, userInfoURL: `${issuer}/oauth/userinfo`,
	callbackURL: `http://127.0.0.1:${port}/callback`, scope: ['profile', 'email', 'offline_access'], nonce: true,
	skipUserProfile: false,
}, (iss, profile, context, idToken, access, refresh, done) => done(null, { iss, profile, access, refresh })));

http.createServer((request, response) => {
	const url = new URL(request.url, issuer);
	request.session = session;
	request.query = Object.fromEntries(url.searchParams);
	const say = (status, value) => response.writeHead(status).end(JSON.stringify(value));
	passport.authenticate('openidconnect', (error, user, info) => (error ? say(500, String(error)) : say(200, user || info)))(
		request, response, (error) => say(500, String(error)));
}).listen(port, '127.0.0.1', () => console.log('"ready"'));
