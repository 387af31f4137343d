/** The table of commands: name, summary, and the file that is loaded when the command is used. */
import type { Command } from 'commander'
import type { Context } from '../terminal/context.ts'

export interface CommandEntry {
  readonly name: string
  readonly summary: string
  /** Loads the command, with all that it needs: loading every one takes longer than most of them run. */
  load(): Promise<(context: Context) => Command>
}

/** Which commands are loaded; the others are names in the help, and suggestions. */
export type Wanted = 'all' | readonly string[]

/** In the order of the help. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'doctor',
    summary: 'Find out, by trying, what this machine can do, why not, and what to do about it.',
    load: async () => (await import('./doctor.ts')).doctorCommand,
  },
  {
    name: 'listen',
    summary: 'Wait for a client: standard input goes to it, what it sends to standard output.',
    load: async () => (await import('./listen.ts')).listenCommand,
  },
  {
    name: 'connect',
    summary: 'Connect: standard input goes to the server, what it sends to standard output.',
    load: async () => (await import('./connect.ts')).connectCommand,
  },
  {
    name: 'echo',
    summary: 'Send back what clients send, until it is stopped.',
    load: async () => (await import('./echo.ts')).echoCommand,
  },
  {
    name: 'proxy',
    summary: 'Listen at one address and join every client to another, until it is stopped.',
    load: async () => (await import('./proxy.ts')).proxyCommand,
  },
  {
    name: 'ls',
    summary: 'List the local sockets and pipes that have a name, with owner and state.',
    load: async () => (await import('./ls.ts')).lsCommand,
  },
  {
    name: 'send',
    summary: 'Send one event to the server of a channel, and wait until it was handled.',
    load: async () => (await import('./send.ts')).sendCommand,
  },
  {
    name: 'tail',
    summary: 'Print the events that the server of a channel sends, until it is stopped.',
    load: async () => (await import('./tail.ts')).tailCommand,
  },
  {
    name: 'request',
    summary: 'Ask the server of an event channel, and print its answer as JSON.',
    load: async () => (await import('./request.ts')).requestCommand,
  },
  {
    name: 'top',
    summary: 'Show what the server of an event channel does: rates, peers, times of handlers, errors.',
    load: async () => (await import('./top.ts')).topCommand,
  },
  {
    name: 'line',
    summary: 'Print the lines that clients send; optionally acknowledge them and pass them on.',
    load: async () => (await import('./line.ts')).lineCommand,
  },
  {
    name: 'examples',
    summary: 'Run the examples of unixevents: 1 basic, 2 async initialisation, 3 advanced, 4 sync and async.',
    load: async () => (await import('./examples.ts')).examplesCommand,
  },
  {
    name: 'wasm',
    summary: 'Run WASI guests with sockets, and look into them.',
    load: async () => (await import('./wasm.ts')).wasmCommand,
  },
]
