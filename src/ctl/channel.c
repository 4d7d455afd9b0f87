#include "ctl/channel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE 5 /* seconds, for each step */

static int
connect_socket(const char *host, const char *port, struct trouble *trouble)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	const struct timeval patience = {.tv_sec = PATIENCE};
	struct addrinfo *found = NULL;
	int connected = -1, failed = getaddrinfo(host, port, &hints, &found);

	*trouble = (struct trouble){
	    failed == 0 ? NULL : gai_strerror(failed), "the web server must run and listen there"};
	for (struct addrinfo *at = found; at != NULL && connected < 0; at = at->ai_next) {
		connected = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		setsockopt(connected, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		setsockopt(connected, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		if (connect(connected, at->ai_addr, at->ai_addrlen) == 0)
			break;
		trouble->why = strerror(errno);
		close(connected);
		connected = -1;
	}
	if (found != NULL)
		freeaddrinfo(found);
	return connected;
}

/* Why there was no handshake; X509_V_OK: not because of the certificate. */
static struct trouble
explain(long verdict)
{
	const char *mend;

	if (verdict == X509_V_OK)
		return (struct trouble){"there is no TLS",
		    "--url http://..., or of the web server: "
		    "listen 443 ssl (Nginx), SSLEngine on "
		    "(Apache)"};
	switch (verdict) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		mend = "--url must have a name that is in the certificate";
		break;
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		mend = "renew the certificate and reload the web server";
		break;
	default:
		mend = "ssl_certificate (Nginx) or SSLCertificateFile (Apache) must have the "
		       "intermediate certificates too; of an authority of your own: "
		       "SSL_CERT_FILE=CA.pem jwtctl doctor ...";
	}
	return (struct trouble){X509_verify_cert_error_string(verdict), mend};
}

/* RFC 6066 section 3: the server's name is not told when it is an address. */
static bool
is_address(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* A session that trusts the authorities of this machine, not begun yet; NULL: out of memory. */
static BIO *
new_session(const char *host)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *session = NULL;
	BIO *tls = NULL;
	char name[NI_MAXHOST]; /* OpenSSL's macro takes no const one */

	if (context != NULL && SSL_CTX_set_default_verify_paths(context) == 1) {
		SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
		tls = BIO_new_ssl(context, 1);
	}
	SSL_CTX_free(context);
	if (tls == NULL)
		return NULL;
	BIO_get_ssl(tls, &session);
	snprintf(name, sizeof(name), "%s", host);
	if (SSL_set1_host(session, name) == 1 &&
	    (is_address(name) || SSL_set_tlsext_host_name(session, name) == 1))
		return tls;
	BIO_free(tls);
	return NULL;
}

static BIO *
shake_hands(BIO *tls, struct trouble *trouble)
{
	SSL *session = NULL;

	if (BIO_do_handshake(tls) == 1)
		return tls;
	BIO_get_ssl(tls, &session);
	*trouble = explain(SSL_get_verify_result(session));
	BIO_free_all(tls);
	return NULL;
}

BIO *
channel_open(const char *host, const char *port, bool with_tls, struct trouble *trouble)
{
	int connected = connect_socket(host, port, trouble);
	BIO *plain, *tls;

	if (connected < 0)
		return NULL;
	signal(SIGPIPE, SIG_IGN); /* OpenSSL writes with write(2) */
	plain = BIO_new_socket(connected, BIO_CLOSE);
	if (!with_tls)
		return plain;
	tls = new_session(host);
	if (tls != NULL)
		return shake_hands(BIO_push(tls, plain), trouble);
	*trouble = (struct trouble){"OpenSSL has no TLS for this", "OPENSSL_CONF, SSL_CERT_FILE"};
	BIO_free(plain);
	return NULL;
}
