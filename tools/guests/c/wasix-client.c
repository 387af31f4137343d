/*
 * wasix-client HOST PORT TEXT: says TEXT to an echo server and prints what comes back, over WASIX' calls. HOST is a
 * name, or a path of AF_UNIX.
 */
#include "abi/wasix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail(const char *call, uint32_t code) {
    printf("%s: errno %u\n", call, (unsigned)code);
    return 1;
}

/* Fills an address; gives an errno. */
static uint32_t find(const char *host, uint16_t port, wasix_address *address) {
    memset(address, 0, sizeof *address);
    if (host[0] == '/') {
        address->family = WASIX_UNIX;
        strncpy(address->u.path, host, sizeof address->u.path - 1);
        return 0;
    }
    wasix_ip found[8];
    uint32_t count, code = wasix_resolve(host, strlen(host), port, found, 8, &count);
    if (code != 0) return code;
    address->family = found[0].family;
    address->u.ip.port = port;
    memcpy(address->u.ip.bytes, found[0].bytes, sizeof found[0].bytes);
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 4) return fail("usage: wasix-client HOST PORT TEXT", 0);
    wasix_address address, peer;
    uint32_t count, code = find(argv[1], (uint16_t)atoi(argv[2]), &address);
    if (code != 0) return fail("resolve", code);
    int32_t fd;
    if ((code = wasix_open(address.family, WASIX_STREAM, WASIX_TCP, &fd)) != 0) return fail("open", code);
    wasix_time patience = {1, 10000000000ull};
    if ((code = wasix_set_time(fd, WASIX_RECV_TIMEOUT, &patience)) != 0) return fail("set_opt_time", code);
    if ((code = wasix_connect(fd, &address)) != 0) return fail("connect", code);
    if ((code = wasix_peer(fd, &peer)) != 0) return fail("addr_peer", code);
    if (memcmp(&peer, &address, sizeof peer) != 0) return fail("the peer has another address", 0);
    wasix_iovec out = {argv[3], (uint32_t)strlen(argv[3])};
    if ((code = wasix_send(fd, &out, 1, 0, &count)) != 0) return fail("send", code);
    if ((code = wasix_shutdown(fd, 2)) != 0) return fail("shutdown", code);
    char buf[4096];
    wasix_iovec in = {buf, sizeof buf};
    uint16_t flags;
    printf("got: ");
    while ((code = wasix_recv(fd, &in, 1, 0, &count, &flags)) == 0 && count > 0) fwrite(buf, 1, count, stdout);
    printf("\n");
    if (code != 0) return fail("recv", code);
    return close(fd);
}
