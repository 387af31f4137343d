/** The example advanced: several clients, all types of values, receivers, callbacks. */
import { Linker } from '@uds/events'
import { nextEvent, assertEqual, type Example } from './example.ts'

const VALUES: readonly unknown[] = [
  { user: 'Ada', tags: ['x', 'y'] },
  [1, 'two', null],
  42,
  true,
  null,
  'text',
]

/** Resolves with the data of the next `count` events. */
const collectEvents = (linker: Linker, event: string, count: number): Promise<unknown[]> =>
  new Promise((resolve) => {
    const all: unknown[] = []
    linker.receive(event, (data) => {
      all.push(data)
      if (all.length === count) resolve(all)
    })
  })

/** Several clients, values of every type, `receiveOnce`, `removeReceiver`, and callbacks. */
export const advanced: Example = {
  title: 'advanced features',
  run: async ({ channel, options, print }) => {
    const server = new Linker('server', channel, options)
    const one = new Linker('client', channel, options)
    const two = new Linker('client', channel, options)
    try {
      assertEqual('both clients', await Promise.all([one.ready, two.ready]), [true, true])
      let only = 0
      server.receiveOnce('value', () => (only += 1))
      const values = collectEvents(server, 'value', VALUES.length)
      for (const value of VALUES) one.send('value', value)
      print('server received:', await values)
      assertEqual('the values', await values, VALUES)
      assertEqual('the calls of receiveOnce', only, 1)
      server.removeReceiver('value')

      const refused = Promise.withResolvers<unknown>()
      one.send('value', 1n, (error, success) => refused.resolve([success, error?.name]))
      print('sent a bigint, which JSON has not:', await refused.promise)
      assertEqual('the callback', await refused.promise, [false, 'TypeError'])

      const news = Promise.all([nextEvent(one, 'news'), nextEvent(two, 'news')])
      // The server knows a client after its first message.
      const here = collectEvents(server, 'here', 2)
      one.send('here')
      two.send('here')
      await here
      server.send('news', 'for all')
      print('both clients received:', await news)
      assertEqual('the news', await news, ['for all', 'for all'])
    } finally {
      await Promise.all([one.close(), two.close(), server.close()])
    }
  },
}
