/** The example basic: two ends, one message each way. */
import { Linker } from '@uds/events'
import { nextEvent, assertEqual, type Example } from './example.ts'

/** Two ends, one message each way. A message that is sent before the other end is there waits for it. */
export const basic: Example = {
  title: 'basic usage',
  run: async ({ channel, options, print }) => {
    const server = new Linker('server', channel, options)
    const client = new Linker('client', channel, options)
    try {
      const atServer = nextEvent(server, 'event-s-a')
      const atClient = nextEvent(client, 'event-c-a')
      client.send('event-s-a', 'Message from client')
      const question = await atServer
      print('server received:', question)
      server.send('event-c-a', 'Message from server')
      const answer = await atClient
      print('client received:', answer)
      assertEqual('the message of the client', question, 'Message from client')
      assertEqual('the message of the server', answer, 'Message from server')
    } finally {
      await Promise.all([client.close(), server.close()])
    }
  },
}
