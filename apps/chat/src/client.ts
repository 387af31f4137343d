/** A chat client: node src/client.ts [address] [name]. Lines are said; /who and /history ask; /quit leaves. */
import { createInterface } from 'node:readline'
// #region client
import { EventClient } from '@uds/events'
import type { Chat } from './chat.ts'

const from = process.argv[3] ?? `guest ${process.pid}`
const client = await EventClient.connect<Chat>(process.argv[2] ?? 'chat', { name: from, retryUntilMs: 2000 })
client.on('say', (message) => console.log(`${message.from}: ${message.text}`))
client.on('joined', (name) => console.log(`* ${name} is here`))
client.on('left', (name) => console.log(`* ${name} left`))
client.on('connect', () => console.log('* the server is back'))
client.on('disconnect', () => {
  if (!client.closed) console.log('* the server is away; what you say is kept')
})

const commands: Record<string, () => Promise<void>> = {
  '/who': async () => console.log(`* ${(await client.request('who', { timeoutMs: 2000 })).join(', ')}`),
  '/history': async () => {
    for await (const message of client.stream('history', 10))
      console.log(`> ${message.from}: ${message.text}`)
  },
  '/quit': () => client.close(),
}
// Acknowledged: it arrives once, also when the server is started again in between.
const say = (text: string): Promise<void> => client.send('say', { from, text })
// #endregion

console.log(`* connected as ${from}`)
for await (const line of createInterface({ input: process.stdin })) {
  try {
    await (commands[line] ?? (() => say(line)))()
  } catch (error) {
    console.log(`* that failed: ${(error as Error).message}`)
  }
  if (client.closed) break
}
await client.close()
process.exit(0)
