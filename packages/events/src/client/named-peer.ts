/** NamedPeer: another client of the same server, asked through the server. */
import { sealEnvelope } from '../channel/envelope.ts'
import {
  type ParsedCall,
  request,
  requestStream,
  splitRequest,
  splitStream,
} from '../channel/request-arguments.ts'
import type { Channel } from '../channel/channel.ts'
import { asError } from '../errors/errors.ts'
import type {
  CallArguments,
  ClientRequests,
  Item,
  Reply,
  RequestName,
  RequestOptions,
  StreamName,
  StreamOptions,
} from '../map.ts'
import { ASK, ASK_STREAM } from '../names.ts'

/** Another client of the same server, by its name. Whether it may be asked, the server's `forwardable` decides. */
export class NamedPeer<M extends object> {
  readonly name: string
  readonly #channel: Channel
  readonly #timeoutMs: number

  /** @internal */
  constructor(name: string, channel: Channel, timeoutMs: number) {
    this.name = name
    this.#channel = channel
    this.#timeoutMs = timeoutMs
  }

  #sealed(name: string, { input, options }: ParsedCall): [Buffer, object] {
    return [sealEnvelope(this.#channel.codec, [this.name, name], input), options]
  }

  /**
   * Asks the client of this name; see `EventClient.request`. Of several clients of one name, the one that has it longest.
   *
   * @throws RemoteError what its handler threw; `ERR_NO_PEER` when nobody has the name, `ERR_UNAUTHORIZED` when the server
   *   does not allow it
   */
  request<N extends RequestName<ClientRequests<M>>>(
    name: N,
    ...rest: CallArguments<ClientRequests<M>[N], RequestOptions>
  ): Promise<Reply<ClientRequests<M>[N]>> {
    let sealed: [Buffer, object]
    try {
      sealed = this.#sealed(name, splitRequest(rest))
    } catch (error) {
      return Promise.reject(asError(error))
    }
    const reply = request(this.#channel.requester, ASK, sealed, this.#timeoutMs)
    return reply as Promise<Reply<ClientRequests<M>[N]>>
  }

  /** Asks it for a stream of replies; see `EventClient.stream`. */
  stream<N extends StreamName<ClientRequests<M>>>(
    name: N,
    ...rest: CallArguments<ClientRequests<M>[N], StreamOptions>
  ): AsyncIterableIterator<Item<ClientRequests<M>[N]>, undefined, undefined> & AsyncDisposable {
    const sealed = this.#sealed(name, splitStream(rest))
    const items = requestStream(this.#channel.requester, ASK_STREAM, sealed, this.#timeoutMs)
    return items as AsyncIterableIterator<Item<ClientRequests<M>[N]>, undefined, undefined> & AsyncDisposable
  }
}
