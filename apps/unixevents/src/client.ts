/**
 * Program 2 of the Quick Start; it may be started first. Runs until it is stopped.
 * Usage: node src/client.ts [CHANNEL [DIRECTORY]]
 */
// #region client
import { Linker } from '@uds/events'
// #endregion
import { channelFrom, untilStopped } from './arguments.ts'

const { channel, options } = channelFrom('Channel1')
// #region client

const client = new Linker('client', channel, options)

client.receive('event-c-a', (data) => {
  console.log('Message on client:', data)
})
setTimeout(() => client.send('event-s-a', 'Message from client'), 100)
// #endregion

await untilStopped(client)
