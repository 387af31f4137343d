import type { Target } from './network.ts'

/** A target as it is written in routes and traces. */
export const showTarget = (target: Target): string => {
  if (target.kind === 'unix') return `unix:${target.path}`
  if (target.kind === 'stream') return target.address
  if (target.kind === 'duplex') return 'a stream of the host'
  const host = target.host.includes(':') ? `[${target.host}]` : target.host
  return `${target.kind === 'tls' ? 'tls' : 'tcp'}:${host}:${target.port}`
}
