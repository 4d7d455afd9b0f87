/*
 * Answers one CGI request (RFC 3875): reads environment and standard input, writes to standard
 * output.
 */
#pragma once

#include "http/handle.h"

/* Answers the request of this process. */
void cgi_answer(const struct service *);

/*
 * Reads the variables and, if `with_body`, CONTENT_LENGTH bytes of body. If it is shorter, or late,
 * the request has a defect.
 */
void cgi_receive(struct request *, bool with_body);
