/** The rooms of each package as ARCHITECTURE.md shows them: a table between two marks. */
import type { Rooms } from './order.ts'

const MARK = /(<!-- rooms: (\S+) -->\n)[\s\S]*?(<!-- \/rooms -->)/g

const table = (rooms: Rooms): string => {
  const rows = Object.entries(rooms).map(([room, inside]) => [`\`${room}\``, inside] as const)
  const width = (column: 0 | 1, head: string): number =>
    Math.max(head.length, ...rows.map((row) => row[column].length))
  const [first, second] = [width(0, 'room'), width(1, 'inside')]
  const line = (a: string, b: string, fill = ' '): string =>
    `| ${a.padEnd(first, fill)} | ${b.padEnd(second, fill)} |\n`
  return `\n${line('room', 'inside')}${line('', '', '-')}${rows.map(([a, b]) => line(a, b)).join('')}\n`
}

/**
 * The text with a table of rooms behind each `<!-- rooms: PACKAGE -->`.
 *
 * @param read - Returns the rooms of a package, by the name of its folder.
 */
export const withRooms = (markdown: string, read: (name: string) => Rooms): string =>
  markdown.replace(
    MARK,
    (_all, open: string, name: string, close: string) => `${open}${table(read(name))}${close}`,
  )
