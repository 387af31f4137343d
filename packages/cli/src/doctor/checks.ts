/** The checks of uds doctor. */
import { mkdtempSync, rmSync } from 'node:fs'
import { arch, release, tmpdir, type } from 'node:os'
import { join } from 'node:path'
import { peerCredentials } from '@uds/stream'
import { SocketError } from '@uds/winsock-ffi'
import { describeNames, runtime, runtimeName } from '@uds/winsock-ffi/internal'
import { isTooOld, OLDEST_NODE } from '../process/node-version.ts'
import type { Check } from './check.ts'
import { echoAt } from './echo.ts'
import { ffiChecks } from './ffi.ts'

const notSupported = (detail: string): SocketError =>
  new SocketError({ code: 'ENOTSUP', syscall: 'probe', detail })

/** A name with the pid, which no other process uses. */
const freshName = (): string => `uds-doctor-${process.pid}`

/** Calls `attempt` with a socket file in a fresh directory. */
const withFile = async (attempt: (address: string) => Promise<unknown>): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'uds-'))
  try {
    await attempt(`unix:${join(directory, 's.sock')}`)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const node = (): string => {
  const { node: version } = process.versions
  if (isTooOld(version)) throw new Error(`this is Node ${version}, which is too old`)
  const { permission } = process as { permission?: unknown }
  const under = permission === undefined ? '' : ', under --permission'
  return runtime.name === 'node'
    ? `${version}${under}`
    : `${runtimeName} ${runtime.version}, as Node ${version}`
}

const jspi = (): string => {
  const { Suspending } = (globalThis as unknown as { WebAssembly: { Suspending?: unknown } }).WebAssembly
  if (Suspending === undefined) throw notSupported('this engine cannot suspend WebAssembly')
  return 'WASI guests wait without a thread of their own'
}

/** All checks, in the order of the output. */
export const checks: readonly Check[] = [
  { what: 'system', probe: () => `${type()} ${release()}, ${arch()}` },
  { what: 'Node', advice: `install Node ${OLDEST_NODE} or newer`, probe: node },
  {
    what: 'AF_UNIX',
    probe: async () => {
      await withFile(echoAt)
      return 'a server and a client have met at a socket file'
    },
  },
  {
    what: 'abstract names',
    probe: async () => `a server and a client have met at ${await echoAt(`unix:@${freshName()}`)}`,
  },
  {
    what: 'named pipes',
    probe: async () => `a server and a client have met at ${await echoAt(`pipe:${freshName()}`)}`,
  },
  {
    what: 'names',
    probe: async () =>
      `the safe place of this user: ${await echoAt(`name:${freshName()}`)}, of ${describeNames()}`,
  },
  {
    what: 'credentials',
    probe: async () => {
      let found = ''
      await echoAt(`name:${freshName()}`, (connection) => {
        const { pid, uid, sid } = peerCredentials(connection)
        if (pid !== process.pid)
          throw new Error(`the peer is process ${process.pid}, and the system says ${pid}`)
        found =
          sid === undefined
            ? `the process and the user of a peer (uid ${uid})`
            : `the process and the user of a peer (${sid})`
      })
      return found
    },
  },
  ...ffiChecks,
  {
    what: 'JSPI',
    advice:
      'guests run in a thread of their own instead; Node 24.20 and newer have it, 24 before that with --experimental-wasm-jspi',
    probe: jspi,
  },
]
