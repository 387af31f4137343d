/**
 * waitsApart: functions of WebAssembly that call the host, and suspend the guest only where the host has a promise. A
 * function that may suspend costs five times a plain one (JSPI of V8: 0.24 us against 0.04), and nearly no call waits;
 * so each call is made as a plain one first, which says whether there is something to wait for.
 *
 * ```wat
 * (func (export "0") (param i32) (result i32) (local i32)
 *   (call $call (local.get 0)) (local.tee 1) (i32.const -0x80000000) (i32.eq)
 *   (if (result i32) (then (call $wait)) (else (local.get 1))))
 * ```
 *
 * @see https://webassembly.github.io/spec/core/binary/modules.html
 */
import type { HostCall } from '../abi/link.ts'
import { engine, type WasmModule } from '../module/engine.ts'

/** A call of the host, and the flat types that it is imported with: `iI>i`. */
export interface SuspendableCall {
  readonly call: HostCall
  readonly shape: string
}

/** What waits: imported as a function without parameters that returns an i32, or nothing. */
type Suspending = (call: () => unknown) => unknown

/** As `i32.const` and as the bytes of that. */
const WAIT = -0x8000_0000
const WAIT_BYTES = [0x80, 0x80, 0x80, 0x80, 0x78]

const valueTypes: Readonly<Record<string, number>> = { i: 0x7f, I: 0x7e, f: 0x7d, F: 0x7c }
const I32 = 0x7f
/** "\0asm", version 1. */
const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
const FUNC = 0x60
const NO_VALUE = 0x40

const op = { if: 0x04, else: 0x05, end: 0x0b, call: 0x10, get: 0x20, tee: 0x22, const: 0x41, equal: 0x46 }

const partsOf = (shape: string): [parameters: string, result: string] => {
  const [parameters = '', result = ''] = shape.split('>')
  return [parameters, result]
}

/** Whether a call can be made this way: others suspend as they are. */
const isPlain = (shape: string): boolean => /^[iIfF]*>i?$/u.test(shape)

const unsigned = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]

const list = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()]

const section = (id: number, items: readonly (readonly number[])[]): number[] => {
  const content = list(items)
  return [id, ...unsigned(content.length), ...content]
}

const name = (text: string): number[] => [...unsigned(text.length), ...Buffer.from(text)]

const functionType = (parameters: string, results: readonly number[]): number[] => [
  FUNC,
  ...list(Array.from(parameters, (each) => [valueTypes[each]!])),
  ...list(results.map((each) => [each])),
]

const imported = (module: string, field: string, type: number): number[] => [
  ...name(module),
  ...name(field),
  0,
  ...unsigned(type),
]

/** The functions that wait: of the types 0 and 1. */
const WAITS = 2

const body = (shape: string, fast: number): number[] => {
  const [parameters, result] = partsOf(shape)
  const local = unsigned(parameters.length)
  const called = [
    ...Array.from(parameters, (_, index) => [op.get, ...unsigned(index)]).flat(),
    op.call,
    ...unsigned(fast),
  ]
  const code =
    result === 'i'
      ? [
          ...list([[1, I32]]),
          ...called,
          op.tee,
          ...local,
          op.const,
          ...WAIT_BYTES,
          op.equal,
          op.if,
          I32,
          op.call,
          0,
          op.else,
          op.get,
          ...local,
          op.end,
          op.end,
        ]
      : [...list([]), ...called, op.if, NO_VALUE, op.call, 1, op.end, op.end]
  return [...unsigned(code.length), ...code]
}

const binary = (shapes: readonly string[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from([
    ...HEADER,
    ...section(1, [
      functionType('', [I32]),
      functionType('', []),
      ...shapes.flatMap((shape) => {
        const [parameters, result] = partsOf(shape)
        return [functionType(parameters, [I32]), functionType(parameters, result === 'i' ? [I32] : [])]
      }),
    ]),
    ...section(2, [
      imported('wait', 'value', 0),
      imported('wait', 'nothing', 1),
      ...shapes.map((_, index) => imported('call', String(index), WAITS + 2 * index)),
    ]),
    ...section(
      3,
      shapes.map((_, index) => unsigned(WAITS + 2 * index + 1)),
    ),
    ...section(
      7,
      shapes.map((_, index) => [...name(String(index)), 0, ...unsigned(WAITS + shapes.length + index)]),
    ),
    ...section(
      10,
      shapes.map((shape, index) => body(shape, WAITS + index)),
    ),
  ])

/** Modules that are kept: one for each list of types, and most guests have one of few. */
const MOST_MODULES = 64
const modules = new Map<string, WasmModule>()

const moduleOf = (shapes: readonly string[]): WasmModule => {
  const key = shapes.join(' ')
  const known = modules.get(key)
  if (known) return known
  if (modules.size === MOST_MODULES) modules.clear()
  const module = new engine.Module(binary(shapes))
  modules.set(key, module)
  return module
}

/** What is waited for: handed over from the call to the function that waits, between which nothing else runs. */
let pending: unknown

const waitsForPending = (): unknown => {
  const promise = pending
  pending = undefined
  return promise
}

/** The call as a plain one, which says that it waits by a number. */
const plain = ({ call, shape }: SuspendableCall): HostCall =>
  shape.endsWith('>i')
    ? (...args) => {
        const result: unknown = call(...args)
        // A result that looks like that number goes the other way, too.
        if (typeof result === 'number' && (result | 0) !== WAIT) return result
        pending = result
        return WAIT
      }
    : (...args) => {
        const result: unknown = call(...args)
        if (!(result instanceof Promise)) return 0
        pending = result
        return 1
      }

/**
 * What a module imports for calls that may wait.
 *
 * @param suspending - Makes a function of JavaScript into one that suspends the guest for the promise that it returns.
 */
export const waitsApart = (calls: readonly SuspendableCall[], suspending: Suspending): unknown[] => {
  if (calls.length === 0) return []
  const own = calls.filter(({ shape }) => isPlain(shape))
  const wait = suspending(waitsForPending)
  const { exports } = new engine.Instance(moduleOf(own.map(({ shape }) => shape)), {
    wait: { value: wait, nothing: wait },
    call: Object.fromEntries(own.map((each, index) => [String(index), plain(each)])),
  })
  return calls.map((each) =>
    isPlain(each.shape) ? exports[String(own.indexOf(each))] : suspending(each.call as () => unknown),
  )
}
