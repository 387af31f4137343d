/** Relaying between two AF_UNIX connections, with the descriptors that travel among their bytes. */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { AncillarySocket } from '@uds/stream/handles'
import type { Connection } from '../connection/transport.ts'

/** What one way has carried. */
interface Carried {
  readonly bytes: number
  readonly descriptors: number
}

/** Copies one way: a chunk goes on as it came, with its descriptors at its bytes; then the end. */
const relayOneWay = async (from: AncillarySocket, to: AncillarySocket): Promise<Carried> => {
  let [bytes, count] = [0, 0]
  for await (const chunk of from) {
    const { data, descriptors } = chunk
    try {
      await to.send(data, { descriptors })
    } finally {
      for (const each of descriptors) each.close()
    }
    bytes += data.length
    count += descriptors.length
    if (chunk.truncated)
      throw new Error('descriptors were lost: this process may open no more files (ulimit -n)')
  }
  await to.end()
  return { bytes, descriptors: count }
}

const inWords = ({ bytes, descriptors }: Carried): string =>
  `${bytes} bytes${descriptors > 0 ? ` with ${descriptors} descriptors` : ''}`

/**
 * Joins a client, of which nothing was read yet, to a server.
 *
 * @throws The error of the connection that broke; both are closed then.
 */
export const joinWithDescriptors = async (
  client: Duplex,
  connect: () => Promise<Connection>,
): Promise<{ text: string; forth: number; back: number; descriptors: { forth: number; back: number } }> => {
  const near = AncillarySocket.from(client as Socket)
  let far: AncillarySocket | undefined
  // When one way breaks, the other must not wait for bytes that nobody takes.
  const closeBoth = (): void => {
    near.close()
    far?.close()
  }
  try {
    far = AncillarySocket.from((await connect()).stream as Socket)
    const [forth, back] = await Promise.all([relayOneWay(near, far), relayOneWay(far, near)])
    return {
      text: `${inWords(forth)} forth, ${inWords(back)} back`,
      forth: forth.bytes,
      back: back.bytes,
      descriptors: { forth: forth.descriptors, back: back.descriptors },
    }
  } finally {
    closeBoth()
  }
}
