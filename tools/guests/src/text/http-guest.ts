/**
 * A guest that answers requests of HTTP by the first letter of their path: /e echoes the body, /f forwards to http://up,
 * /h says hello, /n sets no response, /s sends a body that is shorter than announced, /t traps, /w waits for an hour,
 * /x forwards to https://secure.test.
 */
import { assemble } from './assemble.ts'
import { wrap } from './wrap.ts'

const TYPES = 'wasi:http/types@0.2.10'
const STREAMS = 'wasi:io/streams@0.2.6'

/** Imports of an interface, written `name:parameters` or `name:parameters:result`. */
const imports = (module: string, ...names: readonly string[]): string =>
  names
    .map((each) => {
      const [name = '', parameters = '', result = ''] = each.split(':')
      const types = Array.from(parameters, (letter) => (letter === 'I' ? ' i64' : ' i32')).join('')
      const id = name.replace(/^\[[a-z-]+\]/, '')
      return `(import "${module}" "${name}" (func $${id} (param${types}) (result${result === '' ? '' : ' i32'})))`
    })
    .join('\n')

const RET = 64
const HELLO = 512
const LENGTH_NAME = 528
const LENGTH = 544
const AUTHORITY = 560
const PATH = 576
const SECURE = 592
const [HTTP, HTTPS] = [0, 1]

const at = (place: number): string => `(i32.load (i32.const ${RET + place}))`

/** Whether a result that was written is an error: of enough room for all of them. */
const failed = `(i32.load8_u (i32.const ${RET}))`

const expectOk = `(if ${failed} (then unreachable))`

