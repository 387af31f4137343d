/** launch_activate_socket, with a library that stands in for launchd: macOS is not at hand. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorOf, needs, tempDir } from '@uds/testkit'
import { capabilities, defineLibrary, SocketError } from '@uds/winsock-ffi'
import { launchdSockets } from '@uds/stream'
import { activate, launchdCalls, type LaunchdCalls } from '../src/inherited/launchd.ts'

const cc = needs('cc')

/** As <launch.h> describes it; the array comes from malloc. */
const SOURCE = `
#include <errno.h>
#include <stdlib.h>
#include <string.h>
int launch_activate_socket(const char *name, int **fds, size_t *count) {
  if (strcmp(name, "Listeners") == 0) {
    *fds = malloc(2 * sizeof(int)); (*fds)[0] = 5; (*fds)[1] = 7; *count = 2;
    return 0;
  }
  if (strcmp(name, "Empty") == 0) { *fds = NULL; *count = 0; return 0; }
  return strcmp(name, "Again") == 0 ? EALREADY : ENOENT;
}`

const standIn = (): LaunchdCalls => {
  const directory = tempDir()
  const [source, file] = [join(directory, 'launch.c'), join(directory, 'launch.so')]
  writeFileSync(source, SOURCE)
  execFileSync(cc.path, ['-shared', '-fPIC', '-o', file, source])
  const library = defineLibrary({
    name: 'launch',
    files: [file],
    lastError: (backend) => () => backend.errno(),
    toError: (nativeCode, syscall) =>
      new SocketError({ code: nativeCode === 2 ? 'ENOENT' : 'EALREADY', syscall, nativeCode }),
  })
  return launchdCalls(library)
}

describe.skipIf(cc.missing || capabilities().system !== 'linux')('launch_activate_socket', () => {
  test('its array is read and freed; its errors are in words', () => {
    const calls = standIn()
    expect(activate(calls, 'Listeners')).toEqual([5, 7])
    expect(activate(calls, 'Empty')).toEqual([])
    expect(errorOf(() => activate(calls, 'Other'))).toMatchObject({
      code: 'ENOENT',
      message: expect.stringContaining('has no socket of that name'),
    })
    expect(errorOf(() => activate(calls, 'Again')).code).toBe('EALREADY')
  })
})

test.skipIf(capabilities().system === 'darwin')('elsewhere launchdSockets is ENOTSUP', () => {
  expect(errorOf(() => launchdSockets('Listeners'))).toMatchObject({ code: 'ENOTSUP' })
})
