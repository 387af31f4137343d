/** A guest in a thread of its own, seen from the thread that started it. */
import type { Writable } from 'node:stream'
import { Worker } from 'node:worker_threads'
import { threadFile } from '@uds/winsock-ffi'
import { closeAllOpened, memoryForOpened } from '../wasi/files/opened-by-call.ts'
import { mountFiles } from '../wasi/private-files.ts'
import { Failure, Stopped } from '../outcome/failure.ts'
import { coreAbi } from '../module/inspect.ts'
import type { Program } from '../module/program.ts'
import type { GuestHandle, Run } from '../guest/handle.ts'
import { HttpService } from '../http/service.ts'
import { NodeNetwork } from '../network/node/network.ts'
import { NodeStreamEnd } from '../network/node/stream-end.ts'
import type { Settings } from '../options/options.ts'
import { SyncPromise } from '../outcome/sync-promise.ts'
import { Resolver } from '../network/resolver.ts'
import { openSession, type Session } from '../sockets/session.ts'
import { answer, sharedMemory, type Request } from './channel.ts'
import { guestHandle } from '../guest/handle.ts'
import { adoptStdioStreams, LINGER_MS, openStdio } from './stdio.ts'
import { limits } from './limits.ts'
import { fromPosted } from './posted-error.ts'
import type { BlockingPlan, Command, RemotePlan, Report, WorkerPlan } from './protocol.ts'
import { noHttp } from './no-http.ts'
import { httpCallOf } from './remote-http.ts'
import { serveSockets } from './remote-sockets.ts'

/** The command that no other has the number of. */
const CLOSING = -1

/** So long an aborted guest has to close its files; of one that is busy Node closes them, with its thread. */
const ABORTED_MS = 200
/** So long a guest that is closed in the middle of a call has to return from it; it may be in an endless loop. */
const BUSY_MS = 500

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: unknown) => void
}

/** Answers calls: those of sockets, or under `blocking` those for names alone. */
type Service = (request: Request) => unknown

class GuestThread {
  readonly #worker: Worker
  readonly #pending = new Map<number, Pending>()
  readonly #plan: WorkerPlan
  #ended: { readonly reason: unknown } | undefined
  #nextId = 1
  readonly ready: Promise<void>

  constructor(plan: WorkerPlan, service: Service, on: (report: Report) => void) {
    this.#plan = plan
    this.#worker = new Worker(threadFile('@uds/wasi-host/dist/guest-thread.js', import.meta.url), {
      workerData: plan,
    })
    this.ready = new Promise((resolve, reject) => {
      this.#pending.set(0, { resolve: () => resolve(), reject })
    })
    // The thread may end while no caller waits for it.
    this.ready.catch(() => {})
    this.#worker.on('message', (message: Request | Report) => {
      if (message.type === 'request') this.#serve(service, message)
      else if (message.type === 'ready') this.#settle(0, (each) => each.resolve(undefined))
      else if (message.type === 'failed') this.end(fromPosted(message.error))
      else if (message.type === 'done') this.#settle(message.id, (each) => each.resolve(message.value))
      else if (message.type === 'threw')
        this.#settle(message.id, (each) => each.reject(fromPosted(message.error)))
      else on(message)
    })
    this.#worker.on('error', (error) => this.end(error))
    this.#worker.on('exit', () => {
      closeAllOpened(plan.opened)
      this.end(new Error('the thread of the guest has ended'))
    })
  }

  #serve(service: Service, request: Request): void {
    const { memory } = this.#plan
    const failed = (error: unknown): void => answer(memory, { error })
    const done = (value: unknown): void => {
      try {
        answer(memory, { value })
      } catch (error) {
        failed(error)
      }
    }
    let outcome: unknown
    try {
      outcome = service(request)
    } catch (error) {
      return failed(error)
    }
    return outcome instanceof SyncPromise ? outcome.settle(done, failed) : done(outcome)
  }

  #settle(id: number, how: (pending: Pending) => void): void {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (pending) how(pending)
  }

  perform(command: WithoutId<Command>): Promise<unknown> {
    if (this.#ended) return Promise.reject(this.#ended.reason)
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject })
      this.#worker.postMessage({ ...command, id })
    })
  }

  /** Rejects everything that is waited for, with this reason. */
  end(reason: unknown): void {
    this.#stop()
    this.#ended ??= { reason }
    for (const id of this.#pending.keys()) this.#settle(id, (each) => each.reject(this.#ended!.reason))
  }

  /** A call has not returned. */
  get busy(): boolean {
    return this.#pending.size > 0
  }

  /** A thread that waits in the system looks at this now and then. */
  #stop(): void {
    Atomics.store(new Int32Array(this.#plan.stop), 0, 1)
  }

  /** Lets the guest close what it has open, if it is not busy. */
  async finish(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs)
    })
    const done = new Promise<void>((resolve) => {
      this.#pending.set(CLOSING, { resolve: () => resolve(), reject: () => resolve() })
      this.#worker.postMessage({ id: CLOSING, do: 'close' } satisfies Command)
      this.#worker.once('exit', () => resolve())
    })
    await Promise.race([done, late])
    clearTimeout(timer)
  }

  /** Ends the thread, whatever the guest is doing. */
  async terminate(): Promise<void> {
    this.#stop()
    await this.#worker.terminate()
  }
}

