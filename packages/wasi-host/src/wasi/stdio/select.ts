/** The twin for this system: the only file of the package that reads `process.platform`. */
import type { DescriptorPoll } from './descriptor-poll.ts'
import { openDescriptorPoll as openPosix } from './posix.ts'
import { openDescriptorPoll as openWin32 } from './win32.ts'

const open = process.platform === 'win32' ? openWin32 : openPosix

/** Watches a descriptor of this process, which stays open when it is released. */
export const openDescriptorPoll = (fd: number): DescriptorPoll => open(fd, process.platform)
