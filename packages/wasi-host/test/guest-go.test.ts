/** A guest from Go's standard library, which knows nothing of this host. */
import { randomBytes } from 'node:crypto'
import { Agent, request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { needsGuest } from '@uds/guests'
import { socketPath } from '@uds/testkit'
import { waits } from './driver.ts'
import { startGuest } from './guest-run.ts'
import type { Ran } from './guest-run.ts'

const guest = needsGuest('go-http-server')

interface Served {
  /** Sends a request on a connection of its own, unless an agent is given; gives the body of the answer. */
  ask(path: string, body?: Buffer): Promise<Buffer>
  readonly ended: Promise<Ran>
}

/** Serves `count` requests. */
const serveRequests = async (
  wait: (typeof waits)[number],
  count: number,
  agent: Agent | false = false,
): Promise<Served> => {
  const path = socketPath()
  const server = startGuest(guest.path, {
    wait,
    args: ['http-server', String(count)],
    sockets: { listen: [`unix:${path}`], quotas: { sockets: 512 } },
  })
  await server.waitFor(/listening/)
  const ask = (url: string, body?: Buffer): Promise<Buffer> => {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
    const method = body === undefined ? 'GET' : 'POST'
    request({ socketPath: path, path: url, method, agent }, (response) =>
      buffer(response).then(resolve, reject),
    )
      .on('error', reject)
      .end(body)
    return promise
  }
  return { ask, ended: server.ended }
}

const SERVED = { code: 0, stdout: 'listening\nserved\n', stderr: '' }

describe.skipIf(guest.missing).each(waits)('Go, %s', (wait) => {
  test('net/http serves 300 connections at once on a listener that the host has opened', async () => {
    const { ask, ended } = await serveRequests(wait, 300)
    const paths = Array.from({ length: 300 }, (_, each) => `/${each}`)
    const answers = await Promise.all(paths.map((path) => ask(path)))
    expect(answers.map(String)).toEqual(paths.map((path) => `hello from Go: ${path}`))
    expect(await ended).toEqual(SERVED)
  })

  test('bodies of 16 MiB go both ways at once, on connections that are kept', async () => {
    const agent = new Agent({ keepAlive: true })
    onTestFinished(() => agent.destroy())
    const { ask, ended } = await serveRequests(wait, 4, agent)
    const body = randomBytes(16 * 1024 * 1024)
    for (let round = 0; round < 2; round += 1) {
      const answers = await Promise.all([ask('/a', body), ask('/b', body)])
      expect(answers.map((each) => each.equals(body))).toEqual([true, true])
    }
    expect(await ended).toEqual(SERVED)
  }, 60_000)
})
