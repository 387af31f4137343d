import { Linker } from '@uds/events'
import { next, promise, type Example } from './example.ts'

/** Two ends, one message each way. Nothing is waited for: what is sent early waits for the other end. */
export const basic: Example = {
  title: 'basic usage',
  run: async ({ channel, options, say }) => {
    const server = new Linker('server', channel, options)
    const client = new Linker('client', channel, options)
    try {
      const atServer = next(server, 'event-s-a')
      const atClient = next(client, 'event-c-a')
      client.send('event-s-a', 'Message from client')
      const question = await atServer
      say('server received:', question)
      server.send('event-c-a', 'Message from server')
      const answer = await atClient
      say('client received:', answer)
      promise('the message of the client', question, 'Message from client')
      promise('the message of the server', answer, 'Message from server')
    } finally {
      await Promise.all([client.close(), server.close()])
    }
  },
}
