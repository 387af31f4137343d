import type { Server } from 'node:http'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import type { ChannelView } from './board.ts'
import type { Guard } from './guard.ts'

/** A browser that does not read gets nothing more until it has read this. */
const MOST_WAITING = 1024 * 1024
/** RFC 6455, 7.4.1: what came is against the rules. */
const POLICY_VIOLATION = 1008

/** The bridge to browsers: `/live` sends what is shown, and takes nothing. */
export class Live {
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: 1024, perMessageDeflate: false })
  #last = ''

  constructor(server: Server, guard: Guard) {
    server.on('upgrade', (request, socket, head) => {
      socket.on('error', () => {})
      const { pathname } = new URL(request.url ?? '/', 'http://localhost')
      const refusal =
        pathname === '/live' ? guard.refusal(request, { token: true, origin: true }) : 'there is nothing here'
      if (refusal === undefined) {
        this.#sockets.handleUpgrade(request, socket, head, (browser) => this.#greet(browser))
        return
      }
      socket.end(
        `HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n${refusal}\n`,
      )
    })
  }

  /** Sends all browsers what they show. */
  show(channels: readonly ChannelView[]): void {
    this.#last = JSON.stringify({ channels })
    for (const browser of this.#sockets.clients) {
      if (browser.bufferedAmount < MOST_WAITING) browser.send(this.#last)
    }
  }

  close(): void {
    for (const browser of this.#sockets.clients) browser.terminate()
    this.#sockets.close()
  }

  #greet(browser: WebSocket): void {
    browser.on('error', () => {})
    browser.on('message', () => browser.close(POLICY_VIOLATION, 'this page only listens'))
    if (this.#last !== '') browser.send(this.#last)
  }
}
