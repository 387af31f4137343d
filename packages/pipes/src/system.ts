/** True on Windows, where named pipes are the natural local stream: the one place that asks which system this is. */
export const onWindows: boolean = process.platform === 'win32'
