/** Sockets that go to a thread, as they go to a process: what postMessage cannot transfer. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { Worker } from 'node:worker_threads'
import { capabilities } from '@uds/winsock-ffi'
import { listenHandles, type HandleChannel } from '@uds/stream/handles'
import { handleCount, socketPath, until } from '@uds/testkit'
import { expect, onTestFinished, test } from 'vitest'

test.skipIf(!capabilities().descriptors)(
  'a connection that this thread has accepted is answered by another thread',
  async () => {
    const path = socketPath()
    const listener = listenHandles(path)
    onTestFinished(() => listener.close())
    const joined = once(listener, 'connection') as Promise<[HandleChannel]>
    const thread = new Worker(new URL('./fixtures/handle-thread.ts', import.meta.url), { workerData: path })
    onTestFinished(async () => void (await thread.terminate()))
    const [channel] = await joined
    onTestFinished(() => channel.close())

    const server = createServer({ pauseOnConnect: true }, (socket: Socket) => {
      void channel.sendHandle(socket, 'yours').then(() => socket.destroy())
    })
    const publicPath = socketPath()
    server.listen(publicPath)
    onTestFinished(() => void server.close())
    await once(server, 'listening')

    const ask = async (): Promise<void> => expect(await text(connect(publicPath))).toBe('from the thread')
    // What the thread opens for itself, to wait for its first socket, stays open.
    await ask()
    const before = handleCount()
    for (let each = 0; each < 3; each += 1) await ask()
    await until(() => handleCount() <= before)

    await channel.sendMessage('stop')
    expect(await once(thread, 'exit')).toEqual([0])
  },
)
