/** What is in protocol/vectors.json, and how it is read. */
import { join } from 'node:path'
import { VERSION } from '../../src/wire/handshake-messages.ts'
import { frames, preambles } from './frames.ts'
import { refusals } from './refusals.ts'
import { sessions } from './sessions.ts'
import type { Vectors } from './shape.ts'

const about = [
  'Test vectors of the native protocol of @uds/events: PROTOCOL.md, whose rules are cited by number.',
  'preambles: the first eight bytes of an end; the version in use between it and an end of version 1, or the code of the refusal.',
  'frames: bytes in hexadecimal, and what is in them. A reader reads each, however it is split. A writer that makes other bytes than those with "written": true is no error if its text is the same: it may write UTF-8 (F6). "value": the payload with the codec json.',
  'refusals: bytes that one end writes from the beginning, a pair is the same bytes so many times; the reader ends the connection with this code in GOODBYE.',
  'sessions: steps in order. "client" and "server" are what the program at that end does, or has to see; "from" is a frame. Try a server: write the frames of the client, expect those of the server. Try a client: do what "client" says, expect its frames, write those of the server. "keys": only these keys of the JSON have to be the same, and the session may be your own. "lost": the frame is written and does not arrive. "cut": the connection is lost, and the next begins. "second": a connection beside the first, whose frames count from here on. "restart": the server is another, that knows no session. Ids of names and calls are for each end to choose: yours may be others.',
  'The program of the server listens to say; bad, which fails with the code E_BAD; later, which puts each message off once, for 20 ms. It handles echo, which answers its input; fail, which fails with E_FAIL; never, which does not answer; count, a stream of 1 to its input; sum, the sum of the items of its input. The program of the client listens to note. "heard": the events of these that reached a listener.',
]

const vectors: Vectors = { about, version: VERSION, preambles, frames, refusals, sessions }

export const file: string = join(import.meta.dirname, '../../protocol/vectors.json')

/** The text of the file: one line for each vector, and for each step of a session. */
export const text = (): string => {
  const lists = (Object.entries(vectors) as [string, unknown][]).map(([key, value]) => {
    if (!Array.isArray(value)) return `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`
    const rows = value.map((row) => `    ${key === 'sessions' ? sessionText(row) : JSON.stringify(row)}`)
    return `  ${JSON.stringify(key)}: [\n${rows.join(',\n')}\n  ]`
  })
  return `{\n${lists.join(',\n')}\n}\n`
}

const sessionText = ({ steps, ...rest }: { readonly steps: readonly unknown[] }): string => {
  const lines = steps.map((step) => `        ${JSON.stringify(step)}`)
  return `${JSON.stringify(rest).slice(0, -1)},"steps":[\n${lines.join(',\n')}\n      ]}`
}
