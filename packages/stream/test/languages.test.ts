/** Peers in other languages, at both ends: half close, the socket file, long paths, abstract names, a peer that has gone. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import {
  codeOf,
  freshName,
  needs,
  socketPath,
  spawnProgram,
  spawnScript,
  tempDir,
  type Spawned,
} from '@uds/testkit'
import { connect, listen } from '@uds/stream'
import { capabilities } from '@uds/winsock-ffi'
import { converse } from './conversation.ts'
import { closing, lineOf } from './support.ts'

interface Language {
  readonly name: string
  readonly program: Parameters<typeof needs>[0]
  /** What comes before the role and the paths. */
  readonly args: readonly string[]
  /** The longest path that it binds, in bytes, and what it does with a longer one. */
  readonly longest: 107 | 108
  readonly longer: 'refuses' | 'cuts'
  /** The name that its listener at the abstract name has. */
  readonly abstract: 'exact' | 'padded' | 'another' | 'refuses'
  /** What comes of a write to a peer that has gone. */
  readonly brokenPipe: RegExp | 'SIGPIPE'
  /** The reply that it sends after the client's end is lost. */
  readonly losesLateReply?: true
}

const peer = (file: string): string => fileURLToPath(new URL(`./peers/${file}`, import.meta.url))

const languages: readonly Language[] = [
  {
    name: 'Python',
    program: 'python3',
    args: [peer('peer.py')],
    longest: 107,
    longer: 'refuses',
    abstract: 'exact',
    brokenPipe: /Broken pipe/,
  },
  {
    name: 'Perl',
    program: 'perl',
    args: [peer('peer.pl')],
    longest: 108,
    longer: 'cuts',
    abstract: 'exact',
    brokenPipe: 'SIGPIPE',
  },
  {
    name: 'Ruby',
    program: 'ruby',
    args: [peer('peer.rb')],
    longest: 108,
    longer: 'refuses',
    abstract: 'exact',
    brokenPipe: /Broken pipe/,
  },
  {
    name: 'PHP',
    program: 'php',
    args: [peer('peer.php')],
    longest: 107,
    longer: 'cuts',
    abstract: 'exact',
    brokenPipe: /errno=32 Broken pipe/,
  },
  {
    name: 'Lua with LuaSocket',
    program: 'lua5.4',
    args: [peer('luasocket.lua')],
    longest: 107,
    longer: 'refuses',
    abstract: 'another',
    brokenPipe: /closed/,
  },
  {
    name: 'Lua with luaposix',
    program: 'lua5.3',
    args: [peer('luaposix.lua')],
    longest: 107,
    longer: 'cuts',
    abstract: 'padded',
    brokenPipe: 'SIGPIPE',
  },
  {
    name: 'Guile',
    program: 'guile',
    args: ['--no-auto-compile', '-s', peer('peer.scm')],
    longest: 108,
    longer: 'refuses',
    abstract: 'another',
    brokenPipe: 'SIGPIPE',
  },
  {
    name: 'Erlang',
    program: 'escript',
    args: [peer('peer.escript')],
    longest: 107,
    longer: 'refuses',
    abstract: 'exact',
    brokenPipe: /closed/,
    losesLateReply: true,
  },
  {
    name: 'SBCL',
    program: 'sbcl',
    args: ['--script', peer('peer.lisp')],
    longest: 107,
    longer: 'cuts',
    abstract: 'exact',
    brokenPipe: /Broken pipe/,
  },
  {
    name: 'Pike',
    program: 'pike8.0',
    args: [peer('peer.pike')],
    longest: 107,
    longer: 'refuses',
    abstract: 'another',
    brokenPipe: /Broken pipe/,
  },
  {
    name: 'SWI-Prolog',
    program: 'swipl',
    args: [peer('peer.prolog')],
    longest: 107,
    longer: 'refuses',
    abstract: 'refuses',
    brokenPipe: /epipe/,
  },
]

/** A path of so many bytes, in a directory of its own. */
const longPath = (length: number): string => {
  const directory = tempDir()
  return join(directory, 'x'.repeat(length - directory.length - 1))
}

const guide = readFileSync(
  new URL('../../../docs/guides/peers-in-other-languages.md', import.meta.url),
  'utf8',
)

