/** Certificate and key files of the command line. */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { explain, CommandFailure } from '../exit/failure.ts'
import { USAGE } from '../exit/exit-codes.ts'

/** The TLS options of a command. */
export interface TlsFlags {
  readonly tls?: boolean
  readonly cert?: string
  readonly key?: string
  readonly ca?: string
  readonly servername?: string
  readonly insecure?: boolean
}

/** The names of these options in one command, for messages. */
export type TlsNames = Readonly<Record<keyof TlsFlags, string>>

const file = (option: string, path: string | undefined): Buffer | undefined => {
  try {
    return path === undefined ? undefined : readFileSync(path)
  } catch (error) {
    throw new CommandFailure(USAGE, `${option} cannot be read: ${(error as Error).message}`)
  }
}

const parsed = <T>(option: string, what: string, parse: () => T): T => {
  try {
    return parse()
  } catch (error) {
    throw new CommandFailure(USAGE, `${option} holds no ${what} that can be read (PEM): ${explain(error)}`)
  }
}

const certificate = (option: string, bytes: Buffer | undefined): X509Certificate | undefined =>
  bytes && parsed(option, 'certificate', () => new X509Certificate(bytes))

const privateKey = (option: string, bytes: Buffer | undefined): KeyObject | undefined =>
  bytes && parsed(option, 'private key', () => createPrivateKey(bytes))

/** Reads and checks the files of the options. */
export const pem = (flags: TlsFlags, names: TlsNames): Record<'ca' | 'cert' | 'key', Buffer | undefined> => {
  const read = {
    ca: file(names.ca, flags.ca),
    cert: file(names.cert, flags.cert),
    key: file(names.key, flags.key),
  }
  // Checked before anything is opened: OpenSSL ignores a file without a certificate.
  certificate(names.ca, read.ca)
  const cert = certificate(names.cert, read.cert)
  const key = privateKey(names.key, read.key)
  if (cert && key && !cert.checkPrivateKey(key))
    throw new CommandFailure(USAGE, `${names.key} is not the key of the certificate in ${names.cert}`)
  return read
}
