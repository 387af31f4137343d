/**
 * One client of the echo. Usage: echo-client.ts net|jspi|worker|blocking ADDRESS SIZE, component-jspi|... PORT SIZE, component03 PORT SIZE, or shim|shim-least PORT SIZE FOLDER.
 * Reads numbers of round trips, a line each, and prints the nanoseconds that one took.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { hrtime, stdin, stdout } from 'node:process'
import { createInterface } from 'node:readline'
import { WasiHost, type WaitMode } from '../src/index.ts'
import { componentClient } from './component-client.ts'
import { component03Client } from './component03-client.ts'
import { echoGuest } from './guests.ts'
import { shimClient } from './preview2-shim.ts'

/** Makes so many round trips. */
type Rounds = (count: number) => Promise<void> | void

const [mode = '', address = '', length = '0', folder = ''] = process.argv.slice(2)
const size = Number(length)
const port = Number(address)

const overNet = async (): Promise<Rounds> => {
  const client: Socket = Number.isNaN(port) ? connect(address) : connect(port, '127.0.0.1')
  await once(client, 'connect')
  const message = Buffer.alloc(size, 'x')
  let [left, got] = [0, 0]
  let done: (() => void) | undefined
  client.on('data', (data) => {
    got += data.length
    if (got < size) return
    got = 0
    left -= 1
    if (left > 0) client.write(message)
    else done?.()
  })
  return (count) => {
    left = count
    client.write(message)
    return new Promise((resolve) => {
      done = resolve
    })
  }
}

const overGuest = async (wait: WaitMode): Promise<Rounds> => {
  const connected = Number.isNaN(port) ? `unix:${address}` : `tcp:127.0.0.1:${port}`
  const guest = await new WasiHost({
    wait,
    stdin: 'ignore',
    sockets: { connected: [connected] },
  }).instantiate(echoGuest)
  return async (count) => {
    const code = await guest.call('roundTrips', 3, count, size)
    if (code !== 0) throw new Error(`the guest returned ${code}`)
  }
}

const rounds =
  mode === 'net'
    ? await overNet()
    : mode === 'shim' || mode === 'shim-least'
      ? await shimClient(folder, port, size, mode === 'shim' ? 'libc' : 'shortest')
      : mode === 'component03'
        ? await component03Client(port, size)
        : mode.startsWith('component-')
          ? await componentClient(mode.slice('component-'.length) as WaitMode, port, size)
          : await overGuest(mode as WaitMode)

for await (const line of createInterface(stdin)) {
  const count = Number(line)
  const from = hrtime.bigint()
  await rounds(count)
  stdout.write(`${(Number(hrtime.bigint() - from) / count).toFixed(1)}\n`)
}
process.exit()
