/** Messages of 64 bytes with a descriptor each, received and closed, from another process. */
import { contenders } from './contenders.ts'
import { compare, machine, startPeer } from './measure.ts'
import { connectAncillary } from '@uds/stream/handles'

const ROUNDS = 9
const MS = 400

const contender = contenders().find(({ server }) => server === 'ancillary')
if (contender) {
  console.log(machine())
  const peer = await startPeer(contender)
  await compare('64 bytes with a descriptor', 'messages per second', [contender.name], ROUNDS, async () => {
    const socket = connectAncillary(peer.address)
    await socket.send('d')
    let count = 0
    const started = performance.now()
    for await (const { descriptors } of socket) {
      for (const each of descriptors) each.close()
      count += descriptors.length
      if (performance.now() - started > MS) break
    }
    const seconds = (performance.now() - started) / 1000
    socket.close()
    return count / seconds
  })
  peer.process.kill()
}
