/** `wasi:filesystem/types`: the functions on paths, of 0.2 and 0.3; and the directories that a component begins with. */
import { Failure } from '../../outcome/failure.ts'
import type { OpenDirectory } from '../../wasi/files/open-directory.ts'
import {
  createDirectoryAt,
  linkAt,
  openAt,
  readlinkAt,
  removeDirectoryAt,
  renameAt,
  setTimesAt,
  statAt,
  symlinkAt,
  unlinkAt,
} from '../../wasi/files/paths.ts'
import { tuple } from '../canonical/compound.ts'
import { borrow, own } from '../canonical/handle.ts'
import { list } from '../canonical/lists.ts'
import { string } from '../canonical/text.ts'
import type { ValueType } from '../canonical/type.ts'
import type { ComponentHost } from '../host.ts'
import type { Fallible } from '../row.ts'
import { Descriptor, Opening } from './descriptor.ts'
import { hashOf, statValue } from './descriptor-functions.ts'
import {
  descriptorFlags,
  descriptorStat,
  metadataHash,
  newTimestamp,
  openFlags,
  pathFlags,
  type DescriptorFlags,
  type OpenFlags,
  type VersionTypes,
} from './types.ts'

const syncOf = (flags: DescriptorFlags): 'none' | 'data' | 'all' => {
  if (flags.fileIntegritySync || flags.requestedWriteSync) return 'all'
  return flags.dataIntegritySync ? 'data' : 'none'
}

const self = borrow(Descriptor)

/** What a version has of its own. */
export interface PathTypes extends VersionTypes {
  /** What a descriptor is opened with, by what was asked for. */
  opened(flags: DescriptorFlags, how: OpenFlags): DescriptorFlags
}

/** @param make - Makes a function whose failures are the error code of the version. */
export const pathFunctions = <F>(make: Fallible<F>, types: PathTypes): Readonly<Record<string, F>> => {
  /** A function of a directory and a path in it. */
  const onPath = (action: (directory: OpenDirectory, path: string) => void): F =>
    make([self, string], undefined, (_host, { directory }, path) => action(directory, path))
  return {
    '[method]descriptor.open-at': make(
      [self, pathFlags, string, openFlags, descriptorFlags],
      own(Descriptor),
      (host, { directory }, { symlinkFollow }, path, how, asked) => {
        host.guest.fds.expectRoom()
        const flags = types.opened(asked, how)
        const what = openAt(directory, path, {
          ...how,
          read: flags.read,
          write: flags.write,
          append: false,
          sync: syncOf(flags),
          follow: symlinkFollow,
        })
        return new Descriptor(what, flags, new Opening(host, what))
      },
    ),
    '[method]descriptor.create-directory-at': onPath(createDirectoryAt),
    '[method]descriptor.remove-directory-at': onPath(removeDirectoryAt),
    '[method]descriptor.unlink-file-at': onPath(unlinkAt),
    '[method]descriptor.readlink-at': make([self, string], string, (_host, { directory }, path) =>
      readlinkAt(directory, path),
    ),
    '[method]descriptor.symlink-at': make(
      [self, string, string],
      undefined,
      (_host, { directory }, target, path) => symlinkAt(target, directory, path),
    ),
    '[method]descriptor.link-at': make(
      [self, pathFlags, string, self, string],
      undefined,
      (_host, { directory }, { symlinkFollow }, path, other, newPath) => {
        if (symlinkFollow) throw new Failure('EINVAL', 'link-at does not follow links')
        linkAt(directory, path, other.directory, newPath)
      },
    ),
    '[method]descriptor.rename-at': make(
      [self, string, self, string],
      undefined,
      (_host, { directory }, path, other, newPath) => renameAt(directory, path, other.directory, newPath),
    ),
    '[method]descriptor.stat-at': make(
      [self, pathFlags, string],
      descriptorStat(types),
      (_host, { directory }, { symlinkFollow }, path) => statValue(statAt(directory, path, symlinkFollow)),
    ),
    '[method]descriptor.metadata-hash-at': make(
      [self, pathFlags, string],
      metadataHash,
      (_host, { directory }, { symlinkFollow }, path) => hashOf(statAt(directory, path, symlinkFollow)),
    ),
    '[method]descriptor.set-times-at': make(
      [self, pathFlags, string, newTimestamp(types), newTimestamp(types)],
      undefined,
      (_host, { directory }, { symlinkFollow }, path, accessed, modified) =>
        setTimesAt(directory, path, symlinkFollow, { accessed, modified }),
    ),
  }
}

/** Of a directory of the host. */
const preopenedFlags = ({ readOnly }: OpenDirectory): DescriptorFlags => ({
  read: true,
  write: false,
  fileIntegritySync: false,
  dataIntegritySync: false,
  requestedWriteSync: false,
  mutateDirectory: !readOnly,
})

/** `get-directories` */
export const directories: ValueType<readonly (readonly [Descriptor, string])[]> = list(
  tuple(own(Descriptor), string),
)
export const directoriesOf = ({ guest }: ComponentHost): readonly (readonly [Descriptor, string])[] =>
  guest.fds
    .preopened()
    .map(({ name, directory }) => [new Descriptor(directory, preopenedFlags(directory)), name] as const)
