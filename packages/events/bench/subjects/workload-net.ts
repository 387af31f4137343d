/** The works of `workload.ts` by node:net, each message a write of as many bytes. */
import { connect, createServer, type Socket } from 'node:net'
import { count, go, kind, path, role, size, tell, turn } from './work.ts'

const bytes = Buffer.alloc(kind === 'text' || kind === 'bytes' ? size + 10 : 74, 120)
const isOneWay = kind === 'text' || kind === 'bytes'
const arrivals = (): ((length: number) => void) => {
  let left = count * bytes.length
  return (length) => {
    left -= length
    if (left === 0) tell('done')
  }
}
const open = (onData: (length: number) => void): Promise<Socket> =>
  new Promise((resolve) => {
    const onread = {
      buffer: Buffer.alloc(65_536),
      callback: (length: number): boolean => {
        onData(length)
        return true
      },
    }
    const socket = connect({ path, onread }, () => resolve(socket))
  })

/** Plays the end that was asked for. */
export const play = async (): Promise<void> => {
  if (role === 'server') {
    const clients: Socket[] = []
    const arrived = arrivals()
    const server = createServer((socket) => {
      clients.push(socket)
      socket.on('data', (chunk) => {
        if (isOneWay) arrived(chunk.length)
        else socket.write(chunk)
      })
    })
    server.listen(path, () => tell('ready'))
    if (kind !== 'broadcast') return
    await go
    for (let at = 0; at < count / size; at++) {
      for (const client of clients) client.write(bytes)
      await turn()
    }
    return
  }
  let answered: ((length: number) => void) | undefined
  const arrived = arrivals()
  const client = await open((length) => (kind === 'broadcast' ? arrived(length) : answered?.(length)))
  if (kind === 'broadcast') for (let at = 1; at < size; at++) await open(arrived)
  tell('ready')
  await go
  if (isOneWay) {
    for (let at = 0; at < count; at++) {
      if (!client.write(bytes)) await new Promise((resolve) => client.once('drain', resolve))
    }
  } else if (kind === 'request') {
    let left = count
    await new Promise<void>((resolve) => {
      answered = () => {
        if (--left === 0) resolve()
        else client.write(bytes)
      }
      client.write(bytes)
    })
    tell('done')
  } else if (kind === 'connect') {
    for (let at = 0; at < count; at++) {
      const socket = await open(() => {})
      const closed = new Promise((resolve) => socket.once('close', resolve))
      socket.end()
      await closed
    }
    tell('done')
  }
}
