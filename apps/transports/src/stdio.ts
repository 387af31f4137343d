/** Child processes: what they read is what is written, what they write is what is read. */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { Duplex, type Readable, type Writable } from 'node:stream'
import { SocketError, type Address, type Transport } from '@uds/stream'

type Child = ChildProcessByStdio<Writable, Readable, null>

const textOf = (address: string | Address): string => {
  if (typeof address === 'string') return address
  throw new TypeError('the addresses of this transport are texts: stdio:PROGRAM')
}

/** The child dies with its connection, and the connection with the child. */
const asConnection = (child: Child): Duplex => {
  const connection = Duplex.from({ readable: child.stdout, writable: child.stdin })
  child.stdin.on('error', () => {})
  connection.on('error', () => {})
  connection.once('close', () => child.kill())
  return connection
}

const started = (child: Child, address: string): Promise<void> =>
  new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (cause: NodeJS.ErrnoException) =>
      reject(new SocketError({ code: cause.code ?? 'UNKNOWN', syscall: 'spawn', address, cause })),
    )
  })

/** `stdio:PROGRAM ARGUMENT ...`, divided at spaces. */
export const stdio: Transport = {
  name: 'stdio',
  capabilities: {
    listen: false,
    netSocket: false,
    halfClose: true,
    credentials: false,
    exclusive: false,
    refuses: true,
  },
  connect: async (address, options = {}) => {
    options.signal?.throwIfAborted()
    const text = textOf(address)
    const [program = '', ...args] = text.replace(/^stdio:/, '').split(' ')
    // The signal would kill the child after it is connected, too.
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await started(child, text)
    if (options.signal?.aborted) {
      child.kill()
      throw options.signal.reason
    }
    return asConnection(child)
  },
  listen: (address) =>
    Promise.reject(
      new SocketError({
        code: 'ENOTSUP',
        syscall: 'listen',
        address: textOf(address),
        detail: 'nobody can connect to the standard input of a process',
      }),
    ),
}
