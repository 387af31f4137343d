/** One guest in the thread that runs it: its descriptors, its imports, its exports. */
import { outOfRange } from '@uds/winsock-ffi'
import { isServed, link } from '../abi/link.ts'
import { ComponentHost, type Realloc } from '../component/host.ts'
import { AsyncHost } from '../component/async/host.ts'
import { compose } from '../component/composed/compose.ts'
import { linkComponent } from '../component/link.ts'
import { linkComponent03 } from '../component/wasi03/link.ts'
import { AsyncExports } from './async-exports.ts'
import { OwnImports, type ImportsOption } from '../abi/own-imports.ts'
import type { Guest } from '../abi/abi.ts'
import type { Exchange, HttpCalls } from '../http/http-calls.ts'
import { incomingHandles } from '../component/http/responses.ts'
import { openPreopens, type Preopens } from '../wasi/preopen.ts'
import type { Composed } from '../module/program.ts'
import type { Stdio } from '../sockets/session.ts'
import type { SocketCalls } from '../sockets/socket-calls.ts'
import { linkError } from '../outcome/errors.ts'
import type { ErrnoStyle } from '../outcome/errno.ts'
import { Exit, fault } from '../outcome/failure.ts'
import { handlerExport, isEntry, runExport, type Inspection } from '../module/inspect.ts'
import { GuestMemory } from '../memory/guest-memory.ts'
import type { AbiName } from '../module/profile.ts'
import { FdTable, type FdEntry } from '../abi/fd-table.ts'
import { FILETYPE_REGULAR_FILE, filetypeOf, StandardStream } from '../wasi/stdio/standard-stream.ts'
import { FILE, PREOPENED, STREAM } from '../abi/preview1/rights.ts'
import { inLoop, type Waiting } from './suspension.ts'
import {
  engine,
  type WasmMemory,
  type WasmInstance,
  type WasmModule,
  type WasmTable,
  type WasmValue,
} from '../module/engine.ts'

/** Descriptors that wasi-vfs learns of at the start, reserved for later sockets: it never learns of others. */
const WASI_VFS_SLOTS = 16

/** The first socket of zig-wasm-cpython. */
const ZIG_FIRST_SOCKET = 1000

/** What a guest is made of. */
export interface InstancePlan {
  readonly module: WasmModule
  readonly composed?: Composed | undefined
  readonly inspection: Inspection
  readonly abi: AbiName
  readonly errno: ErrnoStyle | undefined
  readonly stdio: readonly Stdio[]
  /** Descriptors of this process for those standard streams that are none of the host's streams. */
  readonly stdioFds: readonly [number, number, number]
  /** Sockets that are open when it starts: from descriptor 3 on. */
  readonly given: readonly number[]
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** What the embedder serves; only in the thread that it lives in. */
  readonly imports?: ImportsOption | undefined
  /** The directories of the host that it sees: behind the sockets that are open. */
  readonly preopens: Preopens
}

/** What reaches out of the guest. */
interface Services {
  readonly sockets: SocketCalls
  readonly http: HttpCalls | undefined
}

const standardEntry = (fd: number): FdEntry => ({
  kind: 'standard',
  standard: new StandardStream(fd),
  // isatty of wasi-libc looks for a right to seek.
  rights: { base: filetypeOf(fd) === FILETYPE_REGULAR_FILE ? FILE : STREAM, inheriting: 0 },
})

/** Fills the descriptors; those of directories are the last, so that nothing can fail once they are open. */
const fdTableOf = ({ inspection, abi, stdio, stdioFds, given, preopens }: InstancePlan): FdTable => {
  const table = new FdTable({
    firstSocket: abi === 'zig' && !inspection.usesUdsSocket ? ZIG_FIRST_SOCKET : 0,
  })
  for (const [fd, each] of stdio.entries()) {
    table.set(
      fd,
      each.kind === 'fd'
        ? standardEntry(stdioFds[fd]!)
        : { kind: 'socket', id: each.id, stdio: each.filetype },
    )
  }
  // As systemd has it: those that were handed over come first (sd_listen_fds(3)).
  for (const [index, id] of given.entries()) table.set(3 + index, { kind: 'socket', id })
  for (const [index, { name, directory }] of openPreopens(preopens).entries())
    table.set(3 + given.length + index, { kind: 'directory', directory, preopened: name, rights: PREOPENED })
  if (inspection.wasiVfs) table.reserve(WASI_VFS_SLOTS)
  return table
}

