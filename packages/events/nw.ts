import { EventClient, EventServer, contract, LineServer, LineClient } from './src/index.ts'
import { Linker } from './src/unixevents/index.ts'
const t = async (what: string, f: () => unknown) => {
  try {
    const r = await f()
    console.log(what, '=> OK', r === undefined ? '' : String(r).slice(0, 80))
  } catch (e: any) {
    console.log(`${what} => ${e.name} [${e.code}] ${e.message}`)
  }
}
const C = EventClient as any,
  S = EventServer as any
await t('connect()', () => C.connect())
await t('connect(42)', () => C.connect(42))
await t('connect("")', () => C.connect(''))
await t('connect(nobody)', () => C.connect('nobody-there'))
await t('connect typo option', () => C.connect('x', { retryUntilMS: 3 }))
await t('connect codec', () => C.connect('x', { codec: 'yaml' }))
await t('connect codec obj', () => C.connect('x', { codec: {} }))
await t('connect name', () => C.connect('x', { name: 3 }))
await t('connect retry', () => C.connect('x', { retryUntilMs: -1 }))
await t('connect reconnect', () => C.connect('x', { reconnect: 'yes' }))
await t('connect signal', () => C.connect('x', { signal: 1 }))
await t('connect options str', () => C.connect('x', 'json'))
await t('listen typo', () => S.listen('x', { autorize: 'sameUser' }))
await t('listen authorize', () => S.listen('x', { authorize: 'me' }))
await t('listen token', () => S.listen('x', { token: 5 }))
await t('listen badaddr', () => S.listen('unix:'))
await t('listen maxFrame', () => S.listen('x', { maxFrame: 10 }))
await t('listen outgoing', () => S.listen('x', { outgoing: { policy: 'drop' } }))
await t('listen journal', () => S.listen('x', { journal: 'a.db' }))
const s = await EventServer.listen('nw-test')
await t('listen twice', () => S.listen('nw-test'))
const c = (await EventClient.connect('nw-test')) as any
await t('emit()', () => c.emit())
await t('emit(connect)', () => c.emit('connect'))
await t('emit circular', () => {
  const a: any = {}
  a.a = a
  c.emit('a', a)
})
await t('emit bigint', () => c.emit('a', 1n))
await t('emit fn', () => c.emit('a', () => 1))
await t('emit big', () => c.emit('a', 'x'.repeat(20_000_000)))
await t('send nobody', () => c.send('nobody', 1))
await t('request none', () => c.request('none'))
await t('request timeout', () => c.request('none', 1, { timeoutMs: 'x' }))
await t('request opt typo', () => c.request('none', 1, { timeout: 5 }))
await t('stream none', async () => {
  for await (const x of c.stream('none')) console.log(x)
})
await t('on no fn', () => c.on('a'))
await t('handle no fn', () => c.handle('a', 3))
await t('join', () => c.join('room'))
await t('broadcast opt', () => (s as any).broadcast('a', 1, { rooms: 'x' }))
await t('broadcast typo', () => (s as any).broadcast('a', 1, { room: ['x'] }))
await t('to()', () => (s as any).to('x').emit('a', 1))
await c.close()
await t('emit closed', () => c.emit('a', 1))
await t('send closed', () => c.send('a', 1))
await t('request closed', () => c.request('a', 1))
await s.close()
await t('server after close', () => s.broadcast('a', 1))
await t('line', () => new (LineServer as any)({ path: 3 }))
await t('line typo', () => new (LineServer as any)({ withAcks: true }))
await t('line client', () => (LineClient as any).connect('/nonexistent/x'))
const L = Linker as any
await t('linker', async () => {
  const l = new L()
  console.log(await l.init('servr', 'x'), l.lastError?.message)
  console.log(await l.init('server', '../x'), l.lastError?.message)
  console.log(l.send('a', 1), l.lastError?.message)
})
await t('contract', () => contract({ events: { a: 3 } } as any))
