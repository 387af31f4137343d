import { Linker } from '@uds/events'
import type { LinkerOptions } from '@uds/events'

/** 3. Advanced features: several clients, receiveOnce, removeReceiver, callbacks, values of every type. */
export const advanced = async (channel: string, options: LinkerOptions): Promise<void> => {
  const server = new Linker('server', channel, options)
  const clients = [new Linker('client', channel, options), new Linker('client', channel, options)]
  await Promise.all(clients.map((client) => client.ready))

  const values = [{ user: 'Ada', tags: ['x', 'y'] }, [1, 'two', null], 42, true, null, 'text']
  const all = new Promise<void>((resolve) => {
    let left = values.length
    server.receive('value', (data) => {
      console.log('server received:', data)
      if (--left === 0) resolve()
    })
  })
  server.receiveOnce('value', (data) => console.log('only the first:', data))
  for (const value of values) clients[0]?.send('value', value)
  await all
  server.removeReceiver('value')

  clients[0]?.send('value', 1n, (error, success) => console.log('a bigint:', success, error?.name))
  const sent = new Promise<void>((resolve) => {
    clients[0]?.send('nobody listens', 'x', (error, success) => {
      console.log('sent:', success, error)
      resolve()
    })
  })
  await sent

  while (server.connections < clients.length) await new Promise((resolve) => setImmediate(resolve))
  const everywhere = clients.map((client) => new Promise((resolve) => client.receive('news', resolve)))
  server.send('news', 'for all')
  console.log('both clients received:', await Promise.all(everywhere))
  await Promise.all([...clients, server].map((linker) => linker.close()))
}
