/*
 * Sockets for C programs that run as WASI guests of @uds/wasi-host.
 *
 * The functions have the arguments, results and errno of POSIX.1-2017; man page socket(2) and its neighbours
 * describe them, and comments here name only what differs. Structures and constants are those of wasi-libc;
 * what it lacks is added below. Descriptors are the guest's own: read, write, close, fcntl(O_NONBLOCK) and poll
 * of wasi-libc work on them too. Include <uds/posix.h> instead to use the names without the prefix.
 *
 *     clang --target=wasm32-wasi -I guest/include program.c $(find guest/src -name '*.c')
 *
 * A call that the host does not permit fails with EACCES; uds_error_text tells which option would permit it.
 */
#ifndef UDS_SOCKET_H
#define UDS_SOCKET_H

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Flags of send and recv. WASI preview 1 has PEEK and WAITALL. */
#ifndef MSG_DONTWAIT
#define MSG_DONTWAIT 0x0004
#endif
/* Accepted and without effect: no signal is ever raised in a guest. */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0x4000
#endif

/* Options of SOL_SOCKET. wasi-libc has only SO_TYPE; the others have the numbers of Linux, as in the ABI. */
#ifndef SO_REUSEADDR
#define SO_REUSEADDR 2
#endif
#ifndef SO_ERROR
#define SO_ERROR 4
#endif
#ifndef SO_BROADCAST
#define SO_BROADCAST 6
#endif
#ifndef SO_SNDBUF
#define SO_SNDBUF 7
#endif
#ifndef SO_RCVBUF
#define SO_RCVBUF 8
#endif
#ifndef SO_KEEPALIVE
#define SO_KEEPALIVE 9
#endif
#ifndef SO_LINGER
#define SO_LINGER 13
#endif
#ifndef SO_RCVTIMEO
#define SO_RCVTIMEO 20
#endif
#ifndef SO_SNDTIMEO
#define SO_SNDTIMEO 21
#endif
#ifndef SO_ACCEPTCONN
#define SO_ACCEPTCONN 30
#endif
#ifndef SO_PROTOCOL
#define SO_PROTOCOL 38
#endif
#ifndef SO_DOMAIN
#define SO_DOMAIN 39
#endif
#ifndef TCP_NODELAY
#define TCP_NODELAY 1
#endif
#ifndef IPV6_V6ONLY
#define IPV6_V6ONLY 26
#endif
#ifndef SOMAXCONN
#define SOMAXCONN 128
#endif

/* An AF_UNIX address; that of wasi-libc has no sun_path. A path that fills sun_path needs no closing NUL. */
struct uds_sockaddr_un {
    sa_family_t sun_family;
    char sun_path[108];
};

/* Room for every address; sockaddr_storage of wasi-libc is too small for a path. */
struct uds_sockaddr_storage {
    sa_family_t ss_family __attribute__((aligned(16)));
    char uds_data[126];
};

/* The value of SO_LINGER. */
struct uds_linger {
    int l_onoff;  /* 0 = off */
    int l_linger; /* seconds */
};

/* An entry of the list that getaddrinfo gives. */
struct uds_addrinfo {
    int ai_flags;
    int ai_family;
    int ai_socktype;
    int ai_protocol;
    socklen_t ai_addrlen;
    struct sockaddr *ai_addr;
    char *ai_canonname;
    struct uds_addrinfo *ai_next;
};

#define UDS_AI_PASSIVE 0x01
#define UDS_AI_CANONNAME 0x02
#define UDS_AI_NUMERICHOST 0x04
#define UDS_AI_ADDRCONFIG 0x20 /* always so: the host gives what it can reach */
#define UDS_AI_NUMERICSERV 0x400

#define UDS_EAI_BADFLAGS -1
#define UDS_EAI_NONAME -2
#define UDS_EAI_AGAIN -3
#define UDS_EAI_FAIL -4
#define UDS_EAI_FAMILY -6
#define UDS_EAI_SOCKTYPE -7
#define UDS_EAI_SERVICE -8
#define UDS_EAI_MEMORY -10
#define UDS_EAI_SYSTEM -11

/* type may be combined with SOCK_NONBLOCK; SOCK_CLOEXEC has no effect. protocol is 0, or the type's own. */
int uds_socket(int family, int type, int protocol);
int uds_connect(int fd, const struct sockaddr *address, socklen_t len);
/* Beyond POSIX: the host resolves `host`, tries both families (RFC 8305) and connects a stream. */
int uds_connect_host(int fd, const char *host, uint16_t port);
int uds_bind(int fd, const struct sockaddr *address, socklen_t len);
int uds_listen(int fd, int backlog);
int uds_accept(int fd, struct sockaddr *address, socklen_t *len);
/* flags: SOCK_NONBLOCK. */
int uds_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags);
ssize_t uds_send(int fd, const void *buf, size_t len, int flags);
ssize_t uds_recv(int fd, void *buf, size_t len, int flags);
ssize_t uds_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *address,
                   socklen_t address_len);
ssize_t uds_recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *address, socklen_t *address_len);
int uds_shutdown(int fd, int how);
int uds_close(int fd);
int uds_getsockname(int fd, struct sockaddr *address, socklen_t *len);
int uds_getpeername(int fd, struct sockaddr *address, socklen_t *len);
/* Integers are int; SO_RCVTIMEO and SO_SNDTIMEO struct timeval (0 = for ever); SO_LINGER struct uds_linger. */
int uds_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int uds_getsockopt(int fd, int level, int name, void *value, socklen_t *len);
/* At most 1024 entries: EINVAL for more. Files are always ready. */
int uds_poll(struct pollfd *entries, nfds_t count, int timeout_ms);

/* The service is a decimal port or NULL. At most 16 addresses, in the order to try them. */
int uds_getaddrinfo(const char *host, const char *service, const struct uds_addrinfo *hints,
                    struct uds_addrinfo **result);
void uds_freeaddrinfo(struct uds_addrinfo *list);
const char *uds_gai_strerror(int code);

/*
 * Beyond POSIX: starts TLS, at the host, on a connected stream; afterwards the program sends and receives plain
 * bytes. The host verifies the certificate for `name` against its own authorities, or against `ca` (PEM) when it
 * is not NULL. EACCES = the certificate was not accepted, EPROTO = the handshake failed, ENOTSUP = this host
 * cannot (it waits by `blocking`).
 */
int uds_starttls(int fd, const char *name, const char *ca);

/*
 * Beyond POSIX: why the last call on `fd` failed, in the host's words; fd -1 is the last failure of all. Gives the
 * length of the text, of which at most cap - 1 bytes and a closing NUL are written; -1 and errno on failure.
 */
int uds_error_text(int fd, char *buf, size_t cap);

#ifdef __cplusplus
}
#endif

#endif
