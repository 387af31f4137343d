import { globSync, readFileSync } from 'node:fs'
import { join, posix, sep } from 'node:path'

/** What there is to say of a site's links. */
export interface LinkReport {
  readonly pages: number
  readonly links: number
  /** A line for each link that leads nowhere. */
  readonly broken: readonly string[]
}

const entities: Readonly<Record<string, string>> = { amp: '&', quot: '"', lt: '<', gt: '>', '#39': "'" }
const plain = (text: string): string =>
  text.replace(/&(amp|quot|lt|gt|#39);/g, (_all, name: string) => entities[name]!)

/** The values of attributes of these names in the tags of a page, which typedoc writes in double quotes. */
const attributes = (html: string, names: string): string[] =>
  [...html.matchAll(/<[a-z][^<>]*>/gi)].flatMap(([tag]) =>
    [...tag.matchAll(new RegExp(`\\s(?:${names})="([^"]*)"`, 'g'))].map(([, value]) => plain(value!)),
  )

/** What is wrong with the form of a link into the web; nobody is asked whether the page is there. */
const malformed = (link: string): string | undefined => {
  const url = URL.parse(link)
  if (url === null) return 'is no URL'
  if (url.protocol === 'mailto:') return undefined
  if (url.protocol !== 'https:') return `is ${url.protocol} and not https:`
  return url.hostname.includes('.') ? undefined : 'has no host of the web'
}

/** Looks at every `href` and `src` of every page: the file is there, and so is the anchor in it. */
export const brokenLinks = (folder: string): LinkReport => {
  const files = new Set(globSync('**/*.*', { cwd: folder }).map((file) => file.replaceAll(sep, '/')))
  const pages = [...files].filter((file) => file.endsWith('.html'))
  const html = new Map(pages.map((page) => [page, readFileSync(join(folder, page), 'utf8')]))
  const anchors = new Map(pages.map((page) => [page, new Set(attributes(html.get(page)!, 'id|name'))]))
  const broken: string[] = []
  let links = 0
  for (const page of pages) {
    for (const link of attributes(html.get(page)!, 'href|src')) {
      links += 1
      const wrong = /^[a-z][a-z+.-]*:/i.test(link) ? malformed(link) : missing(page, link, files, anchors)
      if (wrong !== undefined) broken.push(`${page}: "${link}" ${wrong}`)
    }
  }
  return { pages: pages.length, links, broken }
}

const missing = (
  page: string,
  link: string,
  files: ReadonlySet<string>,
  anchors: ReadonlyMap<string, ReadonlySet<string>>,
): string | undefined => {
  const [, path = '', anchor] = /^([^#?]*)(?:\?[^#]*)?(?:#(.*))?$/.exec(link) ?? []
  const file = path === '' ? page : posix.join(posix.dirname(page), decodeURI(path))
  if (!files.has(file)) return 'leads to no file'
  if (anchor === undefined || anchor === '' || !file.endsWith('.html')) return undefined
  return anchors.get(file)!.has(decodeURIComponent(anchor)) ? undefined : `has no such anchor in ${file}`
}
