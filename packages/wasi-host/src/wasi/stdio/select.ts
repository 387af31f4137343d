/** The twin for this system. */
import { system } from '@uds/winsock-ffi/internal'
import type { DescriptorPoll } from './descriptor-poll.ts'
import { openDescriptorPoll as posix } from './posix.ts'
import { openDescriptorPoll as win32 } from './win32.ts'

/** Watches a descriptor of this process, which stays open when it is released. */
export const openDescriptorPoll = (fd: number): DescriptorPoll =>
  (system === 'win32' ? win32 : posix)(fd, system)
