/** The two ends of a proxy: which go together, and how the bytes of one reach the other. */
import { resolve } from 'node:path'
import type { Duplex } from 'node:stream'
import { formatAddress, parseAddress } from '@uds/stream'
import type { Connection } from '../connection/transport.ts'
import { CommandFailure } from '../exit/failure.ts'
import { USAGE } from '../exit/exit-codes.ts'
import { relay } from './relay.ts'

/** An address in a form that can be compared: paths are absolute. */
const comparable = (text: string): string => {
  const parsed = parseAddress(text, { where: 'uds' })
  return formatAddress('path' in parsed ? { ...parsed, path: resolve(parsed.path) } : parsed)
}

/** The first client would make it connect to itself until descriptors run out. */
export const rejectItself = (from: string, to: string): void => {
  if (comparable(from) === comparable(to))
    throw new CommandFailure(USAGE, `${to} would be joined to itself: FROM and TO must differ`)
}

/** @throws CommandFailure where descriptors cannot pass: each side must be an AF_UNIX socket, and the bytes as they are. */
export const requireDescriptorWay = (addresses: readonly string[], tls: boolean | undefined): void => {
  if (tls)
    throw new CommandFailure(
      USAGE,
      '--descriptors and TLS exclude each other: descriptors travel beside plain bytes',
    )
  for (const each of addresses) {
    const { scheme } = parseAddress(each, { where: 'uds' })
    if (scheme !== 'unix' && scheme !== 'name')
      throw new CommandFailure(USAGE, `--descriptors needs AF_UNIX on both sides, and ${each} is ${scheme}:`)
  }
}

/** Joins a client to a connection of its own, until both have ended. */
export const joinStreams = async (
  client: Duplex,
  connect: () => Promise<Connection>,
): Promise<{ text: string; forth: number; back: number }> => {
  const { forth, back } = await relay({ stream: client, halfClose: true }, await connect())
  return { text: `${forth} bytes forth, ${back} back`, forth, back }
}