test.each(languages)('the row of $name in the guide is what is tested', (language) => {
  const lines = guide.split('\n')
  const row = lines.find((line) => line.startsWith(`| ${language.name}`))!
  const [, , , longest = '', longer = '', abstract = '', gone = ''] = row
    .split('|')
    .map((cell) => cell.trim())
  const words = {
    exact: /^exact/,
    padded: /^padded with NULs/,
    another: /^another name, and success$/,
    refuses: /^refused$/,
    cuts: /^cut, and success$/,
  }
  expect(longest).toBe(`${language.longest} bytes`)
  expect(longer).toMatch(words[language.longer])
  expect(abstract).toMatch(words[language.abstract])
  expect(gone).toBe(language.brokenPipe === 'SIGPIPE' ? 'SIGPIPE' : 'an error')
})

describe.each(languages)('$name', (language) => {
  const { missing, path: program } = needs(language.program)
  const can = capabilities()
  const start = (...args: string[]): Spawned =>
    spawnProgram(program, [...language.args, ...args], { env: { LC_ALL: 'C.UTF-8' } })

  test.skipIf(missing || !can.abstractNames)(
    'its client hears a late reply after its half close, and writes to who has gone',
    async () => {
      const [path, gone] = [socketPath(), socketPath()]
      const server = closing(await listen(`unix:${path}`, { allowHalfOpen: true }))
      server.on('connection', async (connection) => connection.end(`late:${await lineOf(connection)}`))
      const closed = closing(await listen(`unix:${gone}`))
      closed.on('connection', (connection) => connection.destroy())
      const client = start('client', path, gone)
      const exit = await client.exit
      expect(client.stdout()).toMatch(/^late:hello\n/)
      if (language.brokenPipe === 'SIGPIPE') expect(exit).toEqual({ code: null, signal: 'SIGPIPE' })
      else expect(client.stdout()).toMatch(language.brokenPipe)
    },
  )

  test.skipIf(missing || !can.abstractNames)(
    'its server hears the end of our half, and leaves its file',
    async () => {
      const path = socketPath()
      const server = start('server', path)
      await server.waitForLine(/^bound$/)
      const { connection, said } = await converse(path)
      connection.end('hello\n')
      expect(String(await said.rest())).toBe(language.losesLateReply ? '' : 'late:hello\n')
      await server.exit
      expect(existsSync(path)).toBe(true)
      // The next listener of ours replaces what nobody listens at.
      closing(await listen(`unix:${path}`))
    },
  )

  test.skipIf(missing || !can.abstractNames)(
    'a stale file, long paths and abstract names are for it as the guide says',
    async () => {
      const stale = socketPath()
      const dead = spawnScript(new URL('./fixtures/die-listening.ts', import.meta.url), [stale])
      await dead.exit
      const paths = [107, 108, 109].map(longPath)
      const name = freshName()
      const server = start('bind', stale, ...paths, `@${name}`)
      const answers: string[] = []
      for (let left = 5; left > 0; left -= 1) answers.push((await server.waitForLine(/^(ok|no: .*)$/))[1]!)
      const [atStale, ...others] = answers
      expect(atStale).toMatch(/^no/)
      const named = others.pop()!
      const { longest, longer, abstract } = language
      for (const [index, path] of paths.entries()) {
        const fits = path.length <= longest
        expect(others[index]).toMatch(fits || longer === 'cuts' ? /^ok$/ : /^no/)
        if (fits) (await connect({ scheme: 'unix', path })).destroy()
        // The directory of each was empty.
        const [file] = readdirSync(dirname(path))
        const bound = fits ? path.length : longest
        expect(file).toBe(fits || longer === 'cuts' ? basename(path.slice(0, bound)) : undefined)
      }
      expect(named).toMatch(abstract === 'refuses' ? /^no/ : /^ok$/)
      const exact = connect({ scheme: 'unix', abstract: name }).then((connection) => connection.destroy())
      expect(await codeOf(exact)).toBe(abstract === 'exact' ? 'no error' : 'ECONNREFUSED')
      if (abstract === 'padded')
        (await connect({ scheme: 'unix', abstract: name.padEnd(107, '\0') })).destroy()
      server.process.stdin!.end()
      await server.exit
    },
  )
})

const escript = needs('escript')

test.skipIf(escript.missing)('Erlang replies after our end when exit_on_close is turned off', async () => {
  const path = socketPath()
  const server = spawnProgram(escript.path, [peer('peer.escript'), 'kept', path])
  await server.waitForLine(/^bound$/)
  const { connection, said } = await converse(path)
  connection.end('hello\n')
  expect(String(await said.rest())).toBe('late:hello\n')
})
