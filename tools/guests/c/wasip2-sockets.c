/*
 * POSIX sockets of wasi-libc over WASI 0.2.
 *
 *   client HOST PORT TEXT   sends the text, ends its half, prints what is sent back
 *   udp HOST PORT TEXT      the same with one datagram
 *   server PORT             accepts one connection and sends back what comes until the end; prints its own port first
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int failed(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    return 1;
}

static int dial(const char *host, const char *port, int type) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = type};
    struct addrinfo *found;
    int error = getaddrinfo(host, port, &hints, &found);
    if (error != 0) {
        fprintf(stderr, "getaddrinfo: %s\n", gai_strerror(error));
        exit(1);
    }
    int fd = socket(found->ai_family, type, 0);
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0) exit(failed("connect"));
    freeaddrinfo(found);
    return fd;
}

static int readable(int fd) {
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    return poll(&wanted, 1, 10000) == 1;
}

static int client(const char *host, const char *port, const char *text, int type) {
    int fd = dial(host, port, type);
    if (send(fd, text, strlen(text), 0) != (ssize_t)strlen(text)) return failed("send");
    if (type == SOCK_STREAM && shutdown(fd, SHUT_WR) != 0) return failed("shutdown");
    char answer[512];
    ssize_t length;
    do {
        if (!readable(fd)) return failed("poll");
        length = recv(fd, answer, sizeof answer, 0);
        if (length < 0) return failed("recv");
        fwrite(answer, 1, (size_t)length, stdout);
    } while (length > 0 && type == SOCK_STREAM);
    return close(fd) == 0 ? 0 : failed("close");
}

static int server(const char *port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof own;
    if (fd < 0 || bind(fd, (struct sockaddr *)&own, size) != 0) return failed("bind");
    if (listen(fd, 8) != 0) return failed("listen");
    if (getsockname(fd, (struct sockaddr *)&own, &size) != 0) return failed("getsockname");
    printf("%d\n", ntohs(own.sin_port));
    fflush(stdout);
    if (!readable(fd)) return failed("poll");
    int peer = accept(fd, NULL, NULL);
    if (peer < 0) return failed("accept");
    char bytes[4096];
    ssize_t length;
    while ((length = recv(peer, bytes, sizeof bytes, 0)) > 0)
        for (ssize_t sent = 0; sent < length;) {
            ssize_t part = send(peer, bytes + sent, (size_t)(length - sent), 0);
            if (part < 0) return failed("send");
            sent += part;
        }
    close(peer);
    close(fd);
    return length == 0 ? 0 : failed("recv");
}

int main(int argc, char **argv) {
    if (argc == 5 && strcmp(argv[1], "client") == 0) return client(argv[2], argv[3], argv[4], SOCK_STREAM);
    if (argc == 5 && strcmp(argv[1], "udp") == 0) return client(argv[2], argv[3], argv[4], SOCK_DGRAM);
    if (argc == 3 && strcmp(argv[1], "server") == 0) return server(argv[2]);
    fprintf(stderr, "usage: client HOST PORT TEXT | udp HOST PORT TEXT | server PORT\n");
    return 2;
}
