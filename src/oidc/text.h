/*
 * The texts of the pages, in one file for each language, TAG.txt, where TAG is a language tag such
 * as "de" or "pt-BR" (RFC 5646). A line is `key = text` in UTF-8; empty lines and lines that begin
 * with '#' are ignored. English is compiled in and stands in for keys that a file does not have.
 */
#pragma once

#include "base/bytes.h"
#include "config/config.h"

struct language;

/*
 * Reads the files of JWT_OIDC_TEXT_DIR or, without that setting, those that are installed, if any.
 * To be called once, before the first request. false after a line in the log.
 */
bool text_open(const struct config *);

/* Adds the language of one file. Returns 0, or the number of the line that cannot be read. */
size_t text_add(const char *tag, struct bytes content);

/*
 * The language that fits best, by the lookup of RFC 4647 section 3.4: first for ui_locales, tags in
 * the order of preference (OpenID Connect Core 1.0 section 3.1.2.1), then for an Accept-Language
 * header (RFC 9110 section 12.5.4); else English. Either may be NULL or malformed.
 */
const struct language *text_language(const char *ui_locales, const char *accept_language);

const char *text_tag(const struct language *);

/* The text of a key, in English where the language has none; NULL: there is none. */
const char *text_of(const struct language *, const char *key);

/* The text with {} replaced by the value, in the arena. */
const char *text_with(struct arena *, const struct language *, const char *key, const char *value);
