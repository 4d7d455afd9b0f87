/*
 * The Authorization header, or whatever JWT_AUTH_HEADER_NAME says, as SimpleJWT reads it.
 */
#ifndef HTTP_AUTHORIZATION_H
#define HTTP_AUTHORIZATION_H

#include "http/request.h"

/*
 * The token: exactly two words, the first one of JWT_AUTH_HEADER_TYPES. WIRE_OK, or
 * WIRE_NOT_PROVIDED, or WIRE_BAD_AUTHORIZATION.
 */
enum wire authorization_token(const struct request *, struct bytes *out);

#endif