const blockingPlan = (settings: Settings): BlockingPlan => ({
  kind: 'blocking',
  policy: settings.policy,
  quotas: settings.quotas,
  listen: settings.listen,
  connected: settings.connected,
  traces: settings.trace !== undefined,
  stdio: settings.stdio.map((plan) => {
    if (plan.kind === 'bytes') return plan
    return { kind: plan.kind === 'stream' ? 'posted' : 'fd' }
  }),
})

const resolving =
  (resolver: Resolver): Service =>
  ({ op, args }) => {
    if (op === 'resolve') return SyncPromise.of(resolver.resolve(args[0] as string))
    throw new Failure('ENOSYS', `the host has no call ${op} for a guest that blocks`)
  }

export const runInWorker = async (
  program: Program,
  settings: Settings,
  mode: 'worker' | 'blocking',
  signal: AbortSignal | undefined,
): Promise<Run> => {
  const { inspection, module, composed } = program
  const resolver = new Resolver(settings.resolve)
  const network = new NodeNetwork(resolver, settings.makers)
  const mounted = mountFiles(settings.files, settings.preopens)
  const stdio = openStdio(settings.stdio)
  let session: Session | undefined
  let thread: GuestThread | undefined
  let http: HttpService | undefined
  const clock = limits(settings.quotas, signal, (reason) => {
    network.stop(new Stopped(reason))
    thread?.end(reason)
  })
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= (async () => {
      const aborted = clock.stop()
      const idleMs = thread?.busy === true ? BUSY_MS : LINGER_MS
      await thread?.finish(aborted ? ABORTED_MS : idleMs)
      await thread?.terminate()
      http?.close()
      session?.sockets.closeAll()
      network.stop(new Stopped(new Error('the guest was closed')))
      await network.close(aborted ? 0 : LINGER_MS)
      stdio.close()
      mounted.remove()
    })()
    return closing
  }
  const memory = sharedMemory()
  try {
    let sockets: RemotePlan | BlockingPlan
    let service: Service
    if (mode === 'blocking') {
      sockets = blockingPlan(settings)
      for (const stream of outputs(settings))
        network.track(new NodeStreamEnd({ writable: stream }, { borrowed: true }))
      service = resolving(resolver)
    } else {
      session = await openSession(network, { ...settings, nonblocking: inspection.go })
      settings.onListening?.(session.listening)
      sockets = {
        kind: 'remote',
        given: session.preopened,
        stdio: adoptStdioStreams(session, network, settings, false),
      }
      const messages = new HttpService({ network, ...session })
      http = messages
      const plain = serveSockets(session.sockets, memory)
      service = (request) => (httpCallOf(messages, request) ?? (() => plain(request)))()
    }
    clock.throwIfOver()
    thread = new GuestThread(
      {
        memory,
        stop: new SharedArrayBuffer(4),
        opened: memoryForOpened(),
        module,
        composed,
        inspection,
        abi: coreAbi(inspection, settings.abi),
        errno: settings.errno ?? (inspection.usesUdsSocket ? 'wasi' : undefined),
        args: settings.args,
        env: { ...settings.env, ...session?.env },
        preopens: mounted.preopens,
        stdioFds: stdio.fds,
        sockets,
      },
      service,
      (report) => {
        if (report.type === 'trace') settings.trace?.(report.decision)
        else if (report.type === 'listening') settings.onListening?.(report.addresses)
        else if (report.type === 'output') outputOf(settings, report.fd)?.write(report.bytes)
      },
    )
    await thread.ready
    clock.begin()
    const perform = thread.perform.bind(thread)
    const guest: GuestHandle = guestHandle(inspection.exports, {
      call: (name, args) => perform({ do: 'call', name, args }) as Promise<number | bigint | undefined>,
      read: (pointer, length) => perform({ do: 'read', pointer, length }) as Promise<Uint8Array>,
      write: (pointer, bytes) => perform({ do: 'write', pointer, bytes }) as Promise<void>,
      close,
    })
    const messages = http
    return {
      guest,
      start: () => perform({ do: 'start' }) as Promise<number>,
      handle: messages
        ? (request, response) =>
            messages.answer(
              request,
              response,
              (exchange) => perform({ do: 'handle', exchange }) as Promise<void>,
            )
        : noHttp,
    }
  } catch (error) {
    await close()
    throw error instanceof Stopped ? error.reason : error
  }
}

/** The streams of this process that a guest prints to. */
const outputs = ({ stdio }: Settings): Writable[] =>
  stdio.flatMap((plan, fd) => (fd > 0 && plan.kind === 'stream' ? [plan.stream as Writable] : []))

const outputOf = (settings: Settings, fd: number): Writable | undefined => {
  const plan = settings.stdio[fd]
  return plan?.kind === 'stream' ? (plan.stream as Writable) : undefined
}
