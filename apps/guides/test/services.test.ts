/** docs/guides/services-on-sockets.md: drivers of npm ask the real servers over their sockets. */
import { chmodSync, chownSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from '@uds/stream'
import { isWindows, needs, socketPath, spawnProgram, spawnScript, tempDir } from '@uds/testkit'
import type { Spawned } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { findLibrary, type Library } from './rows/libraries.ts'

const PG: Library = { name: 'pg', version: '8.23.1', main: 'lib/index.js' }
const IOREDIS: Library = { name: 'ioredis', version: '6.0.0', main: 'built/index.js' }

const [postgres, initdb, redis] = (['postgres', 'initdb', 'redis-server'] as const).map((name) => needs(name))

/** A plain program, and one in which every path is of @uds/stream. */
const ways = [
  ['as it is', []],
  ['with register', ['--import', import.meta.resolve('@uds/stream/net/register')]],
] as const

const missing = (library: Library): boolean => {
  const found = !isWindows && findLibrary(library) !== undefined
  if (!found && !isWindows) console.warn(`${library.name} is tried when UDS_REQUIRE=all installs it from npm`)
  return !found
}

const guide = readFileSync(join(import.meta.dirname, '../../../docs/guides/services-on-sockets.md'), 'utf8')

/** The program of the guide that imports the driver. */
const programOf = ({ name }: Library): string => {
  const blocks = [...guide.matchAll(/```js\n(.*?)```/gs)].map(([, code = '']) => code)
  const found = blocks.find((code) => code.includes(`from '${name}'`))
  if (found === undefined) throw new Error(`the guide has no program with ${name}`)
  return found
}

/** Runs it in a project that has the driver. */
const run = (library: Library, args: readonly string[], execArgv: readonly string[]): Spawned => {
  const project = tempDir()
  const main = findLibrary(library) ?? ''
  symlinkSync(main.slice(0, -`/${library.name}/${library.main}`.length), join(project, 'node_modules'))
  const program = join(project, 'program.mjs')
  writeFileSync(program, programOf(library))
  return spawnScript(program, args, { execArgv: [...execArgv] })
}

const serves = async (path: string, server: Spawned): Promise<void> => {
  const ended = server.exit.then(() => {
    throw new Error(`the server has ended: ${server.stdout()}${server.stderr()}`)
  })
  const connection = await Promise.race([connect(`unix:${path}`, { retryUntilMs: 20_000 }), ended])
  connection.destroy()
}

/** PostgreSQL refuses to run as root; then it is run as nobody, whom the directory must belong to. */
const asNobody = (directory: string): ((program: string, args: readonly string[]) => Spawned) => {
  if (process.getuid?.() !== 0) return (program, args) => spawnProgram(program, args)
  chmodSync(directory, 0o755)
  for (const name of ['data', 'run']) chownSync(join(directory, name), 65_534, 65_534)
  const drop = ['--reuid=65534', '--regid=65534', '--clear-groups']
  return (program, args) => spawnProgram('setpriv', [...drop, program, ...args], { cwd: directory })
}

describe.skipIf(isWindows || postgres!.missing || initdb!.missing || missing(PG))('PostgreSQL', () => {
  test('pg asks over its socket', { timeout: 60_000 }, async () => {
    const directory = tempDir()
    for (const name of ['data', 'run']) mkdirSync(join(directory, name), { mode: 0o700 })
    const start = asNobody(directory)
    const [data, sockets] = [join(directory, 'data'), join(directory, 'run')]
    const made = start(initdb!.path, ['-D', data, '-U', 'app', '-A', 'trust', '-N', '--no-instructions'])
    expect(await made.exit, made.stderr()).toEqual({ code: 0, signal: null })
    const server = start(postgres!.path, ['-D', data, '-k', sockets, '-c', 'listen_addresses='])
    await server.waitForLine(/ready to accept connections/)
    for (const [, execArgv] of ways) {
      const program = run(PG, [sockets], execArgv)
      expect(await program.exit, program.stderr()).toEqual({ code: 0, signal: null })
      expect(program.stdout()).toBe('[ { answer: 42 } ]\n')
    }
  })
})

describe.skipIf(isWindows || redis!.missing || missing(IOREDIS))('Redis', () => {
  test('ioredis asks over its socket', { timeout: 60_000 }, async () => {
    const path = socketPath()
    const options = ['--port', '0', '--unixsocket', path, '--save', '', '--dir', tempDir()]
    await serves(path, spawnProgram(redis!.path, options))
    for (const [, execArgv] of ways) {
      const program = run(IOREDIS, [path], execArgv)
      expect(await program.exit, program.stderr()).toEqual({ code: 0, signal: null })
      expect(program.stdout()).toBe('hello\n')
    }
  })
})
