/** Frames as unixevents writes them: the text of one JSON object, then `;;`. No Node in here. */
import { encodePayload } from './payload.ts'

/** Who wrote a frame: `s-` the server, `c-` a client. Each listens for the other's. */
export type Prefix = 's-' | 'c-'

/** How many event names a writer remembers the JSON text of. */
const REMEMBERED_NAMES = 1024

/** No `;;` can come of putting the parts together: each begins and ends with another character. */
const escape = (json: string): string =>
  json.includes(';;') ? json.replaceAll(';;', String.raw`;\u003b`) : json

/** Writes the frames of one end. */
export class FrameEncoder {
  readonly #prefix: Prefix
  readonly #heads = new Map<string, string>()

  constructor(prefix: Prefix) {
    this.#prefix = prefix
  }

  /**
   * The text of one frame.
   *
   * Old readers end a frame at any `;;`, also inside a string. So the second semicolon is written as the escape
   * \u003b, which every JSON reader turns back; only strings can hold semicolons in JSON text.
   *
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE` for a payload that JSON cannot hold.
   */
  encode(event: string, payload: unknown): string {
    return `${this.#head(event)}${escape(encodePayload(payload))}};;`
  }

  #head(event: string): string {
    const known = this.#heads.get(event)
    if (known !== undefined) return known
    const head = `{"event":${escape(JSON.stringify(this.#prefix + event))},"payload":`
    if (this.#heads.size >= REMEMBERED_NAMES) this.#heads.clear()
    this.#heads.set(event, head)
    return head
  }
}
