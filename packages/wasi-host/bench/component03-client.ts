/** The echo of a component of WASI 0.3: a task with a callback over streams. It needs no JSPI. */
import { WasiHost } from '../src/index.ts'
import { echoComponent03, ROUND_TRIPS } from '../test/builder/echo03.ts'

const RET = 64
const ARGS = 256
const EVENT = 512

/** Connects a component over TCP. */
export const component03Client = async (
  port: number,
  size: number,
): Promise<(count: number) => Promise<void>> => {
  const host = new WasiHost({ stdin: 'ignore', sockets: { allow: ['connect:127.0.0.1:*'] } })
  const guest = await host.instantiate(echoComponent03())
  const call = async (name: string, ...args: number[]): Promise<number> =>
    Number(await guest.call(name, ...args))
  const u32 = async (at: number): Promise<number> => Buffer.from(await guest.read(at, 4)).readUInt32LE()
  await call('tcp-socket.create', 0, RET)
  const socket = await u32(RET + 4)
  const connect = new Uint8Array(36)
  new DataView(connect.buffer).setUint32(0, socket, true)
  new DataView(connect.buffer).setUint16(8, port, true)
  connect.set([127, 0, 0, 1], 10)
  await guest.write(ARGS, connect)
  const subtask = (await call('async.tcp-socket.connect', ARGS, RET)) >>> 4
  const set = await call('waitable-set-new')
  await call('waitable-join', subtask, set)
  while ((await call('waitable-set-poll', set, EVENT)) === 0)
    await new Promise((resolve) => setImmediate(resolve))
  await call('tcp-socket.receive', socket, RET)
  const input = await u32(RET)
  const ends = BigInt.asUintN(64, (await guest.call('stream-new.tcp-socket.send')) as bigint)
  await call('tcp-socket.send', socket, Number(ends & 0xffff_ffffn))
  const output = Number(ends >> 32n)
  return async (count) => {
    const code = await guest.call(ROUND_TRIPS, input, output, count, size)
    if (code !== 0) throw new Error(`the component returned ${code}`)
  }
}
