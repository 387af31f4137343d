/**
 * AF_UNIX on Windows for a whole program, without a change to it or to its dependencies:
 *
 * ```sh
 * node --import @uds/stream/net/register app.js
 * ```
 *
 * From then on every `net.Socket` and `net.Server` of the process takes a path for AF_UNIX: those of `node:http`,
 * `node:https`, `node:http2`, `node:tls` and `node:cluster`, of undici (`socketPath`) and of drivers (ioredis with `path`).
 * `\\.\pipe\name` stays a named pipe. On Linux and macOS it does nothing, as node:net has AF_UNIX there. It is for
 * programs, never for libraries: it changes Node's classes. Differences on Windows: see `@uds/stream/net`.
 *
 * @packageDocumentation
 */
import net from 'node:net'
import { system } from '@uds/winsock-ffi/internal'
import { connectOr } from './connect.ts'
import { listenOr } from './listen.ts'
import { serverPrototype } from './unix-net.ts'

if (system === 'win32') {
  net.Socket.prototype.connect = connectOr(net.Socket.prototype.connect)
  serverPrototype._listen2 = listenOr(serverPrototype._listen2)
}
