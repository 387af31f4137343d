/** The Nodes that the packages are for, one of each major. */
export const versions = { '22': '22.23.3', '24': '24.21.0', '26': '26.9.0' } as const
