/** NodeNetwork: the network over Node's classes. */
import type { Duplex } from 'node:stream'
import type { Address, Family } from '../address.ts'
import { after, SyncPromise, type Outcome } from '../../outcome/sync-promise.ts'
import type { Resolver } from '../resolver.ts'
import type {
  Connecting,
  ConnectOptions,
  DatagramEnd,
  End,
  Interest,
  ListenEnd,
  Network,
  Options,
  StreamEnd,
  TlsFacts,
  TlsSettings,
} from '../network.ts'
import type { StreamMaker, Target } from '../target.ts'
import { NodeConnecting } from './connecting.ts'
import { NodeDatagramEnd } from './datagram-end.ts'
import { dial, listenNow, listenTo, memoryPair } from './dial.ts'
import { ReadBuffer } from './read-buffer.ts'
import { NodeListenEnd } from './listen-end.ts'
import { NodeStreamEnd } from './stream-end.ts'
import { handshake, tlsTo } from './tls.ts'
import { NodeUnixDatagramEnd } from './unix-datagram-end.ts'
import { PollWait } from './poll-wait.ts'

type NodeEnd = NodeStreamEnd | NodeConnecting | NodeListenEnd | NodeDatagramEnd | NodeUnixDatagramEnd

/** Sockets over Node's own loop: waiting is a promise, and this thread goes on. */
export class NodeNetwork implements Network {
  readonly #resolver: Resolver
  readonly #makers: readonly StreamMaker[]
  readonly #bindsNow: boolean
  readonly #ends = new Set<NodeEnd>()
  readonly #waits = new Set<PollWait>()
  /** Rejects what the system does for the guest in the background. */
  readonly #tasks = new Set<(reason: unknown) => void>()
  #stopped: { readonly reason: unknown } | undefined

  /** @param bindsNow - Binds in the turn of the call, for a guest that cannot be suspended. */
  constructor(
    resolver: Resolver,
    makers: readonly StreamMaker[],
    { bindsNow = false }: { readonly bindsNow?: boolean } = {},
  ) {
    this.#resolver = resolver
    this.#makers = makers
    this.#bindsNow = bindsNow
  }

