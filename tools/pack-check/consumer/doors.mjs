// Imports every door of every package, and tells whether that alone loaded native code.
const doors = process.argv.slice(2)
for (const door of doors) {
  const names = Object.keys(await import(door))
  if (names.length === 0 && !door.endsWith('/register')) throw new Error(`${door} exports nothing`)
}
const { sharedObjects } = process.report.getReport()
const native = sharedObjects.filter((file) => /koffi/.test(file))
if (native.length > 0) throw new Error(`importing loaded native code: ${native.join(', ')}`)
console.log(`${doors.length} doors imported`)
