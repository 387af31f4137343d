/** capabilities: AF_UNIX, datagrams, descriptors, poll handles, tried once. */
import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import type { Backend, BackendName } from './binding/backend.ts'
import { loadBackend } from './binding/load-backend.ts'
import type { SocketType } from './system-calls/system-calls.ts'
import { libcLibrary } from './libraries/posix/libc.ts'
import { isScarcity } from './retry/passing.ts'
import { sockets } from './sockets/index.ts'
import { system, type System } from './system.ts'
import { runtime, type Runtime } from './runtime/runtime.ts'
import { adopt } from './loop/adopt.ts'
import { InetAddress } from './address/inet-address.ts'
import { noPollHandle, pollHandleAvailable } from './watch/poll-handle.ts'

/** What this machine can do, found out by trying. */
export interface Capabilities {
  readonly system: System
  readonly arch: string
  /** The JavaScript runtime, with its own version. */
  readonly runtime: Runtime
  /** The C library that Node runs on; on Windows the part of Winsock. */
  readonly libc: 'glibc' | 'musl' | 'libSystem' | 'ws2_32' | undefined
  /**
   * What makes the system calls: koffi, or what the runtime itself has where koffi cannot be loaded. Undefined when there is
   * none, and then nothing below `koffi` can be done.
   */
  readonly backend: BackendName | undefined
  /** The version of koffi; undefined when koffi does not make the calls. */
  readonly koffi: string | undefined
  /** AF_UNIX streams. */
  readonly afUnix: boolean
  /** AF_UNIX names outside the file system. */
  readonly abstractNames: boolean
  /** AF_UNIX datagrams. */
  readonly datagram: boolean
  readonly seqpacket: boolean
  /** Descriptors can be sent to another process. */
  readonly descriptors: boolean
  /** The system knows the process at the other end of an AF_UNIX stream. */
  readonly credentials: boolean
  /** {@link watch} can use libuv's poll handle. */
  readonly pollHandle: boolean
  /** {@link adopt} can make a `net.Socket`. */
  readonly adoption: boolean
  /** Why something above is missing, in words. */
  readonly reasons: readonly string[]
}

const libcName = (): Capabilities['libc'] => {
  if (system === 'win32') return 'ws2_32'
  if (system === 'darwin') return 'libSystem'
  if (system === 'other') return undefined
  return libcLibrary.has('gnu_get_libc_version') ? 'glibc' : 'musl'
}

/** What failed, and whether it may work later. */
interface Findings {
  readonly reasons: string[]
  /** For want of descriptors or of memory in the system. */
  passing: boolean
}

/** Whether something works, and if not, why. */
const works = (what: string, attempt: () => void, findings: Findings): boolean => {
  try {
    attempt()
    return true
  } catch (error) {
    findings.reasons.push(`${what}: ${error instanceof Error ? error.message : String(error)}`)
    findings.passing ||= isScarcity(error)
    return false
  }
}

/** Whether this process has a descriptor left: a library that could not be loaded for want of one says something else. */
const hasDescriptors = (): boolean => {
  try {
    closeSync(openSync(devNull, 'r'))
    return true
  } catch (error) {
    return !isScarcity(error)
  }
}

const openAndClose = (type: SocketType) => (): void => sockets.open('unix', type).close()

/** A connected stream over loopback, as every system has it; what `attempt` leaves of it is closed. */
const withConnection = (attempt: (client: ReturnType<typeof sockets.open>) => void): void => {
  const listener = sockets.open('inet')
  const client = sockets.open('inet')
  try {
    sockets.bind(listener, new InetAddress('127.0.0.1', 0))
    sockets.listen(listener, 1)
    sockets.connect(client, sockets.localAddress(listener))
    attempt(client)
  } finally {
    client.close()
    listener.close()
  }
}

const hasPollHandle = ({ reasons }: Findings): boolean => {
  if (pollHandleAvailable()) return true
  reasons.push(`poll handle: ${noPollHandle()}`)
  return false
}

const probe = (findings: Findings): Capabilities => {
  const { reasons } = findings
  let backend: Backend | undefined
  works('system calls', () => (backend = loadBackend()), findings)
  const { name, version, insteadOfKoffi } = backend ?? ({} as Partial<Backend>)
  if (insteadOfKoffi !== undefined) reasons.push(`koffi: ${insteadOfKoffi}`)
  const can = (what: string, attempt: () => void): boolean =>
    backend !== undefined && works(what, attempt, findings)
  const afUnix = can('AF_UNIX', openAndClose('stream'))
  return {
    system,
    arch: process.arch,
    runtime,
    libc: backend === undefined ? undefined : libcName(),
    backend: name,
    koffi: name === 'koffi' ? version : undefined,
    afUnix,
    abstractNames: afUnix && system === 'linux',
    datagram: afUnix && can('AF_UNIX datagrams', openAndClose('datagram')),
    seqpacket: afUnix && can('AF_UNIX seqpacket', openAndClose('seqpacket')),
    descriptors: afUnix && (system === 'linux' || system === 'darwin'),
    credentials:
      afUnix &&
      can('peer credentials', () => {
        const [a, b] = sockets.pair()
        try {
          sockets.peerCredentials(a)
        } finally {
          a.close()
          b.close()
        }
      }),
    pollHandle: backend !== undefined && hasPollHandle(findings),
    adoption: can('adoption', () => withConnection((client) => adopt(client).destroy())),
    reasons,
  }
}

let found: Capabilities | undefined

/**
 * What this machine can do. Tried once, at the first call, which takes a few milliseconds. What failed for want of
 * descriptors (`EMFILE`, `ENFILE`) or of memory in the system (`ENOBUFS`, `ENOMEM`) is tried again at the next call. Never
 * throws.
 */
export const capabilities = (): Capabilities => {
  if (found) return found
  const findings: Findings = { reasons: [], passing: false }
  const answer = probe(findings)
  if (findings.reasons.length === 0 || !(findings.passing || !hasDescriptors())) found = answer
  return answer
}
