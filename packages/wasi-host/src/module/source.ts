/** readSource: the bytes of a WasmSource. */
import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { invalidArgument } from '@uds/winsock-ffi'

/** Where a module comes from: a path, a `file:` URL, or its bytes. */
export type WasmSource = string | URL | Uint8Array | ArrayBuffer

const cannotRead = (code: string, message: string, cause: unknown): Error =>
  Object.assign(new Error(message, { cause }), { code })

const readFile = (path: string | URL): Uint8Array<ArrayBuffer> => {
  try {
    return new Uint8Array(readFileSync(path))
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
      throw cannotRead('EISDIR', `${String(path)} is a directory, not a WebAssembly module`, error)
    }
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    const file = path instanceof URL ? path.href : resolve(path)
    throw cannotRead(
      'ENOENT',
      `ENOENT: there is no WebAssembly module at ${file} (is the path right?)`,
      error,
    )
  }
}

/** The bytes of a module. */
export const readSource = (source: WasmSource): Uint8Array<ArrayBuffer> => {
  if (typeof source === 'string' || source instanceof URL) return readFile(source)
  if (source instanceof ArrayBuffer) return new Uint8Array(source)
  // A copy: the bytes may be in shared memory, which WebAssembly.compile does not take.
  if (ArrayBuffer.isView(source)) return new Uint8Array(source)
  throw invalidArgument(
    'wasi',
    'the source',
    'a path, a file: URL, or the bytes of a WebAssembly module',
    source,
  )
}
