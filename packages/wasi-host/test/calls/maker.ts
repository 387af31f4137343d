import { equal } from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { errnoOf } from '../../src/outcome/errno.ts'
import type { Driven, Served } from '../driver.ts'
import type { State } from './table.ts'

/** Where the sockets of a test are made: apart from what the calls use. */
const MAKING = 12_000
const MADE = 12_100
const BIG = 20_000

/** Makes descriptors of any state, by the calls of uds_socket. */
export class Maker {
  readonly guest: Driven
  readonly server: Served

  /** Those who read nothing. */
  readonly #paused: Socket[] = []

  constructor(guest: Driven, server: Served) {
    this.guest = guest
    this.server = server
  }

  async #done(name: string, ...args: number[]): Promise<void> {
    equal(await this.guest.call(`uds_${name}`, ...args), 0, name)
  }

  /** Lets those go who read nothing: a guest that ends gives what it has sent seconds to go out. */
  release(): void {
    for (const peer of this.#paused) peer.destroy()
  }

  async open(type = 1): Promise<number> {
    await this.#done('sock_open', 2, type, MADE)
    return this.guest.u32(MADE)
  }

  /** Of the address that was read. */
  async #port(): Promise<number> {
    const address = await this.guest.guest.read(MAKING, 3)
    return (address[1]! << 8) | address[2]!
  }

  /** Connected to the server, and the server's end of it. */
  async connected(): Promise<{ fd: number; peer: Socket }> {
    const fd = await this.open()
    await this.guest.address(MAKING, this.server.port)
    await this.#done('sock_connect', fd, MAKING, 19)
    await this.#done('sock_getsockname', fd, MAKING, 128, MADE)
    const port = await this.#port()
    // The calls of the table connect, too.
    for (;;) {
      const peer = await this.server.next()
      if (peer.remotePort === port) return { fd, peer }
    }
  }

  async #nonblocking(fd: number): Promise<number> {
    await this.#done('sock_set_nonblocking', fd, 1)
    return fd
  }

  async #readable(fd: number): Promise<number> {
    await this.guest.words(MAKING, fd, 1)
    await this.#done('sock_poll', MAKING, 1, 10_000, MADE)
    equal(await this.guest.u32(MADE), 1, 'nothing came')
    return fd
  }

  async #bound(fd: number): Promise<number> {
    await this.guest.address(MAKING, 0)
    await this.#done('sock_bind', fd, MAKING, 19)
    return fd
  }

  async #listening(): Promise<number> {
    const fd = await this.#bound(await this.open())
    await this.#done('sock_listen', fd, 4)
    return fd
  }

  async of(state: State): Promise<number> {
    if (state === 'open') return this.open()
    if (state === 'datagram') return this.#bound(await this.open(2))
    if (state === 'alone') return this.#nonblocking(await this.#listening())
    if (state === 'listening') {
      const fd = await this.#listening()
      await this.#done('sock_getsockname', fd, MAKING, 128, MADE)
      const client = connect(await this.#port(), '127.0.0.1')
      client.on('error', () => {})
      onTestFinished(() => void client.destroy())
      return this.#readable(fd)
    }
    const { fd, peer } = await this.connected()
    if (state === 'connected') {
      peer.resume().write('hello')
      return this.#readable(fd)
    }
    if (state === 'left') {
      peer.destroy()
      return this.#readable(fd)
    }
    await this.#nonblocking(fd)
    if (state === 'silent') return fd
    peer.pause()
    this.#paused.push(peer)
    return this.fill(fd)
  }

  /** Sends until there is no room; what is on its way may make some again. */
  async fill(fd: number): Promise<number> {
    for (;;) {
      const errno = await this.guest.call('uds_sock_send', fd, BIG, 100_000, 0, MADE)
      if (errno === errnoOf('EAGAIN', 'wasi')) return fd
      equal(errno, 0, 'sock_send')
    }
  }
}