const componentHost = (plan: InstancePlan, guest: Guest): ComponentHost | undefined => {
  if (plan.inspection.kind === 'module') return undefined
  return plan.inspection.abi === 'wasi-0.3' ? new AsyncHost(guest, plan) : new ComponentHost(guest, plan)
}

const checked = <T>(action: () => T, where: string, pointer: number, length: number): T => {
  try {
    return action()
  } catch (error) {
    if (error !== fault) throw error
    throw outOfRange(where, 'the range', 'inside of the memory of the guest', { pointer, length })
  }
}

/** The table of indirect calls, by the name that compilers use; else any. */
const tableIn = (exports: Readonly<Record<string, unknown>>): WasmTable | undefined => {
  const tables = Object.entries(exports).filter(([, each]) => each instanceof engine.Table)
  const found = tables.find(([name]) => name === '__indirect_function_table') ?? tables[0]
  return found?.[1] as WasmTable | undefined
}

const isMemory = (value: unknown): value is WasmMemory => value instanceof engine.Memory

export class GuestInstance {
  readonly instance: WasmInstance
  readonly #exports: Readonly<Record<string, unknown>>
  readonly #waiting: Waiting
  readonly #guest: Guest
  readonly #component: ComponentHost | undefined
  /** Those of a component of 0.3. */
  readonly #async: AsyncExports | undefined
  #exited: Exit | undefined
  /** Settles when the call that is under way has ended. */
  #busy: Promise<unknown> | undefined

  private constructor(
    instance: WasmInstance,
    waiting: Waiting,
    guest: Guest,
    component: { readonly host: ComponentHost | undefined; readonly async: AsyncExports | undefined },
  ) {
    this.#component = component.host
    this.#async = component.async
    this.instance = instance
    this.#exports = instance.exports
    this.#waiting = waiting
    this.#guest = guest
  }

  /** @throws RangeError `ERR_OUT_OF_RANGE` when the range leaves the memory. */
  read(pointer: number, length: number): Uint8Array {
    return checked(() => this.#guest.memory.copy(pointer, length), 'read', pointer, length)
  }

  /** @throws RangeError `ERR_OUT_OF_RANGE` when the range leaves the memory. */
  write(pointer: number, bytes: Uint8Array): void {
    checked(() => this.#guest.memory.write(pointer, bytes), 'write', pointer, bytes.length)
  }

  static async create(plan: InstancePlan, services: Services, waiting: Waiting): Promise<GuestInstance> {
    const fds = fdTableOf(plan)
    try {
      return await GuestInstance.#linked(plan, fds, services, waiting)
    } catch (error) {
      fds.closeFiles()
      throw error
    }
  }

  static async #linked(
    plan: InstancePlan,
    fds: FdTable,
    { sockets, http }: Services,
    waiting: Waiting,
  ): Promise<GuestInstance> {
    const guest: { -readonly [K in keyof Guest]: Guest[K] } = {
      memory: new GuestMemory(new engine.Memory({ initial: 0 })),
      fds,
      sockets,
      http,
      args: plan.args,
      env: plan.env,
    }
    const own = new OwnImports(plan.imports)
    if (plan.composed) return GuestInstance.#composed(plan.composed, guest, own, waiting)
    const component = componentHost(plan, guest)
    let mayWait = false
    const imports = link(plan.inspection, guest, {
      own,
      component:
        component && (component instanceof AsyncHost ? linkComponent03(component) : linkComponent(component)),
      abi: plan.abi,
      errno: plan.errno,
      suspending: (calls) => {
        mayWait = calls.length > 0
        return waiting.suspending(calls)
      },
    })
    const instance = await engine.instantiate(plan.module, imports)
    const { exports } = instance
    const { memory } = exports
    if (!isMemory(memory)) {
      throw linkError('the module exports no memory named "memory", through which WASI passes everything')
    }
    guest.memory = new GuestMemory(memory)
    if (component) component.realloc = exports['cabi_realloc'] as Realloc | undefined
    own.resolve({ memory, table: tableIn(exports) }, isServed)
    return new GuestInstance(instance, waiting, guest, {
      host: component,
      // One that imports nothing that waits needs no stack of its own.
      async:
        component instanceof AsyncHost
          ? new AsyncExports(component, exports, mayWait ? waiting.promising : inLoop.promising)
          : undefined,
    })
  }

  /** A component of several core modules, made as it says itself. */
  static #composed(
    composed: Composed,
    guest: { -readonly [K in keyof Guest]: Guest[K] },
    own: OwnImports,
    waiting: Waiting,
  ): GuestInstance {
    const made = compose({ composed, guest, waiting, own: (wanted) => own.get(wanted) })
    const exports = Object.fromEntries([...made].map(([name, { core }]) => [name, core]))
    const entry = [...made].find(([name]) => isEntry(name)) ?? [...made][0]
    const host = entry?.[1].host
    if (host) guest.memory = host.memory
    return new GuestInstance({ exports }, waiting, guest, { host, async: undefined })
  }

