/*
 * uds-server ADDRESS COUNT: an ordinary POSIX server with poll; echoes until COUNT connections have ended.
 * ADDRESS is an IPv4 address, on which it prints its port, or a path of AF_UNIX. Compiled with -include uds/posix.h.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 16

static int fail(const char *call) {
    char reason[512] = "";
    int code = errno;
    uds_error_text(-1, reason, sizeof reason);
    printf("%s: %s (%s)\n", call, strerror(code), reason);
    return 1;
}

static int open_listener(const char *text) {
    struct sockaddr_storage address = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&address;
    struct sockaddr_un *un = (struct sockaddr_un *)&address;
    int is_path = text[0] == '/', on = 1;
    socklen_t len = is_path ? sizeof *un : sizeof *in;
    address.ss_family = is_path ? AF_UNIX : AF_INET;
    if (is_path) {
        strncpy(un->sun_path, text, sizeof un->sun_path - 1);
    } else {
        inet_pton(AF_INET, text, &in->sin_addr);
    }
    int fd = socket(address.ss_family, SOCK_STREAM, 0);
    if (fd < 0) return -1;
    if (!is_path && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return -1;
    if (bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, SOMAXCONN) != 0) return -1;
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) return -1;
    len = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0) return -1;
    printf("listening on %s", is_path ? un->sun_path : "");
    if (!is_path) printf("%u", (unsigned)ntohs(in->sin_port));
    printf("\n");
    fflush(stdout);
    return fd;
}

/* 1 = goes on, 0 = ended, -1 = failed. */
static int echo_once(int fd) {
    char buf[16384];
    ssize_t count = recv(fd, buf, sizeof buf, 0);
    if (count <= 0) return (int)count;
    for (ssize_t done = 0, sent; done < count; done += sent) {
        sent = send(fd, buf + done, (size_t)(count - done), 0);
        if (sent < 0) return -1;
    }
    return 1;
}

int main(int argc, char **argv) {
    if (argc != 3) return fail("usage: uds-server ADDRESS COUNT");
    int listener = open_listener(argv[1]);
    if (listener < 0) return fail("listen");
    struct pollfd entries[MOST] = {{.fd = listener, .events = POLLIN}};
    nfds_t used = 1;
    for (int left = atoi(argv[2]); left > 0;) {
        if (poll(entries, used, -1) < 0) return fail("poll");
        for (nfds_t i = used - 1; i > 0; i--) {
            if (entries[i].revents == 0) continue;
            int state = echo_once(entries[i].fd);
            if (state < 0) return fail("echo");
            if (state > 0) continue;
            close(entries[i].fd);
            entries[i] = entries[--used];
            left--;
        }
        if (entries[0].revents == 0 || used == MOST) continue;
        int fd = accept(listener, NULL, NULL);
        if (fd < 0 && errno != EAGAIN) return fail("accept");
        if (fd >= 0) entries[used++] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    printf("served\n");
    return close(listener);
}
