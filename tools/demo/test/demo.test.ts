import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempDir } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { runSample } from '../src/run-sample.ts'
import { chosen, samples, type Sample } from '../src/samples.ts'
import { table } from '../src/table.ts'

const sampleOf = (client: string, server?: string): Sample => {
  const directory = tempDir()
  writeFileSync(join(directory, 'client.mjs'), client)
  if (server !== undefined) writeFileSync(join(directory, 'server.mjs'), server)
  return {
    app: 'x',
    directory,
    layer: '@uds/stream',
    title: 'a sample',
    client: 'client.mjs',
    ...(server !== undefined && { server: 'server.mjs' }),
  }
}

describe('a sample', () => {
  test('is ok when the client ends well and says what came back, from the address that the server printed', async () => {
    const server = "console.log('listening on tcp:1.2.3.4:5'); setInterval(() => {}, 1000)"
    const client = "console.log('reply: ' + process.argv[2]); console.log('42 round trips per second')"
    const outcome = await runSample(sampleOf(client, server))
    expect(outcome).toMatchObject({ ok: true, address: 'tcp:1.2.3.4:5', echoed: 'tcp:1.2.3.4:5', rate: 42 })
  })

  test.each([
    ['the client fails', 'console.log("reply: x"); process.exit(3)', undefined, 'ended with code 3'],
    ['the client is silent', '', undefined, 'printed no reply'],
    ['the server dies', '', 'throw new Error("no luck")', 'no luck'],
  ])('is FAILED with all that was printed when %s', async (_what, client, server, said) => {
    const outcome = await runSample(sampleOf(client, server))
    expect(outcome.ok).toBe(false)
    expect(outcome.problem).toContain(said)
    expect(table([outcome], 'here')).toContain('FAILED')
  })
})

test('samples are found in the apps and come from the ground floor up', () => {
  const root = tempDir()
  for (const [name, layer] of [
    ['b', '@uds/events'],
    ['a', '@uds/stream'],
    ['c', '@uds/winsock-ffi'],
  ] as const) {
    mkdirSync(join(root, 'apps', name), { recursive: true })
    const demo = [{ layer, title: name, client: 'c.ts' }]
    writeFileSync(join(root, 'apps', name, 'package.json'), JSON.stringify({ name, uds: { demo } }))
  }
  expect(samples(root).map(({ app }) => app)).toEqual(['c', 'a', 'b'])
})

test('samples can be chosen by their folders, and a name without one is an error that lists them', () => {
  const all = ['a', 'b'].map((name) => ({ ...sampleOf(''), directory: join('apps', name) }))
  expect(chosen(all, [])).toEqual(all)
  expect(chosen(all, ['b'])).toEqual([all[1]])
  expect(() => chosen(all, ['c'])).toThrow('no sample "c" for pnpm demo; there are a, b')
})
