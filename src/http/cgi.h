/*
 * Answers one CGI request (RFC 3875): reads environment and standard input, writes to standard
 * output.
 */
#pragma once

#include "http/request.h"

/* Reads CONTENT_LENGTH bytes of body; if it is shorter, or late, the request has a defect. */
void cgi_receive(struct request *);

bool cgi_answer(struct bytes head, struct bytes body);
