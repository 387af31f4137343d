/** WinListener: bind, accept, close. */
import { checkOptions, SocketError } from '@uds/winsock-ffi'
import { integer, boolean } from '@uds/winsock-ffi/internal'
import { notSupported } from '../errors/errors.ts'
import { BlockingListener } from '../blocking/listener.ts'
import { SharedState } from '../threads/state.ts'
import { claimToken, type TransferToken } from '../threads/token.ts'
import { accept, applyChanges } from './win32/accept.ts'
import { createFirst, type InstanceSettings } from './win32/create.ts'
import { Instances, MOST_INSTANCES } from './win32/instances.ts'
import { sddlOf } from './win32/security.ts'
import { wakers } from './win32/wakers.ts'
import { addressOfPipe, checkedPipeName, WinPipeSocketAddr } from './address.ts'
import { PIPE_BIND_OPTIONS, readPipeOptions, type PipeBindOptions } from './bind-options.ts'
import { requireWindows } from './require-windows.ts'
import { WinStream } from './stream.ts'

/** An option of socket files, which a program for both kinds may set. */
const refuseTakeOver = (options: object, name: string): void => {
  if ((options as { takeOver?: unknown }).takeOver !== true) return
  throw new SocketError({
    code: 'ENOTSUP',
    syscall: 'bind',
    address: name,
    detail:
      'the server that made the first instance of a pipe has its name until it closes, so it cannot be taken over',
    advice: 'end that server first, or use a socket file (unix:PATH), which can',
  })
}

/**
 * A named pipe that clients can connect to, with an `accept` that waits: winpipe's `WinListener`. The name is claimed by
 * `bind`, and clients connect from then on. On Windows; elsewhere `ENOTSUP`.
 */
export class WinListener extends BlockingListener<WinStream> {
  declare readonly kind: 'WinListener'
  readonly #address: WinPipeSocketAddr
  readonly #instances: Instances

  /** Of no use outside this package: use `bind`, `fromTransfer`. */
  constructor(state: SharedState, address: WinPipeSocketAddr, instances: Instances) {
    super(state, 'WinListener', (closing) => {
      instances.closeAll()
      closing.dispose()
    })
    this.#address = address
    this.#instances = instances
  }

  /**
   * Claims a name and makes as many instances as the backlog says.
   *
   * @throws SocketError `EADDRINUSE` when a pipe of the name exists, `EADDRNOTAVAIL` for a name of another computer;
   *   TypeError for a name that no pipe can have.
   */
  static override bind(name: string, options: PipeBindOptions = {}): WinListener {
    return WinListener.bindAddr(WinPipeSocketAddr.fromPathname(name), options)
  }

  static bindAddr(address: WinPipeSocketAddr, options: PipeBindOptions = {}): WinListener {
    const name = checkedPipeName(address, 'bind')
    if (!address.isLocal()) {
      throw new SocketError({
        code: 'EADDRNOTAVAIL',
        syscall: 'bind',
        address: name,
        detail: 'a pipe can only be made on this computer',
        advice: 'begin the name with \\\\.\\pipe\\',
      })
    }
    refuseTakeOver(options, name)
    checkOptions(options, 'bind', PIPE_BIND_OPTIONS)
    const backlog = integer('bind', 'backlog', options.backlog ?? 8, 1, MOST_INSTANCES)
    const { bufferSize, rejectRemote, message, security, direction } = readPipeOptions(options)
    requireWindows('bind')
    const settings = { name, message, bufferSize, sddl: sddlOf(security), direction }
    const first = createFirst(settings, rejectRemote)
    const instances = Instances.create(first, backlog, rejectRemote, settings)
    try {
      instances.refill(0)
    } catch (error) {
      instances.closeAll()
      throw error
    }
    return new WinListener(SharedState.create(first, wakers), address, instances)
  }

  /** Makes a listener of a token in the thread that received it. */
  static fromTransfer(token: TransferToken): WinListener {
    const { memory, details } = claimToken(token, 'WinListener')
    const settings = details['settings'] as InstanceSettings
    return new WinListener(
      new SharedState(memory, wakers),
      addressOfPipe(settings.name),
      new Instances(details['instances'] as SharedArrayBuffer, settings),
    )
  }

  /** Sets whether clients on other computers are refused, as they are at first. It holds for clients that come later. */
  rejectRemote(on: boolean): void {
    const state = this.opened('rejectRemote')
    this.#instances.rejectRemote = boolean('rejectRemote', 'the choice', on)
    applyChanges(state, this.#instances)
  }

  /** The HANDLE of an instance that waits for a client now. It stays this object's, until a client has it. */
  override get rawHandle(): number {
    this.opened('rawHandle')
    return this.#instances.handles[0]!
  }

  /** A listener of pipes is as many handles as its backlog: there is no single one to hand over. @throws SocketError `ENOTSUP`. */
  override intoRawHandle(): never {
    this.opened('intoRawHandle')
    throw notSupported(
      'intoRawHandle',
      'a listener of pipes has a handle for every client that it waits for',
      'move it to a thread by transfer(), or accept and move the stream',
    )
  }

  override tryClone(): WinListener {
    return new WinListener(this.retained('tryClone'), this.#address, this.#instances)
  }

  override localAddr(): WinPipeSocketAddr {
    this.opened('localAddr')
    return this.#address
  }

  /** Nothing waits on a pipe: null. */
  override takeError(): null {
    this.opened('takeError')
    return null
  }

  protected override take(state: SharedState, timeoutMs: number | undefined): WinStream {
    const handle = accept(state, this.#instances, timeoutMs)
    const { message, direction = 'both' } = this.#instances.settings
    return WinStream.of(handle, this.#address, { server: true, message, direction })
  }

  protected override details(): Readonly<Record<string, unknown>> {
    return { settings: this.#instances.settings, instances: this.#instances.memory }
  }
}
