/*
 * wasi-libc has no <netdb.h> for preview 1; without this one the compiler takes that of the machine it runs on, which is
 * for another target.
 */
#include <uds/posix.h>
