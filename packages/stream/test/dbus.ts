/** dbus-daemon on a socket of its own, and the part of D-Bus that passes descriptors (D-Bus Specification). */
import { openSync, readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { needs, spawnProgram, tempDir, type Spawned } from '@uds/testkit'
import { connectAncillary, type AncillarySocket } from '@uds/stream/handles'
import { onTestFinished } from 'vitest'

export const dbus = needs('dbus-daemon')

/** The bus drops a client whose uid has no entry in passwd(5), as in some containers; chronyd asks for its name. */
export const hasUserEntry = ((): boolean => {
  try {
    return userInfo().username !== ''
  } catch {
    return false
  }
})()

/** The descriptor of a new file, which is the caller's to close. */
export const fileWith = (content: string): number => {
  const path = join(tempDir(), 'file')
  writeFileSync(path, content)
  return openSync(path, 'r')
}

const u32 = (value: number): Buffer => {
  const four = Buffer.alloc(4)
  four.writeUInt32LE(value)
  return four
}

/** A D-Bus call, little-endian (D-Bus Specification, "Message Protocol"). */
export const dbusCall = (
  serial: number,
  fields: readonly [code: number, type: string, value: string | number][],
  body = Buffer.alloc(0),
): Buffer => {
  let bytes = Buffer.alloc(0)
  const align = (to: number): void => {
    bytes = Buffer.concat([bytes, Buffer.alloc((to - (bytes.length % to)) % to)])
  }
  const add = (...parts: (Buffer | number[])[]): void => {
    bytes = Buffer.concat([bytes, ...parts.map((each) => Buffer.from(each))])
  }
  for (const [code, type, value] of fields) {
    align(8)
    add([code, 1, type.charCodeAt(0), 0])
    const text = Buffer.from(String(value))
    if (type === 'u') add(u32(Number(value)))
    else if (type === 'g') add([text.length], text, [0])
    else add(u32(text.length), text, [0])
  }
  const head = Buffer.concat([Buffer.from([0x6c, 1, 0, 1]), u32(body.length), u32(serial), u32(bytes.length)])
  align(8)
  return Buffer.concat([head, bytes, body])
}

export const startBus = async (): Promise<{ readonly path: string; readonly daemon: Spawned }> => {
  const directory = tempDir()
  const path = join(directory, 'bus')
  writeFileSync(
    join(directory, 'bus.conf'),
    `<busconfig><type>session</type><listen>unix:path=${path}</listen><auth>EXTERNAL</auth>
     <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
     </busconfig>`,
  )
  const args = [
    `--config-file=${join(directory, 'bus.conf')}`,
    '--nofork',
    '--nopidfile',
    '--nosyslog',
    '--print-address',
  ]
  const daemon = spawnProgram(dbus.path, args)
  await daemon.waitForLine(/^unix:path=/)
  return { path, daemon }
}

/** A client that has said hello. `waitFor` reads until the bytes match, and with `consume` forgets them. */
export interface BusClient {
  readonly socket: AncillarySocket
  /** The unique name, as `:1.4`. */
  readonly name: string
  /** The contents of the files whose descriptors came. */
  readonly files: readonly string[]
  waitFor(pattern: RegExp, options?: { readonly consume?: boolean }): Promise<RegExpExecArray>
}

/** @param options.negotiate - Whether this client takes descriptors. */
export const joinBus = async (path: string, { negotiate = true } = {}): Promise<BusClient> => {
  const socket = connectAncillary(path)
  onTestFinished(() => socket.close())
  const chunks = socket[Symbol.asyncIterator]()
  let text = ''
  const files: string[] = []
  const waitFor: BusClient['waitFor'] = async (pattern, { consume = false } = {}) => {
    for (let match; ;) {
      if ((match = pattern.exec(text))) {
        if (consume) text = ''
        return match
      }
      const { value } = await chunks.next()
      if (!value) throw new Error(`the bus has ended: ${text}`)
      text += value.data.toString('latin1')
      for (const each of value.descriptors) {
        files.push(readFileSync(each.fd, 'utf8'))
        each.close()
      }
    }
  }
  const uid = Buffer.from(String(process.getuid?.())).toString('hex')
  await socket.send(`\0AUTH EXTERNAL ${uid}\r\n`)
  await waitFor(/^OK /)
  if (negotiate) {
    await socket.send('NEGOTIATE_UNIX_FD\r\n')
    await waitFor(/AGREE_UNIX_FD/)
  }
  await socket.send('BEGIN\r\n')
  await socket.send(
    dbusCall(1, [
      [1, 'o', '/org/freedesktop/DBus'],
      [6, 's', 'org.freedesktop.DBus'],
      [2, 's', 'org.freedesktop.DBus'],
      [3, 's', 'Hello'],
    ]),
  )
  const [name] = await waitFor(/:1\.\d+(?=\0)/)
  return { socket, name, waitFor, files }
}
