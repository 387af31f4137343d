/**
 * Where a bare name lives: the same place for every program of one user, and for nobody else.
 *
 * @param create - Make the place where it is missing; a client only looks.
 * @returns An address: a path of AF_UNIX, or the full name of a pipe.
 */
export type Place = (name: string, create: boolean) => string