const wat = `(module
  ${imports(
    TYPES,
    '[constructor]fields::i',
    '[method]fields.append:iiiiii',
    '[method]incoming-request.path-with-query:ii',
    '[method]incoming-request.consume:ii',
    '[method]incoming-body.stream:ii',
    '[constructor]outgoing-response:i:i',
    '[method]outgoing-response.set-status-code:ii:i',
    '[method]outgoing-response.body:ii',
    '[static]response-outparam.set:iiiiIiiii',
    '[method]outgoing-body.write:ii',
    '[static]outgoing-body.finish:iiii',
    '[constructor]outgoing-request:i:i',
    '[method]outgoing-request.set-scheme:iiiii:i',
    '[method]outgoing-request.set-authority:iiii:i',
    '[method]outgoing-request.set-path-with-query:iiii:i',
    '[method]future-incoming-response.subscribe:i:i',
    '[method]future-incoming-response.get:ii',
    '[method]incoming-response.status:i:i',
    '[method]incoming-response.consume:ii',
  )}
  ${imports('wasi:http/outgoing-handler@0.2.10', 'handle:iiii')}
  ${imports(STREAMS, '[method]output-stream.blocking-write-and-flush:iiii', '[method]output-stream.blocking-splice:iiIi', '[resource-drop]output-stream:i')}
  ${imports('wasi:io/poll@0.2.6', '[method]pollable.block:i')}
  ${imports('wasi:clocks/monotonic-clock@0.2.6', 'subscribe-duration:I:i')}
  (memory (export "memory") 2)
  (data (i32.const ${HELLO}) "hello")
  (data (i32.const ${LENGTH_NAME}) "content-length")
  (data (i32.const ${LENGTH}) "9")
  (data (i32.const ${AUTHORITY}) "up")
  (data (i32.const ${PATH}) "/from-the-guest")
  (data (i32.const ${SECURE}) "secure.test")
  (global $top (mut i32) (i32.const 32768))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $top)
    (global.set $top (i32.and (i32.add (i32.add (global.get $top) (local.get 3)) (i32.const 7)) (i32.const -8))))

  ;; Sets a response with these headers; returns its body.
  (func $respond (param $out i32) (param $status i32) (param $headers i32) (result i32)
    (local $response i32) (local $body i32)
    (local.set $response (call $outgoing-response (local.get $headers)))
    (if (call $outgoing-response.set-status-code (local.get $response) (local.get $status)) (then unreachable))
    (call $outgoing-response.body (local.get $response) (i32.const ${RET}))
    ${expectOk}
    (local.set $body ${at(4)})
    (call $response-outparam.set (local.get $out) (i32.const 0) (local.get $response)
      (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
    (local.get $body))

  (func $writer (param $body i32) (result i32)
    (call $outgoing-body.write (local.get $body) (i32.const ${RET}))
    ${expectOk}
    ${at(4)})

  (func $finish (param $body i32)
    (call $outgoing-body.finish (local.get $body) (i32.const 0) (i32.const 0) (i32.const ${RET})))

  ;; Answers with a body that comes.
  (func $copy (param $out i32) (param $status i32) (param $incoming i32)
    (local $body i32) (local $to i32) (local $from i32)
    (call $incoming-body.stream (local.get $incoming) (i32.const ${RET}))
    ${expectOk}
    (local.set $from ${at(4)})
    (local.set $body (call $respond (local.get $out) (local.get $status) (call $fields)))
    (local.set $to (call $writer (local.get $body)))
    (loop $more
      (call $output-stream.blocking-splice (local.get $to) (local.get $from) (i64.const 65536) (i32.const ${RET}))
      (br_if $more (i32.eqz ${failed})))
    (call $drop-stream (local.get $to))
    (call $finish (local.get $body)))

  (func $drop-stream (param i32) (call $output-stream (local.get 0)))

  (func $hello (param $out i32) (param $headers i32)
    (local $body i32) (local $to i32)
    (local.set $body (call $respond (local.get $out) (i32.const 200) (local.get $headers)))
    (local.set $to (call $writer (local.get $body)))
    (call $output-stream.blocking-write-and-flush (local.get $to) (i32.const ${HELLO}) (i32.const 5) (i32.const ${RET}))
    ${expectOk}
    (call $drop-stream (local.get $to))
    (call $finish (local.get $body)))

  (func $short (param $out i32)
    (local $headers i32)
    (local.set $headers (call $fields))
    (call $fields.append (local.get $headers) (i32.const ${LENGTH_NAME}) (i32.const 14)
      (i32.const ${LENGTH}) (i32.const 1) (i32.const ${RET}))
    ${expectOk}
    (call $hello (local.get $out) (local.get $headers)))

  ;; The status of what came, or 500 and the number of the error.
  (func $forward (param $out i32) (param $scheme i32) (param $authority i32) (param $length i32)
    (local $request i32) (local $future i32)
    (local.set $request (call $outgoing-request (call $fields)))
    (drop (call $outgoing-request.set-scheme (local.get $request) (i32.const 1) (local.get $scheme) (i32.const 0) (i32.const 0)))
    (drop (call $outgoing-request.set-authority (local.get $request) (i32.const 1) (local.get $authority) (local.get $length)))
    (drop (call $outgoing-request.set-path-with-query (local.get $request) (i32.const 1) (i32.const ${PATH}) (i32.const 15)))
    (call $handle (local.get $request) (i32.const 0) (i32.const 0) (i32.const ${RET}))
    (if ${failed} (then
      (call $finish (call $respond (local.get $out)
        (i32.add (i32.const 500) (i32.load8_u (i32.const ${RET + 8}))) (call $fields)))
      (return)))
    (local.set $future ${at(8)})
    (call $pollable.block (call $future-incoming-response.subscribe (local.get $future)))
    (call $future-incoming-response.get (local.get $future) (i32.const ${RET}))
    (if (i32.load8_u (i32.const ${RET + 16})) (then
      (call $finish (call $respond (local.get $out)
        (i32.add (i32.const 500) (i32.load8_u (i32.const ${RET + 24}))) (call $fields)))
      (return)))
    (local.set $request ${at(24)})
    (call $incoming-response.consume (local.get $request) (i32.const ${RET}))
    ${expectOk}
    (call $copy (local.get $out) (call $incoming-response.status (local.get $request)) ${at(4)}))

  (func (export "wasi:http/incoming-handler@0.2.10#handle") (param $request i32) (param $out i32)
    (local $letter i32)
    (call $incoming-request.path-with-query (local.get $request) (i32.const ${RET}))
    (local.set $letter (i32.load8_u offset=1 ${at(4)}))
    (if (i32.eq (local.get $letter) (i32.const ${'e'.charCodeAt(0)})) (then
      (call $incoming-request.consume (local.get $request) (i32.const ${RET}))
      ${expectOk}
      (call $copy (local.get $out) (i32.const 200) ${at(4)})))
    (if (i32.eq (local.get $letter) (i32.const ${'f'.charCodeAt(0)})) (then
      (call $forward (local.get $out) (i32.const ${HTTP}) (i32.const ${AUTHORITY}) (i32.const 2))))
    (if (i32.eq (local.get $letter) (i32.const ${'x'.charCodeAt(0)})) (then
      (call $forward (local.get $out) (i32.const ${HTTPS}) (i32.const ${SECURE}) (i32.const 11))))
    (if (i32.eq (local.get $letter) (i32.const ${'h'.charCodeAt(0)})) (then (call $hello (local.get $out) (call $fields))))
    (if (i32.eq (local.get $letter) (i32.const ${'s'.charCodeAt(0)})) (then (call $short (local.get $out))))
    (if (i32.eq (local.get $letter) (i32.const ${'t'.charCodeAt(0)})) (then unreachable))
    (if (i32.eq (local.get $letter) (i32.const ${'w'.charCodeAt(0)})) (then
      (call $pollable.block (call $subscribe-duration (i64.const 3600000000000)))))))`

/** A component of the proxy world. */
export const httpGuest = (): Uint8Array =>
  wrap([assemble(wat)], { exports: ['wasi:http/incoming-handler@0.2.10'] })
