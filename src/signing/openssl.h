/*
 * What OpenSSL has to be told once, before anything else is asked of it.
 */
#ifndef SIGNING_OPENSSL_H
#define SIGNING_OPENSSL_H

/* That it has memory or ends the process: where it has none, a good signature would be refused. */
void openssl_start(void);

#endif
