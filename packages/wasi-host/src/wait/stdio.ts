/** The standard streams of a guest: streams of this process, and descriptors. */
import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { Readable, type Writable } from 'node:stream'
import type { NodeNetwork } from '../network/node/network.ts'
import { NodeStreamEnd } from '../network/node/stream-end.ts'
import type { Settings, StdioPlan } from '../options/options.ts'
import { FILETYPE_UNKNOWN, filetypeOf, mayWait } from '../wasi/stdio/standard-stream.ts'
import { adoptStdio, type Session, type Stdio } from '../sockets/session.ts'

/** How long what the guest has sent may take to go out after it has ended. */
export const LINGER_MS = 5000

const stdioEnd = (plan: StdioPlan, index: number, inherited: boolean): NodeStreamEnd | undefined => {
  if (plan.kind === 'bytes')
    return new NodeStreamEnd({ readable: Readable.from([plan.bytes], { objectMode: false }) })
  if (plan.kind === 'stream') {
    return index === 0
      ? new NodeStreamEnd({ readable: plan.stream as Readable }, { borrowed: true })
      : new NodeStreamEnd({ writable: plan.stream as Writable }, { borrowed: true })
  }
  // Reading a pipe or a terminal would block this thread; a file stays what it is, with its size and its offset.
  if (inherited) return new NodeStreamEnd({ readable: process.stdin }, { borrowed: true })
  return undefined
}

/** The standard streams that are streams of this process, served as sockets. */
export const adoptStdioStreams = (
  session: Session,
  network: NodeNetwork,
  settings: Settings,
  inherit: boolean,
): Stdio[] =>
  settings.stdio.map((plan, index): Stdio => {
    const inherited = inherit && index === 0 && settings.inheritStdin && mayWait(0)
    const end = stdioEnd(plan, index, inherited)
    if (!end) return { kind: 'fd' }
    network.track(end)
    return adoptStdio(session.sockets, end, inherited ? filetypeOf(0) : FILETYPE_UNKNOWN)
  })

/** Descriptors of this process for the standard streams; those of streams lead to the null device. */
export const openStdio = (plans: Settings['stdio']): { fds: [number, number, number]; close: () => void } => {
  const nowhere = plans.every(({ kind }) => kind === 'fd') ? undefined : openSync(devNull, 'r+')
  const fds = plans.map((plan) => (plan.kind === 'fd' ? plan.fd : nowhere)) as [number, number, number]
  return { fds, close: () => (nowhere === undefined ? undefined : closeSync(nowhere)) }
}
