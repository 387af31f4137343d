/** The requests that this package makes of its servers: rooms, who is there, and requests for other clients. */
import { openEnvelope } from '../channel/envelope.ts'
import { request, requestStream } from '../channel/request-arguments.ts'
import { asError, failure } from '../errors/errors.ts'
import type { RequestContext } from '../handlers/handler.ts'
import type { HandlerRegistry } from '../handlers/registry.ts'
import { ASK, ASK_STREAM, checkName, JOIN, LEAVE, OWN_NAMES, PEERS, REPORT } from '../names.ts'
import type { ServerOptions } from './options.ts'
import type { ServerPeer } from './peer.ts'
import type { PeerNames } from './peer-names.ts'
import { RoomMoves } from './room-moves.ts'

/** Who may do what, and whom a server knows. */
export interface OwnRequestContext<M extends object> {
  readonly options: Pick<ServerOptions<M>, 'joinable' | 'visible' | 'forwardable'>
  readonly handlers: HandlerRegistry
  readonly names: PeerNames<ServerPeer<M>>
  /** How the server is, for a client that may see it. */
  report(peer: ServerPeer<M>): unknown
}

type Asker<M extends object> = RequestContext<ServerPeer<M>>

/** A text, also of a codec that knows bytes only. */
const textOf = (value: unknown): unknown =>
  value instanceof Uint8Array ? Buffer.from(value).toString() : value

/** Adds the handlers of these requests to those of a server. */
export const handleOwnRequests = <M extends object>({
  options,
  handlers,
  names,
  report,
}: OwnRequestContext<M>): void => {
  /** True where the program says exactly that; what it throws is reported, and a refusal. */
  const may = async (peer: ServerPeer<M>, ask: () => unknown): Promise<boolean> => {
    try {
      return (await ask()) === true
    } catch (error) {
      handlers.report(asError(error), peer)
      return false
    }
  }
  const moves = new RoomMoves<ServerPeer<M>>()
  handlers.handle(JOIN, async (input: unknown, { peer }: Asker<M>) => {
    const room = textOf(input)
    checkName('join', room)
    await moves.make(peer, room as string, async () => {
      if (!(await may(peer, () => options.joinable?.(peer, room as string))))
        throw failure('join', 'ERR_UNAUTHORIZED', `this client may not join '${String(room)}'`)
      peer.join(room as string)
    })
  })
  handlers.handle(LEAVE, (input: unknown, { peer }: Asker<M>) => {
    const room = textOf(input)
    checkName('leave', room)
    return moves.make(peer, room as string, () => peer.leave(room as string))
  })

  handlers.handle(REPORT, (_input: unknown, { peer }: Asker<M>) => report(peer))

  const { visible, forwardable } = options
  handlers.handle(PEERS, (_input: unknown, { peer, signal }: Asker<M>) => {
    if (visible === undefined)
      throw failure(
        'watchPeers',
        'ERR_UNAUTHORIZED',
        'the server shows nobody: its option visible is not set',
      )
    const maySee = (other: ServerPeer<M>): boolean => {
      try {
        // A promise would be true, too.
        const answer: unknown = visible(peer, other)
        return answer === true
      } catch (error) {
        handlers.report(asError(error), peer)
        return false
      }
    }
    return encoded(names.changes(maySee, signal))
  })

  const forward = async (
    payload: unknown,
    { peer, signal }: Asker<M>,
  ): Promise<{ target: ServerPeer<M>; name: string; rest: [data: unknown, options: object] }> => {
    const { about, data } = openEnvelope(peer.channel.codec, peer.channel.limits, payload)
    const [to, name] = about
    checkName('request', to)
    checkName('request', name)
    const target = names.get(to as string)
    const allowed =
      !(name as string).startsWith(OWN_NAMES) &&
      target !== undefined &&
      (await may(peer, () => forwardable?.(peer, target, name as string)))
    if (forwardable !== undefined && target === undefined)
      throw failure('request', 'ERR_NO_PEER', `nobody is connected as '${String(to)}'`)
    if (!allowed || target === undefined)
      throw failure(
        'request',
        'ERR_UNAUTHORIZED',
        `this client may not ask '${String(to)}' for '${String(name)}'`,
      )
    // The caller's time limit counts: its end is a cancellation here.
    return { target, name: name as string, rest: [data, { timeoutMs: null, signal }] }
  }
  handlers.handle(ASK, async (payload: unknown, context: Asker<M>) => {
    const { target, name, rest } = await forward(payload, context)
    return await request(target.channel.requester, name, rest, Infinity)
  })
  handlers.handle(ASK_STREAM, async (payload: unknown, context: Asker<M>) => {
    const { target, name, rest } = await forward(payload, context)
    return requestStream(target.channel.requester, name, rest, Infinity)
  })
}

/** Bytes, which every codec carries. */
async function* encoded(items: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  for await (const item of items) yield Buffer.from(JSON.stringify(item))
}
