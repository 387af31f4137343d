/** The two ends of a channel. */
export const Role: { readonly SERVER: 'server'; readonly CLIENT: 'client' } = {
  SERVER: 'server',
  CLIENT: 'client',
}

export type Role = 'server' | 'client'
