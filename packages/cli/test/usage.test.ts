import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { uds } from './command.ts'
import { udsHere } from './here.ts'

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))

const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['an unknown command', ['conect'], /unknown command 'conect'\n\(Did you mean connect\?\)/],
  ['help for an unknown command', ['help', 'nope'], /unknown command 'nope'/],
  [
    'an unknown command with --help',
    ['conect', '--help'],
    /unknown command 'conect'\n\(Did you mean connect\?\)/,
  ],
  [
    'help for an unknown command of wasm',
    ['help', 'wasm', 'inspekt'],
    /unknown command 'inspekt'\n\(Did you mean inspect\?\)/,
  ],
  ['an unknown command of wasm with --help', ['wasm', 'nope', '-h'], /unknown command 'nope'/],
  [
    'an idle time that is none',
    ['connect', '--idle', '-1', 'name:a'],
    /--idle <ms>.*milliseconds, 0 or more/,
  ],
  ['a missing argument', ['proxy', 'tcp:127.0.0.1:0'], /missing required argument 'to'/],
  ['an argument too many', ['echo', 'name:a', 'name:b'], /too many arguments/],
  [
    'an unknown option',
    ['connect', '--linse', 'name:a'],
    /unknown option '--linse'\n\(Did you mean --lines\?\)/,
  ],
  ['a word for an address', ['connect', 'chat'], /<address>: the address "chat" is a word .* name:chat/],
  ['an unknown scheme', ['listen', 'ftp:x'], /begins with ftp:, which is no known scheme \(known: .*unix/],
  ['a port that is none', ['echo', 'tcp:127.0.0.1:99999'], /the port/],
  ['the second address of proxy', ['proxy', 'tcp:127.0.0.1:0', 'tcp:nowhere'], /<to>: /],
  ['a proxy to itself', ['proxy', 'unix:./a.sock', 'unix:a.sock'], /would be joined to itself/],
  ['an address of one process only', ['listen', 'memory:x'], /memory: reaches only this process/],
  ['a time that is none', ['connect', '--retry', 'soon', 'name:a'], /--retry <ms>.*milliseconds, 0 or more/],
  ['a count that is none', ['tail', '-n', '0', 'name:a'], /whole number, 1 or more/],
  ['an example that there is not', ['examples', '5'], /Allowed choices are 1, 2, 3, 4/],
  ['TLS without a certificate', ['listen', '--tls', 'tcp:127.0.0.1:0'], /needs --cert FILE and --key FILE/],
  [
    'a certificate that is not there',
    ['connect', '--tls', '--ca', 'no.pem', 'tcp:127.0.0.1:1'],
    /--ca cannot be read: ENOENT/,
  ],
  [
    'a certificate without TLS',
    ['connect', '--ca', 'x', 'tcp:127.0.0.1:1'],
    /--ca means nothing without --tls/,
  ],
  [
    'a proxy with TLS and without a certificate',
    ['proxy', '--listen-tls', 'tcp:127.0.0.1:0', 'tcp:127.0.0.1:1'],
    /listening with --listen-tls needs --cert FILE and --key FILE/,
  ],
  [
    'TLS of the wrong side',
    ['proxy', '--listen-tls', '--insecure', 'tcp:127.0.0.1:0', 'tcp:127.0.0.1:1'],
    /--insecure means nothing without --connect-tls/,
  ],
  [
    'a certificate that is none',
    ['listen', '--tls', '--cert', 'package.json', '--key', 'package.json', 'tcp:127.0.0.1:0'],
    /--cert holds no certificate that can be read \(PEM\)/,
  ],
  [
    'an authority that is none',
    ['connect', '--tls', '--ca', 'package.json', 'tcp:127.0.0.1:1'],
    /--ca holds no certificate that can be read \(PEM\)/,
  ],
  [
    'a key of another certificate',
    ['connect', '--tls', '--cert', fixture('cert.pem'), '--key', fixture('other-key.pem'), 'tcp:127.0.0.1:1'],
    /--key is not the key of the certificate in --cert/,
  ],
  [
    'lines and a hex dump at once',
    ['listen', '--lines', '--hex', 'tcp:127.0.0.1:0'],
    /'--lines' cannot be used with option '--hex'/,
  ],
  ['unixevents without events', ['tail', '--unixevents', 'Channel1'], /CHANNEL EVENT/],
  ['a rule that is none', ['wasm', 'run', '--allow', 'everything', 'x.wasm'], /must begin with connect:/],
  ['a route that is none', ['wasm', 'run', '--route', 'a', 'x.wasm'], /HOST:PORT=ADDRESS/],
  ['a directory that is not there', ['wasm', 'run', '--dir', 'nowhere', 'x.wasm'], /no directory nowhere/],
]

test.each(wrong)('%s is told, and ends with 2', async (_, args, message) => {
  const { code, stdout, stderr } = await udsHere(args)
  expect(stderr).toMatch(message)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
})

test('with --json, what is wrong is JSON as well', async () => {
  const { code, stderr } = await uds(['--json', 'conect'])
  expect(code).toBe(2)
  expect(JSON.parse(stderr)).toMatchObject({
    code: 'ERR_USAGE',
    error: expect.stringContaining('conect') as string,
  })
})

test('what fails ends with 1 and the code of the error', async () => {
  const { code, stderr } = await uds(['connect', 'tcp:127.0.0.1:1', '--json'])
  expect(code).toBe(1)
  expect(JSON.parse(stderr)).toMatchObject({ code: 'ECONNREFUSED' })
})

describe('help', () => {
  const commands = [
    'doctor',
    'listen',
    'connect',
    'echo',
    'proxy',
    'ls',
    'send',
    'tail',
    'request',
    'top',
    'line',
    'examples',
  ]
  test.each([...commands, 'wasm', 'wasm run', 'wasm inspect'])('of %s has examples', async (command) => {
    const { code, stdout, stderr } = await udsHere([...command.split(' '), '--help'])
    expect(stdout).toMatch(new RegExp(`^Usage: uds ${command} `))
    expect(stdout).toMatch(/\nExamples?:\n(?:  \$ .*\n?)+$/)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  test.each(['connect', 'wasm run'])('help %s is the help of it', async (command) => {
    const { code, stdout } = await udsHere(['help', ...command.split(' ')])
    expect(stdout).toMatch(new RegExp(`^Usage: uds ${command} `))
    expect(code).toBe(0)
  })

  test('lists every command', async () => {
    const { code, stdout } = await udsHere(['--help'])
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'))
    expect(code).toBe(0)
  })
})

test('--version is that of the package', async () => {
  expect(await uds(['--version'])).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string,
    stderr: '',
  })
})

/** The packages that a command loads. */
const loadedBy = async (...args: string[]): Promise<string> => {
  const { stderr } = await uds(args, {
    execArgv: [`--import=${pathToFileURL(fixture('loaded.mjs')).href}`],
  })
  return stderr
}

describe('a command loads what it needs', () => {
  test('help loads no layer', async () => {
    expect(await loadedBy('help', 'connect')).not.toMatch(/@uds/)
  })

  test('ls loads the system calls alone', async () => {
    const loaded = await loadedBy('ls')
    expect(loaded).toMatch(/@uds\/winsock-ffi/)
    expect(loaded).not.toMatch(/@uds\/(stream|events|wasi-host)/)
  })
})
