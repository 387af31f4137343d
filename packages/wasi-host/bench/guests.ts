/** The guests of the benchmarks, in WebAssembly text. */
import { buildModule, preview1 } from '../test/builder/module.ts'

const OUT = 8
const BUFFER = 65_536

/** `roundTrips(fd, rounds, size)`: sends so many bytes and receives them back, so many times. Returns 0. */
export const echoGuest: Uint8Array = buildModule({
  imports: preview1('sock_send:iiii', 'sock_recv:iiii'),
  pages: 40,
  wat: `(func (export "roundTrips") (param $fd i32) (param $rounds i32) (param $size i32) (result i32)
    (local $got i32)
    (loop $round
      (if (call $sock_send (local.get $fd) (i32.const ${BUFFER}) (local.get $size) (i32.const ${OUT}))
        (then (return (i32.const -1))))
      (local.set $got (i32.const 0))
      (loop $more
        (if (call $sock_recv (local.get $fd) (i32.add (i32.const ${BUFFER}) (local.get $got))
            (i32.sub (local.get $size) (local.get $got)) (i32.const ${OUT}))
          (then (return (i32.const -2))))
        (local.set $got (i32.add (local.get $got) (i32.load (i32.const ${OUT}))))
        (br_if $more (i32.lt_u (local.get $got) (local.get $size))))
      (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
      (br_if $round (local.get $rounds)))
    (i32.const 0))`,
})

/** `peeks(fd, times)`: receives one byte that is there and stays there, so many times. Returns 0. */
export const readyGuest: Uint8Array = buildModule({
  imports: preview1('sock_recv:iiiiii'),
  data: [{ at: 16, bytes: Buffer.from(Uint32Array.of(64, 1).buffer) }],
  wat: `(func (export "peeks") (param $fd i32) (param $times i32) (result i32)
    (loop $again
      (if (call $sock_recv (local.get $fd) (i32.const 16) (i32.const 1) (i32.const 1) (i32.const ${OUT})
          (i32.const ${OUT + 4}))
        (then (return (i32.const -1))))
      (local.set $times (i32.sub (local.get $times) (i32.const 1)))
      (br_if $again (local.get $times)))
    (i32.const 0))`,
})
