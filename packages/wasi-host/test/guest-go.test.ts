/** A guest from Go's standard library, which knows nothing of this host. */
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { needsGuest } from '@uds/guests'
import { socketPath } from '@uds/testkit'
import { waits } from './driver.ts'
import { startGuest } from './guest-run.ts'

const guest = needsGuest('go-http-server')

const get = (socketPathname: string, path: string): Promise<string> => {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  request({ socketPath: socketPathname, path, agent: false }, (response) =>
    text(response).then(resolve, reject),
  )
    .on('error', reject)
    .end()
  return promise
}

describe.skipIf(guest.missing).each(waits)('Go, %s', (wait) => {
  test('net/http serves several requests at once on a listener that the host has opened', async () => {
    const path = socketPath()
    const server = startGuest(guest.path, {
      wait,
      args: ['http-server', '6'],
      sockets: { listen: [`unix:${path}`] },
    })
    await server.waitFor(/listening/)
    const paths = ['/a', '/b', '/c', '/d', '/e', '/f']
    expect(await Promise.all(paths.map((each) => get(path, each)))).toEqual(
      paths.map((each) => `hello from Go: ${each}`),
    )
    expect(await server.ended).toEqual({ code: 0, stdout: 'listening\nserved\n', stderr: '' })
  })
})
