/** Certificates for servers of tests. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { needs, tempDir } from '@uds/testkit'
import type { Need } from '@uds/testkit'

export const openssl: Need = needs('openssl')

/** A TLS server's key and certificate, in PEM. */
export interface Identity {
  readonly key: string
  readonly cert: string
}

/** A key and a certificate for a name that it signs itself. */
export const makeIdentity = (name: string): Identity => {
  const dir = tempDir()
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
  const made = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    key,
    '-out',
    cert,
  ]
  const names = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`, '-days', '2']
  execFileSync(openssl.path, ['req', '-x509', ...made, ...names], { stdio: 'ignore' })
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
}
