/**
 * unixNet: `net` in which a path is AF_UNIX, made of Node's classes. Windows needs it; it works on every system, and its
 * tests run on all of them.
 */
import net from 'node:net'
import { optionsOf } from './arguments.ts'
import { connectOr } from './connect.ts'
import { listenOr, type ServerPrototype } from './listen.ts'

/** Node's own `_listen2`, which its types leave out. */
export const serverPrototype: ServerPrototype = net.Server.prototype as unknown as ServerPrototype

/** Old programs call Node's classes without `new`, and inherit by `net.Socket.call(this)`: these allow the same. */
type Callable<T extends new (...args: never[]) => object> = T &
  ((...args: ConstructorParameters<T>) => InstanceType<T>)

const derive = <T extends new (...args: never[]) => object>(
  base: T,
  methods: Readonly<Record<string, unknown>>,
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
  // Sockets that Node makes itself, such as those that a server accepts, are of the base class.
  Object.defineProperty(derived, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      if (this === derived) return value instanceof base
      return Reflect.apply(Function.prototype[Symbol.hasInstance], this, [value])
    },
  })
  return derived as unknown as Callable<T>
}

const Socket: Callable<typeof net.Socket> = derive(net.Socket, {
  connect: connectOr(net.Socket.prototype.connect),
})
const Server: Callable<typeof net.Server> = derive(net.Server, {
  _listen2: listenOr(serverPrototype._listen2),
})

// Functions, as in node:net, which allows `new net.connect(path)`.
function connect(...args: unknown[]): net.Socket {
  const options = optionsOf<net.SocketConstructorOpts & { timeout: number }>(args)
  const socket = new Socket(options)
  if (options.timeout) socket.setTimeout(options.timeout)
  return Reflect.apply(socket.connect, socket, args) as net.Socket
}

function createServer(...args: ConstructorParameters<typeof net.Server>): net.Server {
  return new Server(...args)
}

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
  connect,
  createConnection: connect,
  createServer: createServer as typeof net.createServer,
}
