/** handshake, tlsTo: TLS for routes and for guests. */
import { isIP, type LookupFunction } from 'node:net'
import { checkServerIdentity, connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import type { Duplex } from 'node:stream'
import { Failure } from '../../outcome/failure.ts'
import type { TlsFacts, TlsSettings } from '../network.ts'
import type { Target } from '../target.ts'

const secured = (socket: TLSSocket, timeoutMs: number, signal?: AbortSignal): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const fail = (failure: Failure): void => {
      leave()
      socket.destroy()
      reject(failure)
    }
    const abort = (): void => fail(new Failure('ECONNABORTED', 'the guest closed the socket'))
    const failed = (error: Error & { code?: string }): void => fail(asFailure(error, socket))
    const ended = (): void => fail(new Failure('ECONNRESET', 'the peer closed during the TLS handshake'))
    const leave = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      socket.off('error', failed).off('end', ended).off('close', ended)
      socket.on('error', () => {})
    }
    socket.on('error', failed).on('end', ended).on('close', ended)
    signal?.addEventListener('abort', abort, { once: true })
    if (timeoutMs >= 0) {
      timer = setTimeout(
        () => fail(new Failure('ETIMEDOUT', `no TLS handshake within ${timeoutMs} ms`)),
        timeoutMs,
      )
    }
    socket.once('secureConnect', () => {
      leave()
      resolve(socket)
    })
  })

/** A certificate that was refused is EACCES, every other failure of the handshake EPROTO; lost connections keep their code. */
const asFailure = (error: Error & { code?: string }, socket: TLSSocket): Failure => {
  const code = error.code ?? ''
  if (/^E[A-Z]+$/.test(code) && code !== 'EPROTO') return new Failure(code, error.message)
  const refused = socket.authorizationError !== null && socket.authorizationError !== undefined
  if (refused || code.startsWith('ERR_TLS_CERT') || /CERT|SIGNATURE|ISSUER|CRL/.test(code)) {
    return new Failure(
      'EACCES',
      `the certificate was not accepted: ${error.message}${code ? ` (${code})` : ''}`,
    )
  }
  return new Failure('EPROTO', `the TLS handshake failed: ${error.message}`)
}

const factsOf = (socket: TLSSocket): TlsFacts => ({
  protocol: socket.getProtocol() ?? '',
  cipher: socket.getCipher().name,
  alpn: typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : '',
  certificate: new Uint8Array(socket.getPeerX509Certificate()?.raw ?? []),
})

/** Names the peer: in what is sent, where addresses are not allowed (RFC 6066, section 3), and to its certificate. */
const named = (name: string): ConnectionOptions =>
  isIP(name)
    ? { checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate) }
    : { servername: name }

/** Speaks TLS over an open stream, as the client. */
export const handshake = async (
  stream: Duplex,
  settings: TlsSettings,
  timeoutMs: number,
): Promise<{ socket: TLSSocket; facts: TlsFacts }> => {
  const socket = connect({
    socket: stream,
    ...named(settings.servername),
    rejectUnauthorized: settings.verify,
    ...(settings.checkName ? {} : { checkServerIdentity: () => undefined }),
    ...(settings.ca === undefined ? {} : { ca: settings.ca }),
    ...(settings.alpn.length > 0 ? { ALPNProtocols: [...settings.alpn] } : {}),
  })
  await secured(socket, timeoutMs)
  return { socket, facts: factsOf(socket) }
}

/** An option of tls.connect that its types lack. A peer that has ended its half may still receive. */
const halfOpen = { allowHalfOpen: true }

/** A TLS connection for a route: the guest speaks plain and knows nothing of it. */
export const tlsTo = (
  target: Extract<Target, { kind: 'tls' }>,
  lookup: LookupFunction,
  signal: AbortSignal,
): Promise<Duplex> =>
  secured(
    connect({
      host: target.host,
      port: target.port,
      lookup,
      ...halfOpen,
      ...named(target.servername ?? target.host),
      ...(target.ca === undefined ? {} : { ca: target.ca }),
    }),
    -1,
    signal,
  )
