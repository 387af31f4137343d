/** Node's permission model: the flags that docs/guides/packaging.md names for each layer, with its sample. */
import { dirname, resolve } from 'node:path'
import { socketPath, spawnScript, type Spawned } from '@uds/testkit'
import { describe, expect, test, vi } from 'vitest'

// Several processes one after the other, on a machine that may be busy.
vi.setConfig({ testTimeout: 90_000 })
const LINE_MS = 30_000

const root = resolve(import.meta.dirname, '../../..')
const onWindows = process.platform === 'win32'
/** Since Node 25 the network takes a permission of its own. */
const net = process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : []

/** The rights that a server needs, each of which is asked for by name when it is missing; clients need `client`. */
interface Layer {
  readonly server: (directory: string) => readonly string[]
  readonly client: readonly string[]
  readonly answer: RegExp
}

const files = (directory: string): readonly string[] => [
  `--allow-fs-read=${directory}`,
  `--allow-fs-write=${directory}`,
]

/** A mode is set through a descriptor, whose path this is on Linux. */
const descriptors = process.platform === 'linux' ? files('/proc/self/fd') : []

/** Where the standard streams of a guest lead that are streams of JavaScript. */
const nowhere = files('/dev/null')

const major = Number(process.versions.node.split('.')[0])
/** Without JSPI, as on Node 22, a guest runs in a thread of its own. */
const wasi = major >= 24 ? [] : ['--allow-worker']

const layers: Readonly<Record<string, Layer>> = {
  'echo-ffi': { server: () => ['--allow-addons'], client: ['--allow-addons'], answer: /reply: hello/ },
  'echo-pipes': { server: () => ['--allow-addons'], client: ['--allow-addons'], answer: /reply: hello/ },
  'echo-stream': { server: (at) => [...net, ...files(at)], client: net, answer: /reply: hello/ },
  'echo-events': { server: (at) => [...net, ...files(at)], client: net, answer: /reply: hello/ },
  'echo-wasi': {
    server: (at) => [...wasi, ...nowhere, ...net, ...files(at)],
    client: [...wasi, ...nowhere, ...net],
    answer: /reply: hello/,
  },
}

const start = (script: string, flags: readonly string[], ...args: string[]): Spawned =>
  spawnScript(resolve(root, script), args, {
    execArgv: ['--permission', `--allow-fs-read=${root}`, ...flags],
  })

/** Runs a program that cannot do what it is for, and gives what it said. */
const complaint = async (script: string, flags: readonly string[], ...args: string[]): Promise<string> => {
  const program = start(script, flags, ...args)
  expect((await program.exit).code).not.toBe(0)
  return program.stderr()
}

describe.skipIf(onWindows).each(Object.entries(layers))('%s under --permission', (app, layer) => {
  test('works with the flags that the guide names, and says nothing beside', async () => {
    const path = socketPath()
    // What is bound by FFI needs no right to files but to remove its socket at the end.
    const flags = [...layer.server(dirname(path)), `--allow-fs-write=${dirname(path)}`]
    const server = start(`apps/${app}/src/server.ts`, flags, `unix:${path}`)
    await server.waitForLine(/listening on/, LINE_MS)
    const client = start(`apps/${app}/src/client.ts`, layer.client, `unix:${path}`, 'hello')
    expect({ ...(await client.exit), said: client.stderr() }).toMatchObject({ code: 0 })
    expect(client.stdout()).toMatch(layer.answer)
    await server.kill('SIGTERM')
    const warnings = server.stderr().replaceAll(/^.*(SecurityWarning|--trace-warnings).*\n/gm, '')
    expect(warnings).toBe('')
  })

  test('without one of them, says which', async () => {
    const path = socketPath()
    const flags = layer.server(dirname(path))
    for (const missing of flags) {
      const others = flags.filter((flag) => flag !== missing)
      const said = await complaint(`apps/${app}/src/server.ts`, others, `unix:${path}`)
      const [flag = '', file = ''] = missing.split('=')
      expect(said).toContain(flag)
      expect(said).toContain(file)
    }
  })
})

test.skipIf(process.platform !== 'linux')('a mode needs the paths of descriptors, and says so', async () => {
  const path = socketPath()
  const flags = ['--allow-addons', ...net, ...files(dirname(path))]
  const said = await complaint('apps/guides/src/guarded.ts', flags, `unix:${path}`)
  expect(said).toMatch(/listen ERR_ACCESS_DENIED unix:.*--allow-fs-write=\/proc\/self\/fd/)
})

test.skipIf(onWindows)('authorize needs koffi, and says so before the server listens', async () => {
  const path = socketPath()
  const said = await complaint('apps/guides/src/guarded.ts', files(dirname(path)), `unix:${path}`)
  expect(said).toMatch(/listen ENOTSUP unix:.*authorize has to ask the system.*--allow-addons/)
  const server = start(
    'apps/guides/src/guarded.ts',
    ['--allow-addons', ...net, ...files(dirname(path)), ...descriptors],
    `unix:${path}`,
  )
  await server.waitForLine(/listening on/, LINE_MS)
})
