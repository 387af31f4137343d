/*
 * <uds/socket.h> under the names of POSIX, for programs that were written for a system with sockets:
 *
 *     clang --target=wasm32-wasi -I guest/include -include uds/posix.h program.c $(find guest/src -name '*.c')
 *
 * Macros, because wasi-libc defines accept, send, recv, shutdown, getsockopt and poll itself, for preview 1 alone.
 */
#ifndef UDS_POSIX_H
#define UDS_POSIX_H

#include <uds/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define socket uds_socket
#define connect uds_connect
#define bind uds_bind
#define listen uds_listen
#define accept uds_accept
#define accept4 uds_accept4
#define send uds_send
#define recv uds_recv
#define sendto uds_sendto
#define recvfrom uds_recvfrom
#define shutdown uds_shutdown
#define getsockname uds_getsockname
#define getpeername uds_getpeername
#define setsockopt uds_setsockopt
#define getsockopt uds_getsockopt
#define poll uds_poll
#define getaddrinfo uds_getaddrinfo
#define freeaddrinfo uds_freeaddrinfo
#define gai_strerror uds_gai_strerror

/* These are also the names of types; a macro without arguments renames both. */
#define addrinfo uds_addrinfo
#define linger uds_linger
#define sockaddr_un uds_sockaddr_un
#define sockaddr_storage uds_sockaddr_storage

#define AI_PASSIVE UDS_AI_PASSIVE
#define AI_CANONNAME UDS_AI_CANONNAME
#define AI_NUMERICHOST UDS_AI_NUMERICHOST
#define AI_ADDRCONFIG UDS_AI_ADDRCONFIG
#define AI_NUMERICSERV UDS_AI_NUMERICSERV
#define EAI_BADFLAGS UDS_EAI_BADFLAGS
#define EAI_NONAME UDS_EAI_NONAME
#define EAI_AGAIN UDS_EAI_AGAIN
#define EAI_FAIL UDS_EAI_FAIL
#define EAI_FAMILY UDS_EAI_FAMILY
#define EAI_SOCKTYPE UDS_EAI_SOCKTYPE
#define EAI_SERVICE UDS_EAI_SERVICE
#define EAI_MEMORY UDS_EAI_MEMORY
#define EAI_SYSTEM UDS_EAI_SYSTEM

#endif
