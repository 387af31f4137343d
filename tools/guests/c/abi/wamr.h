/* The calls of wasm-micro-runtime. An address is the kind (u32: 0 is IPv4), then the bytes and the port (u16). */
#include <stdint.h>

#define WAMR(name) __attribute__((__import_module__("wasi_snapshot_preview1"), __import_name__(#name)))

#define WAMR_INET4 0
#define WAMR_STREAM 1

typedef struct {
    uint32_t kind;
    uint8_t bytes[4];
    uint16_t port;
    uint8_t rest[14];
} wamr_address;

_Static_assert(sizeof(wamr_address) == 24, "an address has 24 bytes");

typedef struct {
    wamr_address address;
    uint32_t type;
} wamr_address_info;

typedef struct {
    const void *buf;
    uint32_t size;
} wamr_iovec;

WAMR(sock_open) uint32_t wamr_open(uint32_t pool, uint32_t family, uint32_t type, int32_t *fd);
WAMR(sock_connect) uint32_t wamr_connect(int32_t fd, const wamr_address *address);
WAMR(sock_addr_resolve)
uint32_t wamr_resolve(const char *host, const char *service, const void *hints, wamr_address_info *found,
                      uint32_t most, uint32_t *count);
WAMR(sock_addr_remote) uint32_t wamr_remote(int32_t fd, wamr_address *address);
WAMR(sock_set_tcp_no_delay) uint32_t wamr_set_no_delay(int32_t fd, uint32_t on);
WAMR(sock_recv)
uint32_t wamr_recv(int32_t fd, const wamr_iovec *iov, uint32_t count, uint32_t flags, uint32_t *got,
                   uint16_t *out_flags);
WAMR(sock_send) uint32_t wamr_send(int32_t fd, const wamr_iovec *iov, uint32_t count, uint32_t flags, uint32_t *sent);
WAMR(sock_shutdown) uint32_t wamr_shutdown(int32_t fd, uint32_t how);
WAMR(sock_close) uint32_t wamr_close(int32_t fd);
