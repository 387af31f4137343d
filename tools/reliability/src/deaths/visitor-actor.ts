/** `visitor-actor.ts [ADDRESS, DOOR]`: connects in a loop, and prints every visit that was refused. */
import { EventClient } from '@uds/events'
import { connect } from '@uds/stream'

const [path, door] = JSON.parse(process.argv[2] ?? '') as [string, string]
const address = `unix:${path}`

const visit = async (): Promise<void> => {
  if (door === 'events') {
    const client = await EventClient.connect(address)
    await client.send('visit')
    await client.close()
    return
  }
  const connection = await connect(address)
  await new Promise<void>((resolve, reject) => {
    connection.once('data', () => resolve())
    connection.once('error', reject)
    connection.once('close', () => reject(new Error('it ended without a byte')))
  })
  connection.destroy()
}

/** So many visits at a time: fewer than a backlog holds. */
const AT_A_TIME = 8

const stop = new AbortController()
let visits = 0
process.stdin.once('data', () => stop.abort())
const loop = async (): Promise<void> => {
  while (!stop.signal.aborted) {
    try {
      await visit()
      visits += 1
    } catch (error) {
      console.log(`refused ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}
console.log('ready')
await Promise.all(Array.from({ length: AT_A_TIME }, loop))
console.log(`visits ${visits}`)
process.exit()
