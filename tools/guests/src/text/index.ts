/** Guests that are made here and now, from text: for what no compiler need be there for. */
export { assemble } from './assemble.ts'
export { httpGuest } from './http-guest.ts'
export { wrap, type ComponentOptions } from './wrap.ts'
