/* preview1-server FD COUNT: accepts COUNT connections on a listener of the host and sends all that comes back. */
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

static int echo(int fd) {
    static char buf[65536]; /* the stack of a guest is 64 KiB */
    ssize_t count;
    while ((count = recv(fd, buf, sizeof buf, 0)) > 0) {
        for (ssize_t done = 0, sent; done < count; done += sent) {
            sent = send(fd, buf + done, (size_t)(count - done), 0);
            if (sent < 0) return -1;
        }
    }
    return count == 0 ? close(fd) : -1;
}

int main(int argc, char **argv) {
    if (argc != 3) return fail("usage: preview1-server FD COUNT");
    printf("listening\n");
    fflush(stdout);
    for (int left = atoi(argv[2]); left > 0; left--) {
        int fd = accept(atoi(argv[1]), NULL, NULL);
        if (fd < 0) return fail("accept");
        if (echo(fd) != 0) return fail("echo");
    }
    printf("served\n");
    return 0;
}
