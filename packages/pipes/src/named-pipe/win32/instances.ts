/** The instances of a listener that wait for clients: its backlog. They are in shared memory, and the lock of `accept` guards them. */
import { SocketError } from '@uds/winsock-ffi'
import { makeMemory } from '../../threads/memory.ts'
import { closeHandle } from './close-handle.ts'
import { createNext, type InstanceSettings } from './create.ts'

/** WaitForMultipleObjects takes 64 handles; one is the wake event. */
export const MOST_INSTANCES: number = 63

// An Int32Array: how many there are, the wanted number, 1 to reject remote clients, 1 when that was changed, the handles.
const COUNT = 0
const WANTED = 1
const REJECT = 2
const CHANGED = 3
const HANDLES = 4

export class Instances {
  readonly cells: Int32Array
  readonly settings: InstanceSettings

  constructor(memory: SharedArrayBuffer, settings: InstanceSettings) {
    this.cells = new Int32Array(memory)
    this.settings = settings
  }

  static create(first: number, wanted: number, rejectRemote: boolean, settings: InstanceSettings): Instances {
    const memory = makeMemory(4 * (HANDLES + MOST_INSTANCES + 1))
    const instances = new Instances(memory, settings)
    instances.cells[WANTED] = wanted
    instances.cells[REJECT] = rejectRemote ? 1 : 0
    instances.add(first)
    return instances
  }

  get memory(): SharedArrayBuffer {
    return this.cells.buffer as SharedArrayBuffer
  }

  get handles(): number[] {
    return [...this.cells.subarray(HANDLES, HANDLES + this.cells[COUNT]!)]
  }

  add(handle: number): void {
    this.#set([...this.handles, handle])
  }

  remove(handle: number): void {
    this.#set(this.handles.filter((each) => each !== handle))
  }

  #set(handles: readonly number[]): void {
    this.cells.set(handles, HANDLES)
    this.cells[COUNT] = handles.length
  }

  get rejectRemote(): boolean {
    return Atomics.load(this.cells, REJECT) === 1
  }

  set rejectRemote(on: boolean) {
    Atomics.store(this.cells, REJECT, on ? 1 : 0)
    Atomics.store(this.cells, CHANGED, 1)
  }

  /** True once after {@link rejectRemote} was set. */
  takeChanged(): boolean {
    return Atomics.exchange(this.cells, CHANGED, 0) === 1
  }

  /**
   * Makes up the wanted number, and one more for an instance that is about to be handed out. So the name never vanishes.
   *
   * @throws SocketError when there is none left that could wait, and none can be made.
   */
  refill(givenAway: number): void {
    const wanted = this.cells[WANTED]! + givenAway
    while (this.cells[COUNT]! < wanted) {
      try {
        this.add(createNext(this.settings, this.rejectRemote))
      } catch (error) {
        if (this.cells[COUNT]! > givenAway && error instanceof SocketError) return
        throw error
      }
    }
  }

  closeAll(): void {
    this.handles.forEach(closeHandle)
    this.#set([])
  }
}
