/** The options of a host: their types, and their checks. */
import { Readable, Writable, type Duplex } from 'node:stream'
import { checkOptions, invalidArgument, invalidValue, optionNames } from '@uds/winsock-ffi'
import type { ImportsOption } from '../abi/own-imports.ts'
import { checkFunction, oneOf } from '@uds/winsock-ffi/internal'
import type { ErrnoStyle } from '../outcome/errno.ts'
import { abiNames, type AbiName } from '../module/profile.ts'
import { checkPolicy, type Decision, type Policy } from '../policy/permissions.ts'
import { checkQuotas, type Quotas } from '../policy/quota.ts'
import { parseTarget, readTarget, type RouteTarget } from '../policy/targets.ts'
import type { StreamMaker, Target } from '../network/target.ts'
import type { Preopen, Preopens } from '../wasi/preopen.ts'
import type { ResolveOption } from '../network/resolver.ts'

/** How a guest waits. */
export type WaitMode = 'jspi' | 'worker' | 'blocking'

/** Where standard input comes from: this process, nothing, bytes, a stream, or a descriptor. */
export type InputOption = 'inherit' | 'ignore' | Readable | Uint8Array | number | { readonly text: string }
/** Where standard output goes: to this process, nowhere, to a stream, or to a descriptor. */
export type OutputOption = 'inherit' | 'ignore' | Writable | number

/** What the guest may do with sockets. Nothing, unless it is said here. */
export interface SocketsOptions {
  /**
   * What may be dialled, bound and resolved: `connect:example.com:80`, `connect:udp:10.0.0.0/8:53`,
   * `connect:unix:/run/app/*`, `bind:127.0.0.1:8000-8999`, `resolve:*.example.com`. A name that may be dialled may be
   * resolved. A `*` stands for any host, any port, or any path that begins so.
   */
  readonly allow?: readonly string[] | undefined
  /**
   * What addresses mean: `{ 'db.internal:5432': 'unix:/run/postgresql/.s.PGSQL.5432' }`. The keys are written as in
   * `allow`; `bind:HOST:PORT` is one that the guest binds. A route is a permission as well. Its names need not exist.
   */
  readonly route?: Readonly<Record<string, RouteTarget>> | undefined
  /** Listeners that are open when the guest starts, from descriptor 3 on: `tcp:127.0.0.1:0`, `unix:/run/app.sock`. */
  readonly listen?: readonly string[] | undefined
  /** Connections that are open when the guest starts, after the listeners: addresses to dial, or streams. */
  readonly connected?: readonly (string | Duplex)[] | undefined
  /** How names are resolved. @default by the system */
  readonly resolve?: ResolveOption | undefined
  readonly quotas?: Quotas | undefined
  /** Called with every decision, just before it takes effect. */
  readonly trace?: ((decision: Decision) => void) | undefined
  /** Called with where the listeners of `listen` listen, in their order: `tcp:127.0.0.1:49152`. */
  readonly onListening?: ((addresses: readonly string[]) => void) | undefined
}

/** A directory of this machine. */
export interface PreopenOption {
  readonly path: string
  /** The guest may not change anything in it: `EROFS`. @default false */
  readonly readOnly?: boolean | undefined
}

export interface WasiHostOptions {
  /** The arguments of the guest; the first is the name of the program. */
  readonly args?: readonly string[] | undefined
  /** Its environment. @default empty: nothing of this process */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Directories: the path that the guest sees, and the directory of this machine, which can be read-only for the guest. */
  readonly preopens?: Readonly<Record<string, string | PreopenOption>> | undefined
  /** Files that exist for the guest only: an absolute path and its content. Written to a private directory that is removed at the end. */
  readonly files?: Readonly<Record<string, string | Uint8Array>> | undefined
  readonly stdin?: InputOption | undefined
  readonly stdout?: OutputOption | undefined
  readonly stderr?: OutputOption | undefined
  readonly sockets?: SocketsOptions | undefined
  /** The socket ABI of the guest. @default 'auto': read from its binary */
  readonly abi?: 'auto' | AbiName | undefined
  /** How the guest waits. @default 'auto': `jspi` where the engine has it, else `worker` */
  readonly wait?: 'auto' | WaitMode | undefined
  /**
   * The thread that a guest with `wait: 'blocking'` runs in: one of its own, or that of the caller, whose exports can then
   * be called synchronously and which does nothing else while the guest waits. @default 'own'
   */
  readonly thread?: 'own' | 'caller' | undefined
  /**
   * Imports that are added to those of the host: by module and name, or a function that returns them, called with the
   * memory and the table of the guest. They are called in this thread, so `wait` must be `jspi`, or `blocking` with
   * `thread: 'caller'`.
   */
  readonly imports?: ImportsOption | undefined
  /** The errno numbers of the six calls of zig-wasm-cpython. @default 'linux'; 'wasi' when the guest imports `uds_socket` */
  readonly errno?: ErrnoStyle | undefined
}

