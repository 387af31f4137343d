import { run } from '../run.ts'

/** Where apt gets a package from. */
export interface Archive {
  readonly uri: string
  readonly suite: string
  readonly component: string
  /** The file of the keys that sign it; undefined for the keys that apt trusts for all archives. */
  readonly signedBy: string | undefined
}

// `name | version | uri suite/component architecture Packages`: https://manpages.debian.org/apt-cache.8, madison
const MADISON = /^\s*\S+ \| \S+ \| (\S+) (\S+)\/(\S+) \S+ Packages$/

// One line for each index: `$(X)` is filled in by apt. https://manpages.debian.org/apt-get.8, indextargets
const FORMAT = '$(CREATED_BY)|$(RELEASE)|$(COMPONENT)|$(REPO_URI)|$(SIGNED_BY)'

const withSlash = (uri: string): string => (uri.endsWith('/') ? uri : `${uri}/`)

/** Reads what `apt-cache madison` and `apt-get indextargets` say; the first line is the newest version. */
export const chooseArchive = (madison: string, targets: string): Archive | undefined => {
  for (const line of madison.split('\n')) {
    const [, uri, suite, component] = MADISON.exec(line) ?? []
    if (uri === undefined || suite === undefined || component === undefined) continue
    const target = targets
      .split('\n')
      .map((text) => text.split('|'))
      .find(
        ([createdBy, release, part, repository = '']) =>
          createdBy === 'Packages' &&
          release === suite &&
          part === component &&
          withSlash(repository) === withSlash(uri),
      )
    // Signed-By can also hold the key itself; then the keys that apt trusts have to do.
    const signedBy = target?.[4]?.startsWith('/') === true ? target[4] : undefined
    return { uri, suite, component, signedBy }
  }
  return undefined
}

/**
 * The archive of this machine's own apt configuration that has `name`.
 *
 * @throws Error when apt knows no such package.
 */
export const archiveOf = (name: string): Archive => {
  const archive = chooseArchive(
    run('apt-cache', ['madison', name]),
    run('apt-get', ['indextargets', '--format', FORMAT]),
  )
  if (archive === undefined) {
    throw new Error(
      `apt knows no package ${name}: run \`apt-get update\`; only Debian and its like are supported`,
    )
  }
  return archive
}

/** The line for a sources.list that adds the sources of the same archive. */
export const sourceLine = ({ uri, suite, component, signedBy }: Archive): string =>
  `deb-src ${signedBy === undefined ? '' : `[signed-by=${signedBy}] `}${uri} ${suite} ${component}\n`
