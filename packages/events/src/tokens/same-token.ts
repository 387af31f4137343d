/** sameToken, digest: tokens, compared in a time that says nothing of them. */
import type * as Crypto from 'node:crypto'

const crypto = (): typeof Crypto => process.getBuiltinModule('node:crypto')

/** The SHA-256 of a text. */
export const digest = (text: string): Buffer => crypto().createHash('sha256').update(text).digest()

/** Compares in a time that does not depend on how much is right. */
export const sameToken = (wanted: string, got: string | undefined): boolean =>
  crypto().timingSafeEqual(digest(wanted), digest(got ?? '')) && got !== undefined
