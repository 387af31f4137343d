// Loaded before a program that is measured: writes what the process has used to descriptor 3 when it ends.
import { writeSync } from 'node:fs'

process.on('exit', () => {
  const { user, system } = process.cpuUsage()
  const rss = process.resourceUsage().maxRSS * 1024
  writeSync(3, JSON.stringify({ cpuMs: (user + system) / 1000, rss }))
})
