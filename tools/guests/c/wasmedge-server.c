/* wasmedge-server COUNT: echoes on 127.0.0.1, over WasmEdge's ABI, and prints its port. */
#include "abi/wasmedge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail(const char *call, uint32_t code) {
    printf("%s: errno %u\n", call, (unsigned)code);
    return 1;
}

static uint32_t accept_one(int32_t fd, int32_t *new_fd) {
#ifdef WASMEDGE_V2
    return edge_accept_v2(fd, 0, new_fd);
#else
    return edge_accept_v1(fd, new_fd);
#endif
}

static uint32_t port_of(int32_t fd, uint32_t *port) {
    uint8_t bytes[128];
    edge_address address = {bytes, sizeof bytes};
#ifdef WASMEDGE_V2
    return edge_local_v2(fd, &address, port);
#else
    uint32_t type;
    return edge_local_v1(fd, &address, &type, port);
#endif
}

static uint32_t echo(int32_t fd) {
    static char buf[65536]; /* the stack of a guest is 64 KiB */
    edge_iovec in = {buf, sizeof buf};
    uint32_t count, sent, code;
    uint16_t flags;
    while ((code = edge_recv(fd, &in, 1, 0, &count, &flags)) == 0 && count > 0) {
        for (uint32_t done = 0; done < count; done += sent) {
            edge_iovec out = {buf + done, count - done};
            code = edge_send(fd, &out, 1, 0, &sent);
            if (code != 0) return code;
        }
    }
    close(fd);
    return code;
}

int main(int argc, char **argv) {
    if (argc != 2) return fail("usage: wasmedge-server COUNT", 0);
    int32_t fd, accepted;
    uint32_t port, code = edge_open(EDGE_INET4, EDGE_STREAM, &fd);
    if (code != 0) return fail("open", code);
#ifdef WASMEDGE_V2
    uint8_t bytes[EDGE_ADDRESS] = {EDGE_INET4, 0, 127, 0, 0, 1};
#else
    uint8_t bytes[EDGE_ADDRESS] = {127, 0, 0, 1};
#endif
    edge_address address = {bytes, sizeof bytes};
    if ((code = edge_bind(fd, &address, 0)) != 0) return fail("bind", code);
    if ((code = edge_listen(fd, 16)) != 0) return fail("listen", code);
    if ((code = port_of(fd, &port)) != 0) return fail("getlocaladdr", code);
    printf("listening on %u\n", (unsigned)port);
    fflush(stdout);
    for (int left = atoi(argv[1]); left > 0; left--) {
        if ((code = accept_one(fd, &accepted)) != 0) return fail("accept", code);
        if ((code = echo(accepted)) != 0) return fail("echo", code);
    }
    printf("served\n");
    return close(fd);
}
