/** Prints a ratio, and whether it is what was promised; the process fails when it is not. */
export const judge = (text: string, ratio: number, isGood?: (ratio: number) => boolean): void => {
  const good = isGood?.(ratio)
  if (good === false) process.exitCode = 1
  console.log(`  ${good === undefined ? '    ' : good ? 'ok  ' : 'FAIL'} ${text}: ${ratio.toFixed(2)}`)
}
