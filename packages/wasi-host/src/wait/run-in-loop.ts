/** A guest in this thread, suspended by the engine while it waits. */
import { mountFiles } from '../wasi/private-files.ts'
import { Exit, Stopped } from '../outcome/failure.ts'
import { GuestExit } from '../outcome/errors.ts'
import { coreAbi } from '../module/inspect.ts'
import type { Program } from '../module/program.ts'
import type { Run } from '../guest/handle.ts'
import { GuestInstance } from '../guest/instance.ts'
import { HttpService } from '../http/service.ts'
import { NodeNetwork } from '../network/node/network.ts'
import type { Settings } from '../options/options.ts'
import { Resolver } from '../network/resolver.ts'
import { openSession, type Session } from '../sockets/session.ts'
import { guestHandle } from '../guest/handle.ts'
import { inLoop, jspi } from '../guest/suspension.ts'
import { hasJspi } from '../module/engine.ts'
import { adoptStdioStreams, LINGER_MS, openStdio } from './stdio.ts'
import { limits } from './limits.ts'

export const runInThread = async (
  program: Program,
  settings: Settings,
  signal: AbortSignal | undefined,
): Promise<Run> => {
  const { inspection, module } = program
  const network = new NodeNetwork(new Resolver(settings.resolve), settings.makers, { bindsNow: !hasJspi })
  const mounted = mountFiles(settings.files, settings.preopens)
  const stdio = openStdio(settings.stdio)
  const clock = limits(settings.quotas, signal, (reason) => network.stop(new Stopped(reason)))
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
    const service = new HttpService({ network, ...session })
    http = service
    const created = await GuestInstance.create(
      {
        module,
        inspection,
        abi: coreAbi(inspection, settings.abi),
        errno: settings.errno ?? (inspection.usesUdsSocket ? 'wasi' : undefined),
        stdio: adoptStdioStreams(session, network, settings, true),
        stdioFds: stdio.fds,
        given: session.preopened,
        preopens: mounted.preopens,
        imports: settings.imports,
        args: settings.args,
        env: { ...settings.env, ...session.env },
      },
      { sockets: session.sockets, http: service },
      // Without JSPI only components that return to the loop to wait come here.
      hasJspi ? jspi : inLoop,
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
      read: async (pointer, length) => created.read(pointer, length),
      write: async (pointer, bytes) => created.write(pointer, bytes),
      close,
      instance: created.instance,
    })
    return {
      guest,
      start: () => guarded(() => created.run()),
      handle: (request, response) =>
        guarded(() => service.answer(request, response, (exchange) => created.handle(exchange))),
    }
  } catch (error) {
    await close()
    throw error instanceof Stopped ? error.reason : error
  }
}
