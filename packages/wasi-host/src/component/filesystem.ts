/**
 * `wasi:filesystem` of 0.2, for components that have no directory: nothing is preopened, so that no descriptor exists and
 * whatever is called on one traps, as the canonical ABI has it for a handle that is none.
 */
import { dropRow, type ComponentRow, type ComponentRows } from './host.ts'
import { IoError } from './streams.ts'
import { trap } from './trap.ts'

/** The types alone: none of either is ever made. */
class Descriptor {
  readonly path = ''
}

class DirectoryEntryStream {
  readonly entries: readonly string[] = []
}

/** The functions on descriptors, with the flat types of their parameters: filesystem/types.wit at v0.2.9. */
const methods: Readonly<Record<string, string>> = {
  'read-via-stream': 'iIi',
  'write-via-stream': 'iIi',
  'append-via-stream': 'ii',
  advise: 'iIIii',
  'sync-data': 'ii',
  'get-flags': 'ii',
  'get-type': 'ii',
  'set-size': 'iIi',
  'set-times': 'iiIiiIii',
  read: 'iIIi',
  write: 'iiiIi',
  'read-directory': 'ii',
  sync: 'ii',
  'create-directory-at': 'iiii',
  stat: 'ii',
  'stat-at': 'iiiii',
  'set-times-at': 'iiiiiIiiIii',
  'link-at': 'iiiiiiii',
  'open-at': 'iiiiiii',
  'readlink-at': 'iiii',
  'remove-directory-at': 'iiii',
  'rename-at': 'iiiiiii',
  'symlink-at': 'iiiiii',
  'unlink-file-at': 'iiii',
  'metadata-hash': 'ii',
  'metadata-hash-at': 'iiiii',
}

const noDescriptor = (parameters: string, result?: 'i'): ComponentRow => ({
  parameters,
  ...(result && { result }),
  call: (_host, self) =>
    trap(`the handle ${self} is no descriptor of this component, which has no directory`),
})

export const filesystemRows: ComponentRows = {
  ...Object.fromEntries(
    Object.entries(methods).map(([name, parameters]) => [
      `[method]descriptor.${name}`,
      noDescriptor(parameters),
    ]),
  ),
  '[method]descriptor.is-same-object': noDescriptor('ii', 'i'),
  '[method]directory-entry-stream.read-directory-entry': noDescriptor('ii'),
  '[resource-drop]descriptor': dropRow(Descriptor),
  '[resource-drop]directory-entry-stream': dropRow(DirectoryEntryStream),
  // option<error-code>: no error of a stream is one of a file.
  'filesystem-error-code': {
    parameters: 'ii',
    call: ({ handles, guest }, error, at) => {
      handles.get(IoError, error)
      guest.memory.setU8(at, 0)
    },
  },
}

export const preopensRows: ComponentRows = {
  'get-directories': {
    parameters: 'i',
    call: (host, at) => host.setList(at, [], { size: 12, align: 4 }, () => {}),
  },
}
