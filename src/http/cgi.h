/*
 * One request as CGI (RFC 3875) hands it over: environment and standard input; the answer goes to
 * standard output.
 */
#pragma once

#include "http/request.h"

/* Reads exactly CONTENT_LENGTH bytes; what is missing at the deadline or at the end is a defect. */
void cgi_receive(struct request *);

bool cgi_answer(struct bytes head, struct bytes body);
