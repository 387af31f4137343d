/* wasix-server COUNT: echoes on 127.0.0.1, over WASIX' calls, and prints its port. */
#include "abi/wasix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail(const char *call, uint32_t code) {
    printf("%s: errno %u\n", call, (unsigned)code);
    return 1;
}

static uint32_t echo(int32_t fd) {
    static char buf[65536]; /* the stack of a guest is 64 KiB */
    wasix_iovec in = {buf, sizeof buf};
    uint32_t count, sent, code;
    uint16_t flags;
    wasix_address from;
    while ((code = wasix_recv_from(fd, &in, 1, 0, &count, &flags, &from)) == 0 && count > 0) {
        for (uint32_t done = 0; done < count; done += sent) {
            wasix_iovec out = {buf + done, count - done};
            if ((code = wasix_send(fd, &out, 1, 0, &sent)) != 0) return code;
        }
    }
    close(fd);
    return code;
}

/* Two ends of one stream, within the guest. */
static uint32_t check_pair(void) {
    int32_t one, other;
    uint32_t count, code = wasix_pair(WASIX_UNIX, WASIX_STREAM, 0, &one, &other);
    if (code != 0) return code;
    char buf[8];
    wasix_iovec out = {"pair", 4}, in = {buf, sizeof buf};
    uint16_t flags;
    if ((code = wasix_send(one, &out, 1, 0, &count)) != 0) return code;
    close(one);
    if ((code = wasix_recv(other, &in, 1, 0, &count, &flags)) != 0) return code;
    if (count != 4 || memcmp(buf, "pair", 4) != 0) return 9999;
    if ((code = wasix_recv(other, &in, 1, 0, &count, &flags)) != 0) return code;
    close(other);
    return count == 0 ? 0 : 9998;
}

int main(int argc, char **argv) {
    if (argc != 2) return fail("usage: wasix-server COUNT", 0);
    int32_t fd, accepted;
    uint32_t code = wasix_open(WASIX_INET4, WASIX_STREAM, WASIX_TCP, &fd);
    if (code != 0) return fail("open", code);
    if ((code = wasix_set_flag(fd, WASIX_REUSE_ADDR, 1)) != 0) return fail("set_opt_flag", code);
    wasix_address address = {WASIX_INET4, 0, {.ip = {0, {127, 0, 0, 1}}}}, peer;
    if ((code = wasix_bind(fd, &address)) != 0) return fail("bind", code);
    if ((code = wasix_listen(fd, 16)) != 0) return fail("listen", code);
    if ((code = wasix_local(fd, &address)) != 0) return fail("addr_local", code);
    printf("listening on %u\n", (unsigned)address.u.ip.port);
    fflush(stdout);
    for (int left = atoi(argv[1]); left > 0; left--) {
        if ((code = wasix_accept(fd, 0, &accepted, &peer)) != 0) return fail("accept", code);
        if (peer.family != WASIX_INET4 || peer.u.ip.bytes[0] != 127) return fail("the peer is elsewhere", 0);
        if ((code = echo(accepted)) != 0) return fail("echo", code);
    }
    if ((code = check_pair()) != 0) return fail("pair", code);
    printf("served\n");
    return close(fd);
}
