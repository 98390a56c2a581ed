# Flags and switches of kith's configure.

# KITH_TRY_FLAG(VARIABLE, FLAG [, EXTRA]): append FLAG when the compiler takes it.
AC_DEFUN([KITH_TRY_FLAG], [
  AS_VAR_PUSHDEF([cv], [kith_cv_flag_$2])
  AC_CACHE_CHECK([whether $CC takes $2], [cv], [
    kith_save=$CFLAGS; CFLAGS="$CFLAGS -Werror $2"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [AS_VAR_SET([cv], [yes])], [AS_VAR_SET([cv], [no])])
    CFLAGS=$kith_save])
  AS_VAR_IF([cv], [yes], [$1="$$1 $2"])
  AS_VAR_POPDEF([cv])])

AC_DEFUN([KITH_HARDENING], [
  HARDEN_CFLAGS=; HARDEN_LDFLAGS=
  m4_foreach_w([kith_flag], [-fstack-clash-protection -fstack-protector-strong -fcf-protection=full
    -ftrivial-auto-var-init=zero -fno-delete-null-pointer-checks -fno-strict-overflow
    -fno-strict-aliasing -fstrict-flex-arrays=3 -fzero-init-padding-bits=all],
    [KITH_TRY_FLAG([HARDEN_CFLAGS], kith_flag)])
  m4_foreach([kith_flag], [[-Wl,-z,relro], [-Wl,-z,now], [-Wl,-z,noexecstack], [-Wl,-z,nodlopen], [-Wl,--as-needed]],
    [KITH_TRY_FLAG([HARDEN_LDFLAGS], [kith_flag])])
  AC_SUBST([HARDEN_CFLAGS])
  AC_SUBST([HARDEN_LDFLAGS])])

AC_DEFUN([KITH_WARNINGS], [
  WARN_CFLAGS=
  m4_foreach_w([kith_flag], [-Wall -Wextra -Wshadow -Wcast-qual -Wwrite-strings -Wmissing-prototypes
    -Wstrict-prototypes -Wformat=2 -Wconversion -Wno-sign-conversion -Wimplicit-fallthrough
    -Wvla -Wbidi-chars=any -Wtrampolines -Wundef -Wpointer-arith
    -Werror=implicit -Werror=incompatible-pointer-types
    -Werror=int-conversion], [KITH_TRY_FLAG([WARN_CFLAGS], kith_flag)])
  AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [warnings are errors (./check does it)])],
    [kith_werror=$enableval], [kith_werror=no])
  # The compiler takes this one only together with -Wformat, so it is not probed.
  WARN_CFLAGS="$WARN_CFLAGS -Werror=format-security"
  AS_IF([test "x$kith_werror" = xyes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
  AC_SUBST([WARN_CFLAGS])])

AC_DEFUN([KITH_SANITIZER], [
  AC_ARG_WITH([sanitizer], [AS_HELP_STRING([--with-sanitizer=LIST], [e.g. address,undefined])],
    [kith_sanitizer=$withval], [kith_sanitizer=no])
  SAN_CFLAGS=
  AS_IF([test "x$kith_sanitizer" != xno],
    [SAN_CFLAGS="-fsanitize=$kith_sanitizer -fno-sanitize-recover=all -fno-omit-frame-pointer -g"
     HARDEN_LDFLAGS=],
    [HARDEN_CFLAGS="$HARDEN_CFLAGS -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3"])
  AM_CONDITIONAL([SANITIZED], [test "x$kith_sanitizer" != xno])
  AC_SUBST([SAN_CFLAGS])])

AC_DEFUN([KITH_FUZZERS], [
  AC_ARG_ENABLE([fuzzers], [AS_HELP_STRING([--enable-fuzzers], [build libFuzzer targets (needs clang)])],
    [kith_fuzzers=$enableval], [kith_fuzzers=no])
  AS_IF([test "x$kith_fuzzers" = xyes],
    [KITH_TRY_FLAG([kith_fuzz_flag], [-fsanitize=fuzzer-no-link])
     AS_IF([test -z "$kith_fuzz_flag"],
       [AC_MSG_ERROR([--enable-fuzzers needs clang: CC=clang ./configure --enable-fuzzers])])
     AS_IF([test "x$kith_sanitizer" = xno], [kith_sanitizer=address,undefined])
     SAN_CFLAGS="-fsanitize=fuzzer-no-link,$kith_sanitizer -fno-sanitize-recover=all -fno-omit-frame-pointer -g"
     FUZZ_ENGINE=-fsanitize=fuzzer
     HARDEN_CFLAGS=; HARDEN_LDFLAGS=],
    [FUZZ_ENGINE=])
  AC_SUBST([FUZZ_ENGINE])
  AC_SUBST([kith_sanitizer])
  AM_CONDITIONAL([FUZZERS], [test "x$kith_fuzzers" = xyes])])

# KITH_OPTIONAL(name, NAME, modules, what for): used when it is there; HAVE_NAME of
# automake says so; --with-name makes it needed, --without-name leaves it out.
AC_DEFUN([KITH_OPTIONAL], [
  AC_ARG_WITH([$1], [AS_HELP_STRING([--without-$1], [build without $4])], [],
    [with_$1=auto])
  have_$1=no
  AS_IF([test "x$with_$1" != xno],
    [PKG_CHECK_MODULES([$2], [$3], [have_$1=yes],
      [AS_IF([test "x$with_$1" = xyes], [AC_MSG_ERROR([--with-$1: $$2_PKG_ERRORS])])])])
  AM_CONDITIONAL([HAVE_$2], [test "x$have_$1" = xyes])
])
