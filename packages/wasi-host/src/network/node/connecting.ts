/** NodeConnecting: a connect that is under way, over Node's sockets. */
import type { Duplex } from 'node:stream'
import type { Address } from '../address.ts'
import { NOT_YET } from '../../outcome/sync-promise.ts'
import type { Connecting, OptionName, Options } from '../network.ts'
import type { ReadBuffer } from './read-buffer.ts'
import { Signal } from './signal.ts'
import { NodeStreamEnd } from './stream-end.ts'

/** A connection that Node is making. */
export class NodeConnecting implements Connecting {
  readonly signal: Signal = new Signal()
  readonly local: Address | undefined
  readonly #abort = new AbortController()
  #end: NodeStreamEnd | undefined
  #failure: { readonly error: unknown } | undefined
  #closed = false

  constructor(
    begin: (signal: AbortSignal) => Promise<Duplex>,
    about: { local: Address | undefined; peer: Address | undefined; inlet: ReadBuffer | undefined },
    options: Options,
    owner: (end: NodeStreamEnd) => void,
  ) {
    this.local = about.local
    void this.#begin(begin(this.#abort.signal), about, options, owner)
  }

  async #begin(
    connection: Promise<Duplex>,
    { peer, inlet }: { peer: Address | undefined; inlet: ReadBuffer | undefined },
    options: Options,
    owner: (end: NodeStreamEnd) => void,
  ): Promise<void> {
    try {
      const end = NodeStreamEnd.of(await connection, { peer, inlet })
      if (this.#closed) return end.destroy()
      for (const [name, value] of options) end.setOption(name, value)
      owner(end)
      this.#end = end
    } catch (error) {
      this.#failure = { error }
    }
    this.signal.notify()
  }

  result(): NodeStreamEnd | typeof NOT_YET {
    if (this.#failure) throw this.#failure.error
    return this.#end ?? NOT_YET
  }

  readable(): boolean {
    return this.#failure !== undefined
  }

  writable(): boolean {
    return this.#end !== undefined || this.#failure !== undefined
  }

  available(): number {
    return 0
  }

  hungUp(): boolean {
    return this.#failure !== undefined
  }

  setOption(_name: OptionName, _value: number): boolean {
    return false
  }

  close(): void {
    this.#closed = true
    this.#end?.close()
    this.#abort.abort()
  }
}
