/*
 * wasmedge-client ADDRESS PORT TEXT: says TEXT to an echo server and prints what comes back, over WasmEdge's ABI.
 * ADDRESS is an IPv4 address, or in version 2 also a path of AF_UNIX (PORT is then 0).
 */
#include "abi/wasmedge.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail(const char *call, uint32_t code) {
    printf("%s: errno %u\n", call, (unsigned)code);
    return 1;
}

/* Fills an address and gives its family. */
static uint8_t read_address(const char *text, uint8_t bytes[EDGE_ADDRESS]) {
    memset(bytes, 0, EDGE_ADDRESS);
#ifdef WASMEDGE_V2
    uint8_t family = text[0] == '/' ? EDGE_UNIX : EDGE_INET4;
    bytes[0] = family;
    if (family == EDGE_UNIX) {
        strncpy((char *)bytes + 2, text, EDGE_ADDRESS - 3);
    } else {
        inet_pton(AF_INET, text, bytes + 2);
    }
    return family;
#else
    inet_pton(AF_INET, text, bytes);
    return EDGE_INET4;
#endif
}

int main(int argc, char **argv) {
    if (argc != 4) return fail("usage: wasmedge-client ADDRESS PORT TEXT", 0);
    uint8_t bytes[EDGE_ADDRESS];
    uint8_t family = read_address(argv[1], bytes);
    int32_t fd;
    uint32_t code = edge_open(family, EDGE_STREAM, &fd);
    if (code != 0) return fail("open", code);
    edge_address address = {bytes, sizeof bytes};
    code = edge_connect(fd, &address, (uint32_t)atoi(argv[2]));
    if (code != 0) return fail("connect", code);
    edge_iovec out = {argv[3], (uint32_t)strlen(argv[3])};
    uint32_t count;
    code = edge_send(fd, &out, 1, 0, &count);
    if (code != 0) return fail("send", code);
    code = edge_shutdown(fd, 2);
    if (code != 0) return fail("shutdown", code);
    char buf[4096];
    edge_iovec in = {buf, sizeof buf};
    uint16_t flags;
    printf("got: ");
    while ((code = edge_recv(fd, &in, 1, 0, &count, &flags)) == 0 && count > 0) fwrite(buf, 1, count, stdout);
    printf("\n");
    if (code != 0) return fail("recv", code);
    return close(fd);
}
