/* C: datagrams from one end of a pair to the other, in one process. Arguments as in subject.ts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  if (argc < 6) return 2;
  long count = atol(argv[4]), size = atol(argv[5]);
  int pair[2];
  static char out[65536], in[65536];
  if (size > (long)sizeof out || socketpair(AF_UNIX, SOCK_DGRAM, 0, pair)) return 1;
  puts("ready");
  fflush(stdout);
  double from = now();
  for (long at = 0; at < count; at++)
    if (send(pair[0], out, size, MSG_NOSIGNAL) != size || recv(pair[1], in, size, 0) != size) return 1;
  printf("{\"perSecond\":%f}\n", count / (now() - from));
  fflush(stdout);
  pause();
}
