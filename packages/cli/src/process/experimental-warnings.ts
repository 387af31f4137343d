/**
 * Hides warnings of experimental features, such as node:sqlite: the user of a command did not choose them. Node prints all
 * other warnings as before.
 *
 * @see https://nodejs.org/api/process.html#event-warning
 */
export const hideExperimentalWarnings = (): void => {
  const printers = process.listeners('warning')
  process.removeAllListeners('warning')
  process.on('warning', (warning) => {
    if (warning.name === 'ExperimentalWarning') return
    for (const print of printers) print(warning)
  })
}
