/** The thread of a guest that blocks while it waits: the entry of a worker. */
import { parentPort, workerData } from 'node:worker_threads'
import type { HttpCalls } from '../http/http-calls.ts'
import type { SocketCalls } from '../sockets/socket-calls.ts'
import { GuestInstance } from '../guest/instance.ts'
import type { Stdio } from '../sockets/session.ts'
import { inThread } from '../guest/suspension.ts'
import { keepOpenedIn } from '../wasi/files/opened-by-call.ts'
import type { Request } from './channel.ts'
import { toPosted } from './posted-error.ts'
import type { Command, Report, WorkerPlan } from './protocol.ts'
import { RemoteHttp } from './remote-http.ts'
import { RemoteSockets } from './remote-sockets.ts'

const plan = workerData as WorkerPlan
const port = parentPort!

keepOpenedIn(plan.opened)

const report = (message: Report): void => port.postMessage(message)
const post = (request: Request): void => port.postMessage(request)

interface Opened {
  readonly sockets: SocketCalls
  readonly http?: HttpCalls
  readonly given: readonly number[]
  readonly stdio: readonly Stdio[]
  readonly env: Readonly<Record<string, string>>
  readonly close: () => void
}

const open = async (): Promise<Opened> => {
  if (plan.sockets.kind === 'blocking') {
    // A guest whose sockets are those of the host loads nothing that makes some.
    const { openBlocking } = await import('./blocking.ts')
    return await openBlocking(plan, plan.sockets, report, post)
  }
  const sockets = new RemoteSockets(plan.memory, post)
  const http = new RemoteHttp(plan.memory, post)
  return { sockets, http, given: plan.sockets.given, stdio: plan.sockets.stdio, env: {}, close: () => {} }
}

const perform = (instance: GuestInstance, opened: Opened, command: Command): unknown => {
  if (command.do === 'start') return instance.run()
  if (command.do === 'call') return instance.call(command.name, command.args)
  if (command.do === 'handle') return instance.handle(command.exchange)
  if (command.do === 'read') return instance.read(command.pointer, command.length)
  if (command.do === 'write') return instance.write(command.pointer, command.bytes)
  instance.closeFiles()
  return opened.close()
}

const begin = async (): Promise<void> => {
  const opened = await open()
  const instance = await GuestInstance.create(
    {
      module: plan.module,
      composed: plan.composed,
      inspection: plan.inspection,
      abi: plan.abi,
      errno: plan.errno,
      stdio: opened.stdio,
      stdioFds: plan.stdioFds,
      given: opened.given,
      preopens: plan.preopens,
      args: plan.args,
      env: { ...plan.env, ...opened.env },
    },
    { sockets: opened.sockets, http: opened.http },
    inThread,
  )
  port.on('message', (command: Command) => {
    void (async () => {
      try {
        report({ type: 'done', id: command.id, value: await perform(instance, opened, command) })
      } catch (error) {
        report({ type: 'threw', id: command.id, error: toPosted(error) })
      }
    })()
  })
  report({ type: 'ready', exports: plan.inspection.exports })
}

begin().catch((error: unknown) => report({ type: 'failed', error: toPosted(error) }))
