/** trap: ends a component that breaks the rules of its interface. */
import { engine } from '../module/engine.ts'

/**
 * Ends a component that broke the canonical ABI: an unknown handle, an empty list of pollables. It is never entered again.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md
 */
export const trap = (message: string): never => {
  throw new engine.RuntimeError(message)
}
