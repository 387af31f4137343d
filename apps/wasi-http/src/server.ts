/**
 * A web server on a Unix socket, until it is stopped.
 * Usage: node src/server.ts [PATH]
 */
import { createServer } from 'node:http'

const path = process.argv[2] ?? './web.sock'

const server = createServer((request, response) => {
  response.setHeader('Content-Type', 'text/plain')
  response.end(`You asked ${request.headers.host} for ${request.url}.\n`)
})
server.on('error', (error) => {
  console.error(error.message)
  process.exitCode = 1
})
server.listen(path, () => console.log(`listening on ${path}`))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.close())
