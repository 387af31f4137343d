/** Tasks of a component: calls of its exports that are lifted with a callback, and when each goes on. */
import type { Handles } from '../handles.ts'
import { trap } from '../trap.ts'
import { SyncPromise, type Outcome } from '../../outcome/sync-promise.ts'
import { NO_EVENT, WaitableSet, type SetWaiter } from './waitable.ts'

const EXIT = 0
const YIELD = 1
const WAIT = 2

/** Events that are delivered without a turn of the loop between them: a component that makes its own must not stop it. */
const MOST_IN_A_TURN = 1000

/** An export that is lifted with a callback. */
export interface Lifted {
  readonly start: (...args: readonly (number | bigint)[]) => Outcome<number | void>
  /** Undefined where the export waits by its own stack. */
  readonly callback: ((event: number, index: number, payload: number) => Outcome<number>) | undefined
}

/** Called with the flat values that a task has returned. */
export type OnReturned = (values: readonly (number | bigint)[]) => void

/** One call of an export. */
export class Task implements SetWaiter {
  /** `context.get` and `context.set` */
  readonly storage: [number, number] = [0, 0]
  /** What `task.return` was called with. */
  returned: readonly (number | bigint)[] | undefined
  /** Called when it has returned, which may be long before it exits. */
  onReturned: OnReturned | undefined
  /** Settles when it has exited. */
  readonly over: SyncPromise<void> = new SyncPromise()
  readonly lifted: Lifted
  readonly #tasks: Tasks
  #set: WaitableSet | undefined

  constructor(tasks: Tasks, lifted: Lifted) {
    this.#tasks = tasks
    this.lifted = lifted
  }

  woken(): void {
    this.#tasks.ready(this)
  }

  waitFor(set: WaitableSet | undefined): void {
    this.#set = set
  }

  /** Goes on with the next event; undefined when it was taken otherwise, and it waits again. */
  resume(): Outcome<number> | undefined {
    const callback = this.lifted.callback!
    const set = this.#set
    if (!set) return callback(NO_EVENT, 0, 0)
    const member = set.next()
    if (!member) {
      set.wait(this)
      return undefined
    }
    return callback(member.code, member.index, member.collect())
  }
}

/** The tasks of one instance. One of them runs at a time, and the others wait for it. */
export class Tasks {
  readonly #handles: Handles
  readonly #queue: Task[] = []
  readonly #live = new Set<Task>()
  #current: Task | undefined
  #failed: { readonly error: unknown } | undefined
  #inTurn = 0
  /** `backpressure.inc` and `dec` */
  backpressure = 0

  constructor(handles: Handles) {
    this.#handles = handles
  }

  /** The task that runs. */
  get current(): Task {
    return this.#current ?? trap('the call belongs to no task')
  }

  /** Begins a task. */
  begin(lifted: Lifted, args: readonly (number | bigint)[], onReturned?: OnReturned): Task {
    const task = new Task(this, lifted)
    task.onReturned = onReturned
    if (this.#failed) {
      task.over.reject(this.#failed.error)
      return task
    }
    this.#live.add(task)
    this.#run(task, () => lifted.start(...args))
    this.#drain()
    return task
  }

  /** A task has something to go on with. */
  ready(task: Task): void {
    this.#queue.push(task)
    this.#drain()
  }

  /** Ends all tasks: the component has trapped, exited, or was stopped. It is never entered again. */
  fail(error: unknown): void {
    if (this.#failed) return
    this.#failed = { error }
    this.#current = undefined
    this.#queue.length = 0
    for (const task of this.#live) task.over.reject(error)
    this.#live.clear()
  }

  #drain(): void {
    while (this.#current === undefined && this.#queue.length > 0 && !this.#failed) {
      this.#inTurn += 1
      if (this.#inTurn > MOST_IN_A_TURN) {
        if (this.#inTurn === MOST_IN_A_TURN + 1) setImmediate(this.#nextTurn)
        return
      }
      const task = (this.#queue.length === 1 ? this.#queue.pop() : this.#queue.shift())!
      this.#run(task, () => task.resume())
    }
    if (this.#queue.length === 0) this.#inTurn = 0
  }

  readonly #nextTurn = (): void => {
    this.#inTurn = 0
    this.#drain()
  }

  #run(task: Task, action: () => Outcome<number | void> | undefined): void {
    this.#current = task
    try {
      const outcome = action()
      if (!(outcome instanceof SyncPromise)) return this.#left(task, outcome)
      outcome.settle(
        (code) => {
          this.#leftLater(task, code)
        },
        (error) => this.fail(error),
      )
    } catch (error) {
      this.fail(error)
    }
  }

  #leftLater(task: Task, code: number | void): void {
    if (this.#failed) return
    try {
      this.#left(task, code)
    } catch (error) {
      return this.fail(error)
    }
    this.#drain()
  }

  /** The guest has returned: with what it waits for. */
  #left(task: Task, packed: number | void): void {
    this.#current = undefined
    // It had nothing to go on with.
    if (packed === undefined && task.lifted.callback) return
    const code = packed === undefined ? EXIT : packed & 15
    if (code === EXIT) {
      if (!task.returned) trap('the task has ended and returned nothing')
      this.#live.delete(task)
      task.over.resolve()
    } else if (code === YIELD) {
      task.waitFor(undefined)
      setImmediate(() => this.ready(task))
    } else if (code === WAIT) {
      const set = this.#handles.get(WaitableSet, packed! >>> 4)
      task.waitFor(set)
      if (set.next()) this.#queue.push(task)
      else set.wait(task)
    } else trap(`a callback returned the code ${code}`)
  }
}
