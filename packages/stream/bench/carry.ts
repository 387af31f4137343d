/** What a connection carries: round trips of 64 bytes, and blocks of 64 KiB one way, between two processes. */
import { contenders } from './contenders.ts'
import { compare, machine, startPeer } from './measure.ts'

const ROUNDS = 9
const MS = 400

console.log(machine())
const all = contenders()
const peers = await Promise.all(all.map(startPeer))
const names = all.map(({ name }) => name)

await compare('64-byte round trips', 'per second', names, ROUNDS, async (index) => {
  let back = 0
  let rounds = 0
  const message = Buffer.alloc(64, 'e')
  const done = Promise.withResolvers<void>()
  const end = performance.now() + MS
  const connection = await all[index]!.connect(peers[index]!.address, (bytes) => {
    back += bytes
    if (back < message.length) return
    back = 0
    rounds += 1
    if (performance.now() < end) connection.write(message)
    else done.resolve()
  })
  const started = performance.now()
  connection.write(message)
  await done.promise
  const seconds = (performance.now() - started) / 1000
  connection.destroy()
  return rounds / seconds
})

await compare('64 KiB blocks from the server', 'MiB/s', names, ROUNDS, async (index) => {
  let bytes = 0
  const connection = await all[index]!.connect(peers[index]!.address, (more) => {
    bytes += more
  })
  const started = performance.now()
  connection.write('s')
  await new Promise((resolve) => {
    setTimeout(resolve, MS)
  })
  const seconds = (performance.now() - started) / 1000
  connection.destroy()
  return bytes / 2 ** 20 / seconds
})

for (const peer of peers) peer.process.kill()