/** A standard stream, as it goes to the thread of the guest. */
export type StdioPlan =
  | { readonly kind: 'fd'; readonly fd: number }
  | { readonly kind: 'ignore' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'stream'; readonly stream: Readable | Writable }

/** The options, checked and completed. */
export interface Settings {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly preopens: Preopens
  readonly files: Readonly<Record<string, string | Uint8Array>>
  readonly stdio: readonly [stdin: StdioPlan, stdout: StdioPlan, stderr: StdioPlan]
  readonly inheritStdin: boolean
  readonly policy: Policy
  readonly makers: readonly StreamMaker[]
  readonly listen: readonly Target[]
  readonly connected: readonly Target[]
  readonly resolve: ResolveOption | undefined
  readonly quotas: Quotas
  readonly trace: ((decision: Decision) => void) | undefined
  readonly onListening: ((addresses: readonly string[]) => void) | undefined
  readonly abi: 'auto' | AbiName
  readonly wait: 'auto' | WaitMode
  readonly thread: 'own' | 'caller'
  readonly imports: ImportsOption | undefined
  readonly errno: ErrnoStyle | undefined
}

const where = 'WasiHost'

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const expectObject = (value: unknown, what: string): void => {
  if (!isObject(value)) throw invalidArgument(where, what, 'an object', value)
}

const strings = (value: unknown, what: string): readonly string[] => {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw invalidArgument(where, what, 'an array of strings', value)
  for (const each of value) {
    if (typeof each !== 'string') throw invalidArgument(where, `each of ${what}`, 'a string', each)
    if (each.includes('\0')) throw invalidValue(where, `each of ${what}`, 'must not contain a NUL', each)
  }
  return value as string[]
}

const record = (value: unknown, what: string): Readonly<Record<string, string>> => {
  if (value === undefined) return {}
  if (!isObject(value)) throw invalidArgument(where, what, 'an object of strings', value)
  for (const [key, each] of Object.entries(value)) {
    if (typeof each !== 'string') throw invalidArgument(where, `${what}.${key}`, 'a string', each)
    if (each.includes('\0') || key.includes('\0'))
      throw invalidValue(where, `${what}.${key}`, 'must not contain a NUL', each)
  }
  return value as Record<string, string>
}

const PREOPEN_OPTIONS = optionNames<PreopenOption>({ path: true, readOnly: true })

const preopens = (value: unknown): Preopens => {
  if (value === undefined) return {}
  if (!isObject(value)) throw invalidArgument(where, 'preopens', 'an object of directories', value)
  const entries = Object.entries(value).map(([guest, each]): [string, Preopen] => {
    const what = `preopens[${JSON.stringify(guest)}]`
    const option = (typeof each === 'string' ? { path: each } : each) as PreopenOption
    if (!isObject(option)) throw invalidArgument(where, what, 'a path, or { path, readOnly }', each)
    checkOptions(option, where, PREOPEN_OPTIONS, `${what}.`)
    const { path, readOnly = false } = option
    if (typeof path !== 'string') throw invalidArgument(where, `${what}.path`, 'a string', path)
    if (path.includes('\0') || guest.includes('\0'))
      throw invalidValue(where, what, 'must not contain a NUL', path)
    if (typeof readOnly !== 'boolean') throw invalidArgument(where, `${what}.readOnly`, 'a boolean', readOnly)
    return [guest, { path, readOnly }]
  })
  return Object.fromEntries(entries)
}

const files = (value: unknown): Settings['files'] => {
  if (value === undefined) return {}
  if (!isObject(value)) throw invalidArgument(where, 'files', 'an object of paths and contents', value)
  for (const [path, content] of Object.entries(value)) {
    if (
      !path.startsWith('/') ||
      path.endsWith('/') ||
      path.split('/').some((part) => part === '..' || part === '.')
    ) {
      throw invalidValue(where, 'a path of files', 'must be absolute and plain, like /app/main.py', path)
    }
    if (path.lastIndexOf('/') === 0) {
      throw invalidValue(where, 'a path of files', 'must be in a directory, like /app/main.py', path)
    }
    if (typeof content !== 'string' && !(content instanceof Uint8Array)) {
      throw invalidArgument(where, `files[${JSON.stringify(path)}]`, 'a string or bytes', content)
    }
  }
  return value as Settings['files']
}

const isFd = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0

const input = (value: InputOption | undefined): StdioPlan => {
  if (value === undefined || value === 'inherit') return { kind: 'fd', fd: 0 }
  if (value === 'ignore') return { kind: 'ignore' }
  if (isFd(value)) return { kind: 'fd', fd: value }
  if (value instanceof Uint8Array) return { kind: 'bytes', bytes: value }
  if (value instanceof Readable) return { kind: 'stream', stream: value }
  if (isObject(value) && typeof value['text'] === 'string')
    return { kind: 'bytes', bytes: Buffer.from(value['text']) }
  throw invalidArgument(
    where,
    'stdin',
    '"inherit", "ignore", a Readable, bytes, { text }, or a descriptor',
    value,
  )
}

