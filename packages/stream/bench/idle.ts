/**
 * What idle connections cost: the memory of a server that holds many of them, each kind in a process of its own; the
 * clients are in this one.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { pipe } from '@uds/stream'
import { machine } from './measure.ts'

const COUNT = Number(process.env['UDS_IDLE_CONNECTIONS'] ?? (pipe.capabilities.listen ? 500 : 10_000))
const AT_ONCE = 100

/** The backlog may be full for a moment (EAGAIN). */
const connectRaw = async (path: string): Promise<Socket> => {
  for (;;) {
    const socket = createConnection(path)
    try {
      await once(socket, 'connect')
      return socket
    } catch {
      await sleep(5)
    }
  }
}

const measure = async (kind: 'net' | 'uds'): Promise<number> => {
  const path = pipe.capabilities.listen
    ? `\\\\.\\pipe\\idle-${process.pid}-${kind}`
    : join(tmpdir(), `idle-${process.pid}-${kind}`)
  const address = pipe.capabilities.listen ? `pipe:idle-${process.pid}-${kind}` : `unix:${path}`
  const script = fileURLToPath(new URL('idle-server.ts', import.meta.url))
  const server = spawn(
    process.execPath,
    ['--expose-gc', '--disable-warning=ExperimentalWarning', script, kind, kind === 'net' ? path : address],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const lines = createInterface(server.stdout)[Symbol.asyncIterator]()
  await lines.next()
  const ask = async (): Promise<number> => {
    server.stdin.write('memory\n')
    return Number((await lines.next()).value)
  }
  const before = await ask()
  const held: Socket[] = []
  while (held.length < COUNT) {
    const length = Math.min(AT_ONCE, COUNT - held.length)
    held.push(...(await Promise.all(Array.from({ length }, () => connectRaw(path)))))
  }
  const after = await ask()
  for (const socket of held) socket.destroy()
  server.kill()
  return (after - before) / COUNT
}

console.log(machine())
console.log(`\nMemory of a server per idle connection, ${COUNT} connections`)
const raw = await measure('net')
const own = await measure('uds')
console.log(`  node:net     ${raw.toFixed(0).padStart(8)} bytes   1.000`)
console.log(`  @uds/stream  ${own.toFixed(0).padStart(8)} bytes   ${(own / raw).toFixed(3)}`)
