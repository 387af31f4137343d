// Requires every door of every package: Node 22.12 and later can, where no module waits at its top level.
const doors = process.argv.slice(2)
for (const door of doors) {
  const names = Object.keys(require(door))
  if (names.length === 0 && !door.endsWith('/register')) throw new Error(`${door} exports nothing`)
}
console.log(`${doors.length} doors required`)
