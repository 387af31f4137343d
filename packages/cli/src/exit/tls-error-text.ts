/** Texts for errors of TLS: those of OpenSSL name lines of its sources. */

const NO_TLS = 'the other side does not speak TLS'
const NOTHING_IN_COMMON = 'the two sides have no version or cipher of TLS in common'

/** By code: https://nodejs.org/api/errors.html#openssl-error-codes */
const TEXTS: Readonly<Record<string, string>> = {
  ERR_SSL_HTTP_REQUEST: 'the other side speaks HTTP, not TLS',
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_UNEXPECTED_MESSAGE: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
  ERR_SSL_NO_PROTOCOLS_AVAILABLE: NOTHING_IN_COMMON,
  ERR_SSL_NO_SHARED_CIPHER: NOTHING_IN_COMMON,
  ERR_SSL_UNSUPPORTED_PROTOCOL: NOTHING_IN_COMMON,
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'it showed no certificate, and one is asked for',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'the server asks for a certificate of this client',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'self-signed certificate, which nobody that is trusted here vouches for (--ca FILE trusts it)',
  SELF_SIGNED_CERT_IN_CHAIN: 'self-signed certificate in the chain, which is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'the certificate is of an authority that is not trusted here (--ca FILE trusts it)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'the certificate is of an authority that is not trusted here (--ca FILE trusts it)',
  CERT_HAS_EXPIRED: 'the certificate has expired',
}

interface TlsError extends Error {
  readonly code?: string
  /** A library of OpenSSL, such as `SSL routines`. */
  readonly library?: string
  readonly reason?: string
}

/** One line for an error of TLS; undefined for other errors. */
export const tlsErrorText = ({ code = '', library, reason }: TlsError): string | undefined => {
  // The other side reported the error, in an alert (RFC 8446, section 6.2).
  const alert = /^(?:ssl\/tls|tlsv1[0-9]?|sslv3) alert (.*)/.exec(reason ?? '')?.[1]
  return (
    TEXTS[code] ??
    (alert === undefined ? undefined : `the other side ended the TLS handshake: ${alert}`) ??
    (library === undefined || reason === undefined ? undefined : `OpenSSL: ${reason}`)
  )
}
