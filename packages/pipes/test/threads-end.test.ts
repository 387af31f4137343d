/** Threads that end with listeners open: the process lives on, and the next listener must not find their sockets. */
import { existsSync, readdirSync } from 'node:fs'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { handleCount, spawnScript, tempDir } from '@uds/testkit'
import { describe, expect, test, vi } from 'vitest'
import { UnixListener, UnixStream } from '../src/index.ts'
import { expectCode } from './expect.ts'
import type { End } from './fixtures/thread-that-ends.ts'
import { kindsHere, unix } from './kinds.ts'

vi.setConfig({ testTimeout: 60_000 })

const thread = (address: string, end: End): Worker =>
  new Worker(new URL('./fixtures/thread-that-ends.ts', import.meta.url), {
    workerData: { address, end },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })

/** How a thread ended: with an error, or its exit code. */
const endOf = (worker: Worker): Promise<unknown> =>
  new Promise((resolve) => {
    let thrown: string | undefined
    worker.once('error', (error: Error) => (thrown = error.message))
    worker.once('exit', (code) => resolve(thrown ?? code))
  })

describe.each(kindsHere)('a listener of $name', (kind) => {
  test.each([
    ['process.exit()', 7],
    ['a throw', 'it listens, and ends'],
    ['its last line', 0],
  ] as const)('in a thread that ends by %s leaves no name and no handle', async (end, outcome) => {
    const address = kind.fresh()
    expect(await endOf(thread(address, end))).toBe(outcome)
    if (kind === unix) expect(existsSync(address)).toBe(false)
    const before = handleCount()
    const listener = kind.bind(address)
    const client = kind.connect(address)
    for (const each of [listener.accept(), client, listener]) each.close()
    expect(handleCount()).toBe(before)
  })
})

describe.skipIf(process.platform === 'win32')('a process', () => {
  test.each([
    ['process.exit()', 7],
    ['a throw', 1],
    ['its last line', 0],
  ] as const)('that ends by %s leaves no socket file', async (end, code) => {
    const directory = tempDir()
    const program = spawnScript(new URL('./fixtures/process-that-ends.ts', import.meta.url), [directory, end])
    expect(await program.exit).toEqual({ code, signal: null })
    expect(readdirSync(directory)).toEqual([])
  })
})

// Only Linux keeps the thread of a socket.
describe.skipIf(process.platform !== 'linux')('after terminate()', () => {
  test('the next bind takes the place of the socket that the thread left open', async () => {
    const path = unix.fresh()
    const worker = thread(path, 'terminate()')
    await once(worker, 'message')
    expectCode('EADDRINUSE', () => UnixListener.bind(path))
    await worker.terminate()
    expect(existsSync(path)).toBe(true)
    const listener = UnixListener.bind(path)
    const client = UnixStream.connect(path)
    for (const each of [listener.accept(), client, listener]) each.close()
  })

  test('a listener that went to another thread before is no leftover', async () => {
    const path = unix.fresh()
    const script = new URL('./fixtures/terminated-after-transfer.ts', import.meta.url)
    const program = spawnScript(script, [path])
    await program.waitForLine(/^EADDRINUSE, accepted$/)
    expect(await program.exit).toEqual({ code: 0, signal: null })
  })
})
