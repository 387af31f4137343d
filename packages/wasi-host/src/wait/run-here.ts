/** A guest in this thread: what both ways of waiting in it have in common. */
import { guestHandle, type Run } from '../guest/handle.ts'
import { GuestInstance } from '../guest/instance.ts'
import type { Waiting } from '../guest/suspension.ts'
import type { HttpService } from '../http/service.ts'
import { coreAbi } from '../module/inspect.ts'
import type { Program } from '../module/program.ts'
import type { Network } from '../network/network.ts'
import type { Settings } from '../options/options.ts'
import { GuestExit } from '../outcome/errors.ts'
import { Exit, Stopped } from '../outcome/failure.ts'
import { openSession, type Session, type Stdio } from '../sockets/session.ts'
import { mountFiles } from '../wasi/private-files.ts'
import type { Limits } from './limits.ts'
import { noHttp } from './no-http.ts'
import { openStdio } from './stdio.ts'

/** What a way of waiting in this thread has of its own. */
export interface Way {
  readonly network: Network
  readonly clock: Limits
  readonly waiting: Waiting
  /** The calls block, so that one returns at once. */
  readonly blocks: boolean
  readonly standard: (session: Session) => readonly Stdio[]
  /** Serves the HTTP of the guest; undefined where there is none. */
  readonly http: ((session: Session) => HttpService) | undefined
  /** Ends what it made. */
  readonly end: (aborted: boolean) => Promise<void>
}

/** What the embedder sees of an error of the guest. */
const shown = (error: unknown): unknown => {
  if (error instanceof Stopped) return error.reason
  return error instanceof Exit ? new GuestExit(error.code) : error
}

export const runHere = async (program: Program, settings: Settings, way: Way): Promise<Run> => {
  const { inspection, module, composed } = program
  const { network, clock } = way
  const mounted = mountFiles(settings.files, settings.preopens)
  const stdio = openStdio(settings.stdio)
  let session: Session | undefined
  let http: HttpService | undefined
  let instance: GuestInstance | undefined
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= (async () => {
      const aborted = clock.stop()
      instance?.closeFiles()
      http?.close()
      session?.sockets.closeAll()
      await way.end(aborted)
      stdio.close()
      mounted.remove()
    })()
    return closing
  }
  try {
    session = await openSession(network, { ...settings, nonblocking: inspection.go })
    settings.onListening?.(session.listening)
    const service = way.http?.(session)
    http = service
    const created = await GuestInstance.create(
      {
        module,
        composed,
        inspection,
        abi: coreAbi(inspection, settings.abi),
        errno: settings.errno ?? (inspection.usesUdsSocket ? 'wasi' : undefined),
        stdio: way.standard(session),
        stdioFds: stdio.fds,
        given: session.preopened,
        preopens: mounted.preopens,
        imports: settings.imports,
        args: settings.args,
        env: { ...settings.env, ...session.env },
      },
      { sockets: session.sockets, http: service },
      way.waiting,
    )
    instance = created
    clock.begin()
    const failed = (error: unknown): never => {
      // The reason of its end, rather than how a call of the guest ended by it.
      if (error instanceof Stopped) clock.throwIfOver()
      throw shown(error)
    }
    const guarded = async <T>(action: () => Promise<T>): Promise<T> => {
      clock.throwIfOver()
      try {
        return await action()
      } catch (error) {
        return failed(error)
      }
    }
    const guest = guestHandle(inspection.exports, {
      call: (name, args) => guarded(() => created.call(name, args)),
      ...(way.blocks && {
        callSync: (name, args) => {
          clock.throwIfOver()
          try {
            return created.callSync(name, args)
          } catch (error) {
            return failed(error)
          }
        },
      }),
      read: async (pointer, length) => created.read(pointer, length),
      write: async (pointer, bytes) => created.write(pointer, bytes),
      close,
      instance: created.instance,
    })
    return {
      guest,
      start: () => guarded(() => created.run()),
      handle: service
        ? (request, response) =>
            guarded(() => service.answer(request, response, (exchange) => created.handle(exchange)))
        : noHttp,
    }
  } catch (error) {
    await close()
    throw shown(error)
  }
}
