/** What a call costs whose data is there: the guest peeks at a byte that stays. */
import { createServer } from 'node:net'
import { once } from 'node:events'
import { hrtime } from 'node:process'
import { WasiHost, type WaitMode } from '../src/index.ts'
import { hasJspi } from '../src/module/engine.ts'
import { readyGuest } from './guests.ts'

const CALLS = 20_000
const BATCHES = 15

const measure = async (wait: WaitMode, port: number): Promise<number> => {
  const host = new WasiHost({ wait, stdin: 'ignore', sockets: { connected: [`tcp:127.0.0.1:${port}`] } })
  const guest = await host.instantiate(readyGuest)
  let best = Infinity
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const from = hrtime.bigint()
    const code = await guest.call('peeks', 3, CALLS)
    best = Math.min(best, Number(hrtime.bigint() - from) / CALLS)
    if (code !== 0) throw new Error(`${wait}: the guest gave ${code}`)
  }
  await guest.close()
  return best
}

const server = createServer((socket) => {
  socket.on('error', () => {})
  socket.write('x')
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as { port: number }
console.log(`a call whose data is there, best of ${BATCHES} batches of ${CALLS}`)
for (const wait of [...(hasJspi ? (['jspi'] as const) : []), 'worker', 'blocking'] as const) {
  console.log(`  ${wait.padEnd(10)} ${(await measure(wait, port)).toFixed(0).padStart(8)} ns`)
}
server.close()
