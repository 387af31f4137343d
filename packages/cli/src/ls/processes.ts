/** The processes that have a socket open, by proc_pid_fd(5). */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import type { Holder } from './entry.ts'

/** Files of processes that end meanwhile, or that this user may not read, fail. */
export const orElse = <T>(otherwise: T, attempt: () => T): T => {
  try {
    return attempt()
  } catch {
    return otherwise
  }
}

/** Options of Node whose value is a module, but not the program. */
const LOADING = new Set(['-r', '--require', '--import', '--loader', '--experimental-loader'])

/** The name of a process (proc_pid_comm(5)). Node calls itself MainThread or node-MainThread: there, the program and its script. */
const commandOf = (pid: string): string => {
  const comm = readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd()
  if (!comm.endsWith('MainThread')) return comm
  const [program = comm, ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  const script = args.find((each, at) => /\.[cm]?[jt]s$/.test(each) && !LOADING.has(args[at - 1] ?? ''))
  return [program, ...(script === undefined ? [] : [script])].map((each) => basename(each)).join(' ')
}

export interface Owner extends Holder {
  readonly uid: number
}

/** The processes by the inode of the socket: the links of /proc/PID/fd are `socket:[INODE]`. */
export const findOwners = (): Map<number, Owner[]> => {
  const owners = new Map<number, Owner[]>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const fds = orElse<string[]>([], () => readdirSync(`/proc/${pid}/fd`))
    if (fds.length === 0) continue
    const command = orElse('?', () => commandOf(pid))
    const uid = orElse(-1, () => statSync(`/proc/${pid}`).uid)
    const inodes = new Set<number>()
    for (const fd of fds) {
      const link = orElse('', () => readlinkSync(`/proc/${pid}/fd/${fd}`))
      const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1]
      if (inode !== undefined) inodes.add(Number(inode))
    }
    for (const inode of inodes) {
      owners.set(inode, [...(owners.get(inode) ?? []), { pid: Number(pid), command, uid }])
    }
  }
  return owners
}
