// #region hello
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "stranger";
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    /* Like connect, with a name: what it stands for is the host's affair. */
    if (uds_connect_host(fd, "greeter", 7) != 0) {
        perror("greeter");
        return 1;
    }
    send(fd, name, strlen(name), 0);
    char answer[256];
    for (ssize_t n; (n = recv(fd, answer, sizeof answer, 0)) > 0;) fwrite(answer, 1, (size_t)n, stdout);
    return close(fd);
}
// #endregion
