/*
 * uds-tls-client HOST PORT NAME [CA-FILE]: has the host start TLS on a connection to HOST, for a server NAME, asks
 * for / over HTTP and prints the answer. Compiled with -include uds/posix.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fail(const char *call, int fd) {
    char reason[512] = "";
    int code = errno;
    uds_error_text(fd, reason, sizeof reason);
    printf("%s: %s (%s)\n", call, strerror(code), reason);
    return 1;
}

static const char *read_file(const char *path) {
    static char text[16384];
    FILE *file = fopen(path, "r");
    if (file == NULL) return NULL;
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

int main(int argc, char **argv) {
    if (argc < 4) return fail("usage: uds-tls-client HOST PORT NAME [CA-FILE]", -1);
    const char *ca = argc > 4 ? read_file(argv[4]) : NULL;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) return fail("socket", -1);
    if (uds_connect_host(fd, argv[1], (uint16_t)atoi(argv[2])) != 0) return fail("connect", fd);
    if (uds_starttls(fd, argv[3], ca) != 0) return fail("starttls", fd);
    static const char request[] = "GET / HTTP/1.0\r\n\r\n";
    if (send(fd, request, sizeof request - 1, 0) < 0) return fail("send", fd);
    char buf[4096];
    ssize_t count;
    while ((count = recv(fd, buf, sizeof buf, 0)) > 0) fwrite(buf, 1, (size_t)count, stdout);
    return count < 0 ? fail("recv", fd) : close(fd);
}
