/** FrameType, Flag: the numbers of PROTOCOL.md F4 and F5, for the ends with Node's modules and without. */

/** The types of frames. Types from 128 on may be ignored by a peer that does not know them; others may not. */
export const FrameType = {
  hello: 1,
  welcome: 2,
  goodbye: 3,
  name: 4,
  emit: 5,
  send: 6,
  ack: 7,
  nack: 8,
  request: 9,
  reply: 10,
  failure: 11,
  cancel: 12,
  item: 13,
  end: 14,
  credit: 15,
  ping: 16,
  pong: 17,
  defer: 18,
  input: 19,
  inputEnd: 20,
  inputFailure: 21,
  inputCredit: 22,
  inputStop: 23,
  heartbeat: 128,
} as const

/** The first type that may be ignored. */
export const FIRST_OPTIONAL_TYPE = 128

/** The flags of a frame. */
export const Flag = {
  /** The payload is text in latin1: one byte for each UTF-16 unit. Without it text is UTF-8. */
  latin1: 1,
  /** The payload is bytes as the sender passed them, not the codec's. */
  bytes: 2,
  /** Of SEND: this message may have been handled before. */
  redelivered: 4,
  /** Of REQUEST: the input is a stream. */
  input: 4,
  /** The request wants a stream of items. */
  stream: 8,
  /** A flag that may be ignored has one of these bits. */
  optional: 0xf0,
} as const
