import type { ModuleExport } from '../module/binary.ts'
import type { GuestHandle } from '../host.ts'
import type { WasmValue } from '../module/engine.ts'

/** What each way of waiting does in its own way. */
export interface GuestActions {
  call(name: string, args: readonly WasmValue[]): Promise<WasmValue | undefined>
  read(pointer: number, length: number): Promise<Uint8Array>
  write(pointer: number, bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}

const encoder = new TextEncoder()

export const guestHandle = (exports: readonly ModuleExport[], actions: GuestActions): GuestHandle => {
  const { read, write, close } = actions
  const call: GuestHandle['call'] = (name, ...args) => actions.call(name, args)
  return {
    exports: exports.filter(({ kind }) => kind === 'function').map(({ name }) => name),
    call,
    read,
    write,
    string: async (text) => {
      const bytes = encoder.encode(`${text}\0`)
      const pointer = Number(await call('malloc', bytes.length))
      if (pointer === 0) throw Object.assign(new Error('the guest has no memory left'), { code: 'ENOMEM' })
      await write(pointer, bytes)
      return pointer
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
