/** CPython with `_wasisocket`: the examples that zig-wasm-cpython's documents show, against local servers. */
import { createServer as createHttpServer } from 'node:http'
import { describe, expect, test } from 'vitest'
import { socketPath } from '@uds/testkit'
import { waits } from './driver.ts'
import { python, pythonOptions, runPython, startPython } from './guest-python.ts'
import { runGuest, serve, serveEcho } from './guest-run.ts'

const ENDED = { code: 0, stderr: '' }

/** An HTTP server behind a Unix socket, and the route by which a guest finds it as example.com:80. */
const serveExampleCom = async (): Promise<{ readonly route: Record<string, string> }> => {
  const path = socketPath()
  const server = createHttpServer((request, response) => {
    response.end(`${request.method} ${request.url} for ${request.headers.host}`)
  })
  await serve(server, { path })
  return { route: { 'example.com:80': `unix:${path}` } }
}

const LOOPBACK = [
  'bind:127.0.0.1:*',
  'connect:127.0.0.1:*',
  'bind:udp:127.0.0.1:*',
  'bind:udp:0.0.0.0:*',
  'connect:udp:127.0.0.1:*',
  'connect:localhost:*',
]

describe.skipIf(python.missing).each(waits)('CPython, %s', (wait) => {
  test.each(['test_wasisocket.py', 'test_wasisocket_stdlib.py'])('%s passes in the guest', async (file) => {
    const ran = await runGuest(python.wasm, pythonOptions(wait, [`/kit/${file}`], { allow: LOOPBACK }))
    // unittest writes to standard error.
    expect(ran.stderr).toMatch(/\nOK\n$/)
    expect(ran.code).toBe(0)
  })

  test('low level: open, resolve, connect, send, receive, close', async () => {
    const code = `
import _wasisocket
AF_INET, SOCK_STREAM = 2, 1
fd = _wasisocket.sock_open(AF_INET, SOCK_STREAM)
addrs = [entry for entry in _wasisocket.sock_resolve('example.com', 80) if entry[0] == AF_INET]
family, port, addr_bytes = addrs[0]
print(family, port, len(addr_bytes))
_wasisocket.sock_connect(fd, family, port, addr_bytes)
print(_wasisocket.sock_send(fd, b'GET /low HTTP/1.0\\r\\nHost: example.com\\r\\n\\r\\n'))
data = b''
while chunk := _wasisocket.sock_recv(fd, 4096):
    data += chunk
_wasisocket.sock_close(fd)
print(data.splitlines()[-1].decode())
`
    const stdout = '2 80 4\n40\nGET /low for example.com\n'
    expect(await runPython(wait, code, await serveExampleCom())).toEqual({ ...ENDED, stdout })
  })

  test('high level: a context manager, and managing by hand', async () => {
    const code = `
import wasisocket
request = b'GET /%s HTTP/1.0\\r\\nHost: example.com\\r\\n\\r\\n'
def read_all(sock):
    data = b''
    while chunk := sock.recv():
        data += chunk
    return data.splitlines()[-1].decode()
with wasisocket.Socket() as sock:
    sock.connect(('example.com', 80))
    sock.send(request % b'managed')
    print(read_all(sock))
print(sock.fileno())
sock = wasisocket.Socket(wasisocket.AF_INET, wasisocket.SOCK_STREAM)
sock.connect(('example.com', 80))
sock.sendall(request % b'by-hand')
print(read_all(sock))
sock.close()
sock = wasisocket.create_connection(('example.com', 80))
sock.sendall(request % b'created')
print(read_all(sock))
sock.close()
`
    const stdout = [
      'GET /managed for example.com',
      '-1',
      'GET /by-hand for example.com',
      'GET /created for example.com',
      '',
    ]
    expect(await runPython(wait, code, await serveExampleCom())).toEqual({
      ...ENDED,
      stdout: stdout.join('\n'),
    })
  })

  test('an HTTP GET', async () => {
    const code = `
import wasisocket
sock = wasisocket.Socket()
sock.connect(('example.com', 80))
request = b"""GET / HTTP/1.1
Host: example.com
Connection: close

"""
sock.sendall(request.replace(b'\\n', b'\\r\\n'))
response = b''
while True:
    chunk = sock.recv(4096)
    if not chunk:
        break
    response += chunk
sock.close()
print(response.decode('utf-8'))
`
    const ran = await runPython(wait, code, await serveExampleCom())
    expect(ran.stdout).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\n.*GET \/ for example\.com/)
    expect(ran).toMatchObject(ENDED)
  })

  test('several addresses: all are given, and the one that answers is found', async () => {
    const port = await serveEcho()
    const code = `
import wasisocket
for family, port, addr_bytes in wasisocket.getaddrinfo('two.test', ${port}):
    if family == wasisocket.AF_INET:
        print(f"IPv4: {'.'.join(str(b) for b in addr_bytes)}")
    elif family == wasisocket.AF_INET6:
        print(f"IPv6: {addr_bytes.hex()}")
with wasisocket.create_connection(('two.test', ${port}), timeout=10) as sock:
    sock.sendall(b'found')
    print(sock.recv().decode(), sock.getpeername()[0])
`
    const sockets = { allow: ['connect:two.test:*'], resolve: { 'two.test': ['127.0.0.1', '::1'] } }
    const stdout = `IPv6: ${'0'.repeat(31)}1\nIPv4: 127.0.0.1\nfound 127.0.0.1\n`
    expect(await runPython(wait, code, sockets)).toEqual({ ...ENDED, stdout })
  })

  test('errors: an unknown name, a refused port and a refused permission are told apart, in words', async () => {
    const code = `
import wasisocket
def attempt(address):
    sock = wasisocket.Socket()
    try:
        sock.connect(address)
    except wasisocket.SocketError as e:
        print(type(e).__name__, isinstance(e, OSError), e)
    finally:
        sock.close()
attempt(('nonexistent.invalid', 80))
attempt(('127.0.0.1', 1))
attempt(('forbidden.test', 443))
with wasisocket.Socket() as sock:
    print(sock.connect_ex(('127.0.0.1', 1)))
    try:
        sock.connect_ex(('nonexistent.invalid', 80))
    except wasisocket.gaierror:
        print('gaierror')
`
    const sockets = {
      allow: ['connect:nonexistent.invalid:80', 'connect:127.0.0.1:1'],
      resolve: { x: ['127.0.0.1'] },
    }
    const { stdout, code: exitCode } = await runPython(wait, code, sockets)
    const [unknown, refused, forbidden, ...codes] = stdout.split('\n')
    expect(unknown).toMatch(/^gaierror True \[Errno -2\] Name or service not known: /)
    expect(refused).toMatch(/^ConnectionRefusedError True \[Errno 14\] Connection refused/)
    expect(forbidden).toMatch(
      /^PermissionError True \[Errno 2\] Permission denied: .*"connect:forbidden\.test:443"/,
    )
    expect(codes).toEqual(['14', 'gaierror', ''])
    expect(exitCode).toBe(0)
  })

  test('nothing is reachable where nothing is allowed', async () => {
    const code = `
import wasisocket
for what in (lambda s: s.connect(('127.0.0.1', 80)), lambda s: s.bind(('127.0.0.1', 0)),
             lambda s: wasisocket.getaddrinfo('localhost', 80), lambda s: s.connect(('localhost', 80))):
    with wasisocket.Socket() as sock:
        try:
            what(sock)
        except PermissionError as e:
            print('refused')
with wasisocket.Socket(wasisocket.AF_UNIX) as sock:
    try:
        sock.connect('/run/x')
    except PermissionError as e:
        print('refused')
`
    expect(await runPython(wait, code)).toEqual({ ...ENDED, stdout: 'refused\n'.repeat(5) })
  })

  test('a timeout of create_connection stays the timeout of the socket', async () => {
    const code = `
import time, wasisocket
listener = wasisocket.create_server(('127.0.0.1', 0))
with wasisocket.create_connection(listener.getsockname(), timeout=0.05) as sock:
    start = time.monotonic()
    try:
        sock.recv()
    except wasisocket.timeout as e:
        print(e, isinstance(e, TimeoutError), time.monotonic() - start >= 0.05)
listener.close()
`
    expect(await runPython(wait, code, { allow: LOOPBACK })).toEqual({
      ...ENDED,
      stdout: 'timed out True True\n',
    })
  })

  // Nothing that answers never can be made on this machine, except by a route to this process.
  test.skipIf(wait === 'blocking')(
    'a timeout of create_connection ends an attempt that nobody answers',
    async () => {
      const code = `
import wasisocket
try:
    wasisocket.create_connection(('slow.test', 1), timeout=0.05)
except wasisocket.timeout as e:
    print(e)
`
      const route = { 'slow.test:1': () => new Promise<never>(() => {}) }
      expect(await runPython(wait, code, { route })).toEqual({ ...ENDED, stdout: 'timed out\n' })
    },
  )

  test('a server: bind, listen and accept on TCP and on a path of AF_UNIX', async () => {
    const path = socketPath()
    const code = `
import wasisocket
for address in ('127.0.0.1', 0), ${JSON.stringify(path)}:
    with wasisocket.create_server(address) as listener:
        name = listener.getsockname()
        with wasisocket.create_connection(name) as client:
            server, _ = listener.accept()
            with server:
                client.sendall(b'x' * 100_000)
                client.shutdown(wasisocket.SHUT_WR)
                got = 0
                while chunk := server.recv(65536):
                    got += len(chunk)
                print(got, repr(listener).split(',')[1].strip())
`
    const allow = [...LOOPBACK, `bind:unix:${path}`, `connect:unix:${path}`]
    const stdout = '100000 family=AF_INET\n100000 family=AF_UNIX\n'
    expect(await runPython(wait, code, { allow })).toEqual({ ...ENDED, stdout })
  })

  test('select serves several clients', async () => {
    const server = startPython(
      wait,
      `
import wasisocket; wasisocket.install()
import selectors, socket
listener = socket.create_server(('127.0.0.1', 0))
listener.setblocking(False)
print('port', listener.getsockname()[1])
selector, left = selectors.DefaultSelector(), 3
selector.register(listener, selectors.EVENT_READ)
while left:
    for key, _ in selector.select():
        if key.fileobj is listener:
            connection, _ = listener.accept()
            connection.setblocking(True)
            selector.register(connection, selectors.EVENT_READ)
        elif data := key.fileobj.recv(65536):
            key.fileobj.sendall(data.upper())
        else:
            selector.unregister(key.fileobj)
            key.fileobj.close()
            left -= 1
listener.close()
`,
      { allow: LOOPBACK },
    )
    const port = (await server.waitFor(/port (\d+)/))[1]
    const client = `
import wasisocket
with wasisocket.create_connection(('127.0.0.1', ${port})) as sock:
    sock.sendall(b'hello')
    print(sock.recv().decode())
`
    const clients = await Promise.all([1, 2, 3].map(() => runPython(wait, client, { allow: LOOPBACK })))
    expect(clients.map(({ stdout }) => stdout)).toEqual(Array.from({ length: 3 }, () => 'HELLO\n'))
    expect(await server.ended).toMatchObject(ENDED)
  })

  test('a module can be given as a file that exists for the guest alone', async () => {
    const files = {
      '/app/main.py': 'import greeting; print(greeting.text)',
      '/app/greeting.py': 'text = "hello"',
    }
    const ran = await runGuest(python.wasm, pythonOptions(wait, ['/app/main.py'], {}, files))
    expect(ran).toEqual({ ...ENDED, stdout: 'hello\n' })
  })
})
