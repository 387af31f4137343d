/** Workers of node:cluster: one socket for all that listen at an address. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freshName, socketPath, tempDir, until } from '@uds/testkit'
import { connect, listen } from '@uds/stream'
import { servedBy, TestCluster } from './cluster.ts'
import { closing, lineOf, onPosix } from './support.ts'

const isEmpty = (path: string): boolean => readdirSync(dirname(path)).length === 0

describe.skipIf(!onPosix)('workers of a cluster share a path', () => {
  test('in turns: of 30 connections each of 3 workers gets some', async () => {
    const [cluster, path] = [new TestCluster('rr'), socketPath()]
    await cluster.listening(3, `unix:${path}`, { mode: 0o640 })
    expect(statSync(path).mode & 0o777).toBe(0o640)
    const served = new Map<string, number>()
    for (let count = 0; count < 30; count += 1) {
      const by = await servedBy(path)
      served.set(by, (served.get(by) ?? 0) + 1)
    }
    expect([...served.keys()].toSorted()).toEqual(['1', '2', '3'])
  })

  test.each(['rr', 'none'] as const)(
    'each can leave, the others serve, and the last one takes the file with it (%s)',
    async (policy) => {
      const [cluster, path] = [new TestCluster(policy), socketPath()]
      // Each serves one client, and leaves.
      const ids = await cluster.listening(3, `unix:${path}`, { once: true })
      const served: string[] = []
      for (let count = 0; count < 3; count += 1) {
        const by = await servedBy(path)
        expect(await cluster.next(by)).toBe('closed')
        served.push(by)
      }
      expect(served.toSorted()).toEqual(ids.toSorted())
      expect(isEmpty(path)).toBe(true)
      // The same worker can come again.
      expect(await cluster.listen(ids[0]!, `unix:${path}`)).toBe(`listens at unix:${path}`)
      expect(await servedBy(path)).toBe(ids[0])
    },
  )

  test('one that is killed leaves the others serving, and one that comes later joins them', async () => {
    const [cluster, path] = [new TestCluster('rr'), socketPath()]
    const [first, second] = await cluster.listening(2, `unix:${path}`)
    expect(await cluster.tell(first!, 'kill')).toBe('ended')
    expect(await servedBy(path)).toBe(second)
    const [third] = await cluster.listening(1, `unix:${path}`)
    expect([await servedBy(path), await servedBy(path)].toSorted()).toEqual([second, third])
    // By process.exit(), without close.
    expect(await cluster.tell(second!, 'exit')).toBe('ended')
    expect(await servedBy(path)).toBe(third)
    expect(await cluster.tell(third!, 'exit')).toBe('ended')
    expect(isEmpty(path)).toBe(true)
  })

  test('a cluster that is killed whole leaves nothing that the next server keeps', async () => {
    const [cluster, path] = [new TestCluster('rr'), socketPath()]
    const [id] = await cluster.listening(1, `unix:${path}`)
    await cluster.primary.kill('SIGKILL')
    // Its workers notice by the end of their channel.
    await until(() => isEmpty(path))
    expect(id).toBe('1')
    const killed = new TestCluster('rr')
    const [worker] = await killed.listening(1, `unix:${path}`)
    expect(await killed.tell(worker!, 'kill')).toBe('ended')
    await killed.primary.kill('SIGKILL')
    expect(isEmpty(path)).toBe(false)
    await closing(await listen(`unix:${path}`)).close()
    expect(isEmpty(path)).toBe(true)
  })

  test('with exclusive one listens alone; a server outside of the cluster is none of them', async () => {
    const [cluster, path] = [new TestCluster('rr'), socketPath()]
    const [first, second] = [await cluster.fork(), await cluster.fork()]
    expect(await cluster.listen(first, `unix:${path}`, { exclusive: true })).toBe(`listens at unix:${path}`)
    for (const options of [{ exclusive: true }, {}])
      expect(await cluster.listen(second, `unix:${path}`, options)).toMatch(
        /^EADDRINUSE: .*a server is listening/,
      )
    expect(await servedBy(path)).toBe(first)
    expect(await cluster.tell(first, 'close')).toBe('closed')
    expect(isEmpty(path)).toBe(true)
    expect(await cluster.listen(second, `unix:${path}`)).toBe(`listens at unix:${path}`)
    await expect(listen(`unix:${path}`)).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  test('a successor has the path; a file that vanished is made again', async () => {
    const [cluster, path] = [new TestCluster('rr'), socketPath()]
    const ids = await cluster.listening(2, `unix:${path}`)
    rmSync(path)
    expect(await cluster.tell(ids[1]!, 'relink')).toBe('relinked')
    expect(ids).toContain(await servedBy(path))
    const successor = closing(await listen(`unix:${path}`, { takeOver: true }))
    successor.on('connection', (connection) => connection.end('the successor'))
    expect(await cluster.tell(ids[0]!, 'close')).toBe('closed')
    expect(await cluster.tell(ids[0]!, `listen unix:${path} {"takeOver":true}`)).toMatch(/^listens/)
    expect(ids).toContain(await servedBy(path))
    rmSync(path)
    for (const name of readdirSync(dirname(path))) rmSync(`${dirname(path)}/${name}`, { recursive: true })
    expect(await cluster.tell(ids[0]!, 'relink')).toMatch(/^ENOENT: .*hidden directory/)
  })

  test('a relative path is one of the worker, whatever directory the primary process is in; long ones are told', async () => {
    const directory = tempDir()
    const cluster = new TestCluster('rr', directory)
    await cluster.listening(2, 'unix:./s')
    expect(await servedBy(`${directory}/s`)).toMatch(/^[12]$/)
    const deep = `${directory}/${'d'.repeat(90 - directory.length)}`
    mkdirSync(deep)
    // There is no room for the readable name of the directory.
    expect(await cluster.listen('1', `unix:${deep}/s`)).toMatch(/^listens/)
    expect(await servedBy(`${deep}/s`)).toBe('1')
    expect(await cluster.listen('2', `unix:${deep}${'e'.repeat(9)}/s`)).toMatch(/^ENAMETOOLONG: .*exclusive/)
  })
})

describe.skipIf(!onPosix)('under a process manager such as PM2', () => {
  test('in cluster mode a rolling restart refuses nobody', async () => {
    // The workers have another directory than the manager.
    const [cluster, path] = [new TestCluster('rr', tempDir()), socketPath()]
    let old = await cluster.listening(2, `unix:${path}`)
    const rolled = new AbortController()
    const served = new Set<string>()
    const clients = (async () => {
      while (!rolled.signal.aborted) served.add(await servedBy(path))
    })()
    for (let round = 0; round < 2; round += 1) {
      const fresh: string[] = []
      for (const id of old) {
        fresh.push(...(await cluster.listening(1, `unix:${path}`)))
        expect(await cluster.tell(id, 'close')).toBe('closed')
        expect(await cluster.tell(id, 'exit')).toBe('ended')
      }
      await until(() => fresh.every((id) => served.has(id)))
      old = fresh
    }
    rolled.abort()
    await clients
    expect(served.has('')).toBe(false)
  })

  test('in fork mode the second instance is refused, and replaces the first with takeOver', async () => {
    const path = socketPath()
    const worker = fileURLToPath(new URL('fixtures/cluster-worker.ts', import.meta.url))
    const start = async (options: object): Promise<string> => {
      const instance = fork(worker, { env: { ...process.env, NODE_APP_INSTANCE: '0' } })
      onTestFinished(() => void instance.kill('SIGKILL'))
      await once(instance, 'message')
      instance.send(`listen unix:${path} ${JSON.stringify(options)}`)
      const [said] = (await once(instance, 'message')) as [string]
      return said
    }
    expect(await start({})).toMatch(/^listens/)
    expect(await start({})).toMatch(/^EADDRINUSE: .*takeOver/)
    expect(await start({ takeOver: true })).toMatch(/^listens/)
  })
})

describe.skipIf(onPosix)('workers of a cluster share a named pipe', () => {
  test('each leaves after one client, and the next client finds another', async () => {
    const [cluster, address] = [new TestCluster('rr'), `pipe:${freshName()}` as const]
    const ids = await cluster.listening(3, address, { once: true })
    // No worker of the cluster.
    await expect(listen(address)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    const served: string[] = []
    for (let count = 0; count < 3; count += 1) {
      const by = await lineOf(await connect(address))
      expect(await cluster.next(by)).toBe('closed')
      served.push(by)
    }
    expect(served.toSorted()).toEqual(ids.toSorted())
    closing(await listen(address))
    expect(await cluster.listen(ids[0]!, address)).toMatch(/^EADDRINUSE/)
    expect(await cluster.listen(ids[0]!, address)).toMatch(/^EADDRINUSE/)
  }, 60_000)
})

test('workers share TCP ports as net.Server has it', async () => {
  const cluster = new TestCluster('rr')
  const ids = [await cluster.fork(), await cluster.fork()]
  const [address, same] = await Promise.all(ids.map((id) => cluster.listen(id, 'tcp:127.0.0.1:0')))
  expect(same).toBe(address)
  const at = address!.replace('listens at ', '') as `tcp:${string}`
  const served = [await lineOf(await connect(at)), await lineOf(await connect(at))]
  expect(served.toSorted()).toEqual(ids)
})

test.skipIf(process.platform !== 'linux')('abstract names are shared, too', async () => {
  const [cluster, address] = [new TestCluster('rr'), `unix:@${freshName()}` as const]
  const ids = await cluster.listening(2, address)
  const served = [await lineOf(await connect(address)), await lineOf(await connect(address))]
  expect(served.toSorted()).toEqual(ids)
})
