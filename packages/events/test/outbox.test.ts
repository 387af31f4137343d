import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { FrameDecoder } from '../src/wire/decoder.ts'
import { FrameType } from '../src/wire/frame.ts'
import { Outbox } from '../src/wire/outbox.ts'

/** Two ends of a connection, of which the second reads nothing by itself. */
const connected = async (): Promise<[Socket, Socket]> => {
  const server = createServer()
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const near = createConnection((server.address() as AddressInfo).port, '127.0.0.1')
  const far = (await accepted).pause()
  onTestFinished(() => {
    near.destroy()
    far.destroy()
    server.close()
  })
  return [near, far]
}

test('uses its memory again while other writes are under way, and never what has not left', async () => {
  const [near, far] = await connected()
  const outbox = new Outbox(near)
  const slabs = new Set<ArrayBufferLike>()
  const write = near.write.bind(near) as (chunk: Uint8Array, done?: () => void) => boolean
  near.write = (chunk: unknown, done?: unknown) => {
    slabs.add((chunk as Uint8Array).buffer)
    return write(chunk as Uint8Array, done as () => void)
  }
  const total = 20_000
  let said = 0
  const fill = (): void => {
    while (said < total && outbox.buffered < 256 * 1024) {
      // Frames of several kilobytes, each filled with its own number.
      const payload = Buffer.alloc(4096)
      for (let at = 0; at < payload.length; at += 4) payload.writeUInt32LE(said, at)
      outbox.put(FrameType.emit, 0, 0, -1, payload)
      said++
    }
  }
  outbox.written = fill
  let heard = 0
  let wrong = 0
  const decoder = new FrameDecoder((buffer, start, end) => {
    for (let at = start + 4; at < end; at += 4) if (buffer.readUInt32LE(at) !== heard) wrong++
    heard++
  }, 8192)
  const done = new Promise<void>((resolve) => {
    far.on('data', (chunk: Buffer) => {
      decoder.push(chunk)
      if (heard === total) resolve()
    })
  })
  fill()
  far.resume()
  await done
  expect(wrong).toBe(0)
  expect(slabs.size).toBeLessThan(12)
})
