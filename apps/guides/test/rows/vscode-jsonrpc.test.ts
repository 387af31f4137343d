/** docs/guides/coming-from-vscode-jsonrpc.md */
import { until } from '@uds/testkit'
import { pair, type End } from './ends.ts'
import { tryGuide, type Rows } from './guide-rows.ts'

const codeOrMessage = (what: 'code' | 'message') => (error: unknown) =>
  (error as Readonly<Record<string, string>>)[what]

const ended = async ({ here, peer }: End): Promise<string> => {
  await here.close()
  await until(() => peer.closed)
  return 'closed'
}

const ours: Rows = {
  'createMessageConnection(reader, writer).listen()': async () => typeof (await pair()).here.request,
  "sendRequest('add', input), onRequest('add', handler)": async () => {
    const { server, here } = await pair()
    server.handle('add', (input) => {
      const [a, b] = input as [number, number]
      return a + b
    })
    return here.request('add', [1, 2])
  },
  "sendNotification('log', data), onNotification('log', ...)": async () => {
    const { server, here } = await pair()
    const got = server.once('log')
    here.emit('log', 'text')
    return (await got)[0]
  },
  'a request of the other side': async () => {
    const { here, peer } = await pair()
    here.handle('ask', () => 'answered')
    return peer.request('ask')
  },
  'new ResponseError(code, message)': async () => {
    const { server, here } = await pair()
    server.handle('fail', () => {
      throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
    })
    return here.request('fail').then(() => 'answered', codeOrMessage('message'))
  },
  'a request that nobody handles': async () => {
    const { here } = await pair()
    const code = await here.request('nothing').then(() => 'answered', codeOrMessage('code'))
    return code === 'ERR_NO_HANDLER' ? 'no handler' : code
  },
  'a CancellationToken': async () => {
    const { server, here } = await pair()
    const seen = Promise.withResolvers<void>()
    const cancelled = Promise.withResolvers<string>()
    server.handle('slow', (_input, { signal }) => {
      signal.addEventListener('abort', () => cancelled.resolve('cancelled at the handler'))
      seen.resolve()
      return cancelled.promise
    })
    const abort = new AbortController()
    const answer = here.request('slow', 1, { signal: abort.signal })
    answer.catch(() => {})
    await seen.promise
    abort.abort()
    return cancelled.promise
  },
  'new ProgressType(), sendProgress, onProgress': async () => {
    const { server, here } = await pair()
    server.handle('work', () => [1, 2, 3].values())
    const got: unknown[] = []
    for await (const each of here.stream('work')) got.push(each)
    return got
  },
  onUnhandledNotification: async () => {
    const { server, here } = await pair()
    const { promise, resolve } = Promise.withResolvers<string>()
    server.onOthers((name) => resolve(name))
    here.emit('surprise', 1)
    return promise
  },
  'onRequest((method, params) => ...)': async () => {
    const { server, here } = await pair()
    server.handleOthers((name) => `any: ${name}`)
    return here.request('whatever')
  },
  onClose: async () => ended(await pair()),
  'dispose(), end()': async () => ended(await pair()),
}

tryGuide(
  'coming-from-vscode-jsonrpc.md',
  [{ name: 'vscode-jsonrpc', version: '10.0.0', main: 'lib/node/main.js' }],
  new URL('./vscode-jsonrpc.theirs.mjs', import.meta.url),
  ours,
)
