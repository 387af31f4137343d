/** The headers of requests and their answers. */

/** The answer is an error: a JSON object with code, message and name. */
export const ERROR_HEADER = 'Uds-Error'
/** Of a request: a stream is wanted, and so many items may come ahead of the reader. */
export const STREAM_HEADER = 'Uds-Stream'
/** Of a stream: the number of this message, from 0 on; the first has the control subject as its reply, and no item. */
export const NUMBER_HEADER = 'Uds-Number'
/** Of a stream: its end, after so many messages. */
export const END_HEADER = 'Uds-End'
/** Of a stream: nothing but a sign of life. */
export const ALIVE_HEADER = 'Uds-Alive'

/** Items that may come ahead of the reader. */
export const WINDOW = 64
/** Milliseconds between signs of life of a stream, each way. */
export const ALIVE_MS = 5000
/** Milliseconds of silence after which the other end of a stream is taken for dead. */
export const DEAD_MS = 20_000
