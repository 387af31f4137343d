/** Resources that go from one component to another: those of the host, and those that a component makes. */
import { trap } from '../trap.ts'
import type { CoreFunction, Resource, Scope } from './entities.ts'

/** A resource of the host is what its class is, in the table of each component. */
export const hostResourceType = (name: string, module: string): HostResourceType => ({
  name,
  module,
  lift: ({ handles }, handle, own) => (own ? handles.remove(Object, handle) : handles.get(Object, handle)),
  lower: ({ handles }, value, own) => (own ? handles.add(value as object) : handles.lend(value as object)),
})

export interface HostResourceType extends Resource {
  /** The interface that has it. */
  readonly module: string
}

/** One resource that a component has made: its representation is a number of its own. */
export class GuestResource {
  readonly of: GuestResourceType
  readonly rep: number

  constructor(of: GuestResourceType, rep: number) {
    this.of = of
    this.rep = rep
  }
}

export interface GuestResourceType extends Resource {
  readonly scope: Scope
  /** Set when the component has the function: a destructor may come after its type. */
  readonly destructor: CoreFunction | undefined
}

/** A resource type that a component defines. */
export const guestResourceType = (scope: Scope, destructor: CoreFunction | undefined): GuestResourceType => {
  const resource: GuestResourceType = {
    name: 'resource',
    scope,
    destructor,
    lift: ({ handles }, handle, own) => {
      const made = own ? handles.remove(GuestResource, handle) : handles.get(GuestResource, handle)
      return expectOf(resource, made, handle)
    },
    lower: ({ handles }, value, own) => {
      const made = value as GuestResource
      // Its own component sees what it has made it of.
      if (!own && handles === scope.handles) return made.rep
      return own ? handles.add(made) : handles.lend(made)
    },
  }
  return resource
}

/** Traps for a resource of another type. */
export const expectOf = (resource: GuestResourceType, made: GuestResource, handle: number): GuestResource => {
  if (made.of !== resource) return trap(`the handle ${handle} is of another resource`)
  return made
}
