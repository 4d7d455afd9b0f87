/*
 * Stubs for the functions of Kerberos and LDAP that libpq.a calls: each reports that it is not
 * available. The real libraries (two dozen files to load) would take most of the start of auth.cgi,
 * and no shared host authenticates its customers to PostgreSQL with them. libpq only looks at the
 * results, so the stubs take no arguments.
 */
#include <stddef.h>

#define GSS_S_UNAVAILABLE (16u << 16)

static unsigned
no_gss(void)
{
	return GSS_S_UNAVAILABLE;
}

static int
no_ldap(void)
{
	return -1;
}

static void *
no_ldap_pointer(void)
{
	return NULL;
}

const char *ldap_err2string(void);
extern void *const GSS_C_NT_HOSTBASED_SERVICE;

void *const GSS_C_NT_HOSTBASED_SERVICE = NULL;

unsigned gss_acquire_cred(void) __attribute__((alias("no_gss")));
unsigned gss_delete_sec_context(void) __attribute__((alias("no_gss")));
unsigned gss_display_status(void) __attribute__((alias("no_gss")));
unsigned gss_import_name(void) __attribute__((alias("no_gss")));
unsigned gss_init_sec_context(void) __attribute__((alias("no_gss")));
unsigned gss_release_buffer(void) __attribute__((alias("no_gss")));
unsigned gss_release_cred(void) __attribute__((alias("no_gss")));
unsigned gss_release_name(void) __attribute__((alias("no_gss")));
unsigned gss_unwrap(void) __attribute__((alias("no_gss")));
unsigned gss_wrap(void) __attribute__((alias("no_gss")));
unsigned gss_wrap_size_limit(void) __attribute__((alias("no_gss")));

int ldap_count_entries(void) __attribute__((alias("no_ldap")));
int ldap_msgfree(void) __attribute__((alias("no_ldap")));
int ldap_result(void) __attribute__((alias("no_ldap")));
int ldap_search_st(void) __attribute__((alias("no_ldap")));
int ldap_set_option(void) __attribute__((alias("no_ldap")));
int ldap_simple_bind(void) __attribute__((alias("no_ldap")));
int ldap_unbind(void) __attribute__((alias("no_ldap")));

void *ldap_first_entry(void) __attribute__((alias("no_ldap_pointer")));
void *ldap_get_values_len(void) __attribute__((alias("no_ldap_pointer")));
void *ldap_init(void) __attribute__((alias("no_ldap_pointer")));
void *ldap_value_free_len(void) __attribute__((alias("no_ldap_pointer"))); /* returns nothing */

const char *
ldap_err2string(void)
{
	return "no LDAP";
}
