/* wamr-client HOST PORT TEXT: says TEXT to an echo server and prints what comes back, over WAMR's calls. */
#include "abi/wamr.h"

#include <stdio.h>
#include <string.h>

static int fail(const char *call, uint32_t code) {
    printf("%s: errno %u\n", call, (unsigned)code);
    return 1;
}

int main(int argc, char **argv) {
    if (argc != 4) return fail("usage: wamr-client HOST PORT TEXT", 0);
    wamr_address_info found[4];
    uint32_t count, code = wamr_resolve(argv[1], argv[2], 0, found, 4, &count);
    if (code != 0) return fail("resolve", code);
    int32_t fd;
    if ((code = wamr_open(-1, WAMR_INET4, WAMR_STREAM, &fd)) != 0) return fail("open", code);
    if ((code = wamr_set_no_delay(fd, 1)) != 0) return fail("set_tcp_no_delay", code);
    if ((code = wamr_connect(fd, &found[0].address)) != 0) return fail("connect", code);
    wamr_address peer;
    if ((code = wamr_remote(fd, &peer)) != 0) return fail("addr_remote", code);
    if (peer.port != found[0].address.port) return fail("the peer has another port", 0);
    wamr_iovec out = {argv[3], (uint32_t)strlen(argv[3])};
    if ((code = wamr_send(fd, &out, 1, 0, &count)) != 0) return fail("send", code);
    if ((code = wamr_shutdown(fd, 2)) != 0) return fail("shutdown", code);
    char buf[4096];
    wamr_iovec in = {buf, sizeof buf};
    uint16_t flags;
    printf("got: ");
    while ((code = wamr_recv(fd, &in, 1, 0, &count, &flags)) == 0 && count > 0) fwrite(buf, 1, count, stdout);
    printf("\n");
    if (code != 0) return fail("recv", code);
    if ((code = wamr_close(fd)) != 0) return fail("close", code);
    printf("again: %u\n", (unsigned)wamr_close(fd));
    return 0;
}
