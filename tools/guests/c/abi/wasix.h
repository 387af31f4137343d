/*
 * WASIX' socket calls. An address is 110 bytes: the family (u8, and a byte of padding), then the port (u16) and the
 * IP address, or the path.
 */
#include <stdint.h>

#define WASIX(name) __attribute__((__import_module__("wasix_32v1"), __import_name__(#name)))

#define WASIX_INET4 1
#define WASIX_INET6 2
#define WASIX_UNIX 3
#define WASIX_STREAM 1
#define WASIX_TCP 6
#define WASIX_RECV_TIMEOUT 19
#define WASIX_REUSE_ADDR 2

typedef struct {
    uint8_t family;
    uint8_t padding;
    union {
        struct {
            uint16_t port;
            uint8_t bytes[16];
        } ip;
        char path[108];
    } u;
} wasix_address;

_Static_assert(sizeof(wasix_address) == 110, "an address has 110 bytes");

/* An address that a name was resolved to. */
typedef struct {
    uint8_t family;
    uint8_t padding;
    uint8_t bytes[16];
} wasix_ip;

typedef struct {
    uint8_t some;
    uint64_t nanoseconds;
} wasix_time;

typedef struct {
    const void *buf;
    uint32_t size;
} wasix_iovec;

WASIX(sock_open) uint32_t wasix_open(uint32_t family, uint32_t type, uint32_t protocol, int32_t *fd);
WASIX(sock_pair)
uint32_t wasix_pair(uint32_t family, uint32_t type, uint32_t protocol, int32_t *fd, int32_t *other);
WASIX(sock_bind) uint32_t wasix_bind(int32_t fd, const wasix_address *address);
WASIX(sock_listen) uint32_t wasix_listen(int32_t fd, uint32_t backlog);
WASIX(sock_accept_v2) uint32_t wasix_accept(int32_t fd, uint32_t flags, int32_t *new_fd, wasix_address *peer);
WASIX(sock_connect) uint32_t wasix_connect(int32_t fd, const wasix_address *address);
WASIX(sock_addr_local) uint32_t wasix_local(int32_t fd, wasix_address *address);
WASIX(sock_addr_peer) uint32_t wasix_peer(int32_t fd, wasix_address *address);
WASIX(sock_recv_from)
uint32_t wasix_recv_from(int32_t fd, const wasix_iovec *iov, uint32_t count, uint32_t flags, uint32_t *got,
                         uint16_t *out_flags, wasix_address *from);
WASIX(sock_set_opt_flag) uint32_t wasix_set_flag(int32_t fd, uint32_t option, uint32_t value);
WASIX(sock_set_opt_time) uint32_t wasix_set_time(int32_t fd, uint32_t option, const wasix_time *value);
WASIX(resolve)
uint32_t wasix_resolve(const char *host, uint32_t length, uint32_t port, wasix_ip *addresses, uint32_t most,
                       uint32_t *count);

/* What wasix-libc imports from preview 1. */
#define PREVIEW1(name) __attribute__((__import_module__("wasi_snapshot_preview1"), __import_name__(#name)))

PREVIEW1(sock_send)
uint32_t wasix_send(int32_t fd, const wasix_iovec *iov, uint32_t count, uint32_t flags, uint32_t *sent);
PREVIEW1(sock_recv)
uint32_t wasix_recv(int32_t fd, const wasix_iovec *iov, uint32_t count, uint32_t flags, uint32_t *got,
                    uint16_t *out_flags);
PREVIEW1(sock_shutdown) uint32_t wasix_shutdown(int32_t fd, uint32_t how);
