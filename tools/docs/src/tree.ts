import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The packages, in the order in which a newcomer meets them. */
export const packages: readonly string[] = [
  'stream',
  'events',
  'nats',
  'pipes',
  'winsock-ffi',
  'wasi-host',
  'python-wasi',
  'cli',
]

/** A page of the site. */
export interface Page {
  /** Where it stands in the workspace; links between pages are by these paths. */
  readonly path: string
  readonly title: string
  readonly markdown: string
  readonly children: readonly Page[]
}

/** The title of a Markdown text, and the rest. */
export const titled = (text: string): { title: string; markdown: string } => {
  const [line = '', ...rest] = text.split('\n')
  if (!line.startsWith('# ')) throw new Error(`a page begins with "# ", not with ${JSON.stringify(line)}`)
  return { title: line.slice(2).replaceAll('`', ''), markdown: rest.join('\n').trim() }
}

const page = (root: string, path: string, children: readonly Page[] = []): Page => {
  try {
    return { path, ...titled(readFileSync(join(root, path), 'utf8')), children }
  } catch (cause) {
    throw new Error(`${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** The Markdown files of a folder, by name. */
const inFolder = (root: string, folder: string): string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md') && name !== 'README.md')
    .toSorted()
    .map((name) => `${folder}/${name}`)

/** The files behind the links of a text, in their order: the order of a table is the order of the pages. */
const linked = (text: string, folder: string): string[] =>
  [...text.matchAll(/\]\(([\w/.-]+\.md)\)/g)].map(([, path]) => `${folder}/${path!}`)

const guides = (root: string): Page => {
  const path = 'docs/README.md'
  const files = linked(readFileSync(join(root, path), 'utf8'), 'docs')
  const missing = inFolder(root, 'docs/guides').filter((file) => !files.includes(file))
  if (missing.length > 0) throw new Error(`${path} does not name ${missing.join(', ')}`)
  return page(
    root,
    path,
    files.map((file) => page(root, file)),
  )
}

const description = (root: string, folder: string): string =>
  (JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as { description: string })
    .description

/** What a package has besides its README. */
const besides = (root: string, name: string): string[] => [
  ...inFolder(root, `packages/${name}`).filter((file) => !file.endsWith('CHANGELOG.md')),
  ...(name === 'wasi-host' ? ['packages/wasi-host/guest/README.md', 'packages/wasi-host/guest/ABI.md'] : []),
]

const readmes = (root: string): Page => ({
  path: 'packages/README.md',
  title: 'Packages',
  markdown: [
    '| package | what it is |\n| --- | --- |',
    ...packages.map(
      (name) => `| [@uds/${name}](${name}/README.md) | ${description(root, `packages/${name}`)} |`,
    ),
  ].join('\n'),
  children: packages.map((name) =>
    page(
      root,
      `packages/${name}/README.md`,
      besides(root, name).map((file) => page(root, file)),
    ),
  ),
})

/** A page that only lists those below it. */
const list = (path: string, title: string, intro: string, children: readonly Page[]): Page => ({
  path,
  title,
  markdown: [
    `${intro}\n`,
    ...children.map((child) => `- [${child.title}](${child.path.slice(path.lastIndexOf('/') + 1)})`),
  ].join('\n'),
  children,
})

const samples = (root: string): Page =>
  list(
    'apps/README.md',
    'Samples',
    'Programs to run and to copy from; `pnpm demo` runs one of each layer.',
    readdirSync(join(root, 'apps'))
      .toSorted()
      .map((name) => page(root, `apps/${name}/README.md`)),
  )

const decisions = (root: string): Page =>
  list(
    'docs/adr/README.md',
    'Decisions',
    'A page for each settled question: what it was, what was decided, and what follows.',
    inFolder(root, 'docs/adr').map((file) => page(root, file)),
  )

/** Every page of the site but the API's: the front page, and the trees below it. */
export const readTree = (root: string): { front: Page; trees: readonly Page[] } => ({
  front: page(root, 'README.md'),
  trees: [
    guides(root),
    readmes(root),
    samples(root),
    page(root, 'ARCHITECTURE.md'),
    page(root, 'CONTRIBUTING.md'),
    page(root, 'SECURITY.md'),
    decisions(root),
  ],
})
