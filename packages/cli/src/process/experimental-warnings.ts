/**
 * Hides Node's warnings of experimental features, such as the WASI that guests run on: whoever runs a command has not
 * chosen what it is made of. All other warnings are printed by Node as ever.
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
