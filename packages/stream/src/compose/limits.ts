/** withLimits: bounds on connections, bytes and idle time. */
import type { Duplex } from 'node:stream'
import { checkOptions, optionNames, SocketError } from '@uds/winsock-ffi'
import { count, milliseconds } from '@uds/winsock-ffi/internal'
import type { Transport } from '../transport.ts'
import { tap } from './tap.ts'
import { wrapListener } from './wrapped-listener.ts'
import { requireObject, requireTransport } from '../options/check-options.ts'

export interface Limits {
  /** Connections open at once; connects and accepts are counted apart. @default Infinity */
  readonly maxConnections?: number | undefined
  /** Bytes that a peer may send over one connection. @default Infinity */
  readonly maxReceivedBytes?: number | undefined
  /** Milliseconds without a byte in either direction. @default Infinity */
  readonly idleMs?: number | undefined
  /** Milliseconds that a connection may last. @default Infinity */
  readonly lifetimeMs?: number | undefined
}

const OPTIONS: readonly string[] = optionNames<Limits>({
  maxConnections: true,
  maxReceivedBytes: true,
  idleMs: true,
  lifetimeMs: true,
})

const over = (code: string, detail: string): SocketError =>
  new SocketError({ code, syscall: 'limit', detail })

/**
 * The transport, which destroys connections beyond the limits: with `EMSGSIZE` for bytes and `ETIMEDOUT` for time.
 * `connect` beyond `maxConnections` rejects with `EMFILE`; a listener drops a connection beyond it.
 *
 * @throws RangeError `ERR_OUT_OF_RANGE`; TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`.
 */
export const withLimits = (transport: Transport, limits: Limits): Transport => {
  requireTransport('withLimits', transport)
  const where = 'withLimits'
  requireObject(where, limits)
  checkOptions(limits, where, OPTIONS)
  const most = count(where, 'maxConnections', limits.maxConnections, Infinity, 0)
  const maxBytes = count(where, 'maxReceivedBytes', limits.maxReceivedBytes, Infinity, 0)
  const idleMs = milliseconds(where, 'idleMs', limits.idleMs, Infinity)
  const lifetimeMs = milliseconds(where, 'lifetimeMs', limits.lifetimeMs, Infinity)
  let connected = 0

  const watchOver = <D extends Duplex>(connection: D): D => {
    let received = 0
    const timers: NodeJS.Timeout[] = []
    const after = (ms: number, what: string): NodeJS.Timeout | undefined => {
      if (ms === Infinity) return undefined
      const timer = setTimeout(
        () => connection.destroy(over('ETIMEDOUT', `the connection ${what} for ${ms} ms`)),
        ms,
      )
      timers.push(timer)
      return timer
    }
    after(lifetimeMs, 'has lasted')
    const idle = after(idleMs, 'was idle')
    connection.on('error', () => {})
    connection.once('close', () => {
      for (const timer of timers) clearTimeout(timer)
    })
    if (maxBytes !== Infinity || idle) {
      tap(connection, {
        received: (bytes) => {
          idle?.refresh()
          received += bytes.byteLength
          if (received > maxBytes)
            connection.destroy(over('EMSGSIZE', `the peer sent more than ${maxBytes} bytes`))
        },
        sent: () => idle?.refresh(),
      })
    }
    return connection
  }

  return {
    name: `limits(${transport.name})`,
    capabilities: transport.capabilities,
    connect: async (address, options) => {
      if (connected >= most) throw over('EMFILE', `${most} connections are open, which is the limit`)
      connected += 1
      try {
        const connection = await transport.connect(address, options)
        connection.once('close', () => {
          connected -= 1
        })
        return watchOver(connection)
      } catch (error) {
        connected -= 1
        throw error
      }
    },
    listen: async (address, options = {}) => {
      const inner = await transport.listen(address, {
        ...options,
        maxConnections: Math.min(most, options.maxConnections ?? Infinity),
      })
      return wrapListener(inner, options, watchOver)
    },
  }
}
