/* C: one write for each message, or ping-pong, of as many bytes as it is asked for. Arguments as in subject.ts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static long size;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void result(long count, double from) {
  printf("{\"perSecond\":%f}\n", count / (now() - from));
  fflush(stdout);
  pause();
}

static void exactly(int fd, char *buffer) {
  for (long got = 0; got < size;) {
    ssize_t n = read(fd, buffer + got, size - got);
    if (n <= 0) exit(0);
    got += n;
  }
}

static void put(int fd, const char *buffer) {
  for (long sent = 0; sent < size;) {
    ssize_t n = write(fd, buffer + sent, size - sent);
    if (n <= 0) exit(1);
    sent += n;
  }
}

int main(int argc, char **argv) {
  if (argc < 6) return 2;
  size = atol(argv[5]);
  int one_way = strcmp(argv[3], "one-way") == 0;
  long count = atol(argv[4]);
  static char buffer[1 << 20];
  if (size < 1 || size > (long)sizeof buffer) return 2;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, argv[2], sizeof address.sun_path - 1);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (strcmp(argv[1], "server") == 0) {
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 1)) return 1;
    puts("ready");
    fflush(stdout);
    int peer = accept(fd, NULL, NULL);
    if (!one_way)
      for (;;) {
        exactly(peer, buffer);
        put(peer, buffer);
      }
    double from = 0;
    for (long bytes = 0; bytes < count * size;) {
      ssize_t n = read(peer, buffer, sizeof buffer);
      if (n <= 0) return 1;
      if (from == 0) from = now();
      bytes += n;
    }
    result(count, from);
  }
  if (connect(fd, (struct sockaddr *)&address, sizeof address)) return 1;
  puts("ready");
  fflush(stdout);
  double from = now();
  for (long at = 0; at < count; at++) {
    put(fd, buffer);
    if (!one_way) exactly(fd, buffer);
  }
  if (one_way) pause();
  result(count, from);
}
