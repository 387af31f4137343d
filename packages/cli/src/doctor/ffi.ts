/** Checks that need system calls. */
import { fstatSync, openSync, closeSync } from 'node:fs'
import { capabilities, loadBackend, sockets, SocketError } from '@uds/winsock-ffi'
import { statDescriptor } from '@uds/winsock-ffi/internal'
import type { Check } from './check.ts'

/** Passes an open file over a socket pair. */
const passDescriptor = (): string => {
  const [a, b] = sockets.pair()
  const file = openSync(process.execPath, 'r')
  try {
    sockets.sendMessage(a, { data: Buffer.from('x'), descriptors: [file] })
    const received = sockets.receiveMessage(b, Buffer.alloc(1), { maxDescriptors: 1 })
    const [got] = received.descriptors
    if (got === undefined) throw new Error('the message came without its descriptor')
    const same = statDescriptor(got.fd).ino === fstatSync(file).ino
    got.close()
    if (!same) throw new Error('another file came than was sent')
    return 'open files and sockets can be sent to another process'
  } finally {
    closeSync(file)
    a.close()
    b.close()
  }
}

const datagram = (): string => {
  const [a, b] = sockets.pair('datagram')
  try {
    sockets.send(a, Buffer.from('one'))
    sockets.send(a, Buffer.from('two'))
    if (sockets.recv(b, Buffer.alloc(16), { timeoutMs: 1000 }) !== 3)
      throw new Error('two datagrams came as one')
    return 'AF_UNIX datagrams keep their bounds'
  } finally {
    a.close()
    b.close()
  }
}

/** @throws SocketError (ENOTSUP) with the reason of `capabilities()`. */
const requireCapability = (has: boolean, what: string): void => {
  if (has) return
  const { backend, reasons } = capabilities()
  const detail =
    backend === undefined
      ? 'it takes system calls, and nothing makes them'
      : (reasons.find((each) => each.startsWith(what)) ?? 'this system has none')
  throw new SocketError({ code: 'ENOTSUP', syscall: 'probe', detail })
}

export const ffiChecks: readonly Check[] = [
  {
    what: 'system calls',
    probe: () => {
      // Its error has the reason and the next step.
      const { name, version, insteadOfKoffi } = loadBackend()
      const instead = insteadOfKoffi === undefined ? '' : `; koffi would be faster: ${insteadOfKoffi}`
      return `through ${name}${name === 'koffi' ? ` ${version}` : ''}, of ${capabilities().libc}${instead}`
    },
  },
  {
    what: 'descriptors',
    probe: () => {
      requireCapability(capabilities().descriptors, 'descriptors')
      return passDescriptor()
    },
  },
  {
    what: 'datagrams',
    probe: () => {
      requireCapability(capabilities().datagram, 'AF_UNIX datagrams')
      return datagram()
    },
  },
  {
    what: "Node's loop",
    advice: 'sockets are watched by a thread or a timer instead: it works, and is slower',
    probe: () => {
      requireCapability(capabilities().pollHandle && capabilities().adoption, 'adoption')
      return 'sockets of system calls become net.Sockets, and are watched by a poll handle'
    },
  },
]
