/** Programs that know nothing of this package, at the other end. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createNetServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { errorOf, needs, socketPath, spawnProgram, spawnScript, tempDir } from '@uds/testkit'
import { UnixListener, UnixStream } from '@uds/pipes'
import { sockets, UnixAddress } from '@uds/winsock-ffi'
import { connect, listen, peerCredentials } from '@uds/stream'
import { closing, lineOf, onPosix } from './support.ts'

const python = needs('python3')
const socat = needs('socat')
const curl = needs('curl')
const perl = needs('perl')
const nginx = needs('nginx')

describe.skipIf(!onPosix || python.missing)("Python's asyncio", () => {
  test('its client talks to our server, with a late reply after its end', async () => {
    const path = socketPath()
    const server = closing(await listen(`unix:${path}`, { allowHalfOpen: true, authorize: 'sameUser' }))
    server.on('connection', async (connection) => connection.end(`got ${await lineOf(connection)}`))
    const client = spawnProgram(python.path, [
      '-c',
      `
import asyncio, sys
async def main():
    reader, writer = await asyncio.open_unix_connection(sys.argv[1])
    writer.write(b'x' * 100000)
    writer.write_eof()
    print(len(await reader.read()))
asyncio.run(main())`,
      path,
    ])
    expect(await client.exit).toEqual({ code: 0, signal: null })
    expect(client.stdout().trim()).toBe(String('got '.length + 100_000))
  })

  test('our client talks to its server, and knows its process', async () => {
    const path = socketPath()
    const stranger = spawnProgram(python.path, [
      '-u',
      '-c',
      `
import asyncio, sys
async def serve(reader, writer):
    writer.write(b'echo ' + await reader.readline())
    await writer.drain()
    writer.close()
async def main():
    server = await asyncio.start_unix_server(serve, sys.argv[1])
    print('ready')
    await server.serve_forever()
asyncio.run(main())`,
      path,
    ])
    await stranger.waitForLine(/^ready$/)
    const connection = await connect(`unix:${path}`)
    expect(peerCredentials(connection).pid).toBe(stranger.pid)
    connection.write('hello\n')
    expect(await lineOf(connection)).toBe('echo hello\n')
  })
})

describe.skipIf(!onPosix || socat.missing)('socat', () => {
  test('connects to our server, on a path and on an abstract name', async () => {
    for (const [address, theirs] of [
      [`unix:${socketPath()}`, 'UNIX-CONNECT'],
      [`unix:@uds-${process.pid}-socat`, 'ABSTRACT-CONNECT'],
    ] as const) {
      const server = closing(await listen(address, { allowHalfOpen: true }))
      server.on('connection', (connection) => connection.pipe(connection))
      const client = spawnProgram(socat.path, ['-', `${theirs}:${address.slice(5).replace(/^@/, '')}`], {
        input: 'over and back',
      })
      await client.exit
      expect(client.stdout()).toBe('over and back')
    }
  })
})

describe.skipIf(!onPosix || curl.missing)('curl', () => {
  test('asks an HTTP server on a socket of ours', async () => {
    const path = socketPath()
    const http = createServer((request, response) => response.end(`you asked ${request.url}`))
    const server = closing(await listen(`unix:${path}`, { mode: 0o600 }))
    server.on('connection', (connection) => http.emit('connection', connection))
    const client = spawnProgram(curl.path, ['-s', '--unix-socket', path, 'http://localhost/there'])
    await client.exit
    expect(client.stdout()).toBe('you asked /there')
  })
})

describe.skipIf(!onPosix || nginx.missing)('nginx', () => {
  test('proxies to our server', async () => {
    const directory = tempDir()
    const path = join(directory, 'back.sock')
    const front = join(directory, 'front.sock')
    const http = createServer((request, response) => response.end(`behind nginx: ${request.url}`))
    const server = closing(await listen(`unix:${path}`, { mode: 0o666 }))
    server.on('connection', (connection) => http.emit('connection', connection))
    const configuration = join(directory, 'nginx.conf')
    writeFileSync(
      configuration,
      `daemon off; master_process off; error_log stderr; pid ${directory}/pid; ${process.getuid!() === 0 ? 'user root;' : ''}
       events {} http { access_log off;
         client_body_temp_path ${directory}/a; proxy_temp_path ${directory}/b; fastcgi_temp_path ${directory}/c;
         uwsgi_temp_path ${directory}/d; scgi_temp_path ${directory}/e;
         server { listen unix:${front}; location / { proxy_pass http://unix:${path}:; } } }`,
    )
    spawnProgram(nginx.path, ['-p', directory, '-c', configuration])
    const connection = await connect(`unix:${front}`, { retryUntilMs: 10_000 })
    connection.write('GET /page HTTP/1.0\r\nHost: x\r\n\r\n')
    expect(await lineOf(connection)).toMatch(/behind nginx: \/page$/)
  })
})

describe.skipIf(!onPosix)('sockets that are passed', () => {
  test('a listening one is taken by fd:N, and its address is told', async () => {
    const path = socketPath()
    const parent = createNetServer().listen(path)
    onTestFinished(() => void parent.close())
    await once(parent, 'listening')
    const { fd } = (parent as unknown as { _handle: { fd: number } })._handle
    const script = new URL('./fixtures/serve-fd.ts', import.meta.url).pathname
    const child: ChildProcess = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script], {
      stdio: ['ignore', 'pipe', 'inherit', fd],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const [line] = await once(child.stdout!, 'data')
    expect(String(line).trim()).toBe(`unix:${path}`)
    // The parent would accept as well.
    parent.close()
  })

  test('a connected one is taken by fd:N', async () => {
    const script = new URL('./fixtures/talk-on-fd.ts', import.meta.url).pathname
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script], {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const socket = child.stdio[3] as unknown as NodeJS.ReadWriteStream
    socket.write('question\n')
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toBe('question\n')
  })

  test('a descriptor that is not open, or is no socket, is told apart', async () => {
    await expect(connect('fd:9999')).rejects.toThrow(
      /EBADF fd:9999: .*not open \(fd:N is a socket that this process was given/,
    )
    await expect(listen('fd:9999')).rejects.toMatchObject({ code: 'EBADF' })
    const file = join(tempDir(), 'file')
    writeFileSync(file, '')
    const fd = openSync(file, 'r')
    onTestFinished(() => closeSync(fd))
    await expect(connect(`fd:${fd}`)).rejects.toMatchObject({ code: 'ENOTSOCK' })
  })
})

test('programs that start in either order meet', async () => {
  const probe = await listen('tcp:127.0.0.1:0')
  const { address } = probe
  await probe.close()
  const script = new URL('./fixtures/connect-and-wait.ts', import.meta.url)
  const client = spawnScript(script, [address, '20000'])
  const server = closing(await listen(address))
  const { value: connection } = await server[Symbol.asyncIterator]().next()
  connection.end()
  expect(await client.exit).toEqual({ code: 0, signal: null })
})

/** Perl binds 108 bytes, without a NUL at the end. */
const LISTEN = `use IO::Socket::UNIX; $| = 1;
my $s = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 5) or die $!;
print "bound\\n"; while (my $c = $s->accept) { print $c "hello"; close $c }`

