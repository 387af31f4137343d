/** Holds the imports of a package against the order of its rooms, which rooms.json writes down. */
import { circles } from './circles.ts'
import type { Imports } from './imports.ts'

/** The rooms of a package, lowest first, with one line that says what is inside. */
export type Rooms = Readonly<Record<string, string>>

/** Files that may lie in `src` itself. */
const MOST_LOOSE_FILES = 6

/** The room of a file: the longest key that is the file or a folder above it. */
export const roomOf = (rooms: readonly string[], file: string): string | undefined =>
  rooms
    .filter((room) => file === room || file.startsWith(`${room}/`))
    .toSorted((a, b) => b.length - a.length)[0]

/** What breaks the order, a line each; nothing when the package keeps to it. */
export const problems = (rooms: Rooms, imports: Imports): string[] => {
  const names = Object.keys(rooms)
  const found: string[] = []
  const used = new Set<string>()
  for (const [file, targets] of imports) {
    const room = roomOf(names, file)
    if (room === undefined) {
      found.push(`src/${file} is in no room: name its folder in rooms.json, or move it into a room`)
      continue
    }
    used.add(room)
    for (const target of targets) {
      const other = roomOf(names, target)
      if (other !== undefined && names.indexOf(other) > names.indexOf(room))
        found.push(`src/${file} (room ${room}) imports src/${target} of the higher room ${other}`)
    }
  }
  for (const name of names)
    if (!used.has(name)) found.push(`rooms.json names ${name}, and src/${name} is not there`)
  for (const members of circles(imports))
    found.push(`a circle of imports: ${members.map((file) => `src/${file}`).join(', ')}`)
  const loose = [...imports.keys()].filter((file) => !file.includes('/'))
  if (loose.length > MOST_LOOSE_FILES)
    found.push(`src has ${loose.length} loose files, ${MOST_LOOSE_FILES} at most: ${loose.join(', ')}`)
  return found
}
