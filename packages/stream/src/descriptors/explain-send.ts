/** Words for errors of sending descriptors that the code alone does not explain. */
import { SocketError } from '@uds/winsock-ffi'

const details: Readonly<Record<string, readonly [detail: string, advice: string]>> = {
  EPERM: ['the receiver takes no descriptors (SO_PASSRIGHTS is off)', 'send the bytes without descriptors'],
  ETOOMANYREFS: [
    'too many descriptors of this user are on their way and not received yet',
    'wait until the receiver has read, or raise the limit (ulimit -n)',
  ],
}

/** The error of a send that had descriptors, with what it means. */
export const explainSend = (error: unknown, descriptors: number): unknown => {
  const found = descriptors > 0 && error instanceof SocketError ? details[error.code] : undefined
  if (!found || !(error instanceof SocketError)) return error
  const { code, syscall, nativeCode } = error
  return new SocketError({ code, syscall, nativeCode, detail: found[0], advice: found[1], cause: error })
}
