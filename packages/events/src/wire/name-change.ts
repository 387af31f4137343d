/** NameChange: an item of the stream $uds:peers. */

/** What has changed in a set of names. */
export interface NameChange {
  readonly joined: readonly string[]
  readonly left: readonly string[]
}
