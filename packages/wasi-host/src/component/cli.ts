/** `wasi:cli` of 0.2: arguments, environment, exit, standard streams, terminals. */
import { Exit } from '../outcome/failure.ts'
import { FILETYPE_CHARACTER_DEVICE, filetypeOf } from '../wasi/stdio/standard-stream.ts'
import type { FdEntry } from '../abi/fd-table.ts'
import { tuple } from './canonical/compound.ts'
import { list } from './canonical/lists.ts'
import { option } from './canonical/named.ts'
import { string } from './canonical/text.ts'
import { channelOf, type Channel } from './channel.ts'
import { dropRow, type ComponentHost, type ComponentRows } from './host.ts'
import { row } from './row.ts'
import { InputStream, OutputStream } from './streams.ts'

const entryOf = ({ guest }: ComponentHost, fd: number): FdEntry => guest.fds.get(fd)

/** Nothing to read, and nowhere to write: a descriptor that is not there. */
const nowhere: Channel = {
  arrived: () => 0,
  untilArrived: () => undefined,
  read: () => 0,
  write: (_guest, from) => from.length,
  writeAll: (_guest, from) => from.size,
  request: (interest) => ({ socket: { id: -1, ...interest } }),
}

const standard = (host: ComponentHost, fd: number): Channel => channelOf(entryOf(host, fd)) ?? nowhere

export class TerminalInput {
  readonly fd = 0
}

export class TerminalOutput {
  readonly fd: number

  constructor(fd: number) {
    this.fd = fd
  }
}

export const isTerminal = (host: ComponentHost, fd: number): boolean => {
  const entry = entryOf(host, fd)
  if (entry.kind !== 'socket' && entry.kind !== 'standard') return false
  const filetype = entry.kind === 'socket' ? entry.stdio : filetypeOf(entry.standard.fd)
  // The null device is a character device, too, and none that waits.
  return filetype === FILETYPE_CHARACTER_DEVICE && (entry.kind === 'socket' || entry.standard.waits)
}

/** `option<terminal>` */
const terminalRow = (name: string, fd: number, make: () => object): ComponentRows => ({
  [name]: {
    parameters: 'i',
    call: (host, at) => {
      const { memory } = host.guest
      memory.check(at, 8)
      const terminal = isTerminal(host, fd)
      memory.setU8(at, terminal ? 1 : 0)
      if (terminal) memory.setU32(at + 4, host.handles.add(make()))
    },
  },
})

export const environmentRows: ComponentRows = {
  'get-environment': row([], list(tuple(string, string)), ({ env }) => Object.entries(env)),
  'get-arguments': row([], list(string), ({ args }) => args),
  // A guest has no directory of the host.
  'initial-cwd': row([], option(string), () => undefined),
}

export const exitRows: ComponentRows = {
  exit: {
    parameters: 'i',
    call: (_host, status) => {
      throw new Exit(status === 0 ? 0 : 1)
    },
  },
  'exit-with-code': {
    parameters: 'i',
    call: (_host, code) => {
      throw new Exit(code & 255)
    },
  },
}

export const stdinRows: ComponentRows = {
  'get-stdin': {
    parameters: '',
    result: 'i',
    call: (host) => host.handles.add(new InputStream(standard(host, 0))),
  },
}
export const stdoutRows: ComponentRows = {
  'get-stdout': {
    parameters: '',
    result: 'i',
    call: (host) => host.handles.add(new OutputStream(standard(host, 1))),
  },
}
export const stderrRows: ComponentRows = {
  'get-stderr': {
    parameters: '',
    result: 'i',
    call: (host) => host.handles.add(new OutputStream(standard(host, 2))),
  },
}

export const terminalInputRows: ComponentRows = { '[resource-drop]terminal-input': dropRow(TerminalInput) }
export const terminalOutputRows: ComponentRows = { '[resource-drop]terminal-output': dropRow(TerminalOutput) }
export const terminalStdinRows: ComponentRows = terminalRow(
  'get-terminal-stdin',
  0,
  () => new TerminalInput(),
)
export const terminalStdoutRows: ComponentRows = terminalRow(
  'get-terminal-stdout',
  1,
  () => new TerminalOutput(1),
)
export const terminalStderrRows: ComponentRows = terminalRow(
  'get-terminal-stderr',
  2,
  () => new TerminalOutput(2),
)
