/** The guests of the benchmarks: small enough to be written by hand. */
import { buildModule, constant, local, preview1, u } from '../test/builder/module.ts'

const ADD = 0x6a
const SUB = 0x6b
const LESS = 0x49
const SET = (index: number): number[] => [0x21, ...u(index)]
const LOAD = (at: number): number[] => [...constant(at), 0x28, 2, 0]
const LOOP = [0x03, 0x40]
const IF = [0x04, 0x40]
const END = 0x0b
const RETURN = 0x0f
const AGAIN = [0x0d, ...u(0)]

const OUT = 8
const BUFFER = 65_536

/** `roundTrips(fd, rounds, size)`: sends so many bytes and receives them back, so many times. Gives 0. */
export const echoGuest: Uint8Array = buildModule({
  imports: preview1('sock_send:iiii', 'sock_recv:iiii'),
  pages: 40,
  functions: [
    {
      name: 'roundTrips',
      parameters: 'iii',
      locals: 1,
      code: (call) =>
        [
          LOOP,
          [...local(0), ...constant(BUFFER), ...local(2), ...constant(OUT), ...call('sock_send')],
          [...IF, ...constant(-1), RETURN, END],
          [...constant(0), ...SET(3)],
          LOOP,
          [
            ...local(0),
            ...constant(BUFFER),
            ...local(3),
            ADD,
            ...local(2),
            ...local(3),
            SUB,
            ...constant(OUT),
          ],
          call('sock_recv'),
          [...IF, ...constant(-2), RETURN, END],
          [...local(3), ...LOAD(OUT), ADD, ...SET(3)],
          [...local(3), ...local(2), LESS, ...AGAIN],
          [END],
          [...local(1), ...constant(1), SUB, ...SET(1)],
          [...local(1), ...AGAIN],
          [END],
          constant(0),
        ].flat(),
    },
  ],
})

/** `peeks(fd, times)`: receives one byte that is there and stays there, so many times. Gives 0. */
export const readyGuest: Uint8Array = buildModule({
  imports: preview1('sock_recv:iiiiii'),
  data: [{ at: 16, bytes: Buffer.from(Uint32Array.of(64, 1).buffer) }],
  functions: [
    {
      name: 'peeks',
      parameters: 'ii',
      code: (call) =>
        [
          LOOP,
          [
            ...local(0),
            ...constant(16),
            ...constant(1),
            ...constant(1),
            ...constant(OUT),
            ...constant(OUT + 4),
          ],
          call('sock_recv'),
          [...IF, ...constant(-1), RETURN, END],
          [...local(1), ...constant(1), SUB, ...SET(1)],
          [...local(1), ...AGAIN],
          [END],
          constant(0),
        ].flat(),
    },
  ],
})
