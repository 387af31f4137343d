import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect, listen } from '@uds/stream'
import { capabilities } from '@uds/winsock-ffi'
import { needsGuest, needsPython } from '@uds/guests'
import { socketPath, tempDir } from '@uds/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { end, freshAddress, kinds, start, uds, values } from './command.ts'
import { call, constant, drop, guest, load } from './guest.ts'
import type { Import } from './guest.ts'
import { udsHere } from './here.ts'

const EXIT: Import = { name: 'proc_exit', arity: 1 }
const WRITE: Import = { name: 'fd_write', arity: 4 }
const python = needsPython()
const wasix = { client: needsGuest('wasix-client'), server: needsGuest('wasix-server') }

/** An iovec (address 0) that points to the text behind it. */
const iovec = (message: string): Uint8Array => {
  const memory = Buffer.alloc(16 + message.length)
  memory.writeUInt32LE(16, 0)
  memory.writeUInt32LE(message.length, 4)
  memory.write(message, 16)
  return memory
}

describe('run', () => {
  test.each([0, 1, 7, 113])("ends with the guest's exit code %i", async (code) => {
    const result = await uds(['wasm', 'run', guest([EXIT], call(0, constant(code)))])
    expect(result).toEqual({ code, stdout: '', stderr: '' })
  })

  test('gives the guest its arguments, those behind -- as they are', async () => {
    // The exit code is their number.
    const counting = guest(
      [EXIT, { name: 'args_sizes_get', arity: 2 }],
      [...call(1, constant(0), constant(4)), drop, ...call(0, load(0))],
    )
    expect((await uds(['wasm', 'run', counting])).code).toBe(1)
    expect((await uds(['wasm', 'run', counting, 'a', 'b'])).code).toBe(3)
    expect((await uds(['wasm', 'run', counting, '--', '--allow', '--', '-x'])).code).toBe(4)
  })

  test('gives it the environment that is named, and no other', async () => {
    const counting = guest(
      [EXIT, { name: 'environ_sizes_get', arity: 2 }],
      [...call(1, constant(0), constant(4)), drop, ...call(0, load(0))],
    )
    expect((await uds(['wasm', 'run', counting])).code).toBe(0)
    const named = await uds(['wasm', 'run', '--env', 'A=1', '--env', 'HERE', counting], {
      env: { HERE: 'x' },
    })
    expect(named.code).toBe(2)
  })

  test('--dir gives it a directory, and with :ro one that it cannot change', async () => {
    // The exit code is the errno of a directory that it makes.
    const making = guest(
      [EXIT, { name: 'path_create_directory', arity: 3 }],
      call(0, call(1, constant(3), constant(0), constant(4))),
      Buffer.from('made'),
    )
    const dir = tempDir()
    const [EROFS, EBADF] = [69, 8]
    expect((await uds(['wasm', 'run', making])).code).toBe(EBADF)
    expect((await uds(['wasm', 'run', '--dir', `${dir}::/data:ro`, making])).code).toBe(EROFS)
    expect(existsSync(join(dir, 'made'))).toBe(false)
    expect((await uds(['wasm', 'run', '--dir', `${dir}::/data`, making])).code).toBe(0)
    expect(existsSync(join(dir, 'made'))).toBe(true)
    const missing = await uds(['wasm', 'run', '--dir', `${join(dir, 'none')}::/data:ro`, making])
    expect(missing.stderr).toContain(`There is no directory ${join(dir, 'none')}`)
  })

  test('what the guest prints is what is printed', async () => {
    const printing = guest(
      [EXIT, WRITE],
      [...call(1, constant(1), constant(0), constant(1), constant(8)), drop],
      iovec('from the guest\n'),
    )
    expect(await uds(['wasm', 'run', printing])).toEqual({ code: 0, stdout: 'from the guest\n', stderr: '' })
  })

  test.each(Object.keys(kinds))('with --connect, the guest finds a connection to %s open', async (kind) => {
    const server = await listen(kinds[kind]!())
    onTestFinished(() => server.close())
    const got = new Promise<string>((resolve) =>
      server.on('connection', (connection) => resolve(text(connection))),
    )
    const writing = guest(
      [EXIT, WRITE],
      call(0, call(1, constant(3), constant(0), constant(1), constant(8))),
      iovec('hello'),
    )
    expect(await uds(['wasm', 'run', '--connect', server.address, writing])).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    })
    expect(await got).toBe('hello')
  })

  test('with --listen, clients reach the guest', async () => {
    const serving = guest(
      [EXIT, WRITE, { name: 'sock_accept', arity: 3 }],
      [
        ...call(2, constant(3), constant(0), constant(8)),
        drop,
        ...call(0, call(1, load(8), constant(0), constant(1), constant(12))),
      ],
      iovec('welcome'),
    )
    const command = start(['wasm', 'run', '--listen', 'tcp:127.0.0.1:0', serving])
    const [, address = ''] = await command.waitForLine(/^listening on (.*)$/)
    const client = await connect(address)
    expect(await text(client)).toBe('welcome')
    expect((await end(command)).code).toBe(0)
  })

  test('a route that leads nowhere is said once, with where it leads and why', async () => {
    // Dials db.internal:80 twice; the exit code is the errno, of Linux.
    const dialling = guest(
      [
        EXIT,
        { name: 'sock_open', arity: 3 },
        { name: 'sock_resolve', arity: 6 },
        { name: 'sock_connect', arity: 2 },
      ],
      [
        ...call(1, constant(2), constant(1), constant(0)),
        drop,
        ...call(2, constant(64), constant(11), constant(80), constant(128), constant(1), constant(4)),
        drop,
        ...call(3, load(0), constant(128)),
        drop,
        ...call(1, constant(2), constant(1), constant(0)),
        drop,
        ...call(0, call(3, load(0), constant(128))),
      ],
      Buffer.from(`${'\0'.repeat(64)}db.internal`),
    )
    const address = freshAddress()
    const route = ['--route', `db.internal:80=${address}`]
    const { code, stderr } = await uds(['wasm', 'run', ...route, dialling])
    expect(code).toBeGreaterThan(0)
    const [line, ...more] = stderr.trimEnd().split('\n')
    expect(more).toEqual([])
    expect(line).toMatch(/^db\.internal:80 leads to name:\S+, where no connection could be made: ./)
    expect(line).toContain(address)
    const json = await uds(['--json', 'wasm', 'run', ...route, dialling])
    expect(values(json.stderr)).toMatchObject([
      { decision: 'fail', address: 'db.internal:80', target: address },
    ])
    const traced = await uds(['wasm', 'run', '--trace', ...route, dialling])
    expect(traced.stderr.match(/connect db\.internal:80: fail \(db\.internal:80\), to name:/g)).toHaveLength(
      2,
    )
  })

  test('what is no module is a failure, in words', async () => {
    const result = await uds(['wasm', 'run', import.meta.filename])
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(result.stderr).toMatch(/^uds: not a WebAssembly module: it begins with/)
  })

  test('a guest that traps is a failure', async () => {
    const UNREACHABLE = 0x00
    const result = await uds(['wasm', 'run', guest([EXIT], [UNREACHABLE])])
    expect(result.code).toBe(1)
    expect(result.stderr).toMatch(/^uds: the guest trapped: unreachable\n {2}at \S*wasm-function\[\d+\]/)
  })
})

