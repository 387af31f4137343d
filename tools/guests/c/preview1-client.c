/* preview1-client FD TEXT: says TEXT on a connection that the host has opened, and prints what comes back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fail(const char *call) {
    printf("%s: %s\n", call, strerror(errno));
    return 1;
}

int main(int argc, char **argv) {
    if (argc != 3) return fail("usage: preview1-client FD TEXT");
    int fd = atoi(argv[1]);
    if (send(fd, argv[2], strlen(argv[2]), 0) < 0) return fail("send");
    if (shutdown(fd, SHUT_WR) != 0) return fail("shutdown");
    char buf[4096];
    ssize_t count;
    printf("got: ");
    while ((count = recv(fd, buf, sizeof buf, 0)) > 0) fwrite(buf, 1, (size_t)count, stdout);
    printf("\n");
    if (count < 0) return fail("recv");
    return close(fd) == 0 ? 0 : fail("close");
}
