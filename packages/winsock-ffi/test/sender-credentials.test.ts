import { describe, expect, test } from 'vitest'
import { capabilities, sockets } from '@uds/winsock-ffi'

// SO_PASSCRED is an option of Linux.
const missing = capabilities().system !== 'linux' || !capabilities().datagram

describe.skipIf(missing)('credentials of the sender of a message', () => {
  test('come with each message, beside descriptors, when they are asked for', () => {
    const [a, b] = sockets.pair('datagram')
    try {
      sockets.setOption(b, 'SO_PASSCRED', true)
      sockets.sendMessage(a, { data: Buffer.from('one') })
      sockets.sendMessage(a, { data: Buffer.from('two'), descriptors: [a, a] })
      const buffer = Buffer.alloc(10)
      const sender = { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.(), sid: undefined }
      const one = sockets.receiveMessage(b, buffer, { credentials: true })
      expect(one.credentials).toEqual(sender)
      const two = sockets.receiveMessage(b, buffer, { credentials: true, maxDescriptors: 2 })
      two.descriptors.forEach((each) => each.close())
      expect(two.credentials).toEqual(sender)
      expect(two.descriptors).toHaveLength(2)
    } finally {
      a.close()
      b.close()
    }
  })

  test('are undefined when they are not asked for, and descriptors that are not asked for are closed', () => {
    const [a, b] = sockets.pair('datagram')
    try {
      sockets.sendMessage(a, { data: Buffer.from('x') })
      expect(sockets.receiveMessage(b, Buffer.alloc(1)).credentials).toBeUndefined()
      sockets.setOption(b, 'SO_PASSCRED', true)
      sockets.sendMessage(a, { data: Buffer.from('x'), descriptors: [a] })
      const got = sockets.receiveMessage(b, Buffer.alloc(1), { credentials: true })
      expect(got.descriptors).toEqual([])
      expect(got.descriptorsTruncated).toBe(true)
      expect(got.credentials).toMatchObject({ pid: process.pid })
    } finally {
      a.close()
      b.close()
    }
  })
})
