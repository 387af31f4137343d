import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { command } from './command.ts'

/** A package archive, as apt's own configuration names it. */
export interface Archive {
  readonly uri: string
  /** The file of the keys that sign it; undefined for apt's trusted keys. */
  readonly signedBy: string | undefined
}

// One line for each index: `$(X)` is filled in by apt. https://manpages.debian.org/apt-get.8, indextargets
const FORMAT = '$(CREATED_BY)|$(RELEASE)|$(COMPONENT)|$(REPO_URI)|$(SIGNED_BY)'

/**
 * Picks the archive that holds `release` itself, not its updates or backports, from the lines that
 * {@link FORMAT} makes.
 */
export const chooseArchive = (lines: string, release: string): Archive | undefined => {
  for (const line of lines.split('\n')) {
    const [createdBy, suite, component, uri, signedBy] = line.split('|')
    if (createdBy !== 'Packages' || suite !== release || component !== 'main' || !uri) continue
    // Signed-By can also hold the key itself; then apt's trusted keys have to do.
    return { uri, signedBy: signedBy?.startsWith('/') ? signedBy : undefined }
  }
  return undefined
}

const debianRelease = (): readonly string[] => {
  try {
    const { ID, VERSION_CODENAME } = parseEnv(readFileSync('/etc/os-release', 'utf8'))
    return ID === 'debian' ? [VERSION_CODENAME ?? 'sid', 'stable', 'sid', 'unstable', 'testing'] : []
  } catch {
    return []
  }
}

/** The Debian archive this machine installs from; undefined when it is no Debian. */
export const debianArchive = async (): Promise<Archive | undefined> => {
  const releases = debianRelease()
  if (releases.length === 0) return undefined
  const lines = await command('apt-get', ['indextargets', '--format', FORMAT]).catch(() => '')
  for (const release of releases) {
    const archive = chooseArchive(lines, release)
    if (archive !== undefined) return archive
  }
  return undefined
}
