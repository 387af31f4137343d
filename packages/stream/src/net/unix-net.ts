/** `net` in which a path is AF_UNIX, made of Node's own classes. For Windows; elsewhere Node's own does it. */
import net from 'node:net'
import { optionsOf, connectPath } from './arguments.ts'
import { connectOr, listenOr } from './methods.ts'

/** Old programs call Node's classes without `new`, and inherit by `net.Socket.call(this)`: these allow the same. */
type Callable<T extends new (...args: never[]) => object> = T &
  ((...args: ConstructorParameters<T>) => InstanceType<T>)

const derive = <T extends new (...args: never[]) => object>(
  base: T,
  methods: Record<string, (this: InstanceType<T>, ...args: unknown[]) => unknown>,
): Callable<T> => {
  const derived = function (this: unknown, ...args: unknown[]): unknown {
    if (new.target) return Reflect.construct(base, args, new.target)
    if (!(this instanceof derived)) return Reflect.construct(base, args, derived)
    return Reflect.apply(base, this, args)
  }
  Object.defineProperty(derived, 'name', { value: base.name })
  Object.setPrototypeOf(derived, base)
  derived.prototype = Object.create(base.prototype as object, {
    constructor: { value: derived, writable: true, configurable: true },
  }) as object
  for (const [name, value] of Object.entries(methods))
    Object.defineProperty(derived.prototype, name, { value, writable: true, configurable: true })
  return derived as unknown as Callable<T>
}

const Socket: Callable<typeof net.Socket> = derive(net.Socket, {
  connect: connectOr(net.Socket.prototype.connect),
})
const Server: Callable<typeof net.Server> = derive(net.Server, {
  listen: listenOr(net.Server.prototype.listen),
})

const createConnection = (...args: unknown[]): net.Socket => {
  if (connectPath(args) === undefined)
    return (net.createConnection as unknown as (...args: unknown[]) => net.Socket)(...args)
  const options = optionsOf<net.SocketConstructorOpts & { timeout: number }>(args)
  const socket = new Socket(options)
  if (options.timeout) socket.setTimeout(options.timeout)
  return Reflect.apply(socket.connect, socket, args) as net.Socket
}

const createServer = (...args: ConstructorParameters<typeof net.Server>): net.Server => new Server(...args)

/** The parts of `net` that differ. */
export interface UnixNet {
  readonly Server: typeof net.Server
  readonly Socket: typeof net.Socket
  readonly connect: typeof net.connect
  readonly createConnection: typeof net.createConnection
  readonly createServer: typeof net.createServer
}

export const unixNet: UnixNet = {
  Server,
  Socket,
  connect: createConnection,
  createConnection,
  createServer: createServer as typeof net.createServer,
}
