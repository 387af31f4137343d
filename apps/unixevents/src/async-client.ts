/**
 * Program 2 of the Quick Start with asynchronous initialisation; it may be started first. Ends when it has had its
 * message.
 * Usage: node src/async-client.ts [CHANNEL [DIRECTORY]]
 */
// #region client
import { Linker } from '@uds/events'
// #endregion
import { channelFrom } from './arguments.ts'

const { channel, options } = channelFrom('Channel2')
// #region client

const client = new Linker(options)
const result = await client.init('client', channel)
console.log('Client initialized:', result)

client.receive('event-ca', async (data) => {
  console.log('Message on client:', data)
  await client.close()
})
client.send('event-sa', 'Message from client')
// #endregion
