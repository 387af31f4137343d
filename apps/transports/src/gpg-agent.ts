/**
 * The emulated sockets of GnuPG on Windows: a file that says on which port of the loopback the agent listens, and 16 bytes
 * that a client has to send first, which only those know who can read the file.
 *
 * @see https://github.com/gpg/libassuan/blob/master/src/assuan-socket.c
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import type { Duplex } from 'node:stream'
import { ConnectionListener, SocketError, tcp, type Address, type Transport } from '@uds/stream'

const NONCE_LENGTH = 16
/** How long a client may take for its nonce, in milliseconds. */
const PATIENCE_MS = 5000

const pathOf = (address: string | Address): string => {
  if (typeof address === 'string') return address.replace(/^gpg:/, '')
  throw new TypeError('the addresses of this transport are texts: gpg:PATH')
}

interface Place {
  readonly port: number
  readonly nonce: Buffer
}

/** The port in decimal and a line feed, then the nonce. */
const read = async (path: string): Promise<Place> => {
  const failed = (code: string, detail?: string, cause?: unknown): SocketError =>
    new SocketError({ code, syscall: 'connect', address: `gpg:${path}`, detail, cause })
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (cause) {
    throw failed((cause as NodeJS.ErrnoException).code ?? 'UNKNOWN', undefined, cause)
  }
  const end = bytes.indexOf('\n')
  const port = Number(bytes.subarray(0, Math.max(end, 0)).toString('latin1'))
  const nonce = bytes.subarray(end + 1)
  if (!Number.isInteger(port) || port < 1 || port > 65_535 || nonce.length !== NONCE_LENGTH) {
    throw failed('ENOTSOCK', 'the file has no port and nonce of GnuPG in it')
  }
  return { port, nonce }
}

/** Takes the nonce off the beginning of the stream; the rest stays for its reader. */
const takeNonce = (connection: Duplex): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('no nonce came in time')), PATIENCE_MS)
    const done = (): void => {
      clearTimeout(late)
      connection.off('readable', look)
      connection.off('close', gone)
    }
    const look = (): void => {
      const bytes = connection.read(NONCE_LENGTH) as Buffer | null
      if (!bytes) return
      done()
      resolve(bytes)
    }
    const gone = (): void => {
      done()
      reject(new Error('the client went before it had sent its nonce'))
    }
    connection.on('readable', look)
    connection.once('close', gone)
    look()
  })

/** `gpg:PATH` */
export const gpgAgent: Transport = {
  name: 'gpg-agent',
  capabilities: { ...tcp.capabilities, credentials: false },
  connect: async (address, options = {}) => {
    options.signal?.throwIfAborted()
    const { port, nonce } = await read(pathOf(address))
    const connection = await tcp.connect({ scheme: 'tcp', host: '127.0.0.1', port }, options)
    connection.write(nonce)
    return connection
  },
  listen: async (address, options = {}) => {
    options.signal?.throwIfAborted()
    const path = pathOf(address)
    const listener = new ConnectionListener(options)
    const inner = await tcp.listen('tcp:127.0.0.1:0', {
      backlog: options.backlog,
      allowHalfOpen: options.allowHalfOpen,
    })
    const nonce = randomBytes(NONCE_LENGTH)
    const port = inner.address.slice(inner.address.lastIndexOf(':') + 1)
    try {
      await writeFile(path, Buffer.concat([Buffer.from(`${port}\n`), nonce]), { flag: 'wx', mode: 0o600 })
    } catch (cause) {
      await inner.close()
      const code = (cause as NodeJS.ErrnoException).code ?? 'UNKNOWN'
      throw new SocketError({
        code: code === 'EEXIST' ? 'EADDRINUSE' : code,
        syscall: 'listen',
        address: `gpg:${path}`,
        cause,
      })
    }
    const admit = async (connection: Duplex): Promise<void> => {
      try {
        if (!timingSafeEqual(await takeNonce(connection), nonce)) throw new Error('the nonce is wrong')
        listener.accept(connection)
      } catch (error) {
        connection.destroy()
        listener.failed(error as Error, connection)
      }
    }
    inner.on('connection', (connection) => void admit(connection))
    // The listener that has accepted a connection reports what happens to it.
    inner.on('connectionError', (error, connection) => {
      if (!connection) listener.failed(error)
    })
    return listener.begin({
      address: () => `gpg:${path}`,
      stop: async () => {
        await rm(path, { force: true })
        void inner.close({ graceMs: Infinity })
      },
      ref: () => inner.ref(),
      unref: () => inner.unref(),
    })
  },
}
