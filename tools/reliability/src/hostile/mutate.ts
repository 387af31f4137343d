/** Bytes of a peer that means harm: what an honest one sent, changed where a format has its joints. */
import type { Random } from '../trials/random.ts'

/** Numbers at which formats break. */
const EDGES: readonly number[] = [
  0,
  1,
  3,
  4,
  5,
  7,
  8,
  127,
  128,
  255,
  256,
  65_535,
  65_536,
  2 ** 24,
  2 ** 31,
  2 ** 32 - 1,
]

const TEXTS: readonly string[] = [
  '{"__proto__":{"a":1}}',
  '['.repeat(600),
  '{"a":'.repeat(300),
  'null',
  '"\\ud800"',
  '1e400',
  '',
  '\0',
  '[[],{}]',
  '{"session":1}',
  '{"code":{},"message":[]}',
]

/** Changes some bytes; about as often one byte as a number, a text, or what is repeated or missing. */
export const mutateBytes = (bytes: Buffer, random: Random): Buffer => {
  const made = Buffer.from(bytes)
  if (made.length === 0) return random.bytes(random.between(0, 16))
  const at = random.between(0, made.length - 1)
  switch (random.between(0, 6)) {
    case 0:
      made[at] = random.between(0, 255)
      return made
    case 1:
      made[at] = made[at]! ^ (1 << random.between(0, 7))
      return made
    case 2:
      if (made.length >= 4) made.writeUInt32LE(random.of(EDGES), Math.min(at, made.length - 4))
      return made
    case 3:
      return made.subarray(0, at)
    case 4:
      return Buffer.concat([made.subarray(0, at), Buffer.from(random.of(TEXTS)), made.subarray(at)])
    case 5:
      return Buffer.concat([made.subarray(0, at), random.bytes(random.between(1, 40)), made.subarray(at)])
    default:
      return Buffer.concat([made, made.subarray(at)])
  }
}

/** Length, type, flags, name: see PROTOCOL.md of @uds/events, rule F1. */
const HEADER = 8

/** Cuts what an end sent behind its first eight bytes into frames. */
export const framesOf = (bytes: Buffer): Buffer[] => {
  const frames: Buffer[] = []
  for (let at = 0; at + HEADER <= bytes.length;) {
    const end = at + 4 + bytes.readUInt32LE(at)
    frames.push(bytes.subarray(at, end))
    at = end
  }
  return frames
}

/** Changes a frame, mostly so that the next one still begins where its length says. */
export const mutateFrame = (frame: Buffer, random: Random): Buffer => {
  let made = Buffer.from(frame)
  switch (random.between(0, 7)) {
    case 0:
      made[4] = random.between(0, 40)
      break
    case 1:
      made[5] = random.between(0, 255)
      break
    case 2:
      made.writeUInt16LE(random.of([0, 1, 2, 3, 9, 255, 65_535]), 6)
      break
    case 3:
      if (made.length >= 16) made.writeUInt32LE(random.of(EDGES), random.of([8, 12]))
      break
    case 4:
      made = Buffer.concat([made.subarray(0, Math.min(16, made.length)), Buffer.from(random.of(TEXTS))])
      break
    case 5:
      return made
    case 6:
      // Its length, too.
      return mutateBytes(made, random)
    default:
      made = Buffer.concat([made.subarray(0, HEADER), mutateBytes(made.subarray(HEADER), random)])
  }
  if (made.length >= HEADER) made.writeUInt32LE(made.length - 4)
  return made
}

/** Frames in another order, some changed, some twice, some missing. */
export const mutateFrames = (frames: readonly Buffer[], random: Random): Buffer[] => {
  const made: Buffer[] = []
  const count = random.between(1, 8)
  for (let at = 0; at < count; at += 1) {
    const frame = random.next() < 0.6 ? frames[Math.min(at, frames.length - 1)]! : random.of(frames)
    made.push(random.next() < 0.4 ? Buffer.from(frame) : mutateFrame(frame, random))
  }
  return made
}
