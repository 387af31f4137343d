/** A command and its daemon. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { codeOf, freshName, rejectionOf, spawnScript, tempDir } from '@uds/testkit'
import { connect, connectOrStart, listen } from '@uds/stream'
import { closing, lineOf } from './support.ts'

const node = (code: string): [string, ...string[]] => [process.execPath, '-e', code]

const fresh = (): `name:${string}` => `name:${freshName()}`

test('four commands that come at once start one daemon, and all talk to it', async () => {
  const address = fresh()
  const starts = join(tempDir(), 'starts')
  const script = new URL('./fixtures/command.ts', import.meta.url)
  const commands = Array.from({ length: 4 }, () => spawnScript(script, [address, starts]))
  const pids = await Promise.all(
    commands.map(async (each) => (await each.waitForLine(/^daemon (\d+)$/, 60_000))[1]),
  )
  expect(new Set(pids).size).toBe(1)
  expect(readFileSync(starts, 'utf8')).toBe(`${pids[0]}\n`)
  for (const each of commands) each.process.stdin!.end()
  await Promise.all(commands.map((each) => each.exit))
  // Its last client has gone, and it has ended by itself, not with the process that has started it.
  // A connection that is not closed would keep it.
  const visit = async (): Promise<unknown> => (await connect(address)).destroy()
  await expect.poll(() => codeOf(visit()), { timeout: 10_000 }).not.toBe('no error')
}, 90_000)

test('a server that is there is connected to, and nothing is started', async () => {
  const server = closing(await listen(fresh()))
  server.on('connection', (connection) => connection.end('here'))
  expect(await lineOf(await connectOrStart(server.address, { start: ['/no/such/daemon'] }))).toBe('here')
})

test('a program that fails is an error with its exit code and its last lines', async () => {
  const error = await rejectionOf(
    connectOrStart(fresh(), {
      start: node(`console.error('no config file'); process.exit(3)`),
      timeoutMs: 60_000,
    }),
  )
  expect(error.code).toBe('ECHILD')
  expect(error.message).toMatch(/exit code 3 .*no config file/s)
})

test('a command that is not there is ENOENT, with its name', async () => {
  const error = await rejectionOf(connectOrStart(fresh(), { start: ['/no/such/daemon'] }))
  expect(error).toMatchObject({
    code: 'ENOENT',
    message: expect.stringContaining('/no/such/daemon') as string,
  })
})

test('a program that fails later is no error of the process that has started it', async () => {
  const address = fresh()
  const code = `
    const { listen } = await import(${JSON.stringify(import.meta.resolve('@uds/stream'))})
    const server = await listen(${JSON.stringify(address)})
    server.on('connection', () => process.exit(9))`
  let child: ReturnType<typeof spawn> | undefined
  const start = (): ReturnType<typeof spawn> =>
    (child = spawn(process.execPath, ['--input-type=module', '-e', code]))
  const connection = await connectOrStart(address, { start, timeoutMs: 60_000 })
  connection.on('error', () => {})
  await expect.poll(() => child!.exitCode, { timeout: 10_000 }).toBeGreaterThan(0)
})

test('a program that does not listen in time is ended, and the error says so', async () => {
  let child: ReturnType<typeof spawn> | undefined
  const start = (): ReturnType<typeof spawn> => (child = spawn(...split(node('setInterval(() => {}, 1e6)'))))
  expect(await codeOf(connectOrStart(fresh(), { start, timeoutMs: 100 }))).toBe('ETIMEDOUT')
  await expect.poll(() => child!.signalCode ?? child!.exitCode).toBe('SIGTERM')
})

test('an aborted signal ends the attempt and the program with its reason', async () => {
  const reason = new Error('enough')
  const abort = new AbortController()
  let child: ReturnType<typeof spawn> | undefined
  const start = (): ReturnType<typeof spawn> => {
    child = spawn(...split(node('setInterval(() => {}, 1e6)')))
    child.once('spawn', () => abort.abort(reason))
    return child
  }
  expect(await codeOf(connectOrStart(fresh(), { start, signal: abort.signal }))).toBe(reason)
  await expect.poll(() => child!.signalCode ?? child!.exitCode).toBe('SIGTERM')
})

test('those who wait for another process hear why its start failed, and do not try it again', async () => {
  const address = fresh()
  let starts = 0
  const failing = (): ReturnType<typeof spawn> => {
    starts += 1
    return spawn(...split(node('setTimeout(() => process.exit(7), 500)')))
  }
  const codes = await Promise.all(
    Array.from({ length: 3 }, () => codeOf(connectOrStart(address, { start: failing }))),
  )
  expect(codes).toEqual(['ECHILD', 'ECHILD', 'ECHILD'])
  expect(starts).toBe(1)
})

test.each([[[]], [['node', 1]], ['node'], [undefined]])(
  'start: %j is refused before anything is done',
  async (start) => {
    const wrong = { start } as unknown as { start: [string] }
    expect(await codeOf(connectOrStart(fresh(), wrong))).toBe('ERR_INVALID_ARG_TYPE')
  },
)

const split = ([command, ...args]: [string, ...string[]]): [string, string[]] => [command, args]
