/** TlsClientOptions, TlsServerOptions: the options of node:tls for one end, and their checks. */
import type { ConnectionOptions, TlsOptions } from 'node:tls'
import { checkOptions, invalidArgument, invalidValue, optionNames } from '@uds/winsock-ffi'

/** The options of `tls.connect`, without those that say where to connect. */
export type TlsClientOptions = Omit<ConnectionOptions, 'socket' | 'host' | 'port' | 'path'>

/** The options of `tls.createServer`, without `handshakeTimeout`: for that there is `handshakeTimeoutMs`. */
export type TlsServerOptions = Omit<TlsOptions, 'handshakeTimeout'>

/** Of tls.createSecureContext, and of both ends. */
const COMMON = {
  ALPNCallback: true,
  ALPNProtocols: true,
  SNICallback: true,
  allowPartialTrustChain: true,
  ca: true,
  cert: true,
  certificateCompression: true,
  ciphers: true,
  clientCertEngine: true,
  crl: true,
  dhparam: true,
  ecdhCurve: true,
  enableTrace: true,
  honorCipherOrder: true,
  key: true,
  maxVersion: true,
  minVersion: true,
  passphrase: true,
  pfx: true,
  privateKeyEngine: true,
  privateKeyIdentifier: true,
  pskCallback: true,
  rejectUnauthorized: true,
  requestCert: true,
  requestOCSP: true,
  secureContext: true,
  secureOptions: true,
  secureProtocol: true,
  sessionIdContext: true,
  sessionTimeout: true,
  sigalgs: true,
  ticketKeys: true,
} as const

const CLIENT_OPTIONS: readonly string[] = optionNames<TlsClientOptions>({
  ...COMMON,
  checkServerIdentity: true,
  lookup: true,
  minDHSize: true,
  servername: true,
  session: true,
  timeout: true,
})

const SERVER_OPTIONS: readonly string[] = optionNames<TlsServerOptions>({
  ...COMMON,
  allowHalfOpen: true,
  blockList: true,
  highWaterMark: true,
  keepAlive: true,
  keepAliveInitialDelay: true,
  noDelay: true,
  pauseOnConnect: true,
  pskIdentityHint: true,
})

/**
 * @param name - The option that holds them: `client`, `tls`.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`.
 */
export const checkTlsClient = (options: object | undefined, where: string, name: string): void =>
  checkOptions(options, where, CLIENT_OPTIONS, `${name}.`)

/** @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`. */
export const checkTlsServer = (options: object | undefined, where: string): void =>
  checkOptions(options, where, SERVER_OPTIONS, 'server.')

/** Suites without a certificate, by the names of OpenSSL (openssl-ciphers(1)). */
const ANONYMOUS = /aNULL|ADH|AECDH|anon/i

/**
 * Refuses a server that could answer no handshake.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE` without options, `ERR_INVALID_ARG_VALUE` without a certificate or a shared key.
 */
export const requireTlsServer = (options: TlsServerOptions | undefined, where: string): TlsServerOptions => {
  const needs = 'cert and key, pfx, pskCallback, SNICallback or secureContext'
  if (options === undefined)
    throw invalidArgument(where, 'server', `the options of its end, with ${needs}, to listen`, options)
  const { cert, key, pfx, pskCallback, SNICallback, secureContext, ciphers, privateKeyIdentifier } = options
  const hasKey = key !== undefined || privateKeyIdentifier !== undefined
  if (pfx ?? pskCallback ?? SNICallback ?? secureContext ?? (cert !== undefined && hasKey ? cert : undefined))
    return options
  if (ciphers !== undefined && ANONYMOUS.test(ciphers)) return options
  throw invalidValue(where, 'server', `has nothing to prove itself with: it needs ${needs}`, options)
}
