/** Parsers of the options of a socket file: mode, user, group. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { InvalidArgumentError } from 'commander'

/** Permissions in octal, as chmod(1) takes them. */
export const mode = (text: string): number => {
  if (!/^0?[0-7]{3}$/.test(text)) throw new InvalidArgumentError('It must be three octal digits, as 660.')
  return Number.parseInt(text, 8)
}

/** The number behind a name in a file of passwd(5) or group(5). */
const inFile = (file: string, name: string): number | undefined => {
  let lines: string[]
  try {
    lines = readFileSync(file, 'utf8').split('\n')
  } catch {
    return undefined
  }
  const found = lines.map((line) => line.split(':')).find(([each]) => each === name)
  return found && Number(found[2])
}

/** Users of a directory service are in no file: the system's own commands know them. */
const byCommand = (command: string, args: readonly string[], pattern: RegExp): number | undefined => {
  try {
    const said = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const [, id] = pattern.exec(said) ?? []
    return id === undefined ? undefined : Number(id)
  } catch {
    return undefined
  }
}

const resolved = (text: string, kind: 'user' | 'group', find: () => number | undefined): number => {
  if (/^\d+$/.test(text)) return Number(text)
  const found = /^[^-:\s][^:\s]*$/.test(text) ? find() : undefined
  if (found !== undefined) return found
  throw new InvalidArgumentError(`There is no ${kind} ${JSON.stringify(text)}; a number works, too.`)
}

/** The uid of a name or a number. */
export const user = (text: string): number =>
  resolved(text, 'user', () => inFile('/etc/passwd', text) ?? byCommand('id', ['-u', text], /^(\d+)$/m))

/** The gid of a name or a number. */
export const group = (text: string): number =>
  resolved(
    text,
    'group',
    () => inFile('/etc/group', text) ?? byCommand('getent', ['group', text], /^[^:]*:[^:]*:(\d+):/),
  )
