/** The connections of both ends, in one file that is loaded when a server or a client of lines is opened. */
export { ClientConnection } from './client-connection.ts'
export { ServerConnection } from './server-connection.ts'
