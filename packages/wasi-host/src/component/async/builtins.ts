/** The built-in functions of the canonical ABI for tasks, sets and subtasks. */
import { SyncPromise, type Outcome } from '../../outcome/sync-promise.ts'
import type { FlatValue } from '../canonical/type.ts'
import { string } from '../canonical/text.ts'
import { trap } from '../trap.ts'
import type { AsyncHost } from './host.ts'
import { Subtask } from './subtask.ts'
import { NO_EVENT, Waitable, WaitableSet } from './waitable.ts'

/** A built-in function, with its flat types. */
export interface Builtin {
  readonly parameters: string
  readonly result: '' | 'i' | 'I'
  /** It may have to wait: the component needs a stack of its own. */
  readonly waits?: true
  readonly call: (host: AsyncHost, ...args: number[]) => Outcome<FlatValue | void>
}

class ErrorContext {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

/** Writes an event to memory, and returns its code. */
const writeEvent = ({ guest }: AsyncHost, at: number, member: Waitable | undefined): number => {
  guest.memory.check(at, 8)
  guest.memory.setU32(at, member?.index ?? 0)
  guest.memory.setU32(at + 4, member?.collect() ?? 0)
  return member?.code ?? NO_EVENT
}

const setOf = ({ handles }: AsyncHost, handle: number): WaitableSet => handles.get(WaitableSet, handle)

const waitForSet = (host: AsyncHost, set: WaitableSet, at: number): Outcome<number> => {
  const member = set.next()
  if (member) return writeEvent(host, at, member)
  const woken = new SyncPromise<void>()
  set.wait({ woken: () => woken.resolve() })
  return woken.follow(() => waitForSet(host, set, at))
}

const loopTurn = (): SyncPromise<number> => {
  const turned = new SyncPromise<number>()
  setImmediate(() => turned.resolve(0))
  return turned
}

/** The most that `backpressure.inc` counts to. */
const MOST_BACKPRESSURE = 0xffff

const contextRows = (index: 0 | 1): Readonly<Record<string, Builtin>> => ({
  [`[context-get-${index}]`]: {
    parameters: '',
    result: 'i',
    call: ({ tasks }) => tasks.current.storage[index],
  },
  [`[context-set-${index}]`]: {
    parameters: 'i',
    result: '',
    call: ({ tasks }, value) => {
      tasks.current.storage[index] = value
    },
  },
})

const yieldRow: Builtin = { parameters: '', result: 'i', waits: true, call: loopTurn }
const waitRow: Builtin = {
  parameters: 'ii',
  result: 'i',
  waits: true,
  call: (host, set, at) => waitForSet(host, setOf(host, set), at),
}
const pollRow: Builtin = {
  parameters: 'ii',
  result: 'i',
  call: (host, set, at) => writeEvent(host, at, setOf(host, set).next()),
}
const cancelRow: Builtin = {
  parameters: 'i',
  result: 'i',
  call: ({ handles }, subtask) => handles.get(Subtask, subtask).cancel(),
}

/** Imported from `$root`. */
export const builtins: Readonly<Record<string, Builtin>> = {
  ...contextRows(0),
  ...contextRows(1),
  '[waitable-set-new]': {
    parameters: '',
    result: 'i',
    call: ({ handles }) => handles.add(new WaitableSet()),
  },
  '[waitable-set-wait]': waitRow,
  '[cancellable][waitable-set-wait]': waitRow,
  '[waitable-set-poll]': pollRow,
  '[cancellable][waitable-set-poll]': pollRow,
  '[waitable-set-drop]': {
    parameters: 'i',
    result: '',
    call: ({ handles }, set) => handles.remove(WaitableSet, set).drop(),
  },
  '[waitable-join]': {
    parameters: 'ii',
    result: '',
    call: (host, member, set) =>
      host.handles.get(Waitable, member).join(set === 0 ? undefined : setOf(host, set)),
  },
  '[subtask-drop]': {
    parameters: 'i',
    result: '',
    call: ({ handles }, subtask) => handles.remove(Subtask, subtask).drop(),
  },
  '[subtask-cancel]': cancelRow,
  '[async-lower][subtask-cancel]': cancelRow,
  '[backpressure-inc]': {
    parameters: '',
    result: '',
    call: ({ tasks }) => {
      tasks.backpressure += 1
      if (tasks.backpressure > MOST_BACKPRESSURE) trap('backpressure was raised too often')
    },
  },
  '[backpressure-dec]': {
    parameters: '',
    result: '',
    call: ({ tasks }) => {
      tasks.backpressure -= 1
      if (tasks.backpressure < 0) trap('backpressure was lowered more often than raised')
    },
  },
  '[thread-yield]': yieldRow,
  '[cancellable][thread-yield]': yieldRow,
  '[error-context-new-utf8]': {
    parameters: 'ii',
    result: 'i',
    call: (host, pointer, length) =>
      host.handles.add(new ErrorContext(host.guest.memory.text(pointer, length))),
  },
  '[error-context-debug-message-utf8]': {
    parameters: 'ii',
    result: '',
    call: (host, context, at) => string.store(host, at, host.handles.get(ErrorContext, context).message),
  },
  '[error-context-drop]': {
    parameters: 'i',
    result: '',
    call: ({ handles }, context) => void handles.remove(ErrorContext, context),
  },
}

/** Imported from `[export]$root`. */
export const exportBuiltins: Readonly<Record<string, Builtin>> = {
  '[task-cancel]': {
    parameters: '',
    result: '',
    call: () => trap('the host cancels no task, and the task says that it was cancelled'),
  },
}

/** `[task-return]NAME`: imported from `[export]INTERFACE`; its arguments are the result. */
export const taskReturn = (host: AsyncHost, args: readonly FlatValue[]): void => {
  const { current } = host.tasks
  if (current.returned) trap('the task has returned already')
  current.returned = args
  current.onReturned?.(args)
}

/** A call of a built-in function that waits for the one event of something. */
export const waitFor = (member: Waitable): SyncPromise<number> => {
  const happened = new SyncPromise<void>()
  member.wait(() => happened.resolve())
  return happened.follow(() => member.collect())
}
