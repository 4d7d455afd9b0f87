/*
 * Stubs for the functions of Kerberos and LDAP that libpq.a calls: each reports that it is not
 * available. The real libraries (two dozen files to load) would take most of the start of auth.cgi,
 * and no shared host authenticates its customers to PostgreSQL with them. libpq only looks at the
 * results, so the stubs take no arguments.
 */
#include <stddef.h>

#define GSS_S_UNAVAILABLE (16u << 16)

unsigned gss_acquire_cred(void);
unsigned gss_delete_sec_context(void);
unsigned gss_display_status(void);
unsigned gss_import_name(void);
unsigned gss_init_sec_context(void);
unsigned gss_release_buffer(void);
unsigned gss_release_cred(void);
unsigned gss_release_name(void);
unsigned gss_unwrap(void);
unsigned gss_wrap(void);
unsigned gss_wrap_size_limit(void);
int ldap_count_entries(void);
const char *ldap_err2string(void);
void *ldap_first_entry(void);
void *ldap_get_values_len(void);
void *ldap_init(void);
int ldap_msgfree(void);
int ldap_result(void);
int ldap_search_st(void);
int ldap_set_option(void);
int ldap_simple_bind(void);
int ldap_unbind(void);
void ldap_value_free_len(void);
extern void *const GSS_C_NT_HOSTBASED_SERVICE;

void *const GSS_C_NT_HOSTBASED_SERVICE = NULL;

unsigned
gss_acquire_cred(void)
{
	return GSS_S_UNAVAILABLE;
}

unsigned
gss_delete_sec_context(void)
{
	return GSS_S_UNAVAILABLE;
}

unsigned
gss_display_status(void)
{
	return GSS_S_UNAVAILABLE;
}

unsigned
gss_import_name(void)
{
	return GSS_S_UNAVAILABLE;
}

unsigned
gss_init_sec_context(void)
{
	return GSS_S_UNAVAILABLE;
}

unsigned
gss_release_buffer(void)
{
	return GSS_S_UNAVAILABLE;
}

unsigned
gss_release_cred(void)
{
	return GSS_S_UNAVAILABLE;
}

unsigned
gss_release_name(void)
{
	return GSS_S_UNAVAILABLE;
}

unsigned
gss_unwrap(void)
{
	return GSS_S_UNAVAILABLE;
}

unsigned
gss_wrap(void)
{
	return GSS_S_UNAVAILABLE;
}

unsigned
gss_wrap_size_limit(void)
{
	return GSS_S_UNAVAILABLE;
}

int
ldap_count_entries(void)
{
	return -1;
}

int
ldap_msgfree(void)
{
	return -1;
}

int
ldap_result(void)
{
	return -1;
}

int
ldap_search_st(void)
{
	return -1;
}

int
ldap_set_option(void)
{
	return -1;
}

int
ldap_simple_bind(void)
{
	return -1;
}

int
ldap_unbind(void)
{
	return -1;
}

void *
ldap_first_entry(void)
{
	return NULL;
}

void *
ldap_get_values_len(void)
{
	return NULL;
}

void *
ldap_init(void)
{
	return NULL;
}

const char *
ldap_err2string(void)
{
	return "no LDAP";
}

void
ldap_value_free_len(void)
{
}
