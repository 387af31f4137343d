import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { atEnd } from '@uds/testkit'
import { startRelay } from '@uds/nats-server'
import { expect, test } from 'vitest'

test('a relay that is cut swallows bytes and tells nobody; healed, it carries new connections', async () => {
  const echo = createServer((socket) => void socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1')
  atEnd(() => void echo.close())
  await once(echo, 'listening')
  const relay = await startRelay((echo.address() as AddressInfo).port)
  atEnd(() => relay.close())
  const dial = async () => {
    const socket = connect(relay.port, '127.0.0.1').setEncoding('utf8')
    await once(socket, 'connect')
    return socket
  }
  const first = await dial()
  first.write('before')
  expect((await once(first, 'data'))[0]).toBe('before')
  relay.cut()
  let got = ''
  first.on('data', (text: string) => (got += text)).on('error', () => {})
  first.write('lost')
  const second = await dial()
  second.write('lost too')
  const closed = Promise.all(
    [first, second].map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))),
  )
  second.on('error', () => {})
  relay.heal()
  await closed
  expect(got).toBe('')
  const third = await dial()
  third.write('after')
  expect((await once(third, 'data'))[0]).toBe('after')
  third.destroy()
})
