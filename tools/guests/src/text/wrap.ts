/** wrap: a component around core modules. */

const u = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...u(value >>> 7)])
const text = (value: string): number[] => [...u(Buffer.byteLength(value)), ...Buffer.from(value)]
const section = (id: number, content: readonly number[]): number[] => [id, ...u(content.length), ...content]

export interface ComponentOptions {
  readonly imports?: readonly string[]
  readonly exports?: readonly string[]
  /** Sections by their ids, after the core modules. */
  readonly sections?: readonly (readonly [id: number, content: readonly number[]])[]
}

const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]

/** The type of an instance without exports, which is what each import and export here is. */
const INSTANCE_TYPE = [1, 0x42, 0]

/** A component with these core modules; how they are instantiated is left out, which the host does not follow. */
export const wrap = (
  modules: readonly Uint8Array[],
  { imports = [], exports = ['wasi:cli/run@0.2.0'], sections = [] }: ComponentOptions = {},
): Uint8Array =>
  Uint8Array.from([
    ...PREAMBLE,
    ...section(7, INSTANCE_TYPE),
    ...imports.flatMap((name) => section(10, [1, 0x00, ...text(name), 5, 0])),
    ...modules.flatMap((module) => section(1, [...module])),
    ...sections.flatMap(([id, content]) => section(id, content)),
    ...exports.flatMap((name) => section(11, [1, 0x00, ...text(name), 5, 0, 0])),
  ])
