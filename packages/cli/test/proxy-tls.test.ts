import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { freshAddress, listening, expectStops, uds } from './command.ts'

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))
const CERTIFICATE = ['--cert', fixture('cert.pem'), '--key', fixture('key.pem')]
const TRUST = ['--ca', fixture('cert.pem'), '--servername', 'localhost']
const text = 'question and answer\n'.repeat(5000)

test('TLS of clients ends at the proxy, and the server sees plain bytes', async () => {
  const echo = await listening(['echo', freshAddress()])
  const proxy = await listening(['proxy', '--listen-tls', ...CERTIFICATE, freshAddress(), echo.address])
  const client = await uds(['connect', '--tls', ...TRUST, proxy.address], { input: text })
  expect(client).toEqual({ code: 0, stdout: text, stderr: '' })
  await expectStops(proxy.command)
  await expectStops(echo.command)
})

test('plain clients reach a server that speaks TLS, by two proxies even', async () => {
  const echo = await listening(['echo', freshAddress()])
  const outer = await listening(['proxy', '--listen-tls', ...CERTIFICATE, 'tcp:127.0.0.1:0', echo.address])
  const inner = await listening(['proxy', '--connect-tls', ...TRUST, freshAddress(), outer.address])
  const client = await uds(['connect', inner.address], { input: text })
  expect(client).toEqual({ code: 0, stdout: text, stderr: '' })
  for (const { command } of [inner, outer, echo]) await expectStops(command)
})

test('a server with a certificate that nobody vouches for costs that client, and not the proxy', async () => {
  const echo = await listening(['echo', freshAddress()])
  const outer = await listening(['proxy', '--listen-tls', ...CERTIFICATE, freshAddress(), echo.address])
  const inner = await listening(['proxy', '--connect-tls', freshAddress(), outer.address])
  expect(await uds(['connect', inner.address])).toMatchObject({ stdout: '' })
  await inner.command.waitForLine(/client 1: .*self-signed certificate/)
  for (const { command } of [inner, outer, echo]) await expectStops(command)
})

test('a client that does not speak TLS is told of, and the next one is served', async () => {
  const echo = await listening(['echo', freshAddress()])
  const proxy = await listening(['proxy', '--listen-tls', ...CERTIFICATE, freshAddress(), echo.address])
  await uds(['connect', proxy.address], { input: 'GET / HTTP/1.0\r\n\r\n' })
  await proxy.command.waitForLine(/^a client .*broke off: the other side speaks HTTP, not TLS$/)
  const client = await uds(['connect', '--tls', ...TRUST, proxy.address], { input: text })
  expect(client).toMatchObject({ code: 0, stdout: text })
  for (const { command } of [proxy, echo]) await expectStops(command)
})

test('a client without a certificate is refused where --client-ca asks for one', async () => {
  const echo = await listening(['echo', freshAddress()])
  const asks = ['--listen-tls', ...CERTIFICATE, '--client-ca', fixture('cert.pem')]
  const outer = await listening(['proxy', ...asks, freshAddress(), echo.address])
  const refused = await uds(['connect', '--tls', ...TRUST, outer.address], { input: text })
  expect(refused.stdout).toBe('')
  const shows = ['--client-cert', fixture('cert.pem'), '--client-key', fixture('key.pem')]
  const inner = await listening(['proxy', '--connect-tls', ...TRUST, ...shows, freshAddress(), outer.address])
  const client = await uds(['connect', inner.address], { input: text })
  expect(client).toMatchObject({ code: 0, stdout: text })
  for (const { command } of [inner, outer, echo]) await expectStops(command)
})
