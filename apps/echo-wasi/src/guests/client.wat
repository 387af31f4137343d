;; Sends what stands in its standard input to echo:7, and writes what comes back to its standard output. The sockets are
;; those of zig-wasm-cpython. The guest knows a name and a port only; what they mean is the host's affair.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "sock_open" (func $open (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_resolve" (func $resolve (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_connect" (func $connect (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_send" (func $send (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_recv" (func $recv (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_close" (func $close (param i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 32) "echo")

  ;; An errno ends the guest, as its exit code.
  (func $must (param $errno i32)
    (if (local.get $errno) (then (call $exit (local.get $errno)))))

  ;; 0: the result of a call; 8: an iovec; 64: a socket address of 19 bytes; 65536: the bytes
  (func (export "_start") (local $socket i32) (local $sent i32) (local $got i32)
    (i32.store (i32.const 8) (i32.const 65536))
    (i32.store (i32.const 12) (i32.const 65536))
    (call $must (call $fd_read (i32.const 0) (i32.const 8) (i32.const 1) (i32.const 0)))
    (local.set $sent (i32.load (i32.const 0)))
    (call $must (call $open (i32.const 2) (i32.const 1) (i32.const 0)))
    (local.set $socket (i32.load (i32.const 0)))
    (call $must (call $resolve (i32.const 32) (i32.const 4) (i32.const 7) (i32.const 64) (i32.const 1) (i32.const 0)))
    (call $must (call $connect (local.get $socket) (i32.const 64)))
    (call $must (call $send (local.get $socket) (i32.const 65536) (local.get $sent) (i32.const 0)))
    (loop $more
      (call $must (call $recv (local.get $socket) (i32.const 65536) (i32.const 65536) (i32.const 0)))
      (if (i32.eqz (i32.load (i32.const 0))) (then (call $exit (i32.const 1))))
      (local.set $got (i32.add (local.get $got) (i32.load (i32.const 0))))
      (i32.store (i32.const 12) (i32.load (i32.const 0)))
      (call $must (call $fd_write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0)))
      (br_if $more (i32.lt_u (local.get $got) (local.get $sent))))
    (call $must (call $close (local.get $socket)))))
