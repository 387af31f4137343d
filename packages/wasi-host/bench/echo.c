/*
 * The peer of all variants, and the yardstick. Usage: echo server PATH | echo client PATH SIZE
 * The server listens on PATH and on a port of 127.0.0.1 that it prints. The client reads numbers of round trips, a line
 * each, and prints the nanoseconds that one took.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static char buffer[1 << 20];

static void must(int ok, const char *what) {
  if (ok) return;
  perror(what);
  exit(1);
}

static void write_all(int fd, long length) {
  for (long done = 0; done < length;) {
    long n = write(fd, buffer + done, length - done);
    must(n > 0, "write");
    done += n;
  }
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static int listening(int family, struct sockaddr *address, socklen_t length) {
  int fd = socket(family, SOCK_STREAM, 0);
  must(bind(fd, address, length) == 0, "bind");
  must(listen(fd, 64) == 0, "listen");
  return fd;
}

static void echo(int fd) {
  for (long n; (n = read(fd, buffer, sizeof buffer)) > 0;) write_all(fd, n);
}

static void serve(struct sockaddr_un *address) {
  struct sockaddr_in ip = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct pollfd fds[] = {
      {listening(AF_UNIX, (struct sockaddr *)address, sizeof *address), POLLIN, 0},
      {listening(AF_INET, (struct sockaddr *)&ip, sizeof ip), POLLIN, 0},
  };
  socklen_t length = sizeof ip;
  getsockname(fds[1].fd, (struct sockaddr *)&ip, &length);
  printf("%d\n", ntohs(ip.sin_port));
  fflush(stdout);
  signal(SIGCHLD, SIG_IGN);
  /* A process for each connection: it waits in read alone, as the client in C does. */
  while (poll(fds, 2, -1) > 0) {
    for (int i = 0; i < 2; i += 1) {
      if (fds[i].revents == 0) continue;
      int fd = accept(fds[i].fd, NULL, NULL);
      if (fork() == 0) {
        echo(fd);
        exit(0);
      }
      close(fd);
    }
  }
}

static int dial(struct sockaddr_un *address, int port) {
  struct sockaddr_in ip = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
  int fd = socket(port ? AF_INET : AF_UNIX, SOCK_STREAM, 0);
  int result = port ? connect(fd, (struct sockaddr *)&ip, sizeof ip)
                    : connect(fd, (struct sockaddr *)address, sizeof *address);
  must(result == 0, "connect");
  return fd;
}

int main(int argc, char **argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  must(argc > 2, "usage");
  strncpy(address.sun_path, argv[2], sizeof address.sun_path - 1);
  if (strcmp(argv[1], "server") == 0) serve(&address);
  must(argc > 3, "usage");
  int fd = dial(&address, atoi(argv[2]));
  long rounds, size = atol(argv[3]);
  while (scanf("%ld", &rounds) == 1) {
    double from = now();
    for (long round = 0; round < rounds; round += 1) {
      write_all(fd, size);
      for (long got = 0; got < size;) {
        long n = read(fd, buffer, size - got);
        must(n > 0, "read");
        got += n;
      }
    }
    printf("%.1f\n", (now() - from) / rounds);
    fflush(stdout);
  }
  return 0;
}
