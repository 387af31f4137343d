/** What the tests of the net door share: a server that listens until the test ends, and all that a socket reads. */
import { once } from 'node:events'
import type net from 'node:net'
import { onTestFinished } from 'vitest'

export const listening = async (server: net.Server, path: string): Promise<void> => {
  onTestFinished(() => void server.close())
  server.listen(path)
  await once(server, 'listening')
}

/** All that the socket reads, to its end. */
export const text = async (socket: net.Socket): Promise<string> => {
  let all = ''
  for await (const chunk of socket) all += String(chunk)
  return all
}
