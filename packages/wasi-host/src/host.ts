/** WasiHost. */
import { checkOptions, optionNames } from '@uds/winsock-ffi'
import { readRunnable } from './module/inspect.ts'
import { linkError, notSupported } from './outcome/errors.ts'
import { readOptions, type Settings, type WaitMode, type WasiHostOptions } from './options/options.ts'
import type { GuestHandle, Run } from './guest/handle.ts'
import type { ComposedModule, Program } from './module/program.ts'
import { readSource, type WasmSource } from './module/source.ts'
import { runInCaller } from './wait/run-in-caller.ts'
import { runInThread } from './wait/run-in-loop.ts'
import { runInWorker } from './wait/run-in-worker.ts'
import { engine, hasJspi } from './module/engine.ts'
import { readServeOptions, type ServeOptions } from './serve/options.ts'
import { serveGuests, type GuestServer } from './serve/serve.ts'

export interface RunOptions {
  /** Ends the guest. Under `jspi` one that computes and never waits cannot be ended: use `worker` for those. */
  readonly signal?: AbortSignal | undefined
}

const RUN_OPTIONS = optionNames<RunOptions>({ signal: true })

/**
 * Runs WASI guests with sockets. One host can run any number of guests, one after the other or at the same time.
 *
 * @example
 * ```ts
 * const host = new WasiHost({
 *   args: ['client'],
 *   sockets: { route: { 'db.internal:5432': 'unix:/run/postgresql/.s.PGSQL.5432' } },
 * })
 * const exitCode = await host.run('client.wasm')
 * ```
 */
export class WasiHost {
  readonly #settings: Settings

  /** @throws TypeError, RangeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`, `ENOTSUP`. */
  constructor(options: WasiHostOptions = {}) {
    this.#settings = readOptions(options)
    this.#mode()
  }

  /** Reads and compiles a module, to be run many times. */
  async compile(source: WasmSource): Promise<Program> {
    const { inspection, bytes, composed } = readRunnable(readSource(source))
    if (!composed) return { inspection, module: await engine.compile(bytes) }
    const modules = await Promise.all(
      composed.modules.map(async ({ bytes: core, declarations }): Promise<ComposedModule> => ({
        module: await engine.compile(core),
        imports: declarations.imports,
      })),
    )
    const { composition } = composed
    return { inspection, module: modules[0]!.module, composed: { composition, modules } }
  }

  #mode(): WaitMode {
    const { wait, makers, resolve, policy, listen, connected } = this.#settings
    if (wait === 'jspi' && !hasJspi) {
      throw notSupported(
        'wait: "jspi" needs an engine that can suspend WebAssembly (Node 24.20 and newer, or --experimental-wasm-jspi on 24); use wait: "worker"',
      )
    }
    const mode = wait === 'auto' ? (hasJspi ? 'jspi' : 'worker') : wait
    if (this.#settings.imports !== undefined && mode !== 'jspi' && this.#settings.thread !== 'caller') {
      throw notSupported(
        `imports are called in this thread, and wait: "${mode}" runs the guest in another: use wait: "jspi"${hasJspi ? '' : ', which this engine lacks,'} or wait: "blocking" with thread: "caller"`,
      )
    }
    if (mode !== 'blocking') return mode
    const targets = [...policy.routes.map((each) => each.target), ...listen, ...connected]
    if (makers.length > 0) throw needsThread('a route to a stream of this process')
    const bad = targets.find(({ kind }) => kind === 'tls' || kind === 'stream')
    if (bad)
      throw needsThread(
        bad.kind === 'tls' ? 'a route to TLS' : `the address ${(bad as { address: string }).address}`,
      )
    if (typeof resolve === 'function') throw needsThread('sockets.resolve as a function')
    if (this.#settings.stdio[0].kind === 'stream') throw needsThread('a stream as stdin')
    return 'blocking'
  }

