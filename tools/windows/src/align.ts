/**
 * Wine maps a section of a program into memory where it begins at a page of the file. What begins elsewhere it reads
 * whole, for each process anew: 90 MB for each Node, and almost half of the time in which one starts.
 *
 * The fields are those of https://learn.microsoft.com/windows/win32/debug/pe-format.
 */
import { open, readFile, rename, writeFile } from 'node:fs/promises'

const PAGE = 4096
const SECTION_SIZE = 40
const PE32_PLUS = 0x20b

/** Where the fields of a file's headers are. */
interface Layout {
  readonly sections: number
  readonly sectionCount: number
  readonly fileAlignment: number
  readonly headersSize: number
  /** The directory of the signature, whose address is one in the file. */
  readonly signature: number
}

const layoutOf = (image: Buffer): Layout => {
  const signature = image.readUInt32LE(0x3c)
  const optional = signature + 24
  if (
    image.toString('latin1', signature, signature + 4) !== 'PE\0\0' ||
    image.readUInt16LE(optional) !== PE32_PLUS
  )
    throw new Error('This is no program for 64-bit Windows (PE32+).')
  return {
    sections: optional + image.readUInt16LE(signature + 20),
    sectionCount: image.readUInt16LE(signature + 6),
    fileAlignment: optional + 36,
    headersSize: optional + 60,
    signature: optional + 112 + 4 * 8,
  }
}

const upToPage = (bytes: Buffer): [Buffer, Buffer] => [bytes, Buffer.alloc(-bytes.length & (PAGE - 1))]

/** The same program with each section at a page of the file. Its signature, of the file as it was, is left out. */
export const aligned = (image: Buffer): Buffer => {
  const layout = layoutOf(image)
  const headers = Buffer.from(image.subarray(0, image.readUInt32LE(layout.headersSize)))
  headers.writeUInt32LE(PAGE, layout.fileAlignment)
  headers.writeUInt32LE(PAGE, layout.headersSize)
  headers.fill(0, layout.signature, layout.signature + 8)
  const parts = upToPage(headers)
  let length = PAGE
  for (let index = 0; index < layout.sectionCount; index++) {
    const sizeField = layout.sections + index * SECTION_SIZE + 16
    const size = image.readUInt32LE(sizeField)
    const from = image.readUInt32LE(sizeField + 4)
    // A section of zeros has nothing in the file.
    if (size === 0) continue
    const [bytes, rest] = upToPage(image.subarray(from, from + size))
    headers.writeUInt32LE(size + rest.length, sizeField)
    headers.writeUInt32LE(length, sizeField + 4)
    parts.push(bytes, rest)
    length += size + rest.length
  }
  return Buffer.concat(parts)
}

const isAligned = async (file: string): Promise<boolean> => {
  const handle = await open(file)
  try {
    const { buffer } = await handle.read({ buffer: Buffer.alloc(PAGE) })
    return buffer.readUInt32LE(layoutOf(buffer).fileAlignment) % PAGE === 0
  } finally {
    await handle.close()
  }
}

/** Aligns a program where it lies, unless it is. Other names of the same file keep it as it was. */
export const align = async (file: string): Promise<void> => {
  if (await isAligned(file)) return
  const fresh = `${file}.aligned`
  await writeFile(fresh, aligned(await readFile(file)), { mode: 0o755 })
  await rename(fresh, file)
}
