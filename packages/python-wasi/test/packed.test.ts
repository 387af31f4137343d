/** The package as it would be published: packed, unpacked into an empty project, and run there. */
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { needsPython } from '@uds/guests'
import { spawnScript, tempDir } from '@uds/testkit'
import { pnpm } from '@uds/testkit/pnpm'
import { WasiHost } from '@uds/wasi-host'
import type { SocketsOptions } from '@uds/wasi-host'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Python } from '../src/index.ts'

const built = needsPython()
const folder = join(import.meta.dirname, '..')
const uds = new URL('../../cli/src/main.ts', import.meta.url)

describe.skipIf(built.missing)('@uds/python-wasi, packed', () => {
  const project = tempDir()
  const installed = join(project, 'node_modules/@uds/python-wasi')
  let python: Python
  const server = createServer((request, response) => response.end(`${request.method} ${request.url}`))

  beforeAll(async () => {
    const { file, args } = pnpm(process.env)
    execFileSync(file, [...args, 'pack', '--pack-destination', project], { cwd: folder, stdio: 'pipe' })
    mkdirSync(installed, { recursive: true })
    const [tarball = ''] = globSync('*.tgz', { cwd: project })
    execFileSync('tar', ['-xzf', join(project, tarball), '-C', installed, '--strip-components=1'])
    const door = pathToFileURL(join(installed, 'dist/index.js')).href
    python = ((await import(door)) as { python: () => Python }).python()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  }, 120_000)
  afterAll(() => void server.close())

  const port = (): number => (server.address() as AddressInfo).port
  const run = async (
    code: string,
    sockets: SocketsOptions = {},
  ): Promise<{ code: number; output: string }> => {
    const stdout = new PassThrough()
    const output = text(stdout)
    const args = ['python', '-c', code]
    const host = new WasiHost({ args, preopens: python.preopens, sockets, stdout, stderr: stdout })
    const exitCode = await host.run(python.wasm)
    stdout.end()
    return { code: exitCode, output: await output }
  }

  test('brings its licences, and says what it was built from', () => {
    for (const name of ['cpython.txt', 'cpython-incorporated.rst', 'wasi-libc.txt'])
      expect(existsSync(join(installed, 'python/licences', name))).toBe(true)
    const provenance = JSON.parse(readFileSync(join(installed, 'python/provenance.json'), 'utf8')) as unknown
    expect(provenance).toMatchObject({
      version: python.version,
      source: { file: expect.stringMatching(/\.orig\./), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    })
  })

  test('is the Python that it says it is', async () => {
    expect(await run('import platform; print(platform.python_version())')).toEqual({
      code: 0,
      output: `${python.version}\n`,
    })
  })

  test('the standard library has the sockets of the host, and only what it allows', async () => {
    const code = `
import urllib.request, urllib.error
try:
    print(urllib.request.urlopen('http://127.0.0.1:${port()}/from-python', timeout=10).read().decode())
except urllib.error.URLError as e:
    print(type(e.reason).__name__)
`
    const allowed = await run(code, { allow: [`connect:127.0.0.1:${port()}`] })
    expect(allowed).toEqual({ code: 0, output: 'GET /from-python\n' })
    expect((await run(code)).output).toBe('PermissionError\n')
  })

  test('cannot change its library', async () => {
    const { output } = await run(`
try:
    open('/usr/local/lib/planted.py', 'w')
except OSError as e:
    print(type(e).__name__)
`)
    expect(output).toMatch(/^(PermissionError|OSError)\n$/)
  })

  test('is embedded, too', async () => {
    const guest = await new WasiHost({ args: ['python'], preopens: python.preopens }).instantiate(
      python.embeddable,
    )
    await guest.call('Py_Initialize')
    expect(await guest.call('PyRun_SimpleString', await guest.string('import json, socket'))).toBe(0)
    await guest.close()
  })

  test('uds wasm run python runs a script with it', async () => {
    writeFileSync(
      join(project, 'fetch.py'),
      `import sys, urllib.request\nprint(urllib.request.urlopen(sys.argv[1]).read().decode())\n`,
    )
    const allow = ['--allow', `connect:127.0.0.1:${port()}`]
    const args = ['wasm', 'run', ...allow, 'python', 'fetch.py', `http://127.0.0.1:${port()}/from-a-shell`]
    const command = spawnScript(uds, args, { cwd: project, input: '' })
    expect(await command.exit).toEqual({ code: 0, signal: null })
    expect(command.stdout()).toBe('GET /from-a-shell\n')
  }, 60_000)
})
