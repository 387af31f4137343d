/** The exchanges of peer.c with @uds/pipes. A timeout is set when the last argument is "poll". */
import { LocalListener, LocalStream } from '../src/index.ts'

const SMALL = 64
const LARGE = 65_536
/** Rounds of which the best batch counts, as in peer.c. */
const BATCH = 250

const [role, address = '', rounds = '0', mode] = process.argv.slice(2)
const timed = mode === 'poll' || rounds === 'poll'
const small = Buffer.alloc(SMALL)
const large = Buffer.alloc(LARGE)

const readAll = (stream: LocalStream, buffer: Buffer): boolean => {
  let got = stream.read(buffer)
  while (got > 0 && got < buffer.length) {
    const bytes = stream.read(buffer.subarray(got))
    if (bytes === 0) return false
    got += bytes
  }
  return got > 0
}

const prepared = (stream: LocalStream): LocalStream => {
  if (timed) stream.setReadTimeout(10_000)
  return stream
}

/** Milliseconds of the best batch. */
const bestBatch = (count: number, round: () => void): number => {
  let best = Infinity
  for (let done = 0; done < count; done += BATCH) {
    const start = performance.now()
    for (let i = 0; i < BATCH; i += 1) round()
    best = Math.min(best, performance.now() - start)
  }
  return best
}

const serve = (): void => {
  const listener = LocalListener.bind(address)
  console.log('ready')
  const stream = prepared(listener.accept())
  const blocks = Buffer.from(stream.readExact(4)).readUInt32LE()
  if (blocks === 0) while (readAll(stream, small)) stream.write(small)
  else {
    for (let left = blocks * LARGE; left > 0;) left -= stream.read(large)
    stream.writeAll(small.subarray(0, 1))
  }
  stream.close()
  listener.close()
}

const ping = (count: number): void => {
  const stream = prepared(LocalStream.connect(address))
  stream.writeAll(Buffer.alloc(4))
  const round = (): void => {
    stream.write(small)
    readAll(stream, small)
  }
  for (let i = 0; i < Math.min(5000, count); i += 1) round()
  console.log(((bestBatch(count, round) * 1e6) / BATCH).toFixed(1))
  stream.close()
}

const send = (count: number): void => {
  const stream = prepared(LocalStream.connect(address))
  const blocks = Buffer.alloc(4)
  blocks.writeUInt32LE(count)
  stream.writeAll(blocks)
  const best = bestBatch(count, () => stream.write(large))
  stream.read(small)
  console.log(((BATCH * LARGE) / best) * 1000)
  stream.close()
}

if (role === 'server') serve()
else if (role === 'ping') ping(Number(rounds))
else send(Number(rounds))
