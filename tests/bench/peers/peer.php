<?php
// The same three endpoints as a PHP programmer would write them by hand: no framework, one persistent
// connection, prepared statements. Enough of them to be measured, not to be used.

function refuse(string $detail): never
{
	http_response_code(401);
	exit(json_encode(['detail' => $detail]));
}

function b64url(string $raw): string
{
	return rtrim(strtr(base64_encode($raw), '+/', '-_'), '=');
}

function sign(array $claims): string
{
	$signed = b64url('{"alg":"HS256","typ":"JWT"}') . '.' . b64url(json_encode($claims));
	return $signed . '.' . b64url(hash_hmac('sha256', $signed, getenv('BENCH_KEY'), true));
}

function read_token(string $token, string $type): array
{
	$parts = explode('.', $token);
	if (count($parts) != 3)
		refuse('Token is invalid');
	$expected = b64url(hash_hmac('sha256', "$parts[0].$parts[1]", getenv('BENCH_KEY'), true));
	$header = json_decode(base64_decode(strtr($parts[0], '-_', '+/')), true);
	$claims = json_decode(base64_decode(strtr($parts[1], '-_', '+/')), true);
	if (!hash_equals($expected, $parts[2]) || $header['alg'] !== 'HS256' || $claims['exp'] <= time()
		|| $claims['token_type'] !== $type)
		refuse('Token is invalid');
	return $claims;
}

function user(string $column, string $value): array
{
	static $statements = [];
	$database = new PDO('pgsql:', null, null, [PDO::ATTR_PERSISTENT => true, PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
	$statement = $database->prepare("SELECT id, password, is_active FROM auth_user WHERE $column = ?");
	$statement->execute([$value]);
	$user = $statement->fetch(PDO::FETCH_ASSOC);
	if (!$user || !$user['is_active'])
		refuse('No active account found');
	return $user;
}

function claims(string $type, int $lifetime, string $user): array
{
	return ['token_type' => $type, 'exp' => time() + $lifetime, 'iat' => time(), 'jti' => bin2hex(random_bytes(16)),
		'user_id' => $user];
}

header('Content-Type: application/json');
header('Cache-Control: no-store');
switch (strtok($_SERVER['REQUEST_URI'], '?')) {
case '/hello/':
	$claims = read_token(substr($_SERVER['HTTP_AUTHORIZATION'] ?? '', 7), 'access');
	user('id', $claims['user_id']);
	exit('{"message":"Hello, World!"}');
case '/api/token/refresh/':
	$body = json_decode(file_get_contents('php://input'), true);
	$claims = read_token($body['refresh'] ?? '', 'refresh');
	$user = user('id', $claims['user_id']);
	exit(json_encode(['access' => sign(claims('access', 300, (string)$user['id']))]));
case '/api/token/':
	$body = json_decode(file_get_contents('php://input'), true);
	$user = user('username', $body['username'] ?? '');
	[, $iterations, $salt, $hash] = explode('$', $user['password']);
	$found = hash_pbkdf2('sha256', $body['password'] ?? '', $salt, (int)$iterations, 32, true);
	if (!hash_equals($hash, base64_encode($found)))
		refuse('No active account found');
	exit(json_encode(['refresh' => sign(claims('refresh', 86400, (string)$user['id'])),
		'access' => sign(claims('access', 300, (string)$user['id']))]));
default:
	http_response_code(404);
}
