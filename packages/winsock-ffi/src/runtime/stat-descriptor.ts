/** What is behind a descriptor. */
import { fstatSync, statSync, type Stats } from 'node:fs'
import { system } from '../system.ts'
import { runtime } from './runtime.ts'

/** Where the system shows the open descriptors of a process as files: proc(5), fdesc(4). */
const DESCRIPTORS = system === 'linux' ? '/proc/self/fd' : '/dev/fd'

/**
 * fstat(2). The `node:fs` of Deno 2.9 knows the descriptors that it has opened, and says EBADF for all others: there the
 * system is asked by the name of the descriptor.
 *
 * @throws The error of `node:fs`; `ENOENT` instead of `EBADF` in Deno.
 */
export const statDescriptor = (fd: number): Stats =>
  runtime.name === 'deno' && system !== 'win32' ? statSync(`${DESCRIPTORS}/${fd}`) : fstatSync(fd)