  wait(interests: readonly Interest[], timeoutMs: number): SyncPromise<void> {
    if (!this.#stopped) return new PollWait(interests, timeoutMs, this.#waits).over
    const stopped = new SyncPromise<void>()
    stopped.reject(this.#stopped.reason)
    return stopped
  }

  subscribe(end: End, callback: () => void): () => void {
    const { signal } = end as NodeEnd
    const waiter = { look: callback }
    signal.on(waiter)
    return () => signal.off(waiter)
  }

  /**
   * Ends with the guest, also while the system goes on with it.
   *
   * @param discard - Closes a result that is too late.
   */
  #stoppable<T>(promise: Promise<T>, discard: (value: T) => void = () => {}): SyncPromise<T> {
    return SyncPromise.of(
      new Promise<T>((resolve, reject) => {
        let stopped = false
        const stop = (reason: unknown): void => {
          stopped = true
          reject(reason)
        }
        if (this.#stopped) stop(this.#stopped.reason)
        const leave = (): void => void this.#tasks.delete(stop)
        this.#tasks.add(stop)
        promise.then((value) => (stopped ? discard(value) : resolve(value)), reject).finally(leave)
      }),
    )
  }

  resolve(host: string): SyncPromise<readonly string[]> {
    return this.#stoppable(this.#resolver.resolve(host))
  }

  /** Takes charge of an end that was made elsewhere: standard input, a connection that is handed over. */
  track(end: NodeEnd): void {
    for (const each of this.#ends) if (each instanceof NodeStreamEnd && each.isGone()) this.#ends.delete(each)
    this.#ends.add(end)
  }

  connect(target: Target, { from, options }: ConnectOptions): Connecting {
    const peer: Address | undefined =
      target.kind === 'unix' ? { family: 'unix', path: target.path } : undefined
    // Those are sockets of the system; the others may be any stream.
    const inlet = target.kind === 'ip' || target.kind === 'unix' ? new ReadBuffer() : undefined
    return new NodeConnecting(
      (signal) => this.#open(target, from, signal, inlet),
      { local: from, peer, inlet },
      options,
      (end) => this.track(end),
    )
  }

  /** Opens a stream of the host's own for the guest: that of a request of HTTP. */
  open(target: Target, signal: AbortSignal): Promise<Duplex> {
    return this.#stoppable(this.#open(target, undefined, signal, undefined)).promise()
  }

  #open(
    target: Target,
    from: Address | undefined,
    signal: AbortSignal,
    inlet: ReadBuffer | undefined,
  ): Promise<Duplex> {
    if (target.kind === 'duplex') return Promise.resolve(this.#makers[target.make]!())
    const lookup = this.#resolver.lookup
    if (target.kind === 'tls') return tlsTo(target, lookup, signal)
    const local = from !== undefined && from.family !== 'unix' ? from : undefined
    return dial(target, { signal, lookup, local, inlet })
  }

  bind(target: Target, family: Family, options: Options): Outcome<ListenEnd> {
    const ipv6Only = family === 'inet6' && options.get('IPV6_V6ONLY') === 1
    const peer = target.kind === 'ip' ? undefined : ({ family: 'unix', path: '' } as const)
    const listening = this.#bindsNow ? listenNow(target, { ipv6Only }) : undefined
    return after(
      listening ?? this.#stoppable(listenTo(target, { ipv6Only }), ({ close }) => close()),
      (found) => {
        const end = new NodeListenEnd(found, peer, (stream) => this.track(stream))
        this.#ends.add(end)
        return end
      },
    )
  }

  datagram(family: Family, options: Options): DatagramEnd {
    const end = family === 'unix' ? new NodeUnixDatagramEnd() : new NodeDatagramEnd(family, options)
    this.#ends.add(end)
    return end
  }

  pair(): SyncPromise<readonly [StreamEnd, StreamEnd]> {
    return this.#stoppable(memoryPair()).follow(([one, other]) => {
      const ends = [NodeStreamEnd.of(one), NodeStreamEnd.of(other)] as const
      for (const end of ends) this.track(end)
      return ends
    })
  }

  startTls(
    end: StreamEnd,
    settings: TlsSettings,
    timeoutMs: number,
  ): SyncPromise<{ end: StreamEnd; facts: TlsFacts }> {
    const { local, peer } = end
    const begun = async (): ReturnType<typeof handshake> =>
      handshake((end as NodeStreamEnd).detach(), settings, timeoutMs)
    return this.#stoppable(begun()).follow(({ socket, facts }) => {
      const secured = NodeStreamEnd.of(socket, { local, peer })
      this.track(secured)
      return { end: secured, facts }
    })
  }

  stop(reason: unknown): void {
    this.#stopped ??= { reason }
    // A wait that stops leaves the set, which a Set allows during the loop.
    for (const wait of this.#waits) wait.stop(reason)
    for (const giveUp of this.#tasks) giveUp(reason)
  }

  async close(lingerMs: number): Promise<void> {
    const streams: NodeStreamEnd[] = []
    for (const end of this.#ends) {
      end.close()
      if (end instanceof NodeStreamEnd) streams.push(end)
    }
    await sentOrStuck(streams, lingerMs)
    for (const stream of streams) stream.destroy()
    this.#ends.clear()
  }
}

/** Done when all has gone out, or nothing has for so long. */
const sentOrStuck = async (streams: readonly NodeStreamEnd[], stuckMs: number): Promise<void> => {
  const unsent = (): number => streams.reduce((sum, each) => sum + each.unsent, 0)
  const sent = Promise.all(streams.map((each) => each.closed())).then(() => true)
  for (let left = Infinity; ;) {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), stuckMs)
    })
    const done = await Promise.race([sent, late])
    clearTimeout(timer)
    const now = unsent()
    if (done || stuckMs === 0 || now >= left) return
    left = now
  }
}
