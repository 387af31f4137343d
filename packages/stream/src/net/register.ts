/**
 * Gives a whole program AF_UNIX on Windows without a change to it or to what it depends on:
 *
 * ```sh
 * node --import @uds/stream/net/register app.js
 * ```
 *
 * From then on every `net.Socket` and `net.Server` of the process, also those inside `node:http`, drivers of databases
 * and undici, takes a path for AF_UNIX; `\\.\pipe\name` stays a named pipe. On Linux and macOS it does nothing, as Node
 * does that by itself. It is for programs, never for libraries: it changes Node's own classes.
 *
 * @packageDocumentation
 */
import net from 'node:net'
import { system } from '@uds/winsock-ffi/internal'
import { connectOr, listenOr } from './methods.ts'

if (system === 'win32') {
  net.Socket.prototype.connect = connectOr(net.Socket.prototype.connect)
  net.Server.prototype.listen = listenOr(net.Server.prototype.listen)
}
