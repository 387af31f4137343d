/** Variadic functions for backends that know fixed signatures only. */
import type { NativeArgument, NativeFunction } from './backend.ts'

/** A signature without `...`, and the arguments that it takes for those of the table. */
export interface FixedSignature {
  readonly args: readonly NativeArgument[]
  /** Wraps the function of that signature. */
  wrap(native: NativeFunction): NativeFunction
}

/** The registers of AAPCS64 for integers and pointers: x0 to x7. */
const REGISTERS = 8

/**
 * On x86-64 (System V, Windows) and on AArch64 as Linux has it, integers and pointers behind `...` go where those of a
 * fixed signature go. Apple puts them on the stack, eight bytes each: as a fixed signature does with what finds no
 * register, so the registers are filled with zeros.
 *
 * @see https://developer.apple.com/documentation/xcode/writing-arm64-code-for-apple-platforms
 */
export const fixedSignature = (
  args: readonly NativeArgument[],
  variadic: readonly NativeArgument[],
  onAppleArm64: boolean,
): FixedSignature => {
  if (!onAppleArm64) return { args: [...args, ...variadic], wrap: (native) => native }
  const filled = Array<number>(REGISTERS - args.length).fill(0)
  // An int behind `...` has a slot of eight bytes, and one of a fixed signature on the stack four.
  const wide = variadic.map((type): NativeArgument => (type === 'void *' ? type : 'intptr_t'))
  return {
    args: [...args, ...filled.map((): NativeArgument => 'intptr_t'), ...wide],
    wrap:
      (native) =>
      (...values) =>
        native(...values.slice(0, args.length), ...filled, ...values.slice(args.length)),
  }
}
