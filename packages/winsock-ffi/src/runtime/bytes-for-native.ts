/** Memory as the runtime lets native code have it. */
import { runtime } from './runtime.ts'

const bytesOf = (value: unknown): unknown =>
  value instanceof DataView ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : value

/** The Node-API of Deno 2.9 takes typed arrays for memory, and no DataView: the same bytes as a Uint8Array. */
const needsBytes: boolean = runtime.name === 'deno'

/** A native function that may be called with a DataView in every runtime. */
export const takingViews = <R>(native: (...args: unknown[]) => R): ((...args: unknown[]) => R) =>
  needsBytes ? (...args) => native(...args.map(bytesOf)) : native
