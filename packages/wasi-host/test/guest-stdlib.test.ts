/** The standard library of CPython after `wasisocket.install()`: http:// and https:// against local servers. */
import { createServer as createHttpServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { describe, expect, test } from 'vitest'
import { waits } from './driver.ts'
import { python, pythonOptions } from './guest-python.ts'
import { runGuest, serve } from './guest-run.ts'
import type { Ran } from './guest-run.ts'
import { makeIdentity, openssl } from './identity.ts'
import type { Identity } from './identity.ts'

const answer: RequestListener = (request, response) => {
  let body = ''
  request.on('data', (chunk: Buffer) => (body += chunk.toString()))
  request.on('end', () => response.end(`${request.method} ${request.url} ${body}`))
}

const serveHttps = ({ key, cert }: Identity): Promise<number> =>
  serve(createHttpsServer({ key, cert }, answer))

/** Runs a program for which `secure.test` and `other.test` are this machine, and `/app/ca.pem` is that certificate. */
const run = (wait: (typeof waits)[number], code: string, port: number, ca = ''): Promise<Ran> => {
  const sockets = {
    allow: [`connect:secure.test:${port}`, `connect:other.test:${port}`, `connect:127.0.0.1:${port}`],
    resolve: { 'secure.test': ['127.0.0.1'], 'other.test': ['127.0.0.1'] },
  }
  const program = `import wasisocket; wasisocket.install()\n${code}`
  return runGuest(python.wasm, pythonOptions(wait, ['-c', program], sockets, { '/app/ca.pem': ca }))
}

describe.skipIf(python.missing).each(waits)('CPython, %s', (wait) => {
  test('urllib.request and http.client speak http://', async () => {
    const port = await serve(createHttpServer(answer))
    const code = `
import http.client, urllib.request
print(urllib.request.urlopen('http://secure.test:${port}/one', timeout=10).read().decode())
request = urllib.request.Request('http://127.0.0.1:${port}/two', data=b'x' * 100_000)
print(len(urllib.request.urlopen(request, timeout=10).read()))
client = http.client.HTTPConnection('127.0.0.1', ${port})
for path in '/three', '/four':
    client.request('GET', path)
    print(client.getresponse().read().decode())
client.close()
`
    const stdout = 'GET /one \n100010\nGET /three \nGET /four \n'
    expect(await run(wait, code, port)).toEqual({ code: 0, stdout, stderr: '' })
  })

  test('install() after import socket says what is wrong', async () => {
    const code = `
import sys
sys.meta_path.pop(0)
for name in 'socket', '_socket':
    sys.modules.pop(name, None)
import socket
try:
    wasisocket.install()
except RuntimeError as e:
    print(e)
`
    expect((await run(wait, code, 1)).stdout).toContain('call wasisocket.install() before `import socket`')
  })
})

const withTls = waits.filter((wait) => wait !== 'blocking')
describe.skipIf(python.missing || openssl.missing).each(withTls)(
  'CPython with TLS at the host, %s',
  (wait) => {
    test('urllib.request.urlopen reads https:// from a server whose certificate it trusts', async () => {
      const identity = makeIdentity('secure.test')
      const port = await serveHttps(identity)
      const code = `
import ssl, urllib.request
context = ssl.create_default_context(cafile='/app/ca.pem')
print(urllib.request.urlopen('https://secure.test:${port}/page', context=context, timeout=10).read().decode())
`
      expect(await run(wait, code, port, identity.cert)).toEqual({
        code: 0,
        stdout: 'GET /page \n',
        stderr: '',
      })
    })

    test('a certificate that nobody trusts, or of another name, is refused in words', async () => {
      const identity = makeIdentity('secure.test')
      const port = await serveHttps(identity)
      const code = `
import ssl, urllib.request, urllib.error
trusting = ssl.create_default_context(cafile='/app/ca.pem')
for name, context in ('secure.test', ssl.create_default_context()), ('other.test', trusting), ('secure.test', None):
    try:
        urllib.request.urlopen(f'https://{name}:${port}/', context=context, timeout=10)
    except urllib.error.URLError as e:
        print(type(e.reason).__name__, e.reason)
`
      const ran = await run(wait, code, port, identity.cert)
      const lines = ran.stdout.trimEnd().split('\n')
      expect(lines).toHaveLength(3)
      for (const line of lines)
        expect(line).toMatch(/^SSLCertVerificationError \[SSL: CERTIFICATE_VERIFY_FAILED\] .*: .+/)
      expect(lines[1]).toContain('other.test')
    })

    test('who does not verify is let in, and what was agreed on can be read', async () => {
      const identity = makeIdentity('secure.test')
      const port = await serveHttps(identity)
      const code = `
import http.client, ssl, socket
context = ssl._create_unverified_context()
client = http.client.HTTPSConnection('other.test', ${port}, context=context, timeout=10)
client.request('POST', '/', body=b'hi')
print(client.getresponse().read().decode())
context = ssl.create_default_context(cafile='/app/ca.pem')
context.set_alpn_protocols(['h2', 'http/1.1'])
with socket.create_connection(('secure.test', ${port})) as plain:
    with context.wrap_socket(plain, server_hostname='secure.test') as tls:
        print(tls.version(), tls.cipher()[0].startswith('TLS_'), tls.selected_alpn_protocol())
        print(tls.getpeercert()['subject'], tls.getpeercert()['subjectAltName'])
        print(ssl.DER_cert_to_PEM_cert(tls.getpeercert(True)).strip() == open('/app/ca.pem').read().strip())
        print(plain.fileno(), tls.fileno() > 0)
`
      const stdout = [
        'POST / hi',
        'TLSv1.3 True http/1.1',
        "((('commonName', 'secure.test'),),) (('DNS', 'secure.test'),)",
        'True',
        '-1 True',
        '',
      ]
      expect(await run(wait, code, port, identity.cert)).toEqual({
        code: 0,
        stdout: stdout.join('\n'),
        stderr: '',
      })
    })

    test('a version that the context does not accept is refused', async () => {
      const identity = makeIdentity('secure.test')
      const port = await serve(createHttpsServer({ ...identity, maxVersion: 'TLSv1.2' }, answer))
      const code = `
import ssl, socket
context = ssl.create_default_context(cafile='/app/ca.pem')
context.minimum_version = ssl.TLSVersion.TLSv1_3
with socket.create_connection(('secure.test', ${port})) as plain:
    try:
        context.wrap_socket(plain, server_hostname='secure.test')
    except ssl.SSLError as e:
        print(e)
`
      expect((await run(wait, code, port, identity.cert)).stdout).toContain(
        'the context does not accept TLSv1.2',
      )
    })

    test('a server that speaks no TLS is an SSLError', async () => {
      const port = await serve(createHttpServer(answer))
      const code = `
import ssl, urllib.request, urllib.error
try:
    urllib.request.urlopen('https://secure.test:${port}/', timeout=10)
except urllib.error.URLError as e:
    print(type(e.reason).__name__)
`
      expect(await run(wait, code, port)).toEqual({ code: 0, stdout: 'SSLError\n', stderr: '' })
    })
  },
)

describe.skipIf(python.missing)('CPython, blocking', () => {
  test('https:// says that the host cannot do TLS while it waits by blocking', async () => {
    const port = await serve(createHttpServer(answer))
    const code = `
import urllib.request, urllib.error
try:
    urllib.request.urlopen('https://secure.test:${port}/', timeout=10)
except urllib.error.URLError as e:
    print(e.reason)
`
    expect((await run('blocking', code, port)).stdout).toMatch(/Not supported: TLS at the host/)
  })
})
