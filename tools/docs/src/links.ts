/** Code, in which nothing is a link, or a link with its two ends. */
const CODE_OR_LINK = /(^```[\s\S]*?^```$|`[^`\n]*`)|(\]\()([^()\s]+)(\))/gm

/** A link to a place in the web, or on the same page. */
const ELSEWHERE = /^(?:[a-z][a-z+.-]*:|#)/i

/** A Markdown text whose links to files are what `target` makes of them; code, and links elsewhere, stay. */
export const relinked = (markdown: string, target: (link: string) => string): string =>
  markdown.replace(CODE_OR_LINK, (all, code: string | undefined, open: string, link: string, close: string) =>
    code !== undefined || ELSEWHERE.test(link) ? all : open + target(link) + close,
  )
