/** Connecting to a named pipe: open and wait for an instance, peer credentials, the handle as a net.Socket. */
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { kernel32, openPipe, pipeError, type Opened } from '@uds/pipes/win32'
import { sidOfProcess, SocketError, type PeerCredentials } from '@uds/winsock-ffi'
import { formatAddress, fullPipeName, type PipeAddress } from '@uds/winsock-ffi/internal'
import { throwIfAborted } from '../errors/connection-error.ts'
import { provideCredentials } from '../peer/credentials.ts'
import type { ConnectOptions } from '../transport.ts'
import { connectNet, traceErrors } from '../node-net/net-connect.ts'
import { PipeConnection } from './connection.ts'
import { renameFailure } from './failures.ts'
import { uv } from './prototypes.ts'

/** Milliseconds that a pipe may have all its instances in use, when `timeoutMs` is not set. */
const BUSY_MS = 5000
const LONGEST_PAUSE_MS = 20

const pid = new Uint32Array(1)

/** The process at the other end, and the user of the process that has that id now. */
export const pipeCredentials =
  (handle: () => number, side: 'GetNamedPipeClientProcessId' | 'GetNamedPipeServerProcessId') =>
  (): PeerCredentials => {
    const result = kernel32[side].attempt(handle(), pid)
    if (result < 0) throw pipeError(-result, side)
    const peer = pid[0]!
    let sid: string | undefined
    try {
      sid = sidOfProcess(peer)
    } catch {
      // The process has ended, or its token is not readable: the user stays unknown.
    }
    return { pid: peer, uid: undefined, gid: undefined, sid }
  }

interface AdoptOptions {
  readonly allowHalfOpen: boolean
  readonly onread?: ConnectOptions['onread']
  readonly pauseOnCreate?: boolean
}

/**
 * A byte pipe as a net.Socket. The C runtime's descriptor owns the HANDLE, and the net.Socket owns the descriptor.
 *
 * @throws SocketError `ENOTSUP` where the engine refuses the descriptor; the HANDLE is closed then.
 */
export const adoptPipe = (handle: number, options: AdoptOptions): Socket => {
  let fd: number
  try {
    fd = uv.uv_open_osfhandle(handle)
  } catch (error) {
    kernel32.CloseHandle.attempt(handle)
    throw error
  }
  const { onread, ...rest } = options
  return new Socket({ fd, readable: true, writable: true, ...rest, ...(onread && { onread }) })
}

/** Opens the pipe, and waits while all its instances are in use. */
const open = async (to: PipeAddress, options: ConnectOptions): Promise<Opened> => {
  const { signal, timeoutMs = BUSY_MS } = options
  const address = formatAddress(to)
  const end = performance.now() + timeoutMs
  for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    throwIfAborted(signal)
    try {
      return openPipe(fullPipeName(to))
    } catch (error) {
      if ((error as SocketError).code !== 'EBUSY' || performance.now() >= end)
        throw renameFailure('connect', address, error)
    }
    await sleep(pause, undefined, signal && { signal }).catch(() => {})
  }
}

/**
 * Connects. A message pipe always has a half close; a byte pipe has none.
 *
 * @throws SocketError `ENOENT`, `EBUSY`, `EACCES`, `EPROTOTYPE` for `halfClose` on a byte pipe; the signal's reason.
 */
export const connectPipe = async (to: PipeAddress, options: ConnectOptions): Promise<Duplex> => {
  const address = formatAddress(to)
  if (options.security === 'os-default') return await connectNet({ path: fullPipeName(to) }, address, options)
  const { handle, message } = await open(to, options)
  const allowHalfOpen = options.allowHalfOpen ?? false
  if (message) {
    const connection = new PipeConnection(handle, { address, allowHalfOpen, attached: false })
    connection.on('error', () => {})
    provideCredentials(
      connection,
      pipeCredentials(() => connection.handle, 'GetNamedPipeServerProcessId'),
    )
    return connection
  }
  if (options.halfClose) {
    kernel32.CloseHandle.attempt(handle)
    throw new SocketError({
      code: 'EPROTOTYPE',
      syscall: 'connect',
      address,
      detail: 'the server has a byte pipe, which has no half close',
      advice: 'set halfClose in its listen as well',
    })
  }
  const socket = adoptPipe(handle, { allowHalfOpen, ...(options.onread && { onread: options.onread }) })
  traceErrors(socket, address)
  provideCredentials(
    socket,
    pipeCredentials(() => handle, 'GetNamedPipeServerProcessId'),
  )
  return socket
}
