/** Connection: one connection of a client, from the first eight bytes to its end. */
import { asError, RemoteError, toWire } from '../errors/remote-error.ts'
import { FrameType } from '../wire/frame-types.ts'
import type { Carrier, Opener } from './carriers.ts'
import { EventsError, errorIn } from './errors.ts'
import { FrameReader, FrameWriter, type Payload, PREAMBLE, type ReadFrame, textOf } from './frames.ts'
import type { Settings } from './options.ts'

/** What a server says of itself: PROTOCOL.md H2. */
export interface Welcome {
  readonly resumed: boolean
  readonly base: number
  readonly next: number
  readonly maxFrame: number
  readonly keepAliveMs: number
  readonly name?: string | undefined
  readonly knows: readonly string[]
}

/** What a connection calls. */
export interface ConnectionEvents {
  readonly hello: () => object
  welcomed(welcome: Welcome): void
  /** A frame behind the handshake. What it throws ends the connection. A promise holds the reader, where it can be held. */
  frame(frame: ReadFrame): void
  /** Before what was gathered is written. */
  flushing(): void
  /** Room again, after more than the high-water mark was on its way. */
  drained(): void
  closed(reason: Error | undefined): void
}

/** Frames of the handshake may not be longer. */
const HANDSHAKE_LIMIT = 64 * 1024
/** Gathered bytes are written when there are so many. */
const FLUSH_AT = 64 * 1024
/** How often a carrier that is full is looked at: none of them says when it has room. */
const LOOK_MS = 4
const SILENT = 3

export class Connection {
  peerMaxFrame: number = HANDSHAKE_LIMIT
  peerKnows: readonly string[] = []
  readonly #settings: Settings
  readonly #events: ConnectionEvents
  readonly #carrier: Carrier
  readonly #reader: FrameReader
  readonly #writer = new FrameWriter()
  readonly #names = new Map<number, string>()
  readonly #announced = new Set<number>()
  readonly #timer: ReturnType<typeof setTimeout>
  #keepAlive: ReturnType<typeof setInterval> | undefined
  #looking: ReturnType<typeof setInterval> | undefined
  #scheduled = false
  #welcomed = false
  #over = false
  #heard = false
  #wrote = false
  #goodbye: Error | undefined

