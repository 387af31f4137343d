/** What zeromq does, row by row of docs/guides/coming-from-zeromq.md. */
import { socketPath } from '@uds/testkit'
import { onTestFinished } from 'vitest'

const echoOnce = async (server) => server.send((await server.receive())[0])
const texts = (frames) => frames.map(String)
const ipc = () => `ipc://${socketPath()}`

const made = (socket) => {
  onTestFinished(() => socket.close())
  return socket
}

/** Two sockets, the first bound, the second connected. */
const joined = async (First, Second, address = ipc()) => {
  const one = made(new First({ linger: 0 }))
  await one.bind(address)
  const two = made(new Second({ linger: 0 }))
  two.connect(one.lastEndpoint)
  return [one, two]
}

export const rows = (zmq) => {
  return {
    'Reply, Request': async () => {
      const [reply, request] = await joined(zmq.Reply, zmq.Request)
      const served = echoOnce(reply)
      await request.send('x')
      await served
      return texts(await request.receive())
    },
    'Router, Dealer: many requests at once': async () => {
      const [router, dealer] = await joined(zmq.Router, zmq.Dealer)
      for (const text of ['a', 'b', 'c']) await dealer.send(text)
      const asked = []
      for (let each = 0; each < 3; each += 1) asked.push(await router.receive())
      // Answered in another order than asked.
      for (const [id, text] of asked.toReversed()) await router.send([id, `${text}!`])
      const answers = []
      for (let each = 0; each < 3; each += 1) answers.push(String((await dealer.receive())[0]))
      return answers.toSorted()
    },
    'Publisher, Subscriber': async () => {
      const publisher = made(new zmq.XPublisher({ linger: 0 }))
      await publisher.bind(ipc())
      const subscriber = made(new zmq.Subscriber())
      subscriber.connect(publisher.lastEndpoint)
      subscriber.subscribe('news')
      await publisher.receive()
      await publisher.send(['sport', '1:0'])
      await publisher.send(['news', 'hello'])
      return texts(await subscriber.receive()).slice(1)
    },
    'Push to one Pull': async () => {
      const [pull, push] = await joined(zmq.Pull, zmq.Push)
      for (const text of ['1', '2', '3']) await push.send(text)
      const got = []
      for (let each = 0; each < 3; each += 1) got.push(...texts(await pull.receive()))
      return got
    },
    'Push to many Pulls': async () => {
      const [push, one] = await joined(zmq.Push, zmq.Pull)
      const two = made(new zmq.Pull({ linger: 0 }))
      two.connect(push.lastEndpoint)
      for (const text of ['1', '2', '3', '4']) await push.send(text)
      /** @type {string[]} */
      const got = []
      return new Promise((resolve) => {
        const take = async (pull) => {
          for await (const frames of pull) {
            got.push(...texts(frames))
            if (got.length === 4) resolve(got.toSorted())
          }
        }
        void take(one)
        void take(two)
      })
    },
    Pair: async () => {
      const [one, two] = await joined(zmq.Pair, zmq.Pair)
      await one.send('down')
      await two.send('up')
      return [...texts(await two.receive()), ...texts(await one.receive())]
    },
    'for await (const [message] of socket)': async () => {
      const [pull, push] = await joined(zmq.Pull, zmq.Push)
      await push.send('first')
      const got = []
      for await (const [message] of pull) {
        got.push(String(message))
        break
      }
      return got
    },
    'ipc:///run/x.sock': async () => (await joined(zmq.Pull, zmq.Push)).length,
    'ipc://@name (Linux)': async () =>
      (await joined(zmq.Pull, zmq.Push, `ipc://@${socketPath().replaceAll('/', '-')}`)).length,
    'tcp://127.0.0.1:*': async () => (await joined(zmq.Pull, zmq.Push, 'tcp://127.0.0.1:*')).length,
    'inproc://x': async () => (await joined(zmq.Pull, zmq.Push, `inproc://${socketPath()}`)).length,
    'connect before bind': async () => {
      const address = ipc()
      const push = made(new zmq.Push({ linger: 0, reconnectInterval: 10 }))
      push.connect(address)
      const sent = push.send('early')
      const pull = made(new zmq.Pull())
      await pull.bind(address)
      await sent
      return texts(await pull.receive())
    },
    routingId: async () => {
      const router = made(new zmq.Router())
      await router.bind(ipc())
      const dealer = made(new zmq.Dealer({ routingId: 'sensor-7', linger: 0 }))
      dealer.connect(router.lastEndpoint)
      await dealer.send('x')
      return String((await router.receive())[0])
    },
    receiveTimeout: async () => {
      const [, request] = await joined(zmq.Reply, zmq.Request)
      request.receiveTimeout = 20
      await request.send('x')
      return request.receive().then(
        () => 'answered',
        (error) => (error.code === 'EAGAIN' ? 'too late' : error),
      )
    },
    sendHighWaterMark: async () => {
      const push = made(new zmq.Push({ linger: 0, sendHighWaterMark: 1, sendTimeout: 0 }))
      push.connect(ipc())
      await push.send('one')
      return push.send('two').then(
        () => 'taken',
        (error) => (error.code === 'EAGAIN' ? 'full' : error),
      )
    },
    'a message of several frames': async () => {
      const [pull, push] = await joined(zmq.Pull, zmq.Push)
      await push.send([Buffer.from([1]), Buffer.from([2, 255])])
      return (await pull.receive()).map((frame) => [...frame])
    },
    'socket.events': async () => {
      const address = ipc()
      const pull = made(new zmq.Pull())
      await pull.bind(address)
      const push = made(new zmq.Push({ linger: 0 }))
      const connected = new Promise((resolve) => push.events.on('connect', () => resolve('connected')))
      push.connect(address)
      return connected
    },
    'linger, close()': async () => {
      const [pull, push] = await joined(zmq.Pull, zmq.Push)
      push.linger = 2000
      await push.send('last words')
      push.close()
      return texts(await pull.receive())
    },
  }
}
