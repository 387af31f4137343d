/** The example of asynchronous initialisation. */
import { Linker } from '@uds/events'
import { nextEvent, assertEqual, type Example } from './example.ts'

/** `init` resolves with false where it failed, and `lastError` is the reason. */
export const asyncInitialisation: Example = {
  title: 'async initialisation',
  run: async ({ channel, options, print }) => {
    const [server, client, second] = [new Linker(options), new Linker(options), new Linker(options)]
    try {
      const opened = await server.init('server', channel)
      print('server initialised:', opened)
      const connected = await client.init('client', channel)
      print('client initialised:', connected)
      const again = await second.init('server', channel)
      print('a second server initialised:', again)
      const { code } = (second.lastError ?? {}) as NodeJS.ErrnoException
      print('because of:', code)
      assertEqual('the three results', [opened, connected, again, code], [true, true, false, 'EADDRINUSE'])
      const answer = nextEvent(client, 'pong')
      server.receive('ping', (data) => server.send('pong', data))
      client.send('ping', { at: 1 })
      print('client received:', await answer)
      assertEqual('the answer', await answer, { at: 1 })
    } finally {
      await Promise.all([client.close(), second.close(), server.close()])
    }
  },
}
