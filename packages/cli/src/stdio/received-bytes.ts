/** Printing received bytes: verbatim, as lines, as a hex dump. */
import type { Readable } from 'node:stream'
import { createInterface } from 'node:readline'
import type { Output } from '../terminal/terminal.ts'

/** The options that choose the form. */
export interface ViewFlags {
  readonly lines?: boolean
  readonly hex?: boolean
}

const WIDTH = 16

/** `00000010  68 65 6c 6c 6f ...  |hello|`, sixteen bytes a line. */
export const hexLines = (bytes: Uint8Array, offset: number): string[] => {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += WIDTH) {
    const part = [...bytes.subarray(at, at + WIDTH)]
    const hex = part.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const text = part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${(offset + at).toString(16).padStart(8, '0')}  ${hex.padEnd(3 * WIDTH - 1)}  |${text}|`)
  }
  return lines
}

/**
 * Prints the bytes of a connection until its end.
 *
 * @throws The error that the connection broke with.
 */
export const printReceived = async (
  from: Readable,
  { lines, hex }: ViewFlags,
  out: Output,
): Promise<void> => {
  if (lines) {
    // readline ends without an error when its input fails.
    let broken: Error | undefined
    from.once('error', (error: Error) => (broken = error))
    for await (const line of createInterface({ input: from, crlfDelay: Infinity })) out.result(line, { line })
    if (broken) throw broken
    return
  }
  let offset = 0
  for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    if (!hex) await out.bytes(chunk)
    else if (out.json) out.result('', { offset, hex: chunk.toString('hex') })
    else for (const line of hexLines(chunk, offset)) out.result(line, line)
    offset += chunk.length
  }
}
