/*
 * uds-checks: calls every function of guest/include/uds/posix.h and says which promise of POSIX does not hold.
 * The host must allow binding and dialling 127.0.0.1 and the AF_UNIX path that is the only argument, and resolving
 * localhost; nothing else.
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

static int checks, failures;

static void expect(int holds, const char *promise, int line) {
    checks++;
    if (holds) return;
    failures++;
    printf("line %d: not so: %s (errno %d, %s)\n", line, promise, errno, strerror(errno));
}
#define EXPECT(condition) expect((condition), #condition, __LINE__)
/* A call that must fail, and how. */
#define REFUSED(call, code) \
    do { \
        errno = 0; \
        EXPECT((call) == -1); \
        EXPECT(errno == (code)); \
    } while (0)

static struct sockaddr *as_sockaddr(void *address) { return address; }

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, "127.0.0.1", &in.sin_addr);
    return in;
}

/* A listener on a free port of 127.0.0.1; `in` becomes its address. */
static int listen_somewhere(struct sockaddr_in *in) {
    socklen_t len = sizeof *in;
    *in = loopback(0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT(fd >= 0);
    EXPECT(bind(fd, as_sockaddr(in), sizeof *in) == 0);
    EXPECT(listen(fd, 8) == 0);
    EXPECT(getsockname(fd, as_sockaddr(in), &len) == 0);
    EXPECT(len == sizeof *in && in->sin_family == AF_INET && in->sin_port != 0);
    return fd;
}

static void check_wrong_arguments(void) {
    struct sockaddr_in in = loopback(1);
    REFUSED(socket(99, SOCK_STREAM, 0), EAFNOSUPPORT);
    REFUSED(socket(AF_INET, 99, 0), EPROTOTYPE);
    REFUSED(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
    REFUSED(connect(9999, as_sockaddr(&in), sizeof in), EBADF);
    REFUSED(send(9999, "x", 1, 0), EBADF);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    REFUSED(connect(fd, as_sockaddr(&in), 3), EINVAL);
    REFUSED(send(fd, "x", 1, 0x100), EOPNOTSUPP);
    REFUSED(recv(fd, &in, 1, 0), ENOTCONN);
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    memset(un.sun_path, 'p', sizeof un.sun_path);
    REFUSED(connect(fd, as_sockaddr(&un), sizeof un), ENAMETOOLONG);
    EXPECT(close(fd) == 0);
    REFUSED(close(fd), EBADF);
}

static void check_refusal(void) {
    struct sockaddr_in in;
    char text[256];
    close(listen_somewhere(&in));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    REFUSED(connect(fd, as_sockaddr(&in), sizeof in), ECONNREFUSED);
    EXPECT(uds_error_text(fd, text, sizeof text) > 0);
    close(fd);
}

static void check_options(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0), value = 1;
    socklen_t len = sizeof value;
    EXPECT(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, len) == 0);
    EXPECT(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, len) == 0);
    EXPECT(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, len) == 0);
    value = 0;
    EXPECT(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &len) == 0 && value != 0);
    EXPECT(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len) == 0 && value == SOCK_STREAM);
    EXPECT(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &value, &len) == 0 && value == AF_INET);
    REFUSED(setsockopt(fd, SOL_SOCKET, 9999, &value, sizeof value), ENOPROTOOPT);
    REFUSED(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, 1), EINVAL);
    struct timeval time = {.tv_sec = 1, .tv_usec = 500000}, got;
    len = sizeof got;
    EXPECT(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time) == 0);
    EXPECT(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &got, &len) == 0);
    EXPECT(got.tv_sec == 1 && got.tv_usec == 500000);
    struct linger linger = {.l_onoff = 1, .l_linger = 3}, kept;
    len = sizeof kept;
    EXPECT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0);
    EXPECT(getsockopt(fd, SOL_SOCKET, SO_LINGER, &kept, &len) == 0 && kept.l_onoff == 1 && kept.l_linger == 3);
    close(fd);
}

