import { expect, test } from 'vitest'
import { pnpm } from '../src/pnpm.ts'

test('the pnpm that runs the script is used again, be it a program or a script', () => {
  expect(pnpm({ npm_execpath: '/opt/pnpm/pnpm' })).toEqual({ file: '/opt/pnpm/pnpm', args: [] })
  expect(pnpm({ npm_execpath: '/opt/pnpm/bin/pnpm.cjs' })).toEqual({
    file: process.execPath,
    args: ['/opt/pnpm/bin/pnpm.cjs'],
  })
})

test('without one, or under npm, npx fetches it', () => {
  const npx = { file: 'npx', args: ['--yes', 'pnpm@12'] }
  expect(pnpm({})).toEqual(npx)
  expect(pnpm({ npm_execpath: '/usr/lib/node_modules/npm/bin/npm-cli.js' })).toEqual(npx)
})
