/** IP addresses between text (RFC 4291, RFC 5952) and bytes. */

const part = (text: string): number[] => {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number)
    const number = Number.parseInt(group, 16)
    return [number >> 8, number & 0xff]
  })
}

/** The bytes of an address that `net.isIP` accepts, without a zone. */
export const ipToBytes = (text: string): Uint8Array => {
  if (!text.includes(':')) return Uint8Array.from(text.split('.').map(Number))
  const [head = '', tail] = text.split('::')
  const bytes = new Uint8Array(16)
  bytes.set(part(head))
  if (tail !== undefined) {
    const end = part(tail)
    bytes.set(end, 16 - end.length)
  }
  return bytes
}

/** The longest run of two or more zero groups, which `::` stands for; the first of equals (RFC 5952 section 4.2). */
const longestZeroRun = (groups: readonly number[]): { start: number; length: number } => {
  let best = { start: -1, length: 1 }
  let start = 0
  groups.forEach((group, index) => {
    if (group !== 0) start = index + 1
    else if (index - start + 1 > best.length) best = { start, length: index - start + 1 }
  })
  return best
}

/** The canonical text of 4 or 16 bytes. */
export const bytesToIp = (bytes: Uint8Array): string => {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, index) => (bytes[index * 2]! << 8) | bytes[index * 2 + 1]!)
  // An IPv4-mapped address is written with the IPv4 part in decimal (RFC 5952 section 5).
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${bytes.subarray(12).join('.')}`
  }
  const hex = groups.map((group) => group.toString(16))
  const { start, length } = longestZeroRun(groups)
  if (start === -1) return hex.join(':')
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}
