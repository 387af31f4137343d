/*
 * The exchanges of peer.c over a named pipe, by plain synchronous calls; see there.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

enum { SMALL = 64, LARGE = 65536, BATCH = 250 };
static char buffer[LARGE];
static HANDLE pipe;

static double now(void) {
  LARGE_INTEGER count, frequency;
  QueryPerformanceCounter(&count);
  QueryPerformanceFrequency(&frequency);
  return count.QuadPart * 1e9 / frequency.QuadPart;
}

static DWORD take(DWORD size) {
  DWORD n = 0;
  return ReadFile(pipe, buffer, size, &n, NULL) ? n : 0;
}

static int take_all(DWORD size) {
  for (DWORD got = 0; got < size;) {
    DWORD n = take(size - got);
    if (n == 0) return 0;
    got += n;
  }
  return 1;
}

static void give(DWORD size) {
  DWORD n;
  if (!WriteFile(pipe, buffer, size, &n, NULL) || n != size) exit(4);
}

static int serve(const char *name) {
  pipe = CreateNamedPipeA(name, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 1, LARGE, LARGE, 0, NULL);
  puts("ready");
  fflush(stdout);
  if (!ConnectNamedPipe(pipe, NULL) && GetLastError() != ERROR_PIPE_CONNECTED) return 2;
  uint32_t blocks;
  take_all(sizeof blocks);
  memcpy(&blocks, buffer, sizeof blocks);
  if (blocks == 0)
    while (take_all(SMALL)) give(SMALL);
  for (uint64_t left = (uint64_t)blocks * LARGE; left > 0;) {
    DWORD n = take(LARGE);
    if (n == 0) return 5;
    left -= n;
  }
  if (blocks > 0) give(1);
  FlushFileBuffers(pipe);
  return 0;
}

static double best_of(long rounds, DWORD size, int answers) {
  double best = 1e18;
  for (long done = 0; done < rounds; done += BATCH) {
    double start = now();
    for (long i = 0; i < BATCH; i++) {
      give(size);
      if (answers) take_all(size);
    }
    double took = now() - start;
    if (took < best) best = took;
  }
  return best;
}

int main(int argc, char **argv) {
  (void)argc;
  if (!strcmp(argv[1], "server")) return serve(argv[2]);
  uint32_t rounds = atol(argv[3]);
  int pings = !strcmp(argv[1], "ping");
  pipe = CreateFileA(argv[2], GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
  if (pipe == INVALID_HANDLE_VALUE) return 2;
  memcpy(buffer, pings ? &(uint32_t){0} : &rounds, 4);
  give(4);
  if (pings) {
    best_of(rounds < 5000 ? rounds : 5000, SMALL, 1);
    printf("%.1f\n", best_of(rounds, SMALL, 1) / BATCH);
  } else {
    double best = best_of(rounds, LARGE, 0);
    take_all(1);
    printf("%.0f\n", BATCH * (double)LARGE / best * 1e9);
  }
  return 0;
}
