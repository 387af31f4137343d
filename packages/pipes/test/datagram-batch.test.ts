/** Several datagrams in one call. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { capabilities } from '@uds/winsock-ffi'
import { errorOf, needs, socketPath, tempDir } from '@uds/testkit'
import { DatagramBatch, UnixDatagram } from '../src/index.ts'
import { mmsghdr } from '../src/unix-socket/datagram-batch.ts'
import { bytes, expectCode } from './expect.ts'

const texts = (batch: DatagramBatch): string[] =>
  Array.from({ length: batch.length }, (_, index) => Buffer.from(batch.at(index)).toString())

const filled = (batch: DatagramBatch, ...messages: string[]): DatagramBatch => {
  batch.clear()
  for (const message of messages) expect(batch.push(bytes(message))).toBe(true)
  return batch
}

describe('DatagramBatch', () => {
  test('holds copies, as many and as long ones as was said', () => {
    const batch = new DatagramBatch({ messages: 2, bytes: 5 })
    const data = bytes('one')
    batch.push(data)
    data.fill(0)
    expect(batch.push(bytes(''))).toBe(true)
    expect(batch.push(bytes('three'))).toBe(false)
    expect([batch.capacity, batch.length, ...texts(batch)]).toEqual([2, 2, 'one', ''])
    batch.clear()
    expect(batch.push(bytes('three'))).toBe(true)
    expectCode('ERR_OUT_OF_RANGE', () => batch.push(bytes('longer')))
    expectCode('ERR_INVALID_ARG_TYPE', () => batch.push('text' as never))
    expectCode('ERR_OUT_OF_RANGE', () => batch.at(1))
    batch.clear()
    expectCode('ERR_INVALID_ARG_VALUE', () => batch.truncated(0))
  })

  test.each([
    [{ messages: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ messages: 1025 }, 'ERR_OUT_OF_RANGE'],
    [{ bytes: 1.5 }, 'ERR_OUT_OF_RANGE'],
    [{ size: 1 }, 'ERR_INVALID_ARG_VALUE'],
  ])('%j is refused: %s', (options, code) => {
    expectCode(code, () => new DatagramBatch(options as object))
  })
})

const cc = needs('cc')

test.skipIf(cc.missing || process.platform !== 'linux')('mmsghdr is as the C compiler lays it out', () => {
  const source = join(tempDir(), 'ask.c')
  writeFileSync(
    source,
    `#define _GNU_SOURCE
#include <sys/socket.h>
#include <stddef.h>
#include <stdio.h>
int main(void) { printf("%zu %zu", sizeof(struct mmsghdr), offsetof(struct mmsghdr, msg_len)); }`,
  )
  execFileSync(cc.path, ['-o', `${source}.out`, source])
  expect(execFileSync(`${source}.out`, { encoding: 'utf8' })).toBe(`${mmsghdr.size} ${mmsghdr.length}`)
})

describe.skipIf(!capabilities().datagram)('UnixDatagram', () => {
  test('sends and receives a batch: each datagram whole, once and in order; one too long is cut, and it is told', () => {
    const [a, b] = UnixDatagram.pair()
    const out = filled(new DatagramBatch(), 'one', '', 'three', 'a longer one')
    expect(a.sendMany(out)).toBe(4)
    a.send(bytes('five'))
    const into = new DatagramBatch({ messages: 3, bytes: 4 })
    expect(b.recvMany(into)).toBe(3)
    expect(texts(into)).toEqual(['one', '', 'thre'])
    expect([0, 1, 2].map((index) => into.truncated(index))).toEqual([false, false, true])
    expect(b.recvMany(into)).toBe(2)
    expect([...texts(into), into.truncated(0), into.truncated(1)]).toEqual(['a lo', 'five', true, false])
    // Both are used again; what came can be sent on.
    expect(b.sendMany(into)).toBe(2)
    expect(a.recvMany(out)).toBe(2)
    expect(texts(out)).toEqual(['a lo', 'five'])
    for (const each of [a, b]) each.close()
  })

  test('a full receiver stops a batch: what was sent is told, and the rest goes on from there', () => {
    const [a, b] = UnixDatagram.pair()
    const batch = new DatagramBatch({ messages: 1000, bytes: 16 })
    for (let index = 0; index < 1000; index += 1) batch.push(bytes(`${index}`))
    a.setNonblocking(true)
    const got: string[] = []
    const into = new DatagramBatch({ messages: 7 })
    const take = (): void => {
      b.recvMany(into)
      got.push(...texts(into))
    }
    let sent = 0
    while (sent < 1000) {
      const before = sent
      try {
        sent += a.sendMany(batch, { from: sent })
      } catch (error) {
        expect(error).toMatchObject({ code: 'EAGAIN', datagramsSent: 0 })
      }
      if (sent === before) take()
    }
    while (got.length < 1000) take()
    expect(got).toEqual(Array.from({ length: 1000 }, (_, index) => `${index}`))
    a.setNonblocking(false)
    const error = errorOf(() => a.sendMany(batch, { timeoutMs: 30 }))
    expect(error).toMatchObject({ code: 'ETIMEDOUT' })
    expect((error as unknown as { datagramsSent: number }).datagramsSent).toBeGreaterThan(0)
    for (const each of [a, b]) each.close()
  })

  test('waits as other calls do', () => {
    const [a, b] = UnixDatagram.pair()
    const batch = new DatagramBatch()
    expectCode('ETIMEDOUT', () => a.recvMany(batch, { timeoutMs: 20 }))
    a.setReadTimeout(20)
    expectCode('ETIMEDOUT', () => a.recvMany(batch))
    a.setNonblocking(true)
    expectCode('EAGAIN', () => a.recvMany(batch))
    expectCode('ERR_OUT_OF_RANGE', () => a.sendMany(batch, { from: 1 }))
    expectCode('ERR_INVALID_ARG_TYPE', () => a.sendMany([] as never))
    expect(a.sendMany(batch)).toBe(0)
    b.close()
    expectCode('ECONNREFUSED', () => a.sendMany(filled(batch, 'x')))
    a.close()
    expectCode('EBADF', () => a.recvMany(batch))
  })
})

describe.skipIf(!capabilities().datagram)('a datagram socket that waits in the kernel', () => {
  test('the address of a sender is its own, whoever sent before', () => {
    const paths = [socketPath(), socketPath()]
    const server = UnixDatagram.bind(socketPath())
    const to = server.localAddr()
    const senders = paths.map((path) => UnixDatagram.bind(path))
    const nameless = UnixDatagram.unbound()
    const buffer = Buffer.alloc(8)
    for (const sender of [senders[0]!, senders[1]!, senders[1]!, nameless, senders[0]!]) {
      sender.sendTo(bytes('hello'), to)
      const { address, bytes: length, truncated } = server.recvFrom(buffer)
      expect([length, truncated]).toEqual([5, false])
      expect(address.equals(sender.localAddr())).toBe(true)
      expect(address.isUnnamed()).toBe(sender === nameless)
    }
    for (const each of [server, ...senders, nameless]) each.close()
  })

  test('an address of bytes is read anew each time', () => {
    const paths = [socketPath(), socketPath()]
    const servers = paths.map((path) => UnixDatagram.bind(path))
    const sender = UnixDatagram.unbound()
    const address = Buffer.from(paths[0]!)
    sender.sendTo(bytes('first'), address)
    address.write(paths[1]!)
    if (paths[0]!.length === paths[1]!.length) sender.sendTo(bytes('second'), address)
    else sender.sendTo(bytes('second'), Buffer.from(paths[1]!))
    const received = servers.map((server) => {
      const buffer = Buffer.alloc(8)
      return buffer.toString('utf8', 0, server.recv(buffer, { timeoutMs: 1000 }))
    })
    expect(received).toEqual(['first', 'second'])
    for (const each of [sender, ...servers]) each.close()
  })

  test('timeouts that were set do not stay on a handle that is handed over', () => {
    const [a, b] = UnixDatagram.pair()
    a.setReadTimeout(20)
    expectCode('ETIMEDOUT', () => a.recv(Buffer.alloc(1)))
    const again = UnixDatagram.fromRawHandle(a.intoRawHandle())
    b.send(bytes('x'))
    expect([again.readTimeout(), again.recv(Buffer.alloc(1))]).toEqual([null, 1])
    for (const each of [again, b]) each.close()
  })
})
