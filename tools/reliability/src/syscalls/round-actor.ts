/**
 * `round-actor.ts [NAME, DIRECTORY]`: one operation of @uds/stream and @uds/events, by Node's own sockets; `begin` and `end`
 * are looked up as files, so that strace can be aimed between them. Exit code 0: it worked. 3: it failed with a code.
 */
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { EventClient, EventServer } from '@uds/events'
import { connect, listen } from '@uds/stream'

const [name, directory] = JSON.parse(process.argv[2] ?? '') as [string, string]
const address = (file: string): string => `unix:${join(directory, file)}`

const operations: Readonly<Record<string, (file: string) => Promise<void>>> = {
  stream: async (file) => {
    const listener = await listen(address(file))
    listener.on('connectionError', () => {})
    listener.on('connection', (connection) => {
      connection.on('error', () => {})
      connection.pipe(connection)
    })
    try {
      const connection = await connect(address(file), { timeoutMs: 1000 })
      connection.on('error', () => {})
      setTimeout(() => connection.destroy(), 1500).unref()
      connection.end('hello')
      const got = await text(connection)
      if (got !== 'hello') throw Object.assign(new Error(`"${got}" came back`), { code: 'SHORT' })
    } finally {
      await listener.close({ graceMs: 0 })
    }
  },
  events: async (file) => {
    const server = await EventServer.listen(address(file))
    server.on('error', () => {})
    const got: unknown[] = []
    server.on('say', (data) => got.push(data))
    try {
      const client = await EventClient.connect(address(file), {
        timeoutMs: 1000,
        handshakeTimeoutMs: 1000,
        reconnect: { initialMs: 1, maxMs: 5 },
      })
      client.on('error', () => {})
      try {
        const late = new Promise<never>((_, reject) =>
          setTimeout(() => reject(Object.assign(new Error('late'), { code: 'LATE' })), 2000).unref(),
        )
        await Promise.race([client.send('say', 'kept'), late])
        if (got.length !== 1) throw new Error(`acknowledged, and handled ${got.length} times`)
      } finally {
        await client.close({ graceMs: 0 })
      }
    } finally {
      await server.close({ graceMs: 0 })
    }
  },
}

const descriptors = (): string[] =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)]
    } catch {
      return []
    }
  })

const problems: string[] = []
process.on('uncaughtException', (error) => problems.push(`it escaped: ${error.stack}`))
process.on('unhandledRejection', (error) => problems.push(`it escaped: ${String(error)}`))

const operation = operations[name]!
// What is loaded and opened once is no leak.
await operation('warm')
const before = descriptors().filter((each) => each.startsWith('socket:')).length
existsSync(join(directory, 'begin'))
let failed: NodeJS.ErrnoException | undefined
try {
  await operation('s')
} catch (error) {
  failed = error as NodeJS.ErrnoException
}
existsSync(join(directory, 'end'))
if (failed !== undefined && typeof failed.code !== 'string')
  problems.push(`an error without a code: ${failed.stack}`)
for (let waited = 0; waited < 50; waited += 1) {
  if (descriptors().filter((each) => each.startsWith('socket:')).length <= before) break
  await new Promise((resolve) => setTimeout(resolve, 10))
}
const after = descriptors().filter((each) => each.startsWith('socket:')).length
if (after > before) problems.push(`${after - before} sockets are open`)
const left = readdirSync(directory).filter((each) => each !== 'trace')
if (left.length > 0) problems.push(`files are there: ${left.join(', ')}`)
try {
  await operation('s')
} catch (error) {
  problems.push(`afterwards it fails without a fault: ${(error as Error).message}`)
}
console.log(JSON.stringify({ ended: failed?.code ?? 'works', problems }))
process.exit()