static void check_stream(void) {
    struct sockaddr_in in, peer, name;
    socklen_t peer_len = sizeof peer, name_len = sizeof name;
    char buf[16];
    int listener = listen_somewhere(&in);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT(connect(client, as_sockaddr(&in), sizeof in) == 0);
    int server = accept(listener, as_sockaddr(&peer), &peer_len);
    EXPECT(server >= 0 && peer_len == sizeof peer);
    EXPECT(getsockname(client, as_sockaddr(&name), &name_len) == 0);
    EXPECT(name.sin_port == peer.sin_port && name.sin_addr.s_addr == peer.sin_addr.s_addr);
    EXPECT(getpeername(client, as_sockaddr(&name), &name_len) == 0 && name.sin_port == in.sin_port);
    EXPECT(send(client, "hello", 5, MSG_NOSIGNAL) == 5);
    EXPECT(recv(server, buf, 1, MSG_PEEK) == 1 && buf[0] == 'h');
    EXPECT(recv(server, buf, 5, MSG_WAITALL) == 5 && memcmp(buf, "hello", 5) == 0);
    EXPECT(write(server, "late", 4) == 4);
    EXPECT(shutdown(client, SHUT_WR) == 0);
    EXPECT(recv(server, buf, sizeof buf, 0) == 0);
    EXPECT(recv(client, buf, 4, MSG_WAITALL) == 4 && memcmp(buf, "late", 4) == 0);
    REFUSED(send(client, "x", 1, 0), EPIPE);
    close(server);
    EXPECT(recv(client, buf, sizeof buf, 0) == 0);
    close(client);
    close(listener);
}

static void check_waiting(void) {
    struct sockaddr_in in;
    char buf[4];
    int listener = listen_somewhere(&in);
    struct timeval time = {.tv_usec = 10000};
    EXPECT(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time) == 0);
    REFUSED(accept(listener, NULL, NULL), ETIMEDOUT);
    EXPECT(fcntl(listener, F_SETFL, O_NONBLOCK) == 0);
    REFUSED(accept(listener, NULL, NULL), EAGAIN);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int code = connect(client, as_sockaddr(&in), sizeof in);
    EXPECT(code == 0 || errno == EINPROGRESS);
    struct pollfd entries[] = {
        {.fd = client, .events = POLLOUT}, {.fd = -1, .events = POLLIN}, {.fd = listener, .events = POLLIN}};
    EXPECT(poll(entries, 1, 10000) == 1 && (entries[0].revents & POLLOUT) != 0);
    int value = -1;
    socklen_t len = sizeof value;
    EXPECT(getsockopt(client, SOL_SOCKET, SO_ERROR, &value, &len) == 0 && value == 0);
    EXPECT(poll(entries, 3, 10000) >= 1 && entries[1].revents == 0);
    EXPECT(poll(entries + 2, 1, 10000) == 1 && (entries[2].revents & POLLIN) != 0);
    int server = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    EXPECT(server >= 0);
    REFUSED(recv(server, buf, sizeof buf, 0), EAGAIN);
    REFUSED(recv(client, buf, sizeof buf, MSG_DONTWAIT), EAGAIN);
    struct pollfd quiet = {.fd = server, .events = POLLIN}, unknown = {.fd = 9999, .events = POLLIN};
    EXPECT(poll(&quiet, 1, 0) == 0 && quiet.revents == 0);
    EXPECT(poll(&unknown, 1, 0) == 1 && unknown.revents == POLLNVAL);
    close(client);
    EXPECT(poll(&quiet, 1, 10000) == 1 && (quiet.revents & POLLIN) != 0);
    close(server);
    close(listener);
}

