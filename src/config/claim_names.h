/*
 * The names of claims: those that the programs write themselves, and those of the operator's own.
 */
#pragma once

#include "config/config.h"

/*
 * Whether the claims that settings name differ, and those of JWT_CLAIMS_HEADERS can be headers;
 * false after a line in the log for each fault.
 */
bool claim_names_agree(struct arena *, const struct config *);

/* Whether a claim of that name is the programs' to write, so that no query may. */
bool claim_names_reserved(const struct config *, const char *name);
