/*
 * Checks the names of claims: the programs' own and those of the operator's queries.
 */
#pragma once

#include "config/config.h"

/*
 * Whether the claims named by settings differ from each other and those of JWT_CLAIMS_HEADERS can
 * be header names. Logs each fault.
 */
bool claim_names_agree(struct arena *, const struct config *);

/* Whether only the programs may write a claim of that name: no query may return it. */
bool claim_names_reserved(const struct config *, const char *name);
