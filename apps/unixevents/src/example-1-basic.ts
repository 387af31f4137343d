import { Linker } from '@uds/events'
import type { LinkerOptions } from '@uds/events'

/** 1. Basic usage: two ends, one message each way. */
export const basic = async (channel: string, options: LinkerOptions): Promise<void> => {
  const server = new Linker('server', channel, options)
  const client = new Linker('client', channel, options)
  const atServer = new Promise<void>((resolve) => {
    server.receive('hello', (data) => {
      console.log('server received:', data)
      server.send('welcome', 'Hello from the server')
      resolve()
    })
  })
  const atClient = new Promise<void>((resolve) => {
    client.receive('welcome', (data) => {
      console.log('client received:', data)
      resolve()
    })
  })
  client.send('hello', 'Hello from the client')
  await Promise.all([atServer, atClient])
  await Promise.all([client.close(), server.close()])
}
