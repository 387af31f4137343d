/** Sockets of macOS, by netstat(1) and lsof(8). */
import { execFileSync } from 'node:child_process'
import type { Entry, Holder, ListSockets } from './entry.ts'
import { publicName } from '@uds/winsock-ffi/internal'

const TYPES: Readonly<Record<string, Entry['type']>> = {
  stream: 'stream',
  dgram: 'datagram',
  seqpac: 'seqpacket',
}

/** The owner of a socket and the processes that have it open. */
export interface OpenSocket {
  readonly user: string
  readonly processes: readonly Holder[]
}

/** Parses `lsof -F pcLd` into sockets by kernel address: a line is a field, its first character the name; `p` begins a process. */
export const parseLsof = (text: string): Map<string, OpenSocket> => {
  const found = new Map<string, OpenSocket>()
  let holder: Holder = { pid: 0, command: '?' }
  let user = '?'
  for (const line of text.split('\n')) {
    const value = line.slice(1)
    if (line.startsWith('p')) holder = { pid: Number(value), command: '?' }
    else if (line.startsWith('c')) holder = { ...holder, command: value }
    else if (line.startsWith('L')) user = value
    else if (line.startsWith('d')) {
      const address = value.replace(/^0x/, '')
      const before = found.get(address)?.processes ?? []
      found.set(address, { user, processes: [...before.filter(({ pid }) => pid !== holder.pid), holder] })
    }
  }
  return found
}

/**
 * Parses `netstat -an -f unix`: Address Type Recv-Q Send-Q Inode Conn Refs Nextref Addr. It has no flag for listening: a
 * stream with a file and without a peer counts as listening.
 */
export const parseNetstat = (text: string, open: ReadonlyMap<string, OpenSocket>): Entry[] =>
  text.split('\n').flatMap((line) => {
    const match =
      /^\s*([0-9a-f]+)\s+(stream|dgram|seqpac)\s+\d+\s+\d+\s+(\S+)\s+(\S+)\s+\S+\s+\S+(?:\s+(.*))?$/.exec(
        line,
      )
    if (!match) return []
    const [, address = '', kind = '', , peer = '0', path] = match
    const type = TYPES[kind] ?? 'stream'
    const connected = !/^0+$/.test(peer)
    const named = type === 'datagram' ? 'bound' : 'listening'
    const alone = path === undefined ? 'unconnected' : named
    const { user, processes = [] } = open.get(address) ?? {}
    return [
      {
        address: path === undefined ? undefined : `unix:${publicName(path)}`,
        type,
        state: connected ? 'connected' : alone,
        user,
        processes,
      },
    ]
  })

const output = (command: string, args: readonly string[]): string =>
  execFileSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 64 * 1024 * 1024,
  })

/** lsof exits with 1 when it may not look into some process, and prints the others. */
const lsof = (): string => {
  try {
    return output('/usr/sbin/lsof', ['-nP', '-U', '-F', 'pcLd'])
  } catch (error) {
    const { stdout } = error as { stdout?: unknown }
    return typeof stdout === 'string' ? stdout : ''
  }
}

export const listSockets: ListSockets = () =>
  parseNetstat(output('/usr/sbin/netstat', ['-an', '-f', 'unix']), parseLsof(lsof()))
