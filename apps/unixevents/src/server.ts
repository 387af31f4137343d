/**
 * Program 1 of the Quick Start. Runs until it is stopped.
 * Usage: node src/server.ts [CHANNEL [DIRECTORY]]
 */
// #region server
import { Linker } from '@uds/events'
// #endregion
import { channelFrom, untilStopped } from './arguments.ts'

const { channel, options } = channelFrom('Channel1')
// #region server

const server = new Linker('server', channel, options)

server.receive('event-s-a', (data) => {
  console.log('Message on server:', data)
})
setTimeout(() => server.send('event-c-a', 'Message from server'), 100)
// #endregion

await untilStopped(server)
