import { existsSync } from 'node:fs'
import { EventServer } from '@uds/events'
import { connect, listen } from '@uds/stream'
import { capabilities } from '@uds/winsock-ffi'
import { PATIENCE_MS, same, until, type Cases } from './case.ts'
import { uds } from './own-program.ts'

interface Finding {
  readonly what: string
  readonly state: string
  readonly detail: string
}

export const cli: Cases = {
  'uds --version': async () => {
    const { code, output } = await uds(['--version']).ended
    same([code, /^\d+\.\d+\.\d+\n$/.test(output)], [0, true])
  },
  'uds doctor': async () => {
    const { code, output } = await uds(['doctor', '--json']).ended
    same(code, 0)
    const findings = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Finding)
    const { backend } = capabilities()
    same(findings.find(({ what }) => what === 'system calls')?.detail.includes(backend!), true)
    same(
      findings.filter(({ state }) => state === 'failed'),
      [],
    )
  },
  'uds listen and connect': async ({ path }) => {
    const server = uds(['listen', `unix:${path('s')}`], 'from the server')
    const client = uds(
      ['connect', '-N', '--retry', String(PATIENCE_MS), `unix:${path('s')}`],
      'from the client',
    )
    same(
      [await client.ended, await server.ended],
      [
        { code: 0, output: 'from the server' },
        { code: 0, output: 'from the client' },
      ],
    )
  },
  'uds echo': async ({ path }) => {
    const echo = uds(['echo', `unix:${path('s')}`])
    const client = await connect(`unix:${path('s')}`, { retryUntilMs: PATIENCE_MS })
    client.end('ping')
    let said = ''
    for await (const chunk of client) said += String(chunk)
    same(said, 'ping')
    echo.process.kill('SIGTERM')
    await echo.ended
    // Deno 2.9 reports the end of a child as soon as a signal is sent to it.
    await until(() => !existsSync(path('s')))
  },
  'uds proxy': async ({ path }) => {
    const listener = await listen(`unix:${path('to')}`)
    listener.on('connection', (connection) => connection.end('through'))
    const proxy = uds(['proxy', `unix:${path('from')}`, `unix:${path('to')}`])
    const client = await connect(`unix:${path('from')}`, { retryUntilMs: PATIENCE_MS })
    let said = ''
    for await (const chunk of client) said += String(chunk)
    same(said, 'through')
    proxy.process.kill('SIGTERM')
    await proxy.ended
    await listener.close()
  },
  'uds ls': async ({ path }) => {
    const listener = await listen(`unix:${path('s')}`)
    const { code, output } = await uds(['ls', path('s'), '--json']).ended
    same([code, output.includes(path('s'))], [0, true])
    await listener.close()
  },
  'uds send, tail and request': async ({ path }) => {
    const server = await EventServer.listen(`unix:${path('s')}`)
    const said = server.once('say')
    server.handle('double', (number) => (number as number) * 2)
    const tail = uds(['tail', `unix:${path('s')}`])
    same((await uds(['send', `unix:${path('s')}`, 'say', '"hello"']).ended).code, 0)
    same((await said)[0], 'hello')
    same(await uds(['request', `unix:${path('s')}`, 'double', '21']).ended, { code: 0, output: '42\n' })
    await until(() => server.peers.length === 1)
    server.broadcast('news', 'it')
    tail.process.stdout?.once('data', () => tail.process.kill('SIGTERM'))
    same((await tail.ended).output.includes('it'), true)
    await server.close()
  },
}
