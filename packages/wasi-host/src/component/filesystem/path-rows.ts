/** `wasi:filesystem/types` of 0.2: the functions on paths; `wasi:filesystem/preopens`. */
import { Failure } from '../../outcome/failure.ts'
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
import { borrow, list, own, string, tuple, type Tagged } from '../canonical/types.ts'
import type { ComponentRows } from '../host.ts'
import { typedRows, type TypedFunction } from '../typed-row.ts'
import type { OpenDirectory } from '../../wasi/files/open-directory.ts'
import { Descriptor, Opening } from './descriptor.ts'
import { descriptor, hashOf } from './descriptor-rows.ts'
import {
  attempted,
  descriptorFlags,
  descriptorStat,
  metadataHash,
  newTimeOf,
  newTimestamp,
  openFlags,
  pathFlags,
  resultOf,
  statValue,
  type DescriptorFlags,
  type OpenFlags,
  type PathFlags,
} from './types.ts'

/** A function of a directory and a path in it. */
const onPath = (action: (directory: OpenDirectory, path: string) => void): TypedFunction => ({
  parameters: [borrow(descriptor), string],
  result: resultOf(),
  call: (_host, self: Descriptor, path: string) => attempted(() => action(self.directory, path)),
})

const syncOf = (flags: DescriptorFlags): 'none' | 'data' | 'all' => {
  if (flags.fileIntegritySync || flags.requestedWriteSync) return 'all'
  return flags.dataIntegritySync ? 'data' : 'none'
}

export const pathRows: ComponentRows = typedRows({
  '[method]descriptor.open-at': {
    parameters: [borrow(descriptor), pathFlags, string, openFlags, descriptorFlags],
    result: resultOf(own(descriptor)),
    call: (
      host,
      self: Descriptor,
      { symlinkFollow }: PathFlags,
      path: string,
      how: OpenFlags,
      flags: DescriptorFlags,
    ) =>
      attempted(() => {
        host.guest.fds.expectRoom()
        const what = openAt(self.directory, path, {
          ...how,
          read: flags.read,
          write: flags.write,
          append: false,
          sync: syncOf(flags),
          follow: symlinkFollow,
        })
        return new Descriptor(what, flags, new Opening(host, what))
      }),
  },
  '[method]descriptor.create-directory-at': onPath(createDirectoryAt),
  '[method]descriptor.remove-directory-at': onPath(removeDirectoryAt),
  '[method]descriptor.unlink-file-at': onPath(unlinkAt),
  '[method]descriptor.readlink-at': {
    parameters: [borrow(descriptor), string],
    result: resultOf(string),
    call: (_host, self: Descriptor, path: string) => attempted(() => readlinkAt(self.directory, path)),
  },
  '[method]descriptor.symlink-at': {
    parameters: [borrow(descriptor), string, string],
    result: resultOf(),
    call: (_host, self: Descriptor, target: string, path: string) =>
      attempted(() => symlinkAt(target, self.directory, path)),
  },
  '[method]descriptor.link-at': {
    parameters: [borrow(descriptor), pathFlags, string, borrow(descriptor), string],
    result: resultOf(),
    call: (
      _host,
      self: Descriptor,
      { symlinkFollow }: PathFlags,
      path: string,
      other: Descriptor,
      newPath: string,
    ) =>
      attempted(() => {
        if (symlinkFollow) throw new Failure('EINVAL', 'link-at does not follow links')
        linkAt(self.directory, path, other.directory, newPath)
      }),
  },
  '[method]descriptor.rename-at': {
    parameters: [borrow(descriptor), string, borrow(descriptor), string],
    result: resultOf(),
    call: (_host, self: Descriptor, path: string, other: Descriptor, newPath: string) =>
      attempted(() => renameAt(self.directory, path, other.directory, newPath)),
  },
  '[method]descriptor.stat-at': {
    parameters: [borrow(descriptor), pathFlags, string],
    result: resultOf(descriptorStat),
    call: (_host, self: Descriptor, { symlinkFollow }: PathFlags, path: string) =>
      attempted(() => statValue(statAt(self.directory, path, symlinkFollow))),
  },
  '[method]descriptor.metadata-hash-at': {
    parameters: [borrow(descriptor), pathFlags, string],
    result: resultOf(metadataHash),
    call: (_host, self: Descriptor, { symlinkFollow }: PathFlags, path: string) =>
      attempted(() => hashOf(statAt(self.directory, path, symlinkFollow))),
  },
  '[method]descriptor.set-times-at': {
    parameters: [borrow(descriptor), pathFlags, string, newTimestamp, newTimestamp],
    result: resultOf(),
    call: (
      _host,
      self: Descriptor,
      { symlinkFollow }: PathFlags,
      path: string,
      accessed: Tagged,
      modified: Tagged,
    ) =>
      attempted(() => {
        const times = { accessed: newTimeOf(accessed), modified: newTimeOf(modified) }
        setTimesAt(self.directory, path, symlinkFollow, times)
      }),
  },
})

/** Of a directory of the host. */
const preopenedFlags = ({ readOnly }: OpenDirectory): DescriptorFlags => ({
  read: true,
  write: false,
  fileIntegritySync: false,
  dataIntegritySync: false,
  requestedWriteSync: false,
  mutateDirectory: !readOnly,
})

export const preopensRows: ComponentRows = typedRows({
  'get-directories': {
    result: list(tuple(own(descriptor), string)),
    call: ({ guest }) =>
      guest.fds
        .preopened()
        .map(({ name, directory }) => [new Descriptor(directory, preopenedFlags(directory)), name]),
  },
})
