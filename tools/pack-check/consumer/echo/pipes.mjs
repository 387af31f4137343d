import assert from 'node:assert/strict'
import { LocalStream } from '@uds/pipes'

export const echo = () => {
  const hello = Buffer.from('hello')
  const [a, b] = LocalStream.pair()
  a.writeAll(hello)
  assert.deepEqual(Buffer.from(b.readExact(5)), hello)
  a.close()
  assert.equal(b.read(Buffer.alloc(5)), 0)
  b.close()
}
