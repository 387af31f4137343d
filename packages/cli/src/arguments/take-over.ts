/** The option --take-over, in the words that every command with it has. */
/** The description of --take-over, in every command that listens. */
export const TAKE_OVER = 'replace a live server at its socket file; its connections go on'
