/**
 * A component of 0.3 that makes round trips over a connection that it was given: a task with a callback, which writes to a
 * stream and reads from one until either has to wait.
 */
import { buildComponent03 } from './component03.ts'

const OUT = 1_048_576
const IN = 1_572_864

const state = `
  (global $in (mut i32) (i32.const 0)) (global $out (mut i32) (i32.const 0)) (global $set (mut i32) (i32.const 0))
  (global $size (mut i32) (i32.const 0)) (global $rounds (mut i32) (i32.const 0))
  (global $sent (mut i32) (i32.const 0)) (global $got (mut i32) (i32.const 0))`

const code = `
  ;; Adds what a copy moved; false at the end of the stream.
  (func $moved (param $result i32) (result i32)
    (if (i32.and (local.get $result) (i32.const 15)) (then (return (i32.const 0))))
    (if (i32.lt_u (global.get $sent) (global.get $size))
      (then (global.set $sent (i32.add (global.get $sent) (i32.shr_u (local.get $result) (i32.const 4)))))
      (else (global.set $got (i32.add (global.get $got) (i32.shr_u (local.get $result) (i32.const 4))))))
    (i32.const 1))
  (func $end (param $code i32) (result i32)
    (call $waitable-join (global.get $in) (i32.const 0))
    (call $waitable-join (global.get $out) (i32.const 0))
    (call $waitable-set-drop (global.get $set))
    (call $return (local.get $code))
    (i32.const 0))
  (func $go (result i32) (local $result i32)
    (loop $more
      (if (i32.lt_u (global.get $sent) (global.get $size))
        (then (local.set $result (call $stream-write.tcp-socket.send (global.get $out)
          (i32.add (i32.const ${OUT}) (global.get $sent)) (i32.sub (global.get $size) (global.get $sent)))))
        (else (if (i32.lt_u (global.get $got) (global.get $size))
          (then (local.set $result (call $stream-read.tcp-socket.send (global.get $in)
            (i32.add (i32.const ${IN}) (global.get $got)) (i32.sub (global.get $size) (global.get $got)))))
          (else
            (global.set $sent (i32.const 0)) (global.set $got (i32.const 0))
            (global.set $rounds (i32.sub (global.get $rounds) (i32.const 1)))
            (if (i32.eqz (global.get $rounds)) (then (return (call $end (i32.const 0)))))
            (br $more)))))
      (if (i32.eq (local.get $result) (i32.const -1))
        (then (return (i32.or (i32.const 2) (i32.shl (global.get $set) (i32.const 4))))))
      (br_if $more (call $moved (local.get $result))))
    (call $end (i32.const 1)))
  (func (export "[async-lift]echo#round-trips")
    (param $in i32) (param $out i32) (param $rounds i32) (param $size i32) (result i32)
    (global.set $in (local.get $in)) (global.set $out (local.get $out))
    (global.set $rounds (local.get $rounds)) (global.set $size (local.get $size))
    (global.set $sent (i32.const 0)) (global.set $got (i32.const 0))
    (global.set $set (call $waitable-set-new))
    (call $waitable-join (local.get $in) (global.get $set))
    (call $waitable-join (local.get $out) (global.get $set))
    (call $go))
  (func (export "[callback][async-lift]echo#round-trips") (param i32 i32 i32) (result i32)
    (if (i32.eqz (call $moved (local.get 2))) (then (return (call $end (i32.const 1)))))
    (call $go))`

const taskReturn = {
  module: '[export]echo',
  name: '[task-return]round-trips',
  parameters: 'i',
  result: '',
  as: 'return',
} as const

/** What it needs of the host, and no import that may wait: it needs no stack of its own. */
const needed = [
  'tcp-socket.create',
  'async.tcp-socket.connect',
  'tcp-socket.send',
  'tcp-socket.receive',
  'stream-new.tcp-socket.send',
  'stream-read.tcp-socket.send',
  'stream-write.tcp-socket.send',
  'future-read.tcp-socket.send',
  'stream-drop-writable.tcp-socket.send',
  'waitable-set-new',
  'waitable-set-drop',
  'waitable-set-poll',
  'waitable-join',
  'subtask-drop',
]

/** The name of the export: `(in, out, rounds, size) -> 0`, or 1 when a stream ended. */
export const ROUND_TRIPS = '[async-lift]echo#round-trips'

/** @param only - @default no import that may wait */
export const echoComponent03 = (only: readonly string[] = needed): Uint8Array =>
  buildComponent03({ only, more: [taskReturn], wat: `${state}${code}` })
