/** FfiNetwork: the network over system calls. */
import { isIP } from 'node:net'
import {
  InetAddress,
  sleep,
  sockets,
  UnixAddress,
  type PollRequest,
  type SocketHandle,
} from '@uds/winsock-ffi'
import { ipAddress, type Address, type Family } from '../address.ts'
import { Failure, Stopped } from '../../outcome/failure.ts'
import type {
  Connecting,
  ConnectOptions,
  Interest,
  ListenEnd,
  Network,
  Options,
  StreamEnd,
  TlsFacts,
} from '../network.ts'
import type { Target } from '../target.ts'
import { showTarget } from '../target.ts'
import { FfiConnecting } from './connecting.ts'
import { FfiDatagramEnd, FfiUnixDatagramEnd } from './datagram-end.ts'
import { applyOption, FfiEnd, SLICE_MS, toSystem } from './end.ts'
import { FfiListenEnd } from './listen-end.ts'
import { bindToFile } from './socket-file.ts'
import { FfiStreamEnd } from './stream-end.ts'

/** Sockets by system calls: waiting blocks this thread. */
export class FfiNetwork implements Network {
  readonly #resolve: (host: string) => readonly string[]
  readonly #isStopped: () => boolean

  constructor(resolve: (host: string) => readonly string[], isStopped: () => boolean) {
    this.#resolve = resolve
    this.#isStopped = isStopped
  }

  wait(interests: readonly Interest[], timeoutMs: number): void {
    const deadline = timeoutMs < 0 ? Infinity : performance.now() + timeoutMs
    for (;;) {
      if (this.#isStopped()) throw new Stopped(new Error('the guest was stopped'))
      const left = deadline - performance.now()
      if (left <= 0) return
      if (this.#look(interests, Math.min(left, SLICE_MS))) return
    }
  }

  /** Waits for `ms` at most. Returns whether an end may be ready. */
  #look(interests: readonly Interest[], ms: number): boolean {
    const requests: PollRequest[] = []
    let withinMs = ms
    let instant = false
    for (const { end, read, write } of interests) {
      if (end instanceof FfiConnecting) {
        const { handles, withinMs: soon } = end.pending
        for (const socket of handles) requests.push({ socket, writable: true })
        withinMs = Math.min(withinMs, soon)
      } else if (end instanceof FfiEnd) {
        if (end.handle.closed) instant = true
        else requests.push({ socket: end.handle, readable: read, writable: write })
      } else if ((read && end.readable()) || (write && end.writable())) instant = true
    }
    if (instant) return true
    if (requests.length === 0) {
      sleep(withinMs)
      return withinMs < ms
    }
    return sockets.poll(requests, { timeoutMs: Math.ceil(withinMs) }).length > 0 || withinMs < ms
  }

  resolve(host: string): readonly string[] {
    return isIP(host) ? [new InetAddress(host, 0).host] : this.#resolve(host)
  }

  connect(target: Target, { from, options }: ConnectOptions): Connecting {
    const bound = from !== undefined && (from.family !== 'unix' || from.path !== '') ? from : undefined
    return new FfiConnecting(this.#addresses(target), (address) =>
      stream(address.family, options, bound?.family === address.family ? bound : undefined),
    )
  }

  #addresses(target: Target): readonly Address[] {
    if (target.kind === 'unix') return [{ family: 'unix', path: target.path }]
    if (target.kind === 'ip') return this.resolve(target.host).map((each) => ipAddress(each, target.port))
    throw new Failure('ENOTSUP', `${showTarget(target)} needs wait: "jspi" or "worker"`)
  }

  bind(target: Target, _family: Family, options: Options): ListenEnd {
    const address = this.#addresses(target)[0]!
    const handle = stream(address.family, new Map([['SO_REUSEADDR', 1], ...options]), address)
    const path = address.family === 'unix' && !address.path.startsWith('\0') ? address.path : undefined
    return new FfiListenEnd(handle, path)
  }

  datagram(family: Family, options: Options): FfiDatagramEnd {
    const end =
      family === 'unix' ? new FfiUnixDatagramEnd() : new FfiDatagramEnd(sockets.open(family, 'datagram'))
    for (const [name, value] of options) end.setOption(name, value)
    return end
  }

  pair(): readonly [StreamEnd, StreamEnd] {
    const [one, other] = sockets.pair('stream')
    return [new FfiStreamEnd(one), new FfiStreamEnd(other)]
  }

  startTls(): { end: StreamEnd; facts: TlsFacts } {
    throw new Failure('ENOTSUP', 'TLS at the host needs wait: "jspi" or "worker"')
  }

  stop(): void {}

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** A stream socket with the options that the guest has set so far, bound to an address if there is one. */
const stream = (family: Family, options: Options, bound: Address | undefined): SocketHandle => {
  const handle = sockets.open(family, 'stream')
  try {
    for (const [name, value] of options) applyOption(handle, name, value)
    const reuseAddress = options.get('SO_REUSEADDR') === 1
    if (bound) {
      const address = toSystem(bound)
      if (address instanceof UnixAddress && address.pathname !== undefined)
        bindToFile(handle, address, address.pathname)
      else sockets.bind(handle, address, { reuseAddress })
    }
    return handle
  } catch (error) {
    handle.close()
    throw error
  }
}
