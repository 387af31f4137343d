/** The exports of a component of WASI 0.3 that are lifted as tasks. */
import type { AsyncHost } from '../component/async/host.ts'
import type { Lifted } from '../component/async/task.ts'
import { answered, incomingRequest } from '../component/wasi03/http/serving.ts'
import type { Exchange } from '../http/http-calls.ts'
import type { WasmValue } from '../module/engine.ts'
import { SyncPromise, type Outcome } from '../outcome/sync-promise.ts'
import type { Waiting } from './suspension.ts'

const LIFTED = /^\[async-lift(-stackful)?\]/

type Exports = Readonly<Record<string, unknown>>

export class AsyncExports {
  readonly #host: AsyncHost
  readonly #exports: Exports
  readonly #promising: Waiting['promising']

  constructor(host: AsyncHost, exports: Exports, promising: Waiting['promising']) {
    this.#host = host
    this.#exports = exports
    this.#promising = promising
    // Ends the tasks with the guest, whatever they wait for.
    const stopped = host.guest.sockets.poll([], -1)
    if (stopped instanceof SyncPromise)
      stopped.settle(
        () => {},
        (error) => host.tasks.fail(error),
      )
  }

  isLifted(name: string): boolean {
    return LIFTED.test(name)
  }

  /** A function of the component, whether it returns at once or is suspended meanwhile. */
  #entry(name: string): (...args: readonly WasmValue[]) => Outcome<number> {
    const call = this.#promising(this.#exports[name])
    return (...args) => {
      const result = call(...args)
      return result instanceof Promise ? SyncPromise.of(result as Promise<number>) : (result as number)
    }
  }

  #lifted(name: string): Lifted {
    const callback = `[callback]${name}`
    return {
      start: this.#entry(name),
      callback: Object.hasOwn(this.#exports, callback) ? this.#entry(callback) : undefined,
    }
  }

  /** Calls an export and returns what its task returned, once it has ended. */
  async call(name: string, args: readonly WasmValue[]): Promise<WasmValue | undefined> {
    const task = this.#host.tasks.begin(this.#lifted(name), args)
    await task.over.promise()
    return task.returned?.[0]
  }

  /** Lets a handler answer a request: the response begins when it has returned one. Ends when both have ended. */
  async handle(name: string, exchange: Exchange): Promise<void> {
    const host = this.#host
    let moved: SyncPromise<void> | undefined
    const task = host.tasks.begin(this.#lifted(name), [incomingRequest(host, exchange)], (values) => {
      moved = answered(host, exchange.exchange, values)
    })
    await task.over.promise()
    // A body that the host moves by itself takes longer than the task.
    await moved?.promise()
  }

  stop(): void {
    this.#host.stop()
  }
}
