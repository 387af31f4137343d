/** `connect` and `listen` that take an AF_UNIX path themselves, and leave everything else to Node's. */
import type net from 'node:net'
import { callbackOf, connectPath, listenPath, listOf, optionsOf } from './arguments.ts'
import { connectUnix } from './connect.ts'
import { listenUnix } from './listen.ts'

type Connect = (this: net.Socket, ...args: unknown[]) => net.Socket
type Listen = (this: net.Server, ...args: unknown[]) => net.Server

export const connectOr = (original: net.Socket['connect']): Connect =>
  function connect(...args) {
    const path = connectPath(args)
    if (path === undefined) return Reflect.apply(original, this, args)
    const callback = callbackOf(args)
    connectUnix(this, path)
    if (callback) this.once('connect', callback)
    return this
  }

export const listenOr = (original: net.Server['listen']): Listen =>
  function listen(...args) {
    const path = listenPath(args)
    // A second listen is Node's to refuse.
    if (path === undefined || this.listening) return Reflect.apply(original, this, args)
    const { backlog, signal } = optionsOf<net.ListenOptions>(args)
    const callback = callbackOf(args)
    if (callback) this.once('listening', callback)
    const [, second] = listOf(args)
    listenUnix(this, path, backlog ?? (typeof second === 'number' ? second : undefined))
    signal?.addEventListener('abort', () => this.close(), { once: true })
    if (signal?.aborted) this.close()
    return this
  }
