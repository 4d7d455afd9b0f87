dnl PROBE_FLAGS(VARIABLE, compile|link, FLAGS, [CODE])
dnl Adds to VARIABLE those of FLAGS that the compiler takes without a warning. The loop is the shell's:
dnl one of m4 would split "-Wl,-z,relro" at its commas.
AC_DEFUN([PROBE_FLAGS], [
probe_saved_cflags=$CFLAGS
probe_saved_ldflags=$LDFLAGS
for probe_flag in m4_normalize([$3]); do
	AC_MSG_CHECKING([whether $CC accepts $probe_flag])
	m4_if([$2], [link], [LDFLAGS="$probe_saved_ldflags -Werror $probe_flag"],
	    [CFLAGS="$probe_saved_cflags -Werror $probe_flag"])
	m4_if([$2], [link], [AC_LINK_IFELSE], [AC_COMPILE_IFELSE])(
	    [m4_default([$4], [AC_LANG_PROGRAM([], [])])],
	    [$1="${$1:+$$1 }$probe_flag"; AC_MSG_RESULT([yes])],
	    [AC_MSG_RESULT([no])])
	CFLAGS=$probe_saved_cflags
	LDFLAGS=$probe_saved_ldflags
done])
