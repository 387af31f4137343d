/** TLS that the host speaks on an open socket of the guest. */
import type { TlsQuestion } from '../../sockets/socket-calls.ts'
import { Failure } from '../../outcome/failure.ts'
import { after } from '../../outcome/sync-promise.ts'
import type { Row } from '../abi.ts'
import { answer, checkAnswer } from './answer.ts'

const NO_VERIFY = 1
const NO_CHECK_NAME = 2

const questions: readonly TlsQuestion[] = ['protocol', 'cipher', 'alpn', 'certificate']

/** Protocols in wire form: a length byte and the name, each (RFC 7301). */
const parseAlpn = (bytes: Uint8Array): string[] => {
  const protocols: string[] = []
  for (let at = 0; at < bytes.length; at += 1 + bytes[at]!) {
    const name = bytes.subarray(at + 1, at + 1 + bytes[at]!)
    if (name.length === 0 || name.length !== bytes[at]!)
      throw new Failure('EINVAL', 'the ALPN protocols are not in wire form')
    protocols.push(Buffer.from(name).toString('latin1'))
  }
  return protocols
}

export const tlsRows: Readonly<Record<string, Row>> = {
  sock_starttls: {
    parameters: 'iiiiiiii',
    waits: true,
    call: (guest, fd, name, nameLength, flags, ca, caLength, alpn, alpnLength) => {
      if ((flags & ~(NO_VERIFY | NO_CHECK_NAME)) !== 0)
        throw new Failure('EINVAL', `the flags ${flags} are not 1 (no verifying) and 2 (no name)`)
      return guest.sockets.startTls(guest.fds.socket(fd), {
        servername: guest.memory.text(name, nameLength),
        verify: (flags & NO_VERIFY) === 0,
        checkName: (flags & (NO_VERIFY | NO_CHECK_NAME)) === 0,
        ca: caLength === 0 ? undefined : guest.memory.text(ca, caLength),
        alpn: parseAlpn(guest.memory.copy(alpn, alpnLength)),
      })
    },
  },
  sock_tls_info: {
    parameters: 'iiiii',
    call: (guest, fd, what, buffer, cap, length) => {
      checkAnswer(guest.memory, buffer, cap, length)
      const question = questions[what]
      if (question === undefined)
        throw new Failure('EINVAL', 'there is 0 (protocol), 1 (cipher), 2 (ALPN), 3 (certificate)')
      return after(guest.sockets.tlsInfo(guest.fds.socket(fd), question), (bytes) =>
        answer(guest.memory, bytes, buffer, cap, length),
      )
    },
  },
}