test('what a guest was refused is told, also when it says nothing itself', async () => {
  const name = 'nowhere.internal'
  const resolve = { name: 'sock_resolve', arity: 6 }
  // errno = sock_resolve(name, length, port, ...); proc_exit(errno)
  const asking = guest(
    [EXIT, resolve],
    call(
      0,
      call(1, constant(8), constant(name.length), constant(80), constant(64), constant(4), constant(128)),
    ),
    Buffer.concat([Buffer.alloc(8), Buffer.from(name)]),
  )
  const { code, stderr } = await uds(['wasm', 'run', asking])
  expect(code).not.toBe(0)
  expect(stderr).toBe(
    `the guest was refused to resolve ${name}: --allow resolve:${name}, or --allow connect:${name}:PORT, permits it\n`,
  )
})

test('a guest that computes for ever ends with Ctrl+C', async () => {
  const PRINT = [...call(1, constant(1), constant(0), constant(1), constant(8)), drop]
  // loop br 0 end
  const forEver = guest([EXIT, WRITE], [...PRINT, 0x03, 0x40, 0x0c, 0x00, 0x0b], iovec('begun\n'))
  const [usual, threaded] = [[], ['--wait', 'worker']].map((flags) =>
    start(['wasm', 'run', ...flags, forEver]),
  )
  await Promise.all([usual?.waitForLine(/begun/), threaded?.waitForLine(/begun/)])
  const ends = await Promise.all([usual?.kill('SIGINT'), threaded?.kill('SIGINT')])
  const signalled = { code: null, signal: 'SIGINT' }
  expect(ends).toEqual([
    signalled,
    capabilities().system === 'win32' ? signalled : { code: 130, signal: null },
  ])
})

