/*
 * The measure: the same two exchanges in C.
 *   peer server PATH             echoes messages of 64 bytes, or takes so many blocks and answers one byte, as the client asks
 *   peer ping PATH ROUNDS        prints nanoseconds per round trip
 *   peer send PATH ROUNDS        prints bytes per second of writes of 64 KiB
 * Both are those of the best batch: a few milliseconds in which no other program took the core.
 * With "poll" as last argument every read waits in poll with a timeout first.
 */
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { SMALL = 64, LARGE = 65536, BATCH = 250 };
static char buffer[LARGE];
static int polls;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static ssize_t take(int fd, size_t size) {
  struct pollfd p = {fd, POLLIN, 0};
  if (polls && poll(&p, 1, 10000) != 1) exit(3);
  return recv(fd, buffer, size, 0);
}

static int take_all(int fd, size_t size) {
  for (size_t got = 0; got < size;) {
    ssize_t n = take(fd, size - got);
    if (n <= 0) return 0;
    got += n;
  }
  return 1;
}

static void give(int fd, size_t size) {
  for (size_t sent = 0; sent < size;) {
    ssize_t n = send(fd, buffer, size - sent, MSG_NOSIGNAL);
    if (n <= 0) exit(4);
    sent += n;
  }
}

int main(int argc, char **argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  polls = !strcmp(argv[argc - 1], "poll");
  strncpy(address.sun_path, argv[2], sizeof address.sun_path - 1);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (!strcmp(argv[1], "server")) {
    bind(fd, (struct sockaddr *)&address, sizeof address);
    listen(fd, 1);
    puts("ready");
    fflush(stdout);
    fd = accept(fd, NULL, NULL);
    /* 0: pings until the end. Otherwise how many blocks come: not every carrier can end one direction alone. */
    uint32_t blocks;
    take_all(fd, sizeof blocks);
    memcpy(&blocks, buffer, sizeof blocks);
    if (blocks == 0)
      while (take_all(fd, SMALL)) give(fd, SMALL);
    for (size_t left = (size_t)blocks * LARGE; left > 0;) {
      ssize_t n = take(fd, LARGE);
      if (n <= 0) return 5;
      left -= n;
    }
    if (blocks > 0) give(fd, 1);
    return 0;
  }
  long rounds = atol(argv[3]);
  if (connect(fd, (struct sockaddr *)&address, sizeof address)) return 2;
  if (!strcmp(argv[1], "ping")) {
    give(fd, 4);
    for (long i = 0; i < rounds && i < 5000; i++) give(fd, SMALL), take_all(fd, SMALL);
    double best = 1e18;
    for (long done = 0; done < rounds; done += BATCH) {
      double start = now();
      for (long i = 0; i < BATCH; i++) give(fd, SMALL), take_all(fd, SMALL);
      double took = (now() - start) / BATCH;
      if (took < best) best = took;
    }
    printf("%.1f\n", best);
  } else {
    memcpy(buffer, &(uint32_t){rounds}, 4);
    give(fd, 4);
    double best = 1e18;
    for (long done = 0; done < rounds; done += BATCH) {
      double start = now();
      for (long i = 0; i < BATCH; i++) give(fd, LARGE);
      double took = now() - start;
      if (took < best) best = took;
    }
    polls = 0;
    take_all(fd, 1);
    printf("%.0f\n", BATCH * (double)LARGE / best * 1e9);
  }
  return 0;
}
