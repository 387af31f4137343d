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

const PATHS = Buffer.from('file'.padEnd(16, '\0') + 'a/b/c/file'.padEnd(16, '\0') + 'none')
const FILE_RIGHTS = (1n << 1n) | (1n << 2n) | (1n << 6n) | (1n << 21n)

/** Reads or writes at the descriptor in $file, into one part of the memory, or as wasi-libc's stdio does into two. */
const transfer = (call: 'read' | 'write', parts: 1 | 2 = 1): string => `
  (func (export "transfers_${call}${parts === 2 ? 'v' : ''}") (param $times i32) (param $size i32) (result i32)
    (i32.store (i32.const 16) (i32.const ${BUFFER}))
    (i32.store (i32.const 20) (i32.sub (local.get $size) (i32.const ${8 * (parts - 1)})))
    (i32.store (i32.const 24) (i32.const ${BUFFER / 2}))
    (i32.store (i32.const 28) (i32.const 8))
    (loop $again
      (if (call $fd_${call} (global.get $file) (i32.const 16) (i32.const ${parts}) (i32.const ${OUT}))
        (then (return (i32.const -1))))
      (if (i32.ne (i32.load (i32.const ${OUT})) (local.get $size)) (then (return (i32.const -2))))
      (local.set $times (i32.sub (local.get $times) (i32.const 1)))
      (br_if $again (local.get $times)))
    (i32.const 0))`

const openFile = (path: string, length: string): string =>
  `(call $path_open (i32.const 3) (i32.const 0) ${path} ${length} (i32.const 0) (i64.const ${FILE_RIGHTS})
    (i64.const 0) (i32.const 0) (i32.const ${OUT}))`

/** A guest that works on files: `start`, `transfers_read`, `transfers_write`, `opens`, `stats`. Each returns 0. */
export const filesGuest: Uint8Array = buildModule({
  imports: preview1(
    'fd_read:iiii',
    'fd_write:iiii',
    'fd_close:i',
    'path_open:iiiiiIIii',
    'path_filestat_get:iiiii',
  ),
  pages: 40,
  data: [{ at: 1024, bytes: PATHS }],
  wat: `(global $file (mut i32) (i32.const 0))
  (func (export "start") (result i32)
    (if (global.get $file) (then (drop (call $fd_close (global.get $file)))))
    (if ${openFile('(i32.const 1024)', '(i32.const 4)')} (then (return (i32.const -1))))
    (global.set $file (i32.load (i32.const ${OUT})))
    (i32.const 0))
  ${transfer('read')} ${transfer('read', 2)} ${transfer('write')}
  (func (export "opens") (param $times i32) (param $path i32) (param $length i32) (result i32)
    (loop $again
      (if ${openFile('(i32.add (i32.const 1024) (local.get $path))', '(local.get $length)')}
        (then (return (i32.const -1))))
      (if (call $fd_close (i32.load (i32.const ${OUT}))) (then (return (i32.const -2))))
      (local.set $times (i32.sub (local.get $times) (i32.const 1)))
      (br_if $again (local.get $times)))
    (i32.const 0))
  (func (export "stats") (param $times i32) (param $path i32) (param $length i32) (result i32)
    (loop $again
      (drop (call $path_filestat_get (i32.const 3) (i32.const 1) (i32.add (i32.const 1024) (local.get $path))
        (local.get $length) (i32.const 2048)))
      (local.set $times (i32.sub (local.get $times) (i32.const 1)))
      (br_if $again (local.get $times)))
    (i32.const 0))`,
})
