/** wasi:http of 0.3: a request with a body that a component sends, and the response that it reads. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { WasiHostOptions } from '../src/index.ts'
import {
  ARGS,
  BUFFER,
  COMPLETED,
  DROPPED,
  RET,
  startComponent03,
  type Component03,
} from './component03-driver.ts'

const NEW = 'request.new'
const HTTP_REQUEST_DENIED = 15

/** Sends a POST with a body that is not announced; returns the case of the error, or the handle of the response. */
const post = async (
  guest: Component03,
  authority: string,
  body: string,
): Promise<{ readonly error: number } | { readonly response: number }> => {
  const headers = await guest.call('fields')
  const [readable, writable] = await guest.pair(`stream-new.${NEW}`)
  const [trailers, giveTrailers] = await guest.pair(`future-new.${NEW}`)
  await guest.guest.call(NEW, headers, 1, readable, trailers, 0, 0, RET)
  const request = await guest.u32(RET)
  // post; HTTP
  expect(await guest.call('request.set-method', request, 2, 0, 0)).toBe(0)
  expect(await guest.call('request.set-scheme', request, 1, 0, 0, 0)).toBe(0)
  const length = await guest.put(BUFFER, authority)
  expect(await guest.call('request.set-authority', request, 1, BUFFER, length)).toBe(0)
  const sending = await guest.call('async.client.send', request, RET)
  if ((sending & 15) === 1) {
    const count = await guest.put(BUFFER, body)
    await guest.copy(`stream-write.${NEW}`, writable, BUFFER, count)
    await guest.guest.call(`stream-drop-writable.${NEW}`, writable)
    await guest.words(ARGS, 0, 0, 0)
    await guest.copy(`future-write.${NEW}`, giveTrailers, ARGS)
    await guest.event(sending >>> 4)
  }
  return (await guest.u8(RET)) === 0
    ? { response: await guest.u32(RET + 8) }
    : { error: await guest.u8(RET + 8) }
}

const start = (options: WasiHostOptions): Promise<Component03> => startComponent03(options)

describe('a component of 0.3', () => {
  test('sends a body that is not announced, and reads the response with its trailers future', async () => {
    const server = createServer((request, response) => {
      const framing = request.headers['transfer-encoding'] ?? 'none'
      response.writeHead(201)
      response.write(`${request.method} ${framing} `)
      request.pipe(response)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const guest = await start({ sockets: { route: { 'up:80': `tcp:127.0.0.1:${port}` } } })
    const outcome = await post(guest, 'up', 'hello')
    if (!('response' in outcome)) throw new Error(`the error ${outcome.error}`)
    expect(await guest.call('response.get-status-code', outcome.response)).toBe(201)
    const [handled] = await guest.pair('future-new.response.consume-body')
    await guest.guest.call('response.consume-body', outcome.response, handled, RET)
    const [stream, trailers] = [await guest.u32(RET), await guest.u32(RET + 4)]
    let text = ''
    for (;;) {
      const { result, count } = await guest.copy('stream-read.response.consume-body', stream, BUFFER, 100)
      text += await guest.text(BUFFER, count)
      if (result === DROPPED) break
    }
    expect(text).toBe('POST chunked hello')
    const { result } = await guest.copy('future-read.response.consume-body.1', trailers, RET)
    expect([result, await guest.u8(RET)]).toEqual([COMPLETED, 0])
  })

  test('is refused what nothing allows', async () => {
    expect(await post(await start({}), 'elsewhere', 'x')).toEqual({ error: HTTP_REQUEST_DENIED })
  })
})
