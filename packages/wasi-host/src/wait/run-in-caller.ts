/** A guest in this thread, which blocks while it waits. */
import type { Writable } from 'node:stream'
import { Worker } from 'node:worker_threads'
import { threadFile } from '@uds/winsock-ffi'
import type { Run } from '../guest/handle.ts'
import { inThread } from '../guest/suspension.ts'
import type { Program } from '../module/program.ts'
import { FfiNetwork } from '../network/ffi/network.ts'
import { BytesEnd, PostedEnd } from '../network/ffi/stdio-ends.ts'
import { NodeNetwork } from '../network/node/network.ts'
import { NodeStreamEnd } from '../network/node/stream-end.ts'
import { Resolver } from '../network/resolver.ts'
import type { Settings } from '../options/options.ts'
import { adoptStdio, type Session, type Stdio } from '../sockets/session.ts'
import { FILETYPE_UNKNOWN } from '../wasi/stdio/standard-stream.ts'
import { callThrough, sharedMemory } from './channel.ts'
import { limits } from './limits.ts'
import { runHere } from './run-here.ts'
import { LINGER_MS } from './stdio.ts'

/** Resolves names while this thread blocks: another one, started at the first name, asks the system. */
const blockingResolver = (
  resolve: Settings['resolve'],
): { resolve: (host: string) => readonly string[]; close: () => void } => {
  const memory = sharedMemory()
  let worker: Worker | undefined
  return {
    resolve: (host) => {
      if (!worker) {
        worker = new Worker(threadFile('@uds/wasi-host/dist/resolve-thread.js', import.meta.url), {
          workerData: { memory, resolve },
        })
        worker.unref()
      }
      const thread = worker
      return callThrough(memory, (request) => thread.postMessage(request), 'resolve', [host]) as string[]
    },
    close: () => void worker?.terminate(),
  }
}

/** The streams of this process that the guest prints to, and bytes that it reads. */
const standardStreams = ({ stdio }: Settings, { sockets }: Session, outputs: NodeNetwork): readonly Stdio[] =>
  stdio.map((plan): Stdio => {
    if (plan.kind === 'bytes') return adoptStdio(sockets, new BytesEnd(plan.bytes), FILETYPE_UNKNOWN)
    if (plan.kind !== 'stream') return { kind: 'fd' }
    const writable = plan.stream as Writable
    outputs.track(new NodeStreamEnd({ writable }, { borrowed: true }))
    return adoptStdio(sockets, new PostedEnd((bytes) => void writable.write(bytes)), FILETYPE_UNKNOWN)
  })

export const runInCaller = (
  program: Program,
  settings: Settings,
  signal: AbortSignal | undefined,
): Promise<Run> => {
  const names = blockingResolver(settings.resolve)
  const clock = limits(settings.quotas, signal, () => {})
  // What the output streams hold goes out at the end.
  const outputs = new NodeNetwork(new Resolver(undefined), [])
  return runHere(program, settings, {
    network: new FfiNetwork(names.resolve, clock.isOver),
    clock,
    waiting: inThread,
    blocks: true,
    standard: (session) => standardStreams(settings, session, outputs),
    http: undefined,
    end: (aborted) => {
      names.close()
      return outputs.close(aborted ? 0 : LINGER_MS)
    },
  })
}
