/*
 * The import module `uds_socket`, as ../../ABI.md defines it: one declaration for each import, nothing else.
 *
 * Every function gives 0 or a WASI errno. wasi-libc's <errno.h> has the same numbers, so `errno = result` is right.
 */
#ifndef UDS_ABI_H
#define UDS_ABI_H

#include <stdint.h>

#define UDS_IMPORT(name) __attribute__((__import_module__("uds_socket"), __import_name__(#name)))

/* Families, types and options have the numbers of Linux; wasi-libc's own AF_INET is 1. */
#define UDS_AF_UNSPEC 0
#define UDS_AF_UNIX 1
#define UDS_AF_INET 2
#define UDS_AF_INET6 10

#define UDS_SOCK_STREAM 1
#define UDS_SOCK_DGRAM 2

#define UDS_PEEK 1
#define UDS_WAITALL 2
#define UDS_DONTWAIT 4

#define UDS_SOL_SOCKET 1
#define UDS_IPPROTO_TCP 6
#define UDS_IPPROTO_IPV6 41

#define UDS_SO_LINGER 13
#define UDS_SO_RCVTIMEO 20
#define UDS_SO_SNDTIMEO 21

#define UDS_POLLIN 1
#define UDS_POLLOUT 4
#define UDS_POLLERR 8
#define UDS_POLLHUP 16
#define UDS_POLLNVAL 32

/* For `which` of uds_abi_sock_set_timeout. */
#define UDS_RECEIVING 1
#define UDS_SENDING 2

/* For `what` of uds_abi_sock_tls_info. */
#define UDS_TLS_PROTOCOL 0
#define UDS_TLS_CIPHER 1
#define UDS_TLS_ALPN 2
#define UDS_TLS_CERTIFICATE 3

/* An IP address is family (1 byte), port (2, big-endian) and 16 bytes; an AF_UNIX one ends with its path. */
#define UDS_ADDRESS_HEAD 3
#define UDS_IP_ADDRESS 19
#define UDS_PATH_MAX 107
#define UDS_ADDRESS_MAX 128

/* One entry of uds_abi_sock_poll. */
typedef struct {
    int32_t fd;
    uint16_t events;
    uint16_t revents;
} uds_abi_pollfd;
_Static_assert(sizeof(uds_abi_pollfd) == 8, "an entry of sock_poll has 8 bytes");

UDS_IMPORT(sock_open) int32_t uds_abi_sock_open(int32_t family, int32_t type, int32_t *fd);
UDS_IMPORT(sock_close) int32_t uds_abi_sock_close(int32_t fd);
UDS_IMPORT(sock_resolve)
int32_t uds_abi_sock_resolve(const char *host, uint32_t host_len, int32_t family, uint32_t port, uint8_t *addrs,
                             uint32_t max, uint32_t *count);
UDS_IMPORT(sock_connect) int32_t uds_abi_sock_connect(int32_t fd, const uint8_t *addr, uint32_t addr_len);
UDS_IMPORT(sock_connect_host)
int32_t uds_abi_sock_connect_host(int32_t fd, const char *host, uint32_t host_len, uint32_t port);
UDS_IMPORT(sock_bind) int32_t uds_abi_sock_bind(int32_t fd, const uint8_t *addr, uint32_t addr_len);
UDS_IMPORT(sock_listen) int32_t uds_abi_sock_listen(int32_t fd, int32_t backlog);
UDS_IMPORT(sock_accept)
int32_t uds_abi_sock_accept(int32_t fd, int32_t nonblocking, int32_t *new_fd, uint8_t *addr, uint32_t cap,
                            uint32_t *addr_len);
UDS_IMPORT(sock_send)
int32_t uds_abi_sock_send(int32_t fd, const void *buf, uint32_t len, int32_t flags, uint32_t *sent);
UDS_IMPORT(sock_recv)
int32_t uds_abi_sock_recv(int32_t fd, void *buf, uint32_t len, int32_t flags, uint32_t *got);
UDS_IMPORT(sock_sendto)
int32_t uds_abi_sock_sendto(int32_t fd, const void *buf, uint32_t len, int32_t flags, const uint8_t *addr,
                            uint32_t addr_len, uint32_t *sent);
UDS_IMPORT(sock_recvfrom)
int32_t uds_abi_sock_recvfrom(int32_t fd, void *buf, uint32_t len, int32_t flags, uint32_t *got,
                              uint32_t *truncated, uint8_t *addr, uint32_t cap, uint32_t *addr_len);
UDS_IMPORT(sock_shutdown) int32_t uds_abi_sock_shutdown(int32_t fd, int32_t how);
UDS_IMPORT(sock_getsockname)
int32_t uds_abi_sock_getsockname(int32_t fd, uint8_t *addr, uint32_t cap, uint32_t *addr_len);
UDS_IMPORT(sock_getpeername)
int32_t uds_abi_sock_getpeername(int32_t fd, uint8_t *addr, uint32_t cap, uint32_t *addr_len);
UDS_IMPORT(sock_setsockopt)
int32_t uds_abi_sock_setsockopt(int32_t fd, int32_t level, int32_t name, const int32_t *value, uint32_t len);
UDS_IMPORT(sock_getsockopt)
int32_t uds_abi_sock_getsockopt(int32_t fd, int32_t level, int32_t name, int32_t *value, uint32_t cap,
                                uint32_t *len);
UDS_IMPORT(sock_set_nonblocking) int32_t uds_abi_sock_set_nonblocking(int32_t fd, int32_t on);
UDS_IMPORT(sock_set_timeout) int32_t uds_abi_sock_set_timeout(int32_t fd, int32_t which, int32_t ms);
UDS_IMPORT(sock_poll)
int32_t uds_abi_sock_poll(uds_abi_pollfd *entries, uint32_t count, int32_t timeout_ms, uint32_t *ready);
UDS_IMPORT(sock_starttls)
int32_t uds_abi_sock_starttls(int32_t fd, const char *name, uint32_t name_len, int32_t flags, const char *ca,
                              uint32_t ca_len, const uint8_t *alpn, uint32_t alpn_len);
UDS_IMPORT(sock_tls_info)
int32_t uds_abi_sock_tls_info(int32_t fd, int32_t what, void *buf, uint32_t cap, uint32_t *len);
UDS_IMPORT(sock_error_text) int32_t uds_abi_sock_error_text(int32_t fd, char *buf, uint32_t cap, uint32_t *len);

#undef UDS_IMPORT

#endif
