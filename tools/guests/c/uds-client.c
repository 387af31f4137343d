/*
 * uds-client HOST SERVICE TEXT: an ordinary POSIX client; says TEXT to an echo server and prints what comes back.
 * A HOST that begins with a slash is a path of AF_UNIX. Compiled with -include uds/posix.h.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fail(const char *call) {
    char reason[512] = "";
    int code = errno;
    uds_error_text(-1, reason, sizeof reason);
    printf("%s: %s (%s)\n", call, strerror(code), reason);
    return 1;
}

static int dial_path(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) return -1;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    int code = errno;
    close(fd);
    errno = code;
    return -1;
}

static int dial(const char *host, const char *service) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    int code = getaddrinfo(host, service, &hints, &list);
    if (code != 0) {
        printf("getaddrinfo: %s\n", gai_strerror(code));
        exit(1);
    }
    int fd = -1;
    for (struct addrinfo *entry = list; entry != NULL && fd < 0; entry = entry->ai_next) {
        int tried = socket(entry->ai_family, entry->ai_socktype, entry->ai_protocol);
        if (tried < 0) continue;
        if (connect(tried, entry->ai_addr, entry->ai_addrlen) == 0) {
            fd = tried;
        } else {
            code = errno;
            close(tried);
            errno = code;
        }
    }
    freeaddrinfo(list);
    return fd;
}

int main(int argc, char **argv) {
    if (argc != 4) return fail("usage: uds-client HOST SERVICE TEXT");
    int fd = argv[1][0] == '/' ? dial_path(argv[1]) : dial(argv[1], argv[2]);
    if (fd < 0) return fail("connect");
    if (send(fd, argv[3], strlen(argv[3]), 0) < 0) return fail("send");
    if (shutdown(fd, SHUT_WR) != 0) return fail("shutdown");
    char buf[4096];
    ssize_t count;
    printf("got: ");
    /* read(2), not recv: a socket is a descriptor like others. */
    while ((count = read(fd, buf, sizeof buf)) > 0) fwrite(buf, 1, (size_t)count, stdout);
    printf("\n");
    if (count < 0) return fail("read");
    return close(fd) == 0 ? 0 : fail("close");
}
