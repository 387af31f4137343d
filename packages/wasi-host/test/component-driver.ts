/** A component that does what the test says: an export for each function of the host. */
import assert from 'node:assert/strict'
import { onTestFinished } from 'vitest'
import { WasiHost, type WasiHostOptions } from '../src/index.ts'
import { buildComponent } from './builder/component.ts'
import { Driven } from './driver.ts'

const WOULD_BLOCK = 8

/** Where results are written, bytes are put, and a list of pollables is. */
export const RET = 64
export const BUFFER = 4096
export const LIST = 1024

export const loopback = (port: number): number[] => [0, port, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0]

export class Component extends Driven {
  async u8(at: number): Promise<number> {
    return (await this.guest.read(at, 1))[0]!
  }

  /** Calls a function whose result is written; returns the error, or undefined. */
  async attempt(name: string, ...args: (number | bigint)[]): Promise<number | undefined> {
    await this.guest.write(RET, new Uint8Array(64))
    await this.guest.call(name, ...args, RET)
    if ((await this.u8(RET)) === 0) return undefined
    return this.u8(RET + (this.payloads[name] ?? 1))
  }

  /** Where the payload of a result is, by the function: 1 unless it is something else. */
  readonly payloads: Readonly<Record<string, number>> = {
    'tcp-create-socket.create-tcp-socket': 4,
    'udp-create-socket.create-udp-socket': 4,
    'tcp-socket.finish-connect': 4,
    'tcp-socket.accept': 4,
    'tcp-socket.local-address': 4,
    'udp-socket.local-address': 4,
    'udp-socket.stream': 4,
    'ip-name-lookup.resolve-addresses': 4,
    'input-stream.read': 4,
    'input-stream.blocking-read': 4,
    'output-stream.check-write': 8,
    'output-stream.blocking-write-and-flush': 4,
    'outgoing-datagram-stream.send': 8,
    'incoming-datagram-stream.receive': 4,
  }

  async expectOk(name: string, ...args: (number | bigint)[]): Promise<void> {
    assert.deepEqual([name, await this.attempt(name, ...args)], [name, undefined])
  }

  async create(kind: 'tcp' | 'udp', family = 0): Promise<number> {
    await this.expectOk(`${kind}-create-socket.create-${kind}-socket`, family)
    return this.u32(RET + 4)
  }

  async network(): Promise<number> {
    return Number(await this.guest.call('instance-network.instance-network'))
  }

  /** Waits for what a function returns a pollable of. */
  async waitFor(subscribe: string, self: number): Promise<void> {
    const pollable = Number(await this.guest.call(subscribe, self))
    await this.guest.call('pollable.block', pollable)
    await this.guest.call('drop.pollable', pollable)
  }

  /** Connects, and returns the socket and its streams. */
  async connect(port: number): Promise<[socket: number, input: number, output: number]> {
    const socket = await this.create('tcp')
    await this.expectOk('tcp-socket.start-connect', socket, await this.network(), ...loopback(port))
    for (;;) {
      const error = await this.attempt('tcp-socket.finish-connect', socket)
      if (error === undefined) return [socket, await this.u32(RET + 4), await this.u32(RET + 8)]
      assert.equal(error, WOULD_BLOCK)
      await this.waitFor('tcp-socket.subscribe', socket)
    }
  }

  async write(output: number, words: string): Promise<void> {
    const length = await this.put(BUFFER, words)
    await this.expectOk('output-stream.blocking-write-and-flush', output, BUFFER, length)
  }

  async read(input: number): Promise<string> {
    const error = await this.attempt('input-stream.blocking-read', input, 1000n)
    if (error !== undefined) return error === 1 ? 'closed' : 'failed'
    return this.text(await this.u32(RET + 4), await this.u32(RET + 8))
  }
}

/** Starts a component that is closed after the test. */
export const startComponent = async (options: WasiHostOptions = {}): Promise<Component> => {
  const guest = await new WasiHost({ stdin: 'ignore', ...options }).instantiate(buildComponent())
  onTestFinished(() => guest.close())
  return new Component(guest)
}
