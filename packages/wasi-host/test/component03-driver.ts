/** A component of 0.3 that does what the test says: an export for each function of the host, and for what its streams need. */
import assert from 'node:assert/strict'
import { onTestFinished } from 'vitest'
import { WasiHost, type WasiHostOptions } from '../src/index.ts'
import { buildComponent03 } from './builder/component03.ts'
import { Driven } from './driver.ts'

/** Where results are written, parameters are put, and bytes are. */
export const RET = 64
export const ARGS = 256
export const EVENT = 512
export const BUFFER = 4096

export const BLOCKED = -1
export const [COMPLETED, DROPPED, CANCELLED] = [0, 1, 2]
const RETURNED = 2

/** An event of something that can be waited for. */
export interface Event {
  readonly code: number
  readonly index: number
  readonly payload: number
}

/** The bytes of an `ip-socket-address` of 127.0.0.1 in memory. */
export const loopbackBytes = (port: number): readonly number[] => {
  const bytes = new Uint8Array(32)
  bytes.set([port & 255, port >> 8, 127, 0, 0, 1], 4)
  return [...bytes]
}

export const loopback = (port: number): number[] => [0, port, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0]

export class Component03 extends Driven {
  async u8(at: number): Promise<number> {
    return (await this.guest.read(at, 1))[0]!
  }

  /** Calls a function whose `result` is written: returns the case of the error, or undefined. */
  async attempt(name: string, ...args: (number | bigint)[]): Promise<number | undefined> {
    await this.guest.write(RET, new Uint8Array(64))
    await this.guest.call(name, ...args, RET)
    return this.error()
  }

  /** The case of the error in a result at RET; the payload begins at 4, or at 8 where it is 64 bits. */
  async error(payload = 4): Promise<number | undefined> {
    return (await this.u8(RET)) === 0 ? undefined : this.u8(RET + payload)
  }

  async expectOk(name: string, ...args: (number | bigint)[]): Promise<void> {
    assert.deepEqual([name, await this.attempt(name, ...args)], [name, undefined])
  }

  async create(kind: 'tcp' | 'udp', family = 0): Promise<number> {
    await this.expectOk(`${kind}-socket.create`, family)
    return this.u32(RET + 4)
  }

  /** Waits for the next event of something, in a set of its own. */
  async event(waitable: number): Promise<Event> {
    const set = await this.call('waitable-set-new')
    await this.call('waitable-join', waitable, set)
    let code = await this.call('waitable-set-poll', set, EVENT)
    while (code === 0) {
      await new Promise((resolve) => setImmediate(resolve))
      code = await this.call('waitable-set-poll', set, EVENT)
    }
    await this.call('waitable-join', waitable, 0)
    await this.call('waitable-set-drop', set)
    return { code, index: await this.u32(EVENT), payload: await this.u32(EVENT + 4) }
  }

  /** Calls an async function, and waits until it has returned. */
  async subtask(name: string, ...args: (number | bigint)[]): Promise<void> {
    await this.guest.write(RET, new Uint8Array(64))
    const packed = await this.call(`async.${name}`, ...args)
    if (packed === RETURNED) return
    assert.equal(packed & 15, 1)
    const { payload } = await this.event(packed >>> 4)
    assert.equal(payload, RETURNED)
    await this.call('subtask-drop', packed >>> 4)
  }

  /** The parameters of `connect` and its like, in memory: a handle and an address. */
  async connectArgs(socket: number, port: number): Promise<void> {
    await this.words(ARGS, socket)
    await this.put(ARGS + 4, loopbackBytes(port))
  }

  /** Connects; returns the case of the error, or undefined. */
  async connect(socket: number, port: number): Promise<number | undefined> {
    await this.connectArgs(socket, port)
    await this.subtask('tcp-socket.connect', ARGS, RET)
    return this.error()
  }

  /** What a copy came to, waiting for its event. */
  async copy(name: string, end: number, ...args: number[]): Promise<{ result: number; count: number }> {
    const now = await this.call(name, end, ...args)
    const packed = now === BLOCKED ? (await this.event(end)).payload : now
    return { result: packed & 15, count: packed >>> 4 }
  }

  /** A pair of ends. */
  async pair(name: string): Promise<[readable: number, writable: number]> {
    const both = (await this.guest.call(name)) as bigint
    return [Number(both & 0xffff_ffffn), Number(BigInt.asUintN(64, both) >> 32n)]
  }

  /** Begins to send: returns the end to write to, and the future. */
  async sender(socket: number): Promise<[writable: number, future: number]> {
    const [readable, writable] = await this.pair('stream-new.tcp-socket.send')
    return [writable, await this.call('tcp-socket.send', socket, readable)]
  }

  async receiver(socket: number): Promise<[readable: number, future: number]> {
    await this.guest.call('tcp-socket.receive', socket, RET)
    return [await this.u32(RET), await this.u32(RET + 4)]
  }

  async write(writable: number, words: string): Promise<{ result: number; count: number }> {
    return this.copy('stream-write.tcp-socket.send', writable, BUFFER, await this.put(BUFFER, words))
  }

  /** Reads once: the text, or how it ended. */
  async read(readable: number): Promise<string | number> {
    const { result, count } = await this.copy('stream-read.tcp-socket.send', readable, BUFFER, 1000)
    return result === COMPLETED ? this.text(BUFFER, count) : result
  }

  /** What a future of a socket says: the case of the error, or undefined. */
  async outcome(future: number): Promise<number | undefined> {
    await this.guest.write(RET, new Uint8Array(64))
    const { result } = await this.copy('future-read.tcp-socket.send', future, RET)
    assert.equal(result, COMPLETED)
    return this.error()
  }
}

/** Starts a component that is closed after the test. */
export const startComponent03 = async (
  options: WasiHostOptions = {},
  component: Uint8Array = buildComponent03(),
): Promise<Component03> => {
  const guest = await new WasiHost({ stdin: 'ignore', ...options }).instantiate(component)
  onTestFinished(() => guest.close())
  return new Component03(guest)
}
