import { expect, test } from 'vitest'
import { chooseArchive, sourceLine } from '../src/cpython/archive.ts'

const madison = `python3.11 | 3.11.2-6+deb12u8 | http://archive.test/debian bookworm/main amd64 Packages
python3.11 | 3.11.2-6+deb12u5 | http://archive.test/debian-security bookworm-security/main amd64 Packages
`
const targets = `Translations|bookworm|main|http://archive.test/debian/|/keys/wrong.gpg
Packages|bookworm|contrib|http://archive.test/debian/|/keys/wrong.gpg
Packages|bookworm|main|http://other.test/debian/|/keys/wrong.gpg
Packages|bookworm|main|http://archive.test/debian/|/keys/debian.gpg
`

test('the archive of the newest version is chosen, with its own key', () => {
  const archive = chooseArchive(madison, targets)
  expect(archive).toEqual({
    uri: 'http://archive.test/debian',
    suite: 'bookworm',
    component: 'main',
    signedBy: '/keys/debian.gpg',
  })
  expect(archive && sourceLine(archive)).toBe(
    'deb-src [signed-by=/keys/debian.gpg] http://archive.test/debian bookworm main\n',
  )
})

test('a key that is written out, or none, leaves it to the keys that apt trusts', () => {
  const inline = targets.replace('/keys/debian.gpg', '-----BEGIN PGP PUBLIC KEY BLOCK-----')
  expect(chooseArchive(madison, inline)?.signedBy).toBeUndefined()
  const archive = chooseArchive(madison, '')
  expect(archive && sourceLine(archive)).toBe('deb-src http://archive.test/debian bookworm main\n')
})

test('a package that only has sources, or that apt does not know, has no archive', () => {
  expect(chooseArchive('', targets)).toBeUndefined()
  expect(chooseArchive('x | 1 | http://archive.test/debian bookworm/main Sources\n', targets)).toBeUndefined()
})
