/** Small guests, assembled here: modules of WASI preview 1 whose `_start` makes a few calls. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempDir } from '@uds/testkit'

/** A call: the name of the import, and its arguments, numbers or results of instructions. */
export interface Import {
  readonly name: string
  /** How many i32 it takes; all give one, but proc_exit. */
  readonly arity: number
}

const I32 = 0x7f
const u = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...u(value >>> 7)])
const s = (value: number): number[] =>
  value >= -0x40 && value < 0x40 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...s(value >> 7)]
const text = (value: string): number[] => [...u(value.length), ...Buffer.from(value)]
const list = (items: readonly number[][]): number[] => [...u(items.length), ...items.flat()]
const section = (id: number, content: number[]): number[] => [id, ...u(content.length), ...content]

/** "\0asm", version 1. */
const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]

/** The instructions of `_start`. */
export const constant = (value: number): number[] => [0x41, ...s(value)]
/** The i32 at an address. */
export const load = (at: number): number[] => [...constant(at), 0x28, 2, 0]
/** A call of the import at this place in the list. */
export const call = (index: number, ...args: readonly number[][]): number[] => [
  ...args.flat(),
  0x10,
  ...u(index),
]
/** Forgets a result. */
export const drop = 0x1a

/**
 * Writes a module to a file of its own.
 *
 * @param memory - What is at address 0 from the start.
 */
export const guest = (
  imports: readonly Import[],
  start: readonly number[],
  memory: Uint8Array = new Uint8Array(0),
): string => {
  const type = ({ name, arity }: Import): number[] => [
    0x60,
    ...list(Array.from({ length: arity }, () => [I32])),
    ...list(name === 'proc_exit' ? [] : [[I32]]),
  ]
  const body = [0, ...start, 0x0b]
  const bytes = [
    ...HEADER,
    ...section(1, list([...imports.map(type), [0x60, 0, 0]])),
    ...section(
      2,
      list(
        imports.map(({ name }, index) => [...text('wasi_snapshot_preview1'), ...text(name), 0, ...u(index)]),
      ),
    ),
    ...section(3, list([u(imports.length)])),
    ...section(5, list([[0, 1]])),
    ...section(
      7,
      list([
        [...text('memory'), 2, 0],
        [...text('_start'), 0, ...u(imports.length)],
      ]),
    ),
    ...section(10, list([[...u(body.length), ...body]])),
    ...section(11, list([[0, ...constant(0), 0x0b, ...u(memory.length), ...memory]])),
  ]
  const path = join(tempDir(), 'guest.wasm')
  writeFileSync(path, Uint8Array.from(bytes))
  return path
}
