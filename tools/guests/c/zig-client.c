/* zig-client HOST PORT TEXT: says TEXT to an echo server and prints what comes back, over zig-wasm-cpython's ABI. */
#include "abi/zig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ADDRESSES 10

static int fail(const char *call, int32_t code) {
    printf("%s: errno %d\n", call, (int)code);
    return 1;
}

/* Opens a stream to the first address that accepts one; the last failure when none does. */
static int32_t dial(const char *host, int port, int32_t *fd) {
    uint8_t found[MOST_ADDRESSES][ZIG_ADDRESS];
    uint32_t count = 0;
    int32_t code = zig_resolve(host, (uint32_t)strlen(host), port, found[0], MOST_ADDRESSES, &count);
    for (uint32_t i = 0; i < count; i++) {
        code = zig_open(found[i][0], ZIG_STREAM, fd);
        if (code != 0) continue;
        code = zig_connect(*fd, found[i]);
        if (code == 0) return 0;
        zig_close(*fd);
    }
    return code;
}

int main(int argc, char **argv) {
    if (argc != 4) return fail("usage: zig-client HOST PORT TEXT", 0);
    int32_t fd, code = dial(argv[1], atoi(argv[2]), &fd);
    if (code != 0) return fail("connect", code);
    uint32_t size = (uint32_t)strlen(argv[3]), done = 0, count;
    while (done < size) {
        code = zig_send(fd, argv[3] + done, size - done, &count);
        if (code != 0) return fail("send", code);
        done += count;
    }
    char buf[4096];
    printf("got: ");
    for (done = 0; done < size; done += count) {
        code = zig_recv(fd, buf, sizeof buf, &count);
        if (code != 0) return fail("recv", code);
        if (count == 0) return fail("end of stream", 0);
        fwrite(buf, 1, count, stdout);
    }
    printf("\n");
    /* The original gives 0 for a descriptor that is not open, too. */
    printf("close: %d\n", (int)zig_close(fd));
    printf("again: %d\n", (int)zig_close(fd));
    return 0;
}
