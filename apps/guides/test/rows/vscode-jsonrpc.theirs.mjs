/** What vscode-jsonrpc does, row by row of docs/guides/coming-from-vscode-jsonrpc.md. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { socketPath } from '@uds/testkit'
import { onTestFinished } from 'vitest'

export const rows = (rpc) => {
  const over = (socket) => {
    const made = rpc.createMessageConnection(
      new rpc.SocketMessageReader(socket),
      new rpc.SocketMessageWriter(socket),
    )
    onTestFinished(() => made.dispose())
    return made
  }
  /** Both ends of one connection, not listening yet. */
  const pair = async () => {
    const path = socketPath()
    const server = createServer()
    server.listen(path)
    await once(server, 'listening')
    const accepted = once(server, 'connection')
    const socket = connect(path)
    const [theirs] = await accepted
    onTestFinished(() => {
      socket.destroy()
      theirs.destroy()
      server.close()
    })
    return { here: over(socket), there: over(theirs), socket }
  }
  const started = async (prepare) => {
    const ends = await pair()
    prepare?.(ends)
    ends.there.listen()
    ends.here.listen()
    return ends
  }

  return {
    'createMessageConnection(reader, writer).listen()': async () => {
      const { here } = await started()
      return typeof here.sendRequest
    },
    "sendRequest('add', input), onRequest('add', handler)": async () => {
      const { here } = await started(({ there }) => there.onRequest('add', (a, b) => a + b))
      return here.sendRequest('add', 1, 2)
    },
    "sendNotification('log', data), onNotification('log', ...)": async () => {
      const { promise, resolve } = Promise.withResolvers()
      const { here } = await started(({ there }) => there.onNotification('log', resolve))
      await here.sendNotification('log', 'text')
      return promise
    },
    'a request of the other side': async () => {
      const { there } = await started(({ here }) => here.onRequest('ask', () => 'answered'))
      return there.sendRequest('ask')
    },
    'new ResponseError(code, message)': async () => {
      const { here } = await started(({ there }) =>
        there.onRequest('fail', () => {
          throw new rpc.ResponseError(-32001, 'no such file')
        }),
      )
      return here.sendRequest('fail').then(
        () => 'answered',
        (error) => error.message,
      )
    },
    'a request that nobody handles': async () => {
      const { here } = await started()
      return here.sendRequest('nothing').then(
        () => 'answered',
        (error) => (error.code === rpc.ErrorCodes.MethodNotFound ? 'no handler' : error),
      )
    },
    'a CancellationToken': async () => {
      const seen = Promise.withResolvers()
      const { here } = await started(({ there }) =>
        there.onRequest('slow', (_input, token) => {
          const ended = new Promise((resolve) => token.onCancellationRequested(() => resolve()))
          seen.resolve()
          return ended.then(() => 'cancelled at the handler')
        }),
      )
      const source = new rpc.CancellationTokenSource()
      const answer = here.sendRequest('slow', 1, source.token)
      await seen.promise
      source.cancel()
      return answer
    },
    'new ProgressType(), sendProgress, onProgress': async () => {
      const type = new rpc.ProgressType()
      const got = []
      const { here } = await started((ends) => {
        ends.there.onRequest('work', async () => {
          for (const each of [1, 2, 3]) await ends.there.sendProgress(type, 'token', each)
          return 'done'
        })
        ends.here.onProgress(type, 'token', (each) => got.push(each))
      })
      await here.sendRequest('work')
      return got
    },
    onUnhandledNotification: async () => {
      const { promise, resolve } = Promise.withResolvers()
      const { here } = await started(({ there }) => there.onUnhandledNotification(resolve))
      await here.sendNotification('surprise', 1)
      return (await promise).method
    },
    'onRequest((method, params) => ...)': async () => {
      const { here } = await started(({ there }) => there.onRequest((method) => `any: ${method}`))
      return here.sendRequest('whatever')
    },
    onClose: async () => {
      const { promise, resolve } = Promise.withResolvers()
      const { socket } = await started(({ there }) => there.onClose(() => resolve('closed')))
      socket.end()
      return promise
    },
    'dispose(), end()': async () => {
      const { there, here } = await started()
      const { promise, resolve } = Promise.withResolvers()
      there.onClose(() => resolve('closed'))
      here.end()
      return promise
    },
  }
}
