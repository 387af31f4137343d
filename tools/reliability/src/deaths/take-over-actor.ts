/** `take-over-actor.ts [ADDRESS, DOOR]`: takes an address over, serves until it is superseded, and ends. */
import { EventServer } from '@uds/events'
import { UnixListener } from '@uds/pipes'
import { listen } from '@uds/stream'

const [path, door] = JSON.parse(process.argv[2] ?? '') as [string, string]

/** Each answers a connection with one byte. Returns what ends it. */
const serve = async (): Promise<() => unknown> => {
  if (door === 'events') {
    const server = await EventServer.listen(`unix:${path}`, { listen: { takeOver: true } })
    server.on('visit', () => {})
    return () => server.close()
  }
  if (door === 'pipes') {
    const listener = UnixListener.bind(path, { takeOver: true })
    listener.setNonblocking(true)
    const timer = setInterval(() => {
      for (;;) {
        try {
          const stream = listener.accept()
          stream.write(Buffer.from('x'))
          stream.close()
        } catch {
          return
        }
      }
    }, 1)
    return () => {
      clearInterval(timer)
      listener.close()
    }
  }
  const listener = await listen(`unix:${path}`, { takeOver: true })
  listener.on('connectionError', () => {})
  listener.on('connection', (connection) => connection.end('x'))
  return () => listener.close()
}

const close = await serve()
console.log('ready')
process.stdin.once('data', () => {
  void (async () => {
    await close()
    process.exit()
  })()
})
