/** The sockets of a guest in its own thread, by system calls that block it. */
import type { SocketCalls } from '../sockets/socket-calls.ts'
import type { Stdio } from '../sockets/session.ts'
import { BytesEnd, PostedEnd } from '../network/ffi/stdio-ends.ts'
import { FfiNetwork } from '../network/ffi/network.ts'
import { adoptStdio, openSession } from '../sockets/session.ts'
import { FILETYPE_UNKNOWN } from '../wasi/stdio/standard-stream.ts'
import { callThrough, type Request } from './channel.ts'
import type { BlockingPlan, Report, WorkerPlan } from './protocol.ts'

export const openBlocking = async (
  { memory, stop, inspection }: WorkerPlan,
  plan: BlockingPlan,
  report: (report: Report) => void,
  post: (request: Request) => void,
): Promise<{
  sockets: SocketCalls
  given: readonly number[]
  stdio: readonly Stdio[]
  env: Readonly<Record<string, string>>
  close: () => void
}> => {
  const flag = new Int32Array(stop)
  const network = new FfiNetwork(
    (host) => callThrough(memory, post, 'resolve', [host]) as readonly string[],
    () => Atomics.load(flag, 0) !== 0,
  )
  const session = await openSession(network, {
    ...plan,
    trace: plan.traces ? (decision) => report({ type: 'trace', decision }) : undefined,
    nonblocking: inspection.go,
  })
  report({ type: 'listening', addresses: session.listening })
  const stdio = plan.stdio.map((each, fd): Stdio => {
    if (each.kind === 'fd') return { kind: 'fd' }
    const end =
      each.kind === 'bytes'
        ? new BytesEnd(each.bytes)
        : new PostedEnd((bytes) => report({ type: 'output', fd, bytes }))
    return adoptStdio(session.sockets, end, FILETYPE_UNKNOWN)
  })
  return {
    sockets: session.sockets,
    given: session.preopened,
    stdio,
    env: session.env,
    close: () => session.sockets.closeAll(),
  }
}