describe.skipIf(perl.missing || process.platform !== 'linux')('a path that fills sun_path', () => {
  test('is connected to as others bind it, and not bound', async () => {
    const directory = tempDir()
    // Far from it, wherever the tests run: a path from a directory nearby might fit.
    const [before, far] = [process.cwd(), join(tempDir(), 'a', 'b')]
    mkdirSync(far, { recursive: true })
    onTestFinished(() => process.chdir(before))
    process.chdir(far)
    // Too long a name for /proc/self/fd.
    const path = `${directory}/${'s'.repeat(107 - directory.length)}`
    const server = spawnProgram(perl.path, ['-e', LISTEN, path])
    await server.waitForLine(/^bound$/)
    expect(await lineOf(await connect(`unix:${path}`))).toBe('hello')
    const blocking = UnixStream.connect(path)
    expect(String(blocking.readToEnd())).toBe('hello')
    expect(blocking.peerAddr().asPathname()).toBe(path)
    blocking.close()
    expect(errorOf(() => UnixListener.bind(path)).code).toBe('ENAMETOOLONG')
    const handle = sockets.open('unix')
    expect(errorOf(() => sockets.bind(handle, UnixAddress.path(path))).code).toBe('ENAMETOOLONG')
    handle.close()
    await expect(listen(`unix:${path}`, { takeOver: true })).rejects.toMatchObject({ code: 'ENAMETOOLONG' })
  })
})

test.skipIf(!onPosix)(
  'the peer of a client has the public path, and not the one that was bound',
  async () => {
    const path = socketPath()
    for (const options of [{}, { mode: 0o600 }]) {
      const listener = closing(await listen(`unix:${path}`, options))
      const client = UnixStream.connect(path)
      expect(client.peerAddr().toString()).toBe(`unix:${path}`)
      client.close()
      await listener.close()
    }
  },
)
