/** The memory of a guest for the program that embeds it. */
import { outOfRange } from '@uds/winsock-ffi'
import { fault } from '../outcome/failure.ts'
import type { GuestMemory } from '../memory/guest-memory.ts'

const checked = <T>(action: () => T, where: string, pointer: number, length: number): T => {
  try {
    return action()
  } catch (error) {
    if (error !== fault) throw error
    throw outOfRange(where, 'the range', 'inside of the memory of the guest', { pointer, length })
  }
}

export const readMemory = (memory: GuestMemory, pointer: number, length: number): Uint8Array =>
  checked(() => memory.copy(pointer, length), 'read', pointer, length)

export const writeMemory = (memory: GuestMemory, pointer: number, bytes: Uint8Array): void =>
  checked(() => memory.write(pointer, bytes), 'write', pointer, bytes.length)
