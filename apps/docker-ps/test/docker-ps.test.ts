import { createServer, type Server } from 'node:http'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { freshName, socketPath, spawnScript, type Spawned } from '@uds/testkit'
import { serve } from '@uds/stream/http'
import { capabilities } from '@uds/winsock-ffi'
import { dockerAddress } from '../src/address.ts'

// Starting a process takes seconds on a busy machine, under Wine above all.
vi.setConfig({ testTimeout: 60_000 })

const script = new URL('../src/docker-ps.ts', import.meta.url)

const containers = [
  {
    Id: '8dfafdbc3a40aa1f2e3d4c5b6a798081',
    Image: 'nginx:latest',
    Command: '/docker-entrypoint.sh nginx -g "daemon off;"',
    State: 'running',
    Status: 'Up 2 hours',
    Names: ['/web'],
  },
  {
    Id: '9cd87474be90',
    Image: 'redis',
    Command: 'redis-server',
    State: 'exited',
    Status: 'Exited (0)',
    Names: ['/db', '/app/db'],
  },
]

/** As much of the daemon as the program asks for. */
const daemon = (): Server =>
  createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://docker')
    if (url.pathname !== '/containers/json') {
      response.writeHead(404).end('{"message":"page not found"}')
      return
    }
    const all = url.searchParams.get('all') === '1'
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(containers.filter(({ State }) => all || State === 'running')))
  })

const serving = async (address: string, server = daemon()): Promise<string> => {
  const served = await serve(server, address)
  onTestFinished(() => served.close())
  return served.address
}

const ended = async (run: Spawned): Promise<[number | null, string]> => [(await run.exit).code, run.stdout()]

const running = `CONTAINER ID   IMAGE          COMMAND                  STATUS       NAMES
8dfafdbc3a40   nginx:latest   "/docker-entrypoint.…"   Up 2 hours   web
`
const everything = `CONTAINER ID   IMAGE          COMMAND                  STATUS       NAMES
8dfafdbc3a40   nginx:latest   "/docker-entrypoint.…"   Up 2 hours   web
9cd87474be90   redis          "redis-server"           Exited (0)   db,app/db
`

const addresses: Record<string, () => string> = {
  ...(capabilities().afUnix && { unix: () => `unix:${socketPath()}` }),
  ...(capabilities().system === 'win32' && { pipe: () => `pipe:${freshName()}` }),
  tcp: () => 'tcp:127.0.0.1:0',
}

describe.each(Object.keys(addresses))('over %s', (scheme) => {
  test('it lists the containers that run, and with -a all of them', async () => {
    const at = await serving(addresses[scheme]!())
    expect(await ended(spawnScript(script, [at]))).toEqual([0, running])
    expect(await ended(spawnScript(script, ['-a', at]))).toEqual([0, everything])
  })
})

test('it finds the daemon by DOCKER_HOST', async () => {
  const at = await serving('tcp:127.0.0.1:0')
  const run = spawnScript(script, [], { env: { DOCKER_HOST: at.replace('tcp:', 'tcp://') } })
  expect(await ended(run)).toEqual([0, running])
})

test('without a daemon it says where it looked and what to do', async () => {
  const path = capabilities().afUnix ? `unix:${socketPath()}` : 'tcp:127.0.0.1:1'
  const run = spawnScript(script, [path])
  expect(await ended(run)).toEqual([1, ''])
  expect(run.stderr()).toContain(`docker-ps: ${path}: connect E`)
})

test('an answer that is no list is told', async () => {
  const server = createServer((_request, response) => void response.writeHead(500).end('out of order'))
  const run = spawnScript(script, [await serving('tcp:127.0.0.1:0', server)])
  expect(await ended(run)).toEqual([1, ''])
  expect(run.stderr()).toContain('the daemon answered 500: out of order')
})

test.each([
  [undefined, 'linux', 'unix:/var/run/docker.sock'],
  ['', 'darwin', 'unix:/var/run/docker.sock'],
  [undefined, 'win32', 'pipe:docker_engine'],
  ['unix:///run/docker.sock', 'linux', 'unix:///run/docker.sock'],
  ['npipe:////./pipe/docker_engine', 'win32', 'npipe:////./pipe/docker_engine'],
  ['tcp://127.0.0.1:2375', 'linux', 'tcp:127.0.0.1:2375'],
  ['tcp://[::1]:2375/', 'linux', 'tcp:[::1]:2375'],
] as const)('DOCKER_HOST=%s on %s is %s', (host, platform, address) => {
  expect(dockerAddress(host, platform)).toBe(address)
})