static void check_datagrams(void) {
    struct sockaddr_in in = loopback(0), sender;
    socklen_t len = sizeof in;
    char buf[8];
    int first = socket(AF_INET, SOCK_DGRAM, 0), second = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    EXPECT(bind(first, as_sockaddr(&in), sizeof in) == 0);
    EXPECT(getsockname(first, as_sockaddr(&in), &len) == 0);
    EXPECT(sendto(second, "one", 3, 0, as_sockaddr(&in), sizeof in) == 3);
    len = sizeof sender;
    EXPECT(recvfrom(first, buf, sizeof buf, 0, as_sockaddr(&sender), &len) == 3 && len == sizeof sender);
    EXPECT(sendto(first, "back", 4, 0, as_sockaddr(&sender), sizeof sender) == 4);
    EXPECT(recv(second, buf, sizeof buf, 0) == 4 && memcmp(buf, "back", 4) == 0);
    close(first);
    close(second);
}

static void check_path(const char *path) {
    struct sockaddr_un un = {.sun_family = AF_UNIX}, name;
    socklen_t len = sizeof name;
    char buf[4];
    strncpy(un.sun_path, path, sizeof un.sun_path - 1);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    EXPECT(bind(listener, as_sockaddr(&un), sizeof un) == 0 && listen(listener, 1) == 0);
    EXPECT(getsockname(listener, as_sockaddr(&name), &len) == 0 && name.sun_family == AF_UNIX);
    EXPECT(strcmp(name.sun_path, path) == 0);
    EXPECT(connect(client, as_sockaddr(&un), sizeof un) == 0);
    int server = accept(listener, NULL, NULL);
    EXPECT(send(server, "path", 4, 0) == 4 && recv(client, buf, 4, MSG_WAITALL) == 4);
    close(server);
    close(client);
    close(listener);
}

static void check_names(void) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME}, *list = NULL;
    EXPECT(getaddrinfo("127.0.0.1", "80", &hints, &list) == 0);
    EXPECT(list->ai_family == AF_INET && list->ai_next == NULL && strcmp(list->ai_canonname, "127.0.0.1") == 0);
    EXPECT(((struct sockaddr_in *)list->ai_addr)->sin_port == htons(80));
    freeaddrinfo(list);
    EXPECT(getaddrinfo("localhost", "1", NULL, &list) == 0 && list != NULL);
    freeaddrinfo(list);
    hints = (struct addrinfo){.ai_flags = AI_PASSIVE, .ai_family = AF_INET6, .ai_socktype = SOCK_STREAM};
    EXPECT(getaddrinfo(NULL, "1", &hints, &list) == 0 && list->ai_family == AF_INET6);
    freeaddrinfo(list);
    hints = (struct addrinfo){.ai_flags = AI_NUMERICHOST};
    EXPECT(getaddrinfo("localhost", "1", &hints, &list) == EAI_NONAME);
    hints = (struct addrinfo){.ai_flags = 0x4000};
    EXPECT(getaddrinfo("127.0.0.1", "1", &hints, &list) == EAI_BADFLAGS);
    hints = (struct addrinfo){.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    EXPECT(getaddrinfo("127.0.0.1", "1", &hints, &list) == 0);
    freeaddrinfo(list);
    EXPECT(getaddrinfo("127.0.0.1", "http", NULL, &list) == EAI_SERVICE);
    EXPECT(getaddrinfo(NULL, NULL, NULL, &list) == EAI_NONAME);
    EXPECT(strcmp(gai_strerror(EAI_NONAME), "Name or service not known") == 0);
}

static void check_connect_host(void) {
    struct sockaddr_in in;
    int listener = listen_somewhere(&in), client = socket(AF_INET, SOCK_STREAM, 0);
    int connected = uds_connect_host(client, "127.0.0.1", ntohs(in.sin_port)) == 0;
    EXPECT(connected);
    int server = connected ? accept(listener, NULL, NULL) : -1;
    EXPECT(server >= 0);
    REFUSED(uds_starttls(9999, "x", NULL), EBADF);
    close(server);
    close(client);
    close(listener);
}

int main(int argc, char **argv) {
    /* What has been said is seen also when a later call never ends. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    check_wrong_arguments();
    check_refusal();
    check_options();
    check_stream();
    check_waiting();
    check_datagrams();
    if (argc > 1) check_path(argv[1]);
    check_names();
    check_connect_host();
    printf("%d checks, %d failures\n", checks, failures);
    return failures == 0 ? 0 : 1;
}
