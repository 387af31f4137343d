/** Where connections of a guest lead. */
import type { Duplex } from 'node:stream'

/** Makes the streams of routes that lead to a `Duplex` of this process. */
export type StreamMaker = () => Duplex | Promise<Duplex>

/** Where a connection goes: what a route names, or the address that the guest dialled. */
export type Target =
  | { readonly kind: 'ip'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  /** An address of @uds/stream: `pipe:`, `memory:`, `name:`, `fd:`. */
  | { readonly kind: 'stream'; readonly address: string }
  /** TLS to that name, spoken by the host: the guest speaks plain. */
  | {
      readonly kind: 'tls'
      readonly host: string
      readonly port: number
      /** The name that the certificate must carry. @default the host */
      readonly servername: string | undefined
      /** PEM certificates to trust instead of the default ones. */
      readonly ca: string | undefined
    }
  /** A stream of this process; see {@link StreamMaker}. */
  | { readonly kind: 'duplex'; readonly make: number }

/** A target as it is written in routes and traces. */
export const showTarget = (target: Target): string => {
  if (target.kind === 'unix') return `unix:${target.path}`
  if (target.kind === 'stream') return target.address
  if (target.kind === 'duplex') return 'a stream of the host'
  const host = target.host.includes(':') ? `[${target.host}]` : target.host
  return `${target.kind === 'tls' ? 'tls' : 'tcp'}:${host}:${target.port}`
}
