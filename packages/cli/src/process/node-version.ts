/** The oldest version of Node that the command runs on; package.json says the same. */
const OLDEST = [22, 12] as const

/** As text: `22.12`. */
export const OLDEST_NODE: string = OLDEST.join('.')

/** Whether a version such as `20.1.0` is older than that. */
export const isTooOld = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])
}