describe('inspect', () => {
  const sockets = [EXIT, { name: 'sock_open', arity: 3 }, { name: 'sock_connect', arity: 2 }]

  test('prints the imports with their types, and the ABI found', async () => {
    const { code, stdout, stderr } = await udsHere(['wasm', 'inspect', guest(sockets, [])])
    expect(stdout.split('\n')).toEqual([
      'ABI      zig',
      'run      yes, it has _start',
      'imports  3',
      '  wasi_snapshot_preview1.proc_exit(i32) -> nothing',
      '  wasi_snapshot_preview1.sock_open(i32, i32, i32) -> i32  (socket)',
      '  wasi_snapshot_preview1.sock_connect(i32, i32) -> i32  (socket)',
      'exports  2',
      '  memory (memory)',
      '  _start (function)',
      '',
    ])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  test('with --json, it is one value', async () => {
    const { stdout } = await udsHere(['wasm', 'inspect', '--json', guest([EXIT], [])])
    expect(values(stdout)).toEqual([
      expect.objectContaining({ abi: 'preview1', socketCalls: [], command: true }),
    ])
  })

  test('a file that is not there is a failure', async () => {
    const result = await udsHere(['wasm', 'inspect', 'nowhere.wasm'])
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(result.stderr).toMatch(/ENOENT.*nowhere\.wasm/)
  })
})

describe.skipIf(wasix.client.missing || wasix.server.missing)('guests of WASIX', () => {
  test('a client dials a path that it may dial; it is found to be one, and can be said to be one', async () => {
    const server = await listen(
      capabilities().system === 'win32' ? 'tcp:127.0.0.1:0' : `unix:${socketPath()}`,
    )
    onTestFinished(() => server.close())
    server.on('connection', (connection) => connection.pipe(connection))
    const [host, port] = server.address.startsWith('tcp:')
      ? (server.address.slice(4).split(':') as [string, string])
      : [server.address.slice(5), '0']
    const allow = ['--allow', `connect:${server.address.replace('tcp:', '')}`]
    for (const abi of [[], ['--abi', 'wasix']]) {
      const args = ['wasm', 'run', ...allow, ...abi, wasix.client.path, host, port, 'hello']
      expect(await uds(args)).toEqual({ code: 0, stdout: 'got: hello\n', stderr: '' })
    }
  })

  test('what a guest is refused is told once, with the option that permits it', async () => {
    const refused = await uds(['wasm', 'run', wasix.client.path, '127.0.0.1', '9', 'hello'])
    expect(refused).toEqual({
      code: 1,
      stdout: 'connect: errno 2\n',
      stderr:
        'the guest was refused to connect 127.0.0.1:9: --allow connect:127.0.0.1:9, or --route 127.0.0.1:9=ADDRESS, permits it\n',
    })
    const { stderr } = await uds(['wasm', 'run', wasix.client.path, 'db.internal', '9', 'hello'])
    expect(stderr).toBe(
      'the guest was refused to resolve db.internal: --allow resolve:db.internal, or --allow connect:db.internal:PORT, permits it\n',
    )
  })

  test('a server binds where it may bind, and serves', async () => {
    const command = start(['wasm', 'run', '--allow', 'bind:127.0.0.1:0', wasix.server.path, '1'])
    const [, port = ''] = await command.waitForLine(/^listening on (\d+)$/)
    const client = await connect(`tcp:127.0.0.1:${port}`, { allowHalfOpen: true })
    client.end('hello')
    expect(await text(client)).toBe('hello')
    expect(await end(command)).toMatchObject({ code: 0, stdout: expect.stringMatching(/\nserved\n$/) })
  })

  test('inspect knows them', async () => {
    const { stdout } = await udsHere(['wasm', 'inspect', wasix.client.path])
    expect(stdout).toContain('ABI      wasix\n')
    expect(stdout).toMatch(/ {2}wasix_32v1\.sock_connect\(i32, i32\) -> i32 {2}\(socket\)\n/)
  })
})

describe.skipIf(python.missing)('CPython as a guest', () => {
  test('runs a script that is named, with its arguments, and ends with its exit code', async () => {
    const script = join(tempDir(), 'script.py')
    writeFileSync(script, 'import sys\nprint(sys.argv[1:])\nsys.exit(9)\n')
    const args = [
      'wasm',
      'run',
      '--dir',
      `${python.prefix}::/usr/local`,
      python.wasm,
      script,
      'a',
      '--',
      '-b',
    ]
    expect(await uds(args)).toEqual({ code: 9, stdout: "['a', '-b']\n", stderr: '' })
  })

  test('reaches by --route what it may reach, and by no other way; --trace tells both', async () => {
    const server = await listen(kinds['name']!())
    onTestFinished(() => server.close())
    server.on('connection', (connection) => connection.end('routed'))
    const script = join(tempDir(), 'script.py')
    const lines = [
      'import _wasisocket as w',
      'def dial(name):',
      '    fd = w.sock_open(2, 1)',
      '    family, port, address = next(each for each in w.sock_resolve(name, 80) if each[0] == 2)',
      '    w.sock_connect(fd, family, port, address)',
      '    return w.sock_recv(fd, 64).decode()',
      "print(dial('db.internal'))",
      'try:',
      "    dial('elsewhere.internal')",
      'except OSError as error:',
      "    print('refused')",
      '',
    ]
    writeFileSync(script, lines.join('\n'))
    const dirs = ['--dir', `${python.prefix}::/usr/local`]
    const route = ['--route', `db.internal:80=${server.address}`, '--trace']
    const { code, stdout, stderr } = await uds(['wasm', 'run', ...dirs, ...route, python.wasm, script])
    expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: 'routed\nrefused\n' })
    expect(stderr).toContain(`connect db.internal:80: route (db.internal:80), to ${server.address}\n`)
    expect(stderr).toContain('resolve elsewhere.internal: deny\n')
  })
})
