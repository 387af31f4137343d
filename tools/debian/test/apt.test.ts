import { expect, test } from 'vitest'
import { chooseArchive } from '../src/apt.ts'

const lines = `Sources|bookworm|main|http://mirror.invalid/debian/|
Packages|bookworm-updates|main|http://mirror.invalid/updates/|/usr/share/keyrings/a.gpg
Packages|bookworm|contrib|http://mirror.invalid/contrib/|/usr/share/keyrings/a.gpg
Packages|bookworm|main|http://mirror.invalid/debian/|/usr/share/keyrings/a.gpg
Packages|nodistro|main|https://other.invalid/node/|/usr/share/keyrings/b.gpg
`

test('the archive of the release itself is chosen, with its key', () => {
  expect(chooseArchive(lines, 'bookworm')).toEqual({
    uri: 'http://mirror.invalid/debian/',
    signedBy: '/usr/share/keyrings/a.gpg',
  })
})

test('no such release, no archive', () => {
  expect(chooseArchive(lines, 'trixie')).toBeUndefined()
  expect(chooseArchive('', 'bookworm')).toBeUndefined()
})

test('a key that is written into the configuration is left to apt', () => {
  const inline = 'Packages|stable|main|http://mirror.invalid/debian/|-----BEGIN PGP PUBLIC KEY BLOCK-----'
  expect(chooseArchive(inline, 'stable')).toEqual({
    uri: 'http://mirror.invalid/debian/',
    signedBy: undefined,
  })
})
