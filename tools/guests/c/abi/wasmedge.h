/*
 * WasmEdge's socket calls: the shapes that both versions share, then those of version 1, or of version 2 with
 * -DWASMEDGE_V2. An address of version 1 has 4 or 16 bytes; one of version 2 has 128: the family (u16), then the
 * IP address or the path. The port is an argument of its own.
 */
#include <stdint.h>

#define EDGE(name) __attribute__((__import_module__("wasi_snapshot_preview1"), __import_name__(#name)))

typedef struct {
    void *buf;
    uint32_t size;
} edge_address;

typedef struct {
    void *buf;
    uint32_t size;
} edge_iovec;

#define EDGE_INET4 1
#define EDGE_UNIX 3
#define EDGE_STREAM 2

EDGE(sock_open) uint32_t edge_open(uint8_t family, uint8_t type, int32_t *fd);
EDGE(sock_bind) uint32_t edge_bind(int32_t fd, edge_address *address, uint32_t port);
EDGE(sock_listen) uint32_t edge_listen(int32_t fd, uint32_t backlog);
EDGE(sock_connect) uint32_t edge_connect(int32_t fd, edge_address *address, uint32_t port);
EDGE(sock_recv)
uint32_t edge_recv(int32_t fd, edge_iovec *iov, uint32_t count, uint16_t flags, uint32_t *got, uint16_t *out_flags);
EDGE(sock_send)
uint32_t edge_send(int32_t fd, const edge_iovec *iov, uint32_t count, uint16_t flags, uint32_t *sent);
EDGE(sock_shutdown) uint32_t edge_shutdown(int32_t fd, uint8_t how);

#ifdef WASMEDGE_V2
#define EDGE_ADDRESS 128
EDGE(sock_accept) uint32_t edge_accept_v2(int32_t fd, uint16_t flags, int32_t *new_fd);
EDGE(sock_getlocaladdr) uint32_t edge_local_v2(int32_t fd, edge_address *address, uint32_t *port);
#else
#define EDGE_ADDRESS 4
EDGE(sock_accept) uint32_t edge_accept_v1(int32_t fd, int32_t *new_fd);
EDGE(sock_getlocaladdr) uint32_t edge_local_v1(int32_t fd, edge_address *address, uint32_t *type, uint32_t *port);
#endif
