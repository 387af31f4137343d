/** What a method, a scheme, a path and an authority may be. */
import type { Tagged } from '../canonical/named.ts'

/** RFC 9110, section 5.6.2 */
export const TOKEN: RegExp = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

export const isMethod = ({ tag, val }: Tagged): boolean => tag !== 'other' || TOKEN.test(val as string)

/** RFC 3986, section 3.1 */
export const isScheme = (value: Tagged | undefined): boolean =>
  value?.tag !== 'other' || /^[A-Za-z][A-Za-z0-9+.-]*$/.test(value.val as string)

/** What is no character of a path or a query; those beyond ASCII are encoded when they are sent. */
const isPathLike = /^[^\0- <>`\u007f]*$/u

export const isPath = (value: string | undefined): boolean => value === undefined || isPathLike.test(value)

/** RFC 3986, section 3.2: a name and a password, a host, a port. */
const AUTHORITY =
  /^(?:[A-Za-z0-9._~%!$&'()*+,;=:-]*@)?(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]+)(?::\d*)?$/

export const isAuthority = (value: string | undefined): boolean =>
  value === undefined || AUTHORITY.test(value)
