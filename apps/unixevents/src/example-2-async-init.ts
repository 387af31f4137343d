import { Linker } from '@uds/events'
import type { LinkerOptions } from '@uds/events'

/** 2. Asynchronous initialisation: init returns whether it went well, and lastError why not. */
export const asyncInit = async (channel: string, options: LinkerOptions): Promise<void> => {
  const server = new Linker(options)
  const client = new Linker(options)
  const second = new Linker(options)
  console.log('server initialized:', await server.init('server', channel))
  console.log('client initialized:', await client.init('client', channel))
  console.log('second server initialized:', await second.init('server', channel))
  console.log(
    'because of:',
    second.lastError instanceof Error && 'code' in second.lastError && second.lastError.code,
  )
  const reply = new Promise((resolve) => client.receive('pong', resolve))
  server.receive('ping', (data) => server.send('pong', data))
  client.send('ping', { at: 1 })
  console.log('client received:', await reply)
  await Promise.all([client.close(), server.close()])
}
