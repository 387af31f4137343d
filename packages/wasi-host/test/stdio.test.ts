/** The standard streams of a guest over ordinary pipes and files, as a shell makes them. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { isWindows, tempDir } from '@uds/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { waits } from './driver.ts'

const fixture = fileURLToPath(new URL('./fixtures/stdio-guest.ts', import.meta.url))
const EPIPE = 64
const EAGAIN = 6

/** A shell with a pipe in descriptor 3, by which the test lets it go on, and one in 4, which it writes its result to. */
class Shell {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #result = ''
  #errors = ''

  constructor(script: string, guest: string, wait: string, shared = '') {
    this.#child = spawn('sh', ['-c', script], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, NODE: process.execPath, GUEST: `${fixture} ${guest} ${wait} ${shared}` },
      detached: true,
    })
    const [, , errors, go, result] = this.#child.stdio as [null, null, Readable, Writable, Readable]
    errors.on('data', (text: Buffer) => (this.#errors += text.toString()))
    result.on('data', (text: Buffer) => (this.#result += text.toString()))
    go.on('error', () => {})
    this.#ended = once(this.#child, 'close')
    onTestFinished(() => {
      // Its process group: nothing of a pipeline is left.
      if (this.#child.exitCode === null && this.#child.signalCode === null)
        process.kill(-this.#child.pid!, 'SIGKILL')
    })
  }

  /** Waits for words in standard error. */
  async says(words: string): Promise<void> {
    while (!this.#errors.includes(words))
      await Promise.race([once(this.#child.stderr!, 'data'), this.#closed()])
  }

  async #closed(): Promise<never> {
    await this.#ended
    throw new Error(`the shell has ended: ${this.#errors}`)
  }

  goOn(): void {
    ;(this.#child.stdio[3] as Writable).end('go\n')
  }

  async result(): Promise<string> {
    await this.#ended
    return this.#result.trim()
  }
}

describe.skipIf(isWindows).each(waits)('standard streams under %s', (wait) => {
  test.each(['alone', 'shared'])(
    'all that is written to a pipe whose reader is slow arrives: %s',
    async (shared) => {
      const shell = new Shell(
        `{ "$NODE" $GUEST; echo "exit $?" >&4; } | { read go <&3; wc -c >&4; }`,
        'flood',
        wait,
        shared,
      )
      await shell.says('started')
      shell.goOn()
      expect(
        (await shell.result())
          .split('\n')
          .map((line) => line.trim())
          .toSorted(),
      ).toEqual(['1048576', 'exit 0'])
    },
  )

  test('a reader that has gone is EPIPE of the guest', async () => {
    const shell = new Shell(`{ "$NODE" $GUEST; echo "exit $?" >&4; } | { read go <&3; }`, 'flood', wait)
    await shell.says('started')
    shell.goOn()
    expect(await shell.result()).toBe(`exit ${EPIPE}`)
  })

  test.each(['alone', 'shared'])('input that comes late is waited for: %s', async (shared) => {
    const shell = new Shell(
      `{ read go <&3; echo hello; } | { "$NODE" $GUEST >&4; echo "exit $?" >&4; }`,
      'copy',
      wait,
      shared,
    )
    await shell.says('started')
    shell.goOn()
    expect(await shell.result()).toBe('hello\nexit 0')
  })

  test('an empty pipe is not readable, a closed one and a file are', async () => {
    const held = new Shell(`{ read go <&3; } | { "$NODE" $GUEST; echo "exit $?" >&4; kill 0; }`, 'poll', wait)
    expect(await held.result()).toBe('exit 2')
    const closed = new Shell(`true | { "$NODE" $GUEST; echo "exit $?" >&4; }`, 'poll', wait)
    expect(await closed.result()).toBe('exit 1')
    const file = new Shell(`"$NODE" $GUEST <"${fixture}"; echo "exit $?" >&4`, 'poll', wait)
    expect(await file.result()).toBe('exit 1')
  })

  test('poll_oneoff counts the bytes that a pipe holds, and those that are left of a file', async () => {
    const shell = new Shell(
      `printf 12345 | { read -r none <&3; "$NODE" $GUEST; echo "exit $?" >&4; }`,
      'bytes',
      wait,
    )
    shell.goOn()
    expect(await shell.result()).toBe('exit 5')
    const dir = tempDir()
    writeFileSync(join(dir, 'in'), 'first\nsecond\n')
    const file = new Shell(
      `cd "${dir}"; { read -r line; "$NODE" $GUEST; echo "exit $?" >&4; } <in`,
      'bytes',
      wait,
    )
    expect(await file.result()).toBe(`exit ${'second\n'.length}`)
  })

  test('a guest that set NONBLOCK gets EAGAIN', async () => {
    const shell = new Shell(
      `{ read go <&3; } | { "$NODE" $GUEST; echo "exit $?" >&4; kill 0; }`,
      'nonblocking',
      wait,
    )
    expect(await shell.result()).toBe(`exit ${EAGAIN}`)
  })

  test('files are read and written from where the shell stands in them', async () => {
    const dir = tempDir()
    writeFileSync(join(dir, 'in'), 'first\nsecond\n')
    const shell = new Shell(
      `cd "${dir}"; { read -r line; "$NODE" $GUEST; echo "exit $?" >&4; } <in >out; cat out >&4`,
      'copy',
      wait,
    )
    // read(1) of a shell leaves a file behind the line that it has read.
    expect(await shell.result()).toBe('exit 0\nsecond')
    expect(readFileSync(join(dir, 'out'), 'utf8')).toBe('second\n')
  })
})

test.skipIf(isWindows || waits[0] !== 'jspi')(
  'a guest that waits for its reader does not hold up the thread',
  async () => {
    const shell = new Shell(
      `{ "$NODE" $GUEST; echo "exit $?" >&4; } | { read go <&3; cat >&4; }`,
      'flood',
      'jspi',
      'ticking',
    )
    await shell.says('started')
    await shell.says('tick')
    shell.goOn()
    expect(await shell.result()).toContain('exit 0')
  },
)

test.skipIf(isWindows)('importing the package leaves the pipes of the process blocking', async () => {
  const index = new URL('../src/index.ts', import.meta.url).href
  const flags = `[0, 1, 2].map((fd) => /flags:\\s*\\d*(\\d)\\d{3}/.exec(fs.readFileSync('/proc/self/fdinfo/' + fd, 'utf8'))?.[1])`
  const script = `import * as fs from 'node:fs'; const flags = () => ${flags}; const before = flags(); await import('${index}'); fs.writeSync(4, JSON.stringify([before, flags()]))`
  const child = spawn('sh', ['-c', `true | "$NODE" --input-type=module -e "$SCRIPT" 2>&1 | cat`], {
    stdio: ['ignore', 'ignore', 'ignore', 'ignore', 'pipe'],
    env: { ...process.env, NODE: process.execPath, SCRIPT: script },
  })
  let text = ''
  ;(child.stdio[4] as Readable).on('data', (bytes: Buffer) => (text += bytes.toString()))
  await once(child, 'close')
  const [before, after] = JSON.parse(text) as [unknown, unknown]
  expect(after).toEqual(before)
})
