import { Linker } from '@uds/events'
import { next, promise, type Example } from './example.ts'

/** `init` tells whether it went well, and `lastError` why not. */
export const asyncInitialisation: Example = {
  title: 'async initialisation',
  run: async ({ channel, options, say }) => {
    const [server, client, second] = [new Linker(options), new Linker(options), new Linker(options)]
    try {
      const opened = await server.init('server', channel)
      say('server initialised:', opened)
      const connected = await client.init('client', channel)
      say('client initialised:', connected)
      const again = await second.init('server', channel)
      say('a second server initialised:', again)
      const { code } = (second.lastError ?? {}) as NodeJS.ErrnoException
      say('because of:', code)
      promise('the three results', [opened, connected, again, code], [true, true, false, 'EADDRINUSE'])
      const answer = next(client, 'pong')
      server.receive('ping', (data) => server.send('pong', data))
      client.send('ping', { at: 1 })
      say('client received:', await answer)
      promise('the answer', await answer, { at: 1 })
    } finally {
      await Promise.all([client.close(), second.close(), server.close()])
    }
  },
}
