/** The twin for this system: the only file of the package that reads `process.platform`. */
import type { DescriptorPoll } from './descriptor-poll.ts'
import * as posix from './posix.ts'
import * as win32 from './win32.ts'

/** Watches a descriptor of this process, which stays open when it is released. */
export const openDescriptorPoll = (fd: number): DescriptorPoll =>
  (process.platform === 'win32' ? win32 : posix).openDescriptorPoll(fd, process.platform)