const output = (value: OutputOption | undefined, what: string, fd: number): StdioPlan => {
  if (value === undefined || value === 'inherit') return { kind: 'fd', fd }
  if (value === 'ignore') return { kind: 'ignore' }
  if (isFd(value)) return { kind: 'fd', fd: value }
  if (value instanceof Writable) return { kind: 'stream', stream: value }
  throw invalidArgument(where, what, '"inherit", "ignore", a Writable, or a descriptor', value)
}

const connectedList = (value: SocketsOptions['connected']): readonly (string | Duplex)[] => {
  if (value === undefined || Array.isArray(value)) return value ?? []
  throw invalidArgument(where, 'sockets.connected', 'an array of addresses and streams', value)
}

const resolveOption = (value: unknown): ResolveOption | undefined => {
  if (value === undefined || typeof value === 'function') return value as ResolveOption | undefined
  if (!isObject(value))
    throw invalidArgument(where, 'sockets.resolve', 'an object of names and addresses, or a function', value)
  for (const [name, addresses] of Object.entries(value))
    strings(addresses, `sockets.resolve[${JSON.stringify(name)}]`)
  return value as ResolveOption
}

const HOST_OPTIONS = optionNames<WasiHostOptions>({
  args: true,
  env: true,
  preopens: true,
  files: true,
  stdin: true,
  stdout: true,
  stderr: true,
  sockets: true,
  abi: true,
  wait: true,
  thread: true,
  imports: true,
  errno: true,
})
const SOCKETS_OPTIONS = optionNames<SocketsOptions>({
  allow: true,
  route: true,
  listen: true,
  connected: true,
  resolve: true,
  quotas: true,
  trace: true,
  onListening: true,
})
const QUOTAS = optionNames<Quotas>({ sockets: true, bytes: true, timeMs: true })

const threadOption = ({ thread, wait }: WasiHostOptions): 'own' | 'caller' => {
  const chosen = oneOf<'own' | 'caller'>(where, 'thread', thread, ['own', 'caller'])
  if (chosen === 'caller' && wait !== 'blocking')
    throw invalidValue(where, 'thread', 'can be "caller" with wait: "blocking" only', thread)
  return chosen
}

const importsOption = (value: unknown): ImportsOption | undefined => {
  if (value === undefined || typeof value === 'function') return value as ImportsOption | undefined
  if (!isObject(value))
    throw invalidArgument(where, 'imports', 'an object of modules, or a function that returns one', value)
  for (const [module, names] of Object.entries(value))
    if (!isObject(names))
      throw invalidArgument(where, `imports[${JSON.stringify(module)}]`, 'an object of names', names)
  return value as ImportsOption
}

const callback = <T>(value: T | undefined, what: string): T | undefined => {
  checkFunction(where, what, value)
  return value
}

/**
 * Checks everything that can be checked before a guest is there.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`.
 */
export const readOptions = (options: WasiHostOptions): Settings => {
  checkOptions(options, where, HOST_OPTIONS)
  const sockets = options.sockets ?? {}
  checkOptions(sockets, where, SOCKETS_OPTIONS, 'sockets.')
  const makers: StreamMaker[] = []
  expectObject(sockets.route ?? {}, 'sockets.route')
  const routes = Object.entries(sockets.route ?? {}).map(([key, target]) => ({
    key,
    target: readTarget(target, `sockets.route[${JSON.stringify(key)}]`, makers),
  }))
  const policy = { allow: strings(sockets.allow, 'sockets.allow'), routes }
  checkPolicy(policy)
  const quotas = sockets.quotas ?? {}
  checkOptions(quotas, where, QUOTAS, 'sockets.quotas.')
  checkQuotas(quotas)
  const listen = strings(sockets.listen, 'sockets.listen').map((each) => parseTarget(each, 'sockets.listen'))
  const connected = connectedList(sockets.connected).map((each) =>
    readTarget(each, 'sockets.connected', makers),
  )
  return {
    args: strings(options.args, 'args'),
    env: record(options.env, 'env'),
    preopens: preopens(options.preopens),
    files: files(options.files),
    stdio: [input(options.stdin), output(options.stdout, 'stdout', 1), output(options.stderr, 'stderr', 2)],
    inheritStdin: options.stdin === undefined || options.stdin === 'inherit',
    policy,
    makers,
    listen,
    connected,
    resolve: resolveOption(sockets.resolve),
    quotas,
    trace: callback(sockets.trace, 'sockets.trace'),
    onListening: callback(sockets.onListening, 'sockets.onListening'),
    thread: threadOption(options),
    imports: importsOption(options.imports),
    abi: oneOf<'auto' | AbiName>(where, 'abi', options.abi, ['auto', ...abiNames]),
    wait: oneOf<'auto' | WaitMode>(where, 'wait', options.wait, ['auto', 'jspi', 'worker', 'blocking']),
    errno:
      options.errno === undefined
        ? undefined
        : oneOf<ErrnoStyle>(where, 'errno', options.errno, ['wasi', 'linux']),
  }
}
