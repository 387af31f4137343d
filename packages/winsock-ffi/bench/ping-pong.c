/* The yardstick: the same 64-byte ping-pong in C. Usage: ping-pong server|client PATH ROUNDS plain|poll */
#define _GNU_SOURCE
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int polled;

static void must(int ok, const char *what) {
  if (ok) return;
  perror(what);
  exit(1);
}

static void read_message(int fd, char *buffer) {
  if (polled) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    must(poll(&p, 1, 5000) == 1, "poll");
  }
  must(recv(fd, buffer, 64, polled ? MSG_DONTWAIT : 0) == 64, "recv");
}

static void write_message(int fd, const char *buffer) {
  if (polled) {
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    must(poll(&p, 1, 5000) == 1, "poll");
  }
  must(send(fd, buffer, 64, MSG_NOSIGNAL | (polled ? MSG_DONTWAIT : 0)) == 64, "send");
}

int main(int argc, char **argv) {
  must(argc == 5, "usage");
  long rounds = atol(argv[3]);
  polled = strcmp(argv[4], "poll") == 0;
  char buffer[64] = {0};
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, argv[2], sizeof address.sun_path - 1);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (strcmp(argv[1], "server") == 0) {
    must(bind(fd, (struct sockaddr *)&address, sizeof address) == 0, "bind");
    must(listen(fd, 1) == 0, "listen");
    puts("ready");
    fflush(stdout);
    int client = accept(fd, NULL, NULL);
    for (long i = 0; i < rounds; i++) read_message(client, buffer), write_message(client, buffer);
    return 0;
  }
  must(connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
  long warm = rounds / 10;
  struct timespec from, to;
  for (long i = 0; i < rounds; i++) {
    if (i == warm) clock_gettime(CLOCK_MONOTONIC, &from);
    write_message(fd, buffer);
    read_message(fd, buffer);
  }
  clock_gettime(CLOCK_MONOTONIC, &to);
  printf("%.1f\n", ((to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec)) / (rounds - warm));
}