  /** A component of 0.3 returns to the loop to wait, with or without an engine that suspends. */
  #modeOf03(): 'jspi' {
    const { wait } = this.#settings
    if (wait === 'auto' || wait === 'jspi') return 'jspi'
    throw notSupported(
      `a component of WASI 0.3 runs in the loop of this thread, to which it returns to wait, and not with wait: "${wait}": leave wait out`,
    )
  }

  #modeOf({ inspection }: Program): WaitMode {
    return inspection.abi === 'wasi-0.3' ? this.#modeOf03() : this.#mode()
  }

  async #begin(
    source: WasmSource | Program,
    options: RunOptions,
    settings: Settings = this.#settings,
  ): Promise<Run> {
    checkOptions(options, 'run', RUN_OPTIONS)
    const { signal } = options
    signal?.throwIfAborted()
    const program = isProgram(source) ? source : await this.compile(source)
    const mode = this.#modeOf(program)
    if (
      mode === 'blocking' &&
      program.inspection.imports.some(({ module }) => module.startsWith('wasi:http/'))
    )
      throw needsThread('wasi:http')
    if (mode === 'jspi') return runInThread(program, settings, signal)
    return settings.thread === 'caller'
      ? runInCaller(program, settings, signal)
      : runInWorker(program, settings, mode, signal)
  }

  /**
   * Runs a command to its end.
   *
   * @param source - A path, a `file:` URL, the bytes, or the result of {@link compile}.
   * @returns The exit code: what the guest passed to `proc_exit`, else 0.
   * @throws TypeError `ERR_INVALID_WASM`, `ERR_WASI_LINK`; the RuntimeError of a trap; the signal's reason; an error with
   *   the code `ETIMEDOUT` when the quota of time is used up; the error of a listener that could not be opened.
   */
  async run(source: WasmSource | Program, options: RunOptions = {}): Promise<number> {
    const run = await this.#begin(source, options)
    try {
      return await run.start()
    } finally {
      await run.guest.close()
    }
  }

  /**
   * Loads a guest whose exports can be called, after `_initialize` if it has one.
   *
   * @throws As {@link run}.
   */
  async instantiate(source: WasmSource | Program, options: RunOptions = {}): Promise<GuestHandle> {
    const { guest } = await this.#begin(source, options)
    try {
      if (guest.exports.includes('_initialize')) await guest.call('_initialize')
      return guest
    } catch (error) {
      await guest.close()
      throw error
    }
  }

  /**
   * Serves a component that has `wasi:http/incoming-handler` of 0.2 or `wasi:http/handler` of 0.3: each request is answered by a guest of its own, with the
   * options of this host. Its standard input is empty.
   *
   * @example
   * ```ts
   * const server = await host.serve('app.wasm', { listen: 'unix:/run/app.sock' })
   * await server.close({ graceMs: 5000 })
   * ```
   *
   * @param source - As for {@link run}.
   * @throws As {@link run}; TypeError `ERR_WASI_LINK` when it has no such interface; the errors of `listen` of \@uds/stream;
   *   Error `ENOTSUP` with `wait: 'blocking'`, and with `sockets.listen` or `connected`, which a guest of each request
   *   would open anew.
   */
  async serve(source: WasmSource | Program, options: ServeOptions): Promise<GuestServer> {
    const mode = this.#mode()
    if (mode === 'blocking') throw needsThread('requests of wasi:http')
    const settings = readServeOptions(options, CONCURRENCY[mode])
    const { listen, connected, quotas, stdio } = this.#settings
    if (listen.length + connected.length > 0)
      throw notSupported(
        'serve: sockets.listen and sockets.connected are opened for each guest, and each request has one: leave them out',
      )
    const program = isProgram(source) ? source : await this.compile(source)
    if (!program.inspection.handler)
      throw linkError(
        'this is no component with wasi:http/incoming-handler@0.2 or wasi:http/handler@0.3: there is nothing in it that answers requests. Use run()',
      )
    const inLoop = this.#modeOf(program) === 'jspi'
    const each: Settings = {
      ...this.#settings,
      stdio: [{ kind: 'ignore' }, stdio[1], stdio[2]],
      inheritStdin: false,
      quotas: { ...quotas, timeMs: undefined },
    }
    return serveGuests(
      (signal) => this.#begin(program, { signal }, each),
      inLoop && options.concurrency === undefined ? { ...settings, concurrency: CONCURRENCY.jspi } : settings,
      quotas.timeMs ?? Infinity,
    )
  }
}

/** Many guests in one thread cost memory; each thread costs more, and the cores are few. */
const CONCURRENCY = { jspi: 64, worker: 8 }

const needsThread = (what: string): Error =>
  notSupported(`wait: "blocking" cannot serve ${what}, which needs this thread: use wait: "jspi" or "worker"`)

const isProgram = (source: WasmSource | Program): source is Program =>
  typeof source === 'object' && source !== null && 'inspection' in source
