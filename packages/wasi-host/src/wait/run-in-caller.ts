/** A guest in this thread, which blocks while it waits. */
import type { Writable } from 'node:stream'
import { Worker } from 'node:worker_threads'
import { threadFile } from '@uds/winsock-ffi'
import { guestHandle, type Run } from '../guest/handle.ts'
import { GuestInstance } from '../guest/instance.ts'
import { inThread } from '../guest/suspension.ts'
import { coreAbi } from '../module/inspect.ts'
import type { Program } from '../module/program.ts'
import { FfiNetwork } from '../network/ffi/network.ts'
import { BytesEnd, PostedEnd } from '../network/ffi/stdio-ends.ts'
import { NodeNetwork } from '../network/node/network.ts'
import { NodeStreamEnd } from '../network/node/stream-end.ts'
import { Resolver } from '../network/resolver.ts'
import type { Settings } from '../options/options.ts'
import { GuestExit } from '../outcome/errors.ts'
import { Exit, Stopped } from '../outcome/failure.ts'
import { adoptStdio, openSession, type Session, type Stdio } from '../sockets/session.ts'
import { mountFiles } from '../wasi/private-files.ts'
import { FILETYPE_UNKNOWN } from '../wasi/stdio/standard-stream.ts'
import { callThrough, sharedMemory } from './channel.ts'
import { limits } from './limits.ts'
import { noHttp } from './no-http.ts'
import { LINGER_MS, openStdio } from './stdio.ts'

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

/** What the embedder sees of an error of the guest. */
const shown = (error: unknown): unknown => {
  if (error instanceof Stopped) return error.reason
  return error instanceof Exit ? new GuestExit(error.code) : error
}

export const runInCaller = async (
  program: Program,
  settings: Settings,
  signal: AbortSignal | undefined,
): Promise<Run> => {
  const { inspection, module } = program
  const names = blockingResolver(settings.resolve)
  const clock = limits(settings.quotas, signal, () => {})
  const network = new FfiNetwork(names.resolve, clock.isOver)
  // The streams of this process that the guest prints to: what they hold goes out at the end.
  const outputs = new NodeNetwork(new Resolver(undefined), [])
  const mounted = mountFiles(settings.files, settings.preopens)
  const stdio = openStdio(settings.stdio)
  let session: Session | undefined
  let instance: GuestInstance | undefined
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= (async () => {
      const aborted = clock.stop()
      instance?.closeFiles()
      session?.sockets.closeAll()
      names.close()
      await outputs.close(aborted ? 0 : LINGER_MS)
      stdio.close()
      mounted.remove()
    })()
    return closing
  }
  const standard = (opened: Session): Stdio[] =>
    settings.stdio.map((plan): Stdio => {
      if (plan.kind === 'bytes') return adoptStdio(opened.sockets, new BytesEnd(plan.bytes), FILETYPE_UNKNOWN)
      if (plan.kind !== 'stream') return { kind: 'fd' }
      const writable = plan.stream as Writable
      outputs.track(new NodeStreamEnd({ writable }, { borrowed: true }))
      return adoptStdio(
        opened.sockets,
        new PostedEnd((bytes) => void writable.write(bytes)),
        FILETYPE_UNKNOWN,
      )
    })
  try {
    session = await openSession(network, { ...settings, nonblocking: inspection.go })
    settings.onListening?.(session.listening)
    const created = await GuestInstance.create(
      {
        module,
        inspection,
        abi: coreAbi(inspection, settings.abi),
        errno: settings.errno ?? (inspection.usesUdsSocket ? 'wasi' : undefined),
        stdio: standard(session),
        stdioFds: stdio.fds,
        given: session.preopened,
        preopens: mounted.preopens,
        imports: settings.imports,
        args: settings.args,
        env: { ...settings.env, ...session.env },
      },
      { sockets: session.sockets, http: undefined },
      inThread,
    )
    instance = created
    clock.begin()
    const guarded = async <T>(action: () => Promise<T>): Promise<T> => {
      clock.throwIfOver()
      try {
        return await action()
      } catch (error) {
        if (error instanceof Stopped) clock.throwIfOver()
        throw shown(error)
      }
    }
    const guest = guestHandle(inspection.exports, {
      call: (name, args) => guarded(() => created.call(name, args)),
      callSync: (name, args) => {
        clock.throwIfOver()
        try {
          return created.callSync(name, args)
        } catch (error) {
          if (error instanceof Stopped) clock.throwIfOver()
          throw shown(error)
        }
      },
      read: async (pointer, length) => created.read(pointer, length),
      write: async (pointer, bytes) => created.write(pointer, bytes),
      close,
      instance: created.instance,
    })
    return { guest, start: () => guarded(() => created.run()), handle: noHttp }
  } catch (error) {
    await close()
    throw shown(error)
  }
}