  /**
   * Calls an export. A call that comes while another is suspended waits for its end: both would use one stack in the
   * memory of the guest.
   *
   * @throws TypeError `ERR_WASI_LINK` when there is none; the RuntimeError of a trap.
   */
  async call(name: string, args: readonly WasmValue[]): Promise<WasmValue | undefined> {
    while (this.#busy !== undefined) await this.#busy
    const fn = this.#function(name)
    const calling = this.#perform(name, fn, args)
    this.#busy = calling.catch(() => {})
    try {
      return await calling
    } finally {
      this.#busy = undefined
    }
  }

  /**
   * Calls an export in this very turn: it may not suspend.
   *
   * @throws As {@link call}.
   */
  callSync(name: string, args: readonly WasmValue[]): WasmValue | undefined {
    const fn = this.#function(name) as (...rest: readonly WasmValue[]) => WasmValue | undefined
    try {
      return fn(...args)
    } catch (error) {
      if (error instanceof Exit) this.#exited = error
      throw error
    }
  }

  #function(name: string): unknown {
    const fn = Object.hasOwn(this.#exports, name) ? this.#exports[name] : undefined
    if (typeof fn !== 'function') {
      const functions = Object.keys(this.#exports).filter((each) => typeof this.#exports[each] === 'function')
      throw linkError(
        `the module exports no function ${JSON.stringify(name)}; it has ${functions.join(', ')}`,
      )
    }
    if (this.#exited)
      throw linkError(`the guest has exited with ${this.#exited.code}; nothing can be called any more`)
    return fn
  }

  async #perform(name: string, fn: unknown, args: readonly WasmValue[]): Promise<WasmValue | undefined> {
    try {
      if (this.#async?.isLifted(name)) return await this.#async.call(name, args)
      return (await this.#waiting.promising(fn)(...args)) as WasmValue | undefined
    } catch (error) {
      if (error instanceof Exit) this.#exited = error
      // CanonicalABI.md: a component that has trapped is never entered again.
      else if (this.#component && error instanceof engine.RuntimeError) this.#exited = new Exit(1)
      throw error
    }
  }

  has(name: string): boolean {
    return typeof this.#exports[name] === 'function'
  }

  /** Runs the command, `_start` or `wasi:cli/run`, and returns the exit code. */
  async run(): Promise<number> {
    const run = runExport(Object.keys(this.#exports))
    if (run === undefined && !this.has('_start')) {
      throw linkError(
        'the module has no _start, and no wasi:cli/run: it is no command. Use instantiate(), and call() its exports',
      )
    }
    try {
      if (run !== undefined) await this.initialize()
      // result: 0 is ok, 1 an error.
      const failed = await this.call(run ?? '_start', [])
      return run !== undefined && failed === 1 ? 1 : 0
    } catch (error) {
      if (error instanceof Exit) return error.code
      throw error
    }
  }

  /** Lets it answer a request of HTTP; returns when its handler has. */
  async handle(exchange: Exchange): Promise<void> {
    const handler = handlerExport(Object.keys(this.#exports))
    if (handler === undefined || !this.#component)
      throw linkError(
        'the guest has no wasi:http/incoming-handler of 0.2 and no wasi:http/handler of 0.3: it answers no requests',
      )
    await this.initialize()
    if (this.#async?.isLifted(handler)) await this.#async.handle(handler, exchange)
    else await this.call(handler, incomingHandles(this.#component, exchange))
  }

  /** What a module that is no command wants to be called first. */
  async initialize(): Promise<void> {
    if (this.has('_initialize')) await this.call('_initialize', [])
  }

  /** Closes the files that it has left open: nothing else does, not even the end of its thread. */
  closeFiles(): void {
    this.#async?.stop()
    this.#guest.fds.closeFiles()
    this.#exited ??= new Exit(0)
  }
}
