import { Duplex, PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { StreamWriter } from '@uds/stream'

/** A stream whose writes end when the test says so. */
const slow = (highWaterMark = 4): { stream: Duplex; chunks: string[]; release: () => void } => {
  const chunks: string[] = []
  const waiting: (() => void)[] = []
  const stream = new Duplex({
    highWaterMark,
    read: () => {},
    write: (chunk, _encoding, callback) => {
      chunks.push(String(chunk))
      waiting.push(callback)
    },
  })
  return { stream, chunks, release: () => waiting.splice(0).forEach((callback) => callback()) }
}

describe('StreamWriter', () => {
  test('write takes text and bytes; false says to drain', async () => {
    const { stream, release } = slow()
    const writer = new StreamWriter(stream)
    expect(writer.write('a')).toBe(true)
    expect(writer.write(Buffer.from('bcdef'))).toBe(false)
    let drained = false
    const drain = writer.drain().then(() => (drained = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(drained).toBe(false)
    release()
    await new Promise((resolve) => setImmediate(resolve))
    release()
    await drain
    stream.destroy()
  })

  test('drain without anything to wait for is at once', async () => {
    const writer = new StreamWriter(new PassThrough())
    await expect(writer.drain()).resolves.toBeUndefined()
  })

  test('drain throws the error that ended the connection', async () => {
    const { stream } = slow()
    const writer = new StreamWriter(stream)
    writer.write('too much to take at once')
    const drain = writer.drain()
    stream.destroy(new Error('reset by peer'))
    await expect(drain).rejects.toThrow('reset by peer')
    await expect(writer.drain()).rejects.toThrow('reset by peer')
    await expect(writer.waitClosed()).rejects.toThrow('reset by peer')
  })

  test('drain of a connection that was destroyed is ECONNRESET', async () => {
    const { stream } = slow()
    const writer = new StreamWriter(stream)
    stream.destroy()
    await expect(writer.drain()).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('an error that nobody waits for does not end the process', async () => {
    const stream = new PassThrough()
    const writer = new StreamWriter(stream)
    stream.destroy(new Error('unheard'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(writer.isClosing()).toBe(true)
  })

  test('writeLines writes the pieces as they are', async () => {
    const stream = new PassThrough()
    const writer = new StreamWriter(stream)
    writer.writeLines(['one\n', Buffer.from('two'), 'three'])
    writer.writeEof()
    expect(await text(stream)).toBe('one\ntwothree')
  })

  test('writeEof ends the writing half only', async () => {
    const stream = new PassThrough()
    const writer = new StreamWriter(stream)
    expect(writer.canWriteEof()).toBe(true)
    writer.write('last')
    writer.writeEof()
    expect(() => writer.write('more')).toThrow(expect.objectContaining({ code: 'EPIPE' }))
    expect(stream.destroyed).toBe(false)
  })

  test('close writes what is kept, then closes; twice is no error', async () => {
    const { stream, chunks, release } = slow()
    const writer = new StreamWriter(stream)
    writer.write('12345678')
    writer.close()
    writer.close()
    expect(writer.isClosing()).toBe(true)
    expect(stream.destroyed).toBe(false)
    release()
    await writer.waitClosed()
    expect(chunks).toEqual(['12345678'])
    expect(() => writer.write('x')).toThrow(expect.objectContaining({ code: 'EPIPE' }))
  })

  test.each<unknown>([7, null, undefined, {}])('write of %j is refused', (data) => {
    const writer = new StreamWriter(new PassThrough())
    expect(() => writer.write(data as string)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
  })

  test('getExtraInfo gives the other value for what is unknown', () => {
    const stream = new PassThrough()
    const writer = new StreamWriter(stream, { peername: () => '/run/x' })
    expect(writer.getExtraInfo('peername')).toBe('/run/x')
    expect(writer.getExtraInfo('socket')).toBe(stream)
    expect(writer.getExtraInfo('sockname')).toBeUndefined()
    expect(writer.getExtraInfo('sockname', 'none')).toBe('none')
  })
})
