/** The systems the workspace's programs run on. */
export type System = 'linux' | 'darwin' | 'win32'

/** The one place of this package that asks on which system it runs. */
export const system: System =
  process.platform === 'win32' || process.platform === 'darwin' ? process.platform : 'linux'

/** True with the Windows build of Node, on Windows itself and under Wine. */
export const isWindows: boolean = system === 'win32'

/** True under Wine, whose programs see the variables of the Unix program that started them. */
export const isWine: boolean = isWindows && 'WINEPREFIX' in process.env
