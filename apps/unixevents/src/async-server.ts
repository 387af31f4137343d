/**
 * Program 1 of the Quick Start with asynchronous initialisation. Ends when it has had its message.
 * Usage: node src/async-server.ts [CHANNEL [DIRECTORY]]
 */
// #region server
import { Linker } from '@uds/events'
// #endregion
import { channelFrom } from './arguments.ts'

const { channel, options } = channelFrom('Channel2')
// #region server

const server = new Linker(options)
const result = await server.init('server', channel)
console.log('Server initialized:', result)

server.receive('event-sa', async (data) => {
  console.log('Message on server:', data)
  await server.close()
})
server.send('event-ca', 'Message from server')
// #endregion
