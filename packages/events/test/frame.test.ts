import { expect, test } from 'vitest'
import fc from 'fast-check'
import { FrameDecoder } from '../src/wire/decoder.ts'
import { encodeFrame, Flag, FrameType, readU64, writeU64 } from '../src/wire/frame.ts'

const collect = (pieces: readonly Buffer[], limit = 1 << 20): string[] => {
  const frames: string[] = []
  const decoder = new FrameDecoder((buffer, start, end) => {
    frames.push(buffer.toString('hex', start, end))
  }, limit)
  for (const piece of pieces) decoder.push(piece)
  expect(decoder.pending).toBe(0)
  return frames
}

/** Cuts bytes at places given as parts of the whole. */
const split = (bytes: Buffer, at: readonly number[]): Buffer[] => {
  const places = [0, ...at.map((part) => Math.floor(part * bytes.length)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end))
}

const frames = fc.array(
  fc.record({
    type: fc.integer({ min: 1, max: 255 }),
    name: fc.integer({ min: 0, max: 65_535 }),
    id: fc.oneof(fc.constant(-1), fc.maxSafeNat()),
    payload: fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.uint8Array({ maxLength: 60 })),
  }),
  { maxLength: 12 },
)
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 })

// PROTOCOL.md F1
test('however the bytes are split, the same frames come out', () => {
  fc.assert(
    fc.property(frames, cuts, (list, at) => {
      const encoded = list.map(({ type, name, id, payload }) => encodeFrame(type, 0, name, id, payload))
      const bytes = Buffer.concat(encoded)
      expect(collect(split(bytes, at))).toEqual(encoded.map((frame) => frame.toString('hex', 4)))
    }),
  )
})

test('one frame comes out whole when it is split at every byte', () => {
  const frame = encodeFrame(FrameType.emit, 0, 7, -1, 'a text with ümlauts and 漢字')
  for (let at = 0; at <= frame.length; at++) {
    expect(collect([frame.subarray(0, at), frame.subarray(at)])).toEqual([frame.toString('hex', 4)])
  }
  expect(collect([...frame].map((byte) => Buffer.of(byte)))).toEqual([frame.toString('hex', 4)])
})

test('frames that come while the decoder is stopped wait for resume, in order', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), cuts, fc.nat({ max: 19 }), (count, at, stopAt) => {
      const bytes = Buffer.concat(
        Array.from({ length: count }, (_, id) => encodeFrame(5, 0, 1, id, 'x'.repeat(id))),
      )
      const seen: number[] = []
      const decoder: FrameDecoder = new FrameDecoder((buffer, start) => {
        seen.push(readU64(buffer, start + 4))
        if (seen.length === stopAt) decoder.stop()
      }, 1000)
      for (const piece of split(bytes, at)) decoder.push(piece)
      expect(seen.length).toBe(stopAt > 0 && stopAt <= count ? stopAt : count)
      decoder.resume()
      expect(seen).toEqual(Array.from({ length: count }, (_, id) => id))
    }),
  )
})

test('random bytes give frames or an error with a code, never anything else', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (pieces) => {
      const decoder = new FrameDecoder((buffer, start, end) => {
        expect(end - start).toBeGreaterThanOrEqual(4)
        expect(end - start).toBeLessThanOrEqual(100)
        expect(buffer.length).toBeGreaterThanOrEqual(end)
      }, 100)
      try {
        for (const piece of pieces) decoder.push(Buffer.from(piece))
      } catch (error) {
        expect(['ERR_FRAME_TOO_LARGE', 'ERR_PROTOCOL']).toContain((error as { code: string }).code)
      }
    }),
    { numRuns: 1000 },
  )
})

test('a length above the limit is refused as soon as it is read', () => {
  const decoder = new FrameDecoder(() => {}, 1000)
  const claim = Buffer.alloc(4)
  claim.writeUInt32LE(1001)
  expect(() => decoder.push(claim)).toThrow(/1001 bytes; the limit is 1000/)
})

test('a length that is claimed takes no memory before the bytes come', () => {
  const limit = 512 * 1024 * 1024
  const decoders = Array.from({ length: 50 }, () => new FrameDecoder(() => {}, limit))
  const claim = Buffer.alloc(8)
  claim.writeUInt32LE(limit)
  const before = process.memoryUsage().arrayBuffers
  for (const decoder of decoders) decoder.push(claim)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10 * 1024 * 1024)
  expect(decoders.every(({ pending }) => pending === 8)).toBe(true)
})

test('text goes as latin1 where it fits, and as UTF-8 otherwise', () => {
  const latin = encodeFrame(FrameType.emit, 0, 1, -1, 'é')
  expect([latin[5], latin.toString('latin1', 8)]).toEqual([Flag.latin1, 'é'])
  const wide = encodeFrame(FrameType.emit, 0, 1, -1, '漢')
  expect([wide[5], wide.toString('utf8', 8)]).toEqual([0, '漢'])
})

test('ids keep all 53 bits', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (id) => {
      const bytes = Buffer.alloc(8)
      writeU64(bytes, 0, id)
      expect(readU64(bytes, 0)).toBe(id)
    }),
  )
})
