;; Serves the listener that it finds at descriptor 3: one client after the other, until it is stopped.
;; WASI preview 1 alone: any C, Rust or Go program that accepts does the same calls.
(module
  (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (memory (export "memory") 2)

  ;; 0: the result of a call; 8: an iovec { buffer, length }; 65536: the bytes
  (func (export "_start") (local $client i32)
    (loop $next
      (if (i32.eqz (call $accept (i32.const 3) (i32.const 0) (i32.const 0)))
        (then
          (local.set $client (i32.load (i32.const 0)))
          (call $echo (local.get $client))
          (drop (call $close (local.get $client)))))
      (br $next)))

  (func $echo (param $client i32)
    (loop $more
      (i32.store (i32.const 8) (i32.const 65536))
      (i32.store (i32.const 12) (i32.const 65536))
      (if (call $read (local.get $client) (i32.const 8) (i32.const 1) (i32.const 0)) (then (return)))
      ;; No bytes: the end of the stream.
      (if (i32.eqz (i32.load (i32.const 0))) (then (return)))
      (i32.store (i32.const 12) (i32.load (i32.const 0)))
      (if (call $write (local.get $client) (i32.const 8) (i32.const 1) (i32.const 0)) (then (return)))
      (br $more))))
