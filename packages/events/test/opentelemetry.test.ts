import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type DataPoint,
} from '@opentelemetry/sdk-metrics'
import { expect, onTestFinished, test } from 'vitest'
import { instrument } from '../src/opentelemetry/index.ts'
import { join, serve } from './fixtures/ends.ts'

interface Work {
  events: { say: string }
  requests: { add(numbers: number[]): number; fail(): void }
}

/** The SDK, and what it exports. */
const sdk = (): { provider: MeterProvider; read: () => Promise<Map<string, DataPoint<unknown>[]>> } => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000 })
  const provider = new MeterProvider({ readers: [reader] })
  onTestFinished(() => provider.shutdown())
  return {
    provider,
    read: async () => {
      exporter.reset()
      await provider.forceFlush()
      const scopes = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics)
      const metrics = scopes.flatMap((scope) => scope.metrics)
      return new Map(metrics.map((each) => [each.descriptor.name, each.dataPoints as DataPoint<unknown>[]]))
    },
  }
}

test('the SDK reads durations of events and requests, peers, bytes and errors', async () => {
  const { provider, read } = sdk()
  const server = await serve<Work>('tcp:127.0.0.1:0')
  server.on('say', () => {})
  server.handle('add', (numbers) => numbers.length)
  server.handle('fail', () => {
    throw Object.assign(new Error('no'), { code: 'ERR_OF_MINE' })
  })
  const stop = instrument(server, { channel: 'work', meter: provider.getMeter('test') })
  const client = await join<Work>(server.address)
  await client.send('say', 'x'.repeat(1000))
  await client.request('add', [1])
  await expect(client.request('fail')).rejects.toThrow('no')

  const metrics = await read()
  const common = { 'uds.events.channel': 'work', 'uds.events.role': 'server' }
  expect(metrics.get('messaging.process.duration')).toMatchObject([
    { attributes: { ...common, 'messaging.destination.name': 'say' }, value: { count: 1 } },
  ])
  expect(metrics.get('rpc.server.call.duration')).toMatchObject([
    { attributes: { ...common, 'rpc.method': 'add' }, value: { count: 1 } },
    { attributes: { ...common, 'rpc.method': 'fail', 'error.type': 'ERR_OF_MINE' }, value: { count: 1 } },
  ])
  expect(metrics.get('uds.events.peers')).toMatchObject([{ attributes: common, value: 1 }])
  const received = metrics
    .get('uds.events.io')
    ?.find(({ attributes }) => attributes['network.io.direction'] === 'receive')
  expect(received?.value).toBeGreaterThan(1000)

  stop()
  await client.send('say', 'not counted')
  expect((await read()).get('messaging.process.duration')).toMatchObject([{ value: { count: 1 } }])
})

test('without an SDK nothing happens, and nothing fails', async () => {
  const server = await serve<Work>()
  expect(() => instrument(server)()).not.toThrow()
})
