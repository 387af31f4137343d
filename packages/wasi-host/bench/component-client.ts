/** The echo of a component of WASI 0.2, which calls `wasi:io/streams` as wasi-libc does: write and flush, read. */
import { WasiHost, type WaitMode } from '../src/index.ts'
import { buildComponent } from '../test/builder/component.ts'

const RET = 64
const BUFFER = 1_048_576
/** blocking-write-and-flush takes so much. */
const MOST_AT_ONCE = 4096

const roundTrips = `(func (export "roundTrips")
  (param $in i32) (param $out i32) (param $rounds i32) (param $size i32) (result i32) (local $got i32)
  (loop $round
    (global.set $top (i32.const 32768))
    (if (i32.le_u (local.get $size) (i32.const ${MOST_AT_ONCE}))
      (then (call $output-stream.blocking-write-and-flush
        (local.get $out) (i32.const ${BUFFER}) (local.get $size) (i32.const ${RET})))
      (else
        (call $output-stream.check-write (local.get $out) (i32.const ${RET}))
        (call $output-stream.write (local.get $out) (i32.const ${BUFFER}) (local.get $size) (i32.const ${RET}))
        (call $output-stream.blocking-flush (local.get $out) (i32.const ${RET}))))
    (if (i32.load8_u (i32.const ${RET})) (then (return (i32.const -1))))
    (local.set $got (i32.const 0))
    (loop $more
      (call $input-stream.blocking-read
        (local.get $in) (i64.extend_i32_u (local.get $size)) (i32.const ${RET}))
      (if (i32.load8_u (i32.const ${RET})) (then (return (i32.const -2))))
      (local.set $got (i32.add (local.get $got) (i32.load (i32.const ${RET + 8}))))
      (br_if $more (i32.lt_u (local.get $got) (local.get $size))))
    (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
    (br_if $round (local.get $rounds)))
  (i32.const 0))`

/** Connects a component over TCP. */
export const componentClient = async (
  wait: WaitMode,
  port: number,
  size: number,
): Promise<(count: number) => Promise<void>> => {
  const host = new WasiHost({ wait, stdin: 'ignore', sockets: { allow: ['connect:127.0.0.1:*'] } })
  const guest = await host.instantiate(buildComponent({ wat: roundTrips }))
  const u32 = async (at: number): Promise<number> => Buffer.from(await guest.read(at, 4)).readUInt32LE()
  await guest.call('tcp-create-socket.create-tcp-socket', 0, RET)
  const socket = await u32(RET + 4)
  const network = Number(await guest.call('instance-network.instance-network'))
  const address = [0, port, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0]
  await guest.call('tcp-socket.start-connect', socket, network, ...address, RET)
  await guest.call('pollable.block', Number(await guest.call('tcp-socket.subscribe', socket)))
  await guest.call('tcp-socket.finish-connect', socket, RET)
  const [input, output] = [await u32(RET + 4), await u32(RET + 8)]
  return async (count) => {
    const code = await guest.call('roundTrips', input, output, count, size)
    if (code !== 0) throw new Error(`the component returned ${code}`)
  }
}
