/** Links the imports of a module: finds the row that serves each, and turns failures into errno numbers. */
import { writeSync } from 'node:fs'
import { debugLog } from '@uds/winsock-ffi/internal'
import type { Inspection } from '../module/inspect.ts'
import { signature } from '../module/inspect.ts'
import { linkError } from '../outcome/errors.ts'
import { errnoOf, type ErrnoStyle } from '../outcome/errno.ts'
import { Exit, failureOf, Stopped, wouldBlock } from '../outcome/failure.ts'
import { shapeOfImport, shortTypes, type ModuleImport } from '../module/binary.ts'
import { after, SyncPromise, type Outcome } from '../outcome/sync-promise.ts'
import type { AbiName } from '../module/profile.ts'
import { addImport, type OwnImports } from './own-imports.ts'
import type { WasmImports } from '../module/engine.ts'
import type { Abi, Guest, Row } from './abi.ts'
import { preview1 } from './preview1/preview1.ts'
import { uds } from './uds/uds.ts'
import { wamr } from './wamr.ts'
import { wasix, wasixPreview1 } from './wasix/wasix.ts'
import { wasmedge } from './wasmedge/wasmedge.ts'
import { zig } from './zig.ts'

/** Prints the calls of guests to standard error: `NODE_DEBUG=uds-wasi`. */
const debug = debugLog('uds-wasi')

/** All that a guest may speak. Where two have a call of one name and type, the profile of the module decides. */
export const abis: readonly Abi[] = [preview1, zig, wasmedge, wamr, wasix, wasixPreview1, uds]

export interface LinkOptions {
  readonly abi: AbiName
  /** The numbers in the calls of zig-wasm-cpython. @default those of the original, Linux'. */
  readonly errno: ErrnoStyle | undefined
  /** Makes functions that may wait into what the module imports, each with the flat types that it has there. */
  readonly suspending: (calls: readonly { readonly call: HostCall; readonly shape: string }[]) => unknown[]
  /** What the embedder serves. */
  readonly own: OwnImports
  /** The interfaces of a component; undefined for a module of preview 1. */
  readonly component: ((wanted: ModuleImport) => LinkedCall | undefined) | undefined
}

/** A call that serves an import, and whether it may wait. */
export interface LinkedCall {
  readonly call: HostCall
  readonly waits: boolean
}

export type HostCall = (...args: number[]) => number | Promise<number>

const rowsNamed = (abi: Abi, name: string): readonly Row[] => {
  const rows = Object.hasOwn(abi.rows, name) ? abi.rows[name] : undefined
  return rows === undefined ? [] : Array.isArray(rows) ? rows : [rows as Row]
}

interface Found {
  readonly abi: Abi
  readonly row: Row
}

/** The row for an import: of the module's own ABI, else of the first that has a call of this name and type. */
const find = (wanted: ModuleImport, profile: AbiName): Found | undefined => {
  const parameters = shortTypes(wanted.parameters)
  const fitting = abis.flatMap((abi): Found[] => {
    if (!abi.modules.includes(wanted.module)) return []
    const row = rowsNamed(abi, wanted.name).find((each) => each.parameters === parameters)
    return row ? [{ abi, row }] : []
  })
  return fitting.find(({ abi }) => abi.name === profile) ?? fitting[0]
}

const succeeded = (result: number | void): number => result ?? 0

/** Keeps the words of a failure for `sock_error_text`: of the socket that the call named, or of the guest. */
const note = (guest: Guest, { subject }: Row, first: number, detail: string): Outcome<void> => {
  if (subject === 'nothing') return undefined
  if (subject === 'guest') return guest.sockets.noteFailure(undefined, detail)
  const id = guest.fds.socketId(first)
  return id === undefined ? undefined : guest.sockets.noteFailure(id, detail)
}

const rowCall = (guest: Guest, { abi, row }: Found, options: LinkOptions): HostCall => {
  // The option is about zig-wasm-cpython alone: wasi-libc would not understand any other number in its own calls.
  const style = abi.name === 'zig' ? (options.errno ?? abi.errno) : abi.errno
  const failed = (thrown: unknown, first: number): Outcome<number> => {
    if (thrown instanceof Stopped || thrown instanceof Exit) throw thrown
    const failure = failureOf(thrown)
    const errno = errnoOf(failure.code === 'EFAULT' ? abi.fault : failure.code, style)
    // Ordinary, and not what a guest asks the words of.
    return thrown === wouldBlock ? errno : after(note(guest, row, first, failure.detail), () => errno)
  }
  const finished = (outcome: Outcome<number | void>, first: number): number | Promise<number> =>
    outcome instanceof SyncPromise
      ? outcome.follow(succeeded, (error) => failed(error, first)).promise()
      : succeeded(outcome)
  // Written out for the usual numbers of parameters: to gather and spread them costs as much as the row of a short call.
  if (row.parameters.length === 1)
    return (a) => {
      try {
        return finished(row.call(guest, a), a)
      } catch (error) {
        return finished(failed(error, a), a)
      }
    }
  if (row.parameters.length === 4)
    return (a, b, c, d) => {
      try {
        return finished(row.call(guest, a, b, c, d), a)
      } catch (error) {
        return finished(failed(error, a), a)
      }
    }
  return (...args) => {
    try {
      return finished(row.call(guest, ...args), args[0]!)
    } catch (error) {
      return finished(failed(error, args[0]!), args[0]!)
    }
  }
}

