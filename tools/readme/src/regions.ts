const opens = /^\s*\/\/ #region (\S+)/
const closes = /^\s*\/\/ #endregion/

/** The first region of this name at or after a line: its lines, and where it ends. */
const next = (
  lines: readonly string[],
  name: string,
  from: number,
): { inside: string[]; end: number } | undefined => {
  const first = lines.findIndex((line, index) => index >= from && opens.exec(line)?.[1] === name)
  if (first === -1) return undefined
  const inside: string[] = []
  let depth = 1
  for (let at = first + 1; at < lines.length; at += 1) {
    const line = lines[at]!
    if (opens.test(line)) depth += 1
    else if (closes.test(line)) depth -= 1
    else inside.push(line)
    if (depth === 0) return { inside, end: at }
  }
  throw new Error(`"// #region ${name}" has no end`)
}

const dedented = (lines: readonly string[]): string => {
  const filled = lines.filter((line) => line.trim() !== '')
  const indent = Math.min(...filled.map((line) => line.length - line.trimStart().length))
  return lines
    .map((line) => line.slice(indent))
    .join('\n')
    .replace(/^\n+|\n+$/g, '')
}

/**
 * The lines between `// #region NAME` and `// #endregion`, without the indentation that they share and without the
 * marks of regions inside. A name may stand at several places, an import and what uses it: they are joined.
 */
export const region = (source: string, name: string): string => {
  const lines = source.split('\n')
  const parts: string[] = []
  for (let found = next(lines, name, 0); found; found = next(lines, name, found.end))
    parts.push(dedented(found.inside))
  if (parts.length === 0) throw new Error(`no "// #region ${name}"`)
  return parts.join('\n\n')
}
