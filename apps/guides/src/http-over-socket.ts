/**
 * HTTP over a local socket: a server, asked by `fetch` and by node:http.
 * Usage: node src/http-over-socket.ts [ADDRESS]
 */
// #region http
import { once } from 'node:events'
import http from 'node:http'
import { agent, dispatcher, fetch, serve } from '@uds/stream/http'

const app = http.createServer((request, response) => response.end(`${request.method} ${request.url}`))
const served = await serve(app, process.argv[2] ?? 'name:http')

const local = dispatcher(served.address) // whatever host the URL names
const response = await fetch('http://app/by/fetch', { dispatcher: local })
console.log(await response.text())

const made = agent(served.address)
const request = http.get({ agent: made, path: '/by/http' })
const [incoming] = (await once(request, 'response')) as [http.IncomingMessage]
for await (const chunk of incoming) console.log(String(chunk))
// #endregion

made.destroy()
await local.close()
await served.close()
