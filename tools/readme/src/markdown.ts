import { region } from './regions.ts'

/** `<!-- code: FILE#REGION -->` and the code block behind it; without a region the whole file. */
const MARK = /(<!-- code: (\S+?)(?:#(\S+))? -->\n+```(\w+)\n)[\s\S]*?(\n```)/g

/**
 * A Markdown text with the code that its marks name.
 *
 * @param read - Returns the text of a file, by the path that the mark has: from the root of the workspace.
 */
export const withCode = (markdown: string, read: (file: string) => string): string =>
  markdown.replace(
    MARK,
    (_all, open: string, file: string, name: string | undefined, _language, close: string) => {
      const source = read(file)
      return `${open}${name === undefined ? source.trimEnd() : region(source, name)}${close}`
    },
  )