/** Prints at once: a thread that blocks would do so at its end only. A pipe that is full loses the line, not the guest. */
const print = (line: string): void => {
  try {
    writeSync(2, line)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EAGAIN' && code !== 'EPIPE') throw error
  }
}

const traced =
  (name: string, call: HostCall): HostCall =>
  (...args) => {
    const result = call(...args)
    const told = (errno: number): number => {
      print(`uds-wasi: ${name}(${args.join(', ')}) = ${errno}\n`)
      return errno
    }
    return result instanceof Promise ? result.then(told) : told(result)
  }

/** What serves the imports of one name. */
interface Linked {
  readonly wanted: ModuleImport
  /** By the number of parameters. */
  readonly calls: Map<number, HostCall>
  /** The flat types that it is imported with: of two nobody but JavaScript can serve both. */
  readonly shapes: Set<string>
  waits: boolean
}

/** A JS function that is imported gets as many arguments as the import declares: which distinguishes the shapes. */
const byArity = (calls: ReadonlyMap<number, HostCall>): HostCall => {
  if (calls.size === 1) return [...calls.values()][0]!
  return (...args) => calls.get(args.length)!(...args)
}

const notOffered = (wanted: ModuleImport, profile: AbiName): string => {
  const others = abis.filter(({ modules }) => modules.includes(wanted.module))
  if (others.length === 0) {
    const modules = [...new Set(abis.flatMap((abi) => abi.modules))].join(', ')
    return `${signature(wanted)}: this host has no module ${JSON.stringify(wanted.module)} (it has ${modules}; the option imports adds others)`
  }
  const known = others.flatMap((abi) =>
    rowsNamed(abi, wanted.name).map((row) => `${abi.name} has (${row.parameters})`),
  )
  return `${signature(wanted)}: ${known.length === 0 ? 'no ABI of this host has a call of that name' : `no ABI has that type: ${known.join(', ')}`} (the module speaks ${profile})`
}

/** Whether the host serves a name itself, whatever its type. */
export const isServed = (module: string, name: string): boolean =>
  abis.some((abi) => abi.modules.includes(module) && Object.hasOwn(abi.rows, name))

/**
 * The imports of a module, each from the ABI that it belongs to.
 *
 * @throws TypeError `ERR_WASI_LINK` that names every import that this host lacks.
 */
export const link = (inspection: Inspection, guest: Guest, options: LinkOptions): WasmImports => {
  const linked = new Map<string, Linked>()
  const add = (wanted: ModuleImport, call: HostCall, waits: boolean): void => {
    const key = `${wanted.module}\0${wanted.name}`
    const entry = linked.get(key) ?? { wanted, calls: new Map(), shapes: new Set(), waits: false }
    entry.calls.set(
      wanted.parameters.length,
      debug.enabled ? traced(`${wanted.module}.${wanted.name}`, call) : call,
    )
    entry.shapes.add(shapeOfImport(wanted))
    entry.waits ||= waits
    linked.set(key, entry)
  }
  const missing: string[] = []
  const imports: WasmImports = {}
  options.own.expectNoClash(isServed)
  for (const wanted of inspection.imports) {
    const own = isServed(wanted.module, wanted.name) ? undefined : options.own.get(wanted)
    if (own !== undefined) {
      addImport(imports, wanted, own)
      continue
    }
    const served = wanted.kind === 'function' ? options.component?.(wanted) : undefined
    if (served) {
      add(wanted, served.call, served.waits)
      continue
    }
    if (wanted.kind !== 'function') {
      missing.push(
        `${wanted.module}.${wanted.name}: a ${wanted.kind} is imported, and this host offers functions only`,
      )
      continue
    }
    const found = find(wanted, options.abi)
    if (found) add(wanted, rowCall(guest, found, options), found.row.waits === true)
    else missing.push(notOffered(wanted, options.abi))
  }
  if (missing.length > 0) {
    throw linkError(`the module imports what this host does not offer:\n  ${missing.join('\n  ')}`)
  }
  const all = [...linked.values()]
  for (const { wanted, calls } of all.filter(({ waits }) => !waits))
    addImport(imports, wanted, byArity(calls))
  const waiting = all.filter(({ waits }) => waits)
  const suspending = options.suspending(
    waiting.map(({ calls, shapes }) => ({
      call: byArity(calls),
      shape: shapes.size === 1 ? [...shapes][0]! : '?',
    })),
  )
  for (const [index, { wanted }] of waiting.entries()) addImport(imports, wanted, suspending[index])
  return imports
}