  constructor(open: Opener, settings: Settings, events: ConnectionEvents) {
    this.#settings = settings
    this.#events = events
    this.#reader = new FrameReader((frame) => this.#take(frame), HANDSHAKE_LIMIT)
    this.#timer = setTimeout(
      () => {
        this.fail(new EventsError('ETIMEDOUT', `not connected within ${settings.timeoutMs} ms`))
      },
      Math.min(settings.timeoutMs, 2 ** 31 - 1),
    )
    this.#carrier = open({
      open: () => {
        this.#writer.raw(PREAMBLE)
        this.#writer.frame(FrameType.hello, 0, 0, -1, JSON.stringify(events.hello()))
        this.flush()
      },
      bytes: (bytes) => this.#read(bytes),
      closed: (reason) => this.#ended(reason),
    })
  }

  get waiting(): number {
    return this.#writer.size + this.#carrier.waiting
  }

  #read(bytes: Uint8Array): undefined {
    if (this.#over) return
    this.#heard = true
    try {
      this.#reader.push(bytes)
    } catch (error) {
      this.fail(asError(error))
    }
  }

  #take(frame: ReadFrame): void {
    if (this.#over) return
    const { type, flags, body } = frame
    if (type === FrameType.goodbye) {
      this.#goodbye = new RemoteError(errorIn(textOf(body, flags, 'ERR_PROTOCOL')))
      this.#end(undefined)
    } else if (!this.#welcomed) {
      if (type !== FrameType.welcome)
        throw new EventsError('ERR_PROTOCOL', `the first frame must be WELCOME, not type ${type}`)
      this.#begin(readWelcome(textOf(body, flags, 'ERR_PROTOCOL')))
    } else if (type === FrameType.name) this.#learn(frame)
    else if (type < FrameType.heartbeat) this.#events.frame(frame)
  }

  #begin(welcome: Welcome): void {
    clearTimeout(this.#timer)
    this.#welcomed = true
    this.#reader.limit = this.#settings.maxFrame
    this.peerMaxFrame = welcome.maxFrame
    this.peerKnows = welcome.knows
    const wishes = [this.#settings.keepAliveMs, welcome.keepAliveMs].filter((ms) => ms > 0)
    if (wishes.length > 0) this.#live(Math.min(...wishes))
    this.#events.welcomed(welcome)
  }

  /** PROTOCOL.md H5. */
  #live(intervalMs: number): void {
    let silent = 0
    this.#keepAlive = setInterval(() => {
      silent = this.#heard ? 0 : silent + 1
      this.#heard = false
      if (silent >= SILENT) {
        this.#end(
          new EventsError(
            'ERR_KEEPALIVE_TIMEOUT',
            `the other end said nothing for ${SILENT * intervalMs} ms`,
          ),
        )
        return
      }
      if (!this.#wrote) this.put(FrameType.heartbeat, 0, 0, '', -1)
      this.#wrote = false
    }, intervalMs)
  }

  #learn({ nameId, body, flags }: ReadFrame): void {
    const name = textOf(body, flags, 'ERR_INVALID_NAME')
    if (name === '' || body.length > 1024 || name.includes('\0'))
      throw new EventsError('ERR_INVALID_NAME', 'a name that is none')
    if (nameId < 1 || nameId > 4096) throw new EventsError('ERR_TOO_MANY_NAMES', `the name id ${nameId}`)
    this.#names.set(nameId, name)
  }

  /** The name that a frame is about. */
  nameOf({ nameId }: ReadFrame): string {
    const name = this.#names.get(nameId)
    if (name === undefined) throw new EventsError('ERR_PROTOCOL', `the name id ${nameId} was never defined`)
    return name
  }

  /** Gathers a frame; `nameId` 0: it has no name. Returns its bytes. Type 0 writes nothing, and flushes later. */
  put(
    type: number,
    flags: number,
    nameId: number,
    name: string,
    id: number,
    payload?: Payload | number,
  ): number {
    if (this.#over) return 0
    if (nameId > 0 && !this.#announced.has(nameId)) {
      this.#announced.add(nameId)
      this.#writer.frame(FrameType.name, 0, nameId, -1, name)
    }
    const size = type === 0 ? 0 : this.#writer.frame(type, flags, nameId, id, payload)
    if (this.#writer.size >= FLUSH_AT) this.flush()
    else if (!this.#scheduled) {
      this.#scheduled = true
      queueMicrotask(() => this.flush())
    }
    return size
  }

  /** Writes what was gathered. */
  flush(): void {
    this.#scheduled = false
    if (this.#over) return
    if (this.#welcomed) this.#events.flushing()
    if (this.#writer.size === 0) return
    this.#wrote = true
    this.#carrier.write(this.#writer.take())
    if (this.full && this.#looking === undefined) this.#looking = setInterval(() => this.#look(), LOOK_MS)
  }

  /** More than the high-water mark is on its way. */
  get full(): boolean {
    return this.waiting > this.#settings.highWaterMark
  }

  #look(): void {
    if (this.full) return
    clearInterval(this.#looking)
    this.#looking = undefined
    this.#events.drained()
  }

  /** Ends the connection because of an error, and sends it to the other end. */
  fail(reason: Error): void {
    if (this.#over) return
    const { code, message } = toWire(reason)
    if (this.#writer.size > 0 || this.#heard || this.#welcomed)
      this.#writer.frame(FrameType.goodbye, 0, 0, -1, JSON.stringify({ code, message }))
    if (this.#writer.size > 0) this.#carrier.write(this.#writer.take())
    this.#end(reason)
  }

  #end(reason: Error | undefined): void {
    if (this.#over) return
    this.#ended(reason)
    this.#carrier.close()
  }

  #ended(reason: Error | undefined): void {
    if (this.#over) return
    this.#over = true
    clearTimeout(this.#timer)
    clearInterval(this.#keepAlive)
    clearInterval(this.#looking)
    // The carrier may call before the constructor has returned.
    queueMicrotask(() => this.#events.closed(this.#goodbye ?? reason))
  }
}

const whole = (value: unknown, least: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least

/** @throws EventsError `ERR_PROTOCOL`, `ERR_UNSUPPORTED_OPTION` */
const readWelcome = (text: string): Welcome => {
  let from: Record<string, unknown>
  try {
    from = JSON.parse(text) as Record<string, unknown>
  } catch (cause) {
    throw new EventsError('ERR_PROTOCOL', 'the handshake is not JSON', cause)
  }
  const { resumed, base, next, maxFrame, keepAliveMs, name, knows, require = [] } = from
  if (
    typeof resumed !== 'boolean' ||
    !whole(base, 1) ||
    !whole(next, 1) ||
    !whole(maxFrame, 1024) ||
    !whole(keepAliveMs, 0)
  )
    throw new EventsError('ERR_PROTOCOL', 'a part of the welcome is missing or of the wrong kind')
  if (!Array.isArray(require) || require.some((option) => option !== 'defer' && option !== 'streamInput'))
    throw new EventsError('ERR_UNSUPPORTED_OPTION', `the server requires ${JSON.stringify(require)}`)
  const words = Array.isArray(knows) ? knows.filter((word): word is string => typeof word === 'string') : []
  return {
    resumed,
    base,
    next,
    maxFrame,
    keepAliveMs,
    name: typeof name === 'string' ? name : undefined,
    knows: words,
  }
}
