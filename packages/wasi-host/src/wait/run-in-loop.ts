/** A guest in this thread, suspended by the engine while it waits. */
import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { Readable, type Writable } from 'node:stream'
import { mountFiles } from '../wasi/private-files.ts'
import { nodeWasi } from '../wasi/node-wasi.ts'
import { Exit, Stopped } from '../outcome/failure.ts'
import { GuestExit } from '../outcome/guest-exit.ts'
import type { Program, Run } from '../host.ts'
import { GuestInstance, type Stdio } from '../guest/instance.ts'
import { NodeNetwork } from '../network/node/network.ts'
import { NodeStreamEnd } from '../network/node/stream-end.ts'
import type { Settings, StdioPlan } from '../options/options.ts'
import { Resolver } from '../network/resolver.ts'
import { adoptStdio, openSession, type Session } from '../sockets/session.ts'
import { guestHandle } from '../guest/handle.ts'
import { jspi } from './jspi.ts'
import { limits } from './limits.ts'
import { readMemory, writeMemory } from '../guest/memory-access.ts'

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
  // Reading descriptor 0 would block this thread.
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
    const inherited = inherit && index === 0 && settings.inheritStdin
    const end = stdioEnd(plan, index, inherited)
    if (!end) return { kind: 'fd' }
    network.track(end)
    return adoptStdio(session.sockets, end, inherited && process.stdin.isTTY)
  })

/** Descriptors of this process for the base; those of streams lead nowhere. */
export const openStdio = (plans: Settings['stdio']): { fds: [number, number, number]; close: () => void } => {
  const opened: number[] = []
  const fds = plans.map((plan) => {
    if (plan.kind === 'fd') return plan.fd
    const fd = openSync(devNull, 'r+')
    opened.push(fd)
    return fd
  }) as [number, number, number]
  return { fds, close: () => opened.forEach((fd) => closeSync(fd)) }
}

export const runInThread = async (
  program: Program,
  settings: Settings,
  signal: AbortSignal | undefined,
): Promise<Run> => {
  const { inspection, module } = program
  const network = new NodeNetwork(new Resolver(settings.resolve), settings.makers)
  const mounted = mountFiles(settings.files, settings.preopens)
  const stdio = openStdio(settings.stdio)
  const clock = limits(settings.quotas, signal, (reason) => network.stop(new Stopped(reason)))
  let session: Session | undefined
  let instance: GuestInstance | undefined
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= (async () => {
      const aborted = clock.stop()
      instance?.closeFiles()
      session?.sockets.closeAll()
      network.stop(new Stopped(new Error('the guest was closed')))
      await network.close(aborted ? 0 : LINGER_MS)
      stdio.close()
      mounted.remove()
    })()
    return closing
  }
  try {
    session = await openSession(network, { ...settings, nonblocking: inspection.go })
    settings.onListening?.(session.listening)
    const base = nodeWasi({
      args: settings.args,
      env: { ...settings.env, ...session.env },
      preopens: mounted.preopens,
      stdio: stdio.fds,
    })
    const created = await GuestInstance.create(
      {
        module,
        inspection,
        abi: settings.abi === 'auto' ? inspection.abi : settings.abi,
        errno: settings.errno ?? (inspection.usesUdsSocket ? 'wasi' : undefined),
        stdio: adoptStdioStreams(session, network, settings, true),
        given: session.preopened,
        directories: Object.keys(mounted.preopens).length,
      },
      base,
      session.sockets,
      jspi,
    )
    instance = created
    clock.begin()
    const guarded = async <T>(action: () => Promise<T>): Promise<T> => {
      clock.throwIfOver()
      try {
        return await action()
      } catch (error) {
        throw error instanceof Stopped ? error.reason : error
      }
    }
    const guest = guestHandle(inspection.exports, {
      call: (name, args) =>
        guarded(() =>
          created.call(name, args).catch((error: unknown) => {
            throw error instanceof Exit ? new GuestExit(error.code) : error
          }),
        ),
      read: async (pointer, length) => readMemory(created.memory, pointer, length),
      write: async (pointer, bytes) => writeMemory(created.memory, pointer, bytes),
      close,
    })
    return { guest, start: () => guarded(() => created.run()) }
  } catch (error) {
    await close()
    throw error instanceof Stopped ? error.reason : error
  }
}
