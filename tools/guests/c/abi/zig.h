/* The six calls of zig-wasm-cpython. An address is 19 bytes: family, port (big-endian), 16 bytes. */
#include <stdint.h>

#define ZIG(name) __attribute__((__import_module__("wasi_snapshot_preview1"), __import_name__(#name)))

ZIG(sock_open) int32_t zig_open(int32_t family, int32_t type, int32_t *fd);
ZIG(sock_resolve)
int32_t zig_resolve(const char *host, uint32_t len, int32_t port, uint8_t *addrs, uint32_t max, uint32_t *count);
ZIG(sock_connect) int32_t zig_connect(int32_t fd, const uint8_t *addr);
ZIG(sock_send) int32_t zig_send(int32_t fd, const void *buf, uint32_t len, uint32_t *sent);
ZIG(sock_recv) int32_t zig_recv(int32_t fd, void *buf, uint32_t len, uint32_t *got);
ZIG(sock_close) int32_t zig_close(int32_t fd);

#define ZIG_AF_INET 2
#define ZIG_STREAM 1
#define ZIG_ADDRESS 19
