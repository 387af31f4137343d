/** Numbers of the Windows SDK under their C names, grouped by header. */

// winbase.h
export const PIPE_ACCESS_INBOUND = 1
export const PIPE_ACCESS_OUTBOUND = 2
export const PIPE_ACCESS_DUPLEX = 3
export const FILE_FLAG_FIRST_PIPE_INSTANCE = 0x0008_0000
export const FILE_FLAG_OVERLAPPED = 0x4000_0000
export const PIPE_TYPE_BYTE = 0
export const PIPE_TYPE_MESSAGE = 4
export const PIPE_READMODE_BYTE = 0
export const PIPE_READMODE_MESSAGE = 2
export const PIPE_REJECT_REMOTE_CLIENTS = 8
export const PIPE_UNLIMITED_INSTANCES = 255
export const SECURITY_SQOS_PRESENT = 0x0010_0000
export const SECURITY_IDENTIFICATION = 0x0001_0000
export const OPEN_EXISTING = 3
export const INFINITE = 0xffff_ffff
export const WAIT_OBJECT_0 = 0
export const WAIT_ABANDONED = 0x80
export const WAIT_TIMEOUT = 0x102
export const MAXIMUM_WAIT_OBJECTS = 64

// winnt.h
export const GENERIC_READ = 0x8000_0000
export const GENERIC_WRITE = 0x4000_0000
export const INVALID_HANDLE_VALUE = -1

// fileapi.h, winbase.h: the results of GetFileType and GetNamedPipeInfo
export const FILE_TYPE_DISK = 1
export const FILE_TYPE_CHAR = 2
export const FILE_TYPE_PIPE = 3
export const PIPE_SERVER_END = 1

// sddl.h
export const SDDL_REVISION_1 = 1

// minwinbase.h, winerror.h: those that decide something here
export const ERROR_FILE_NOT_FOUND = 2
export const ERROR_ACCESS_DENIED = 5
export const ERROR_INVALID_NAME = 123
export const ERROR_BROKEN_PIPE = 109
export const ERROR_SEM_TIMEOUT = 121
export const ERROR_ALREADY_EXISTS = 183
export const ERROR_PIPE_BUSY = 231
export const ERROR_NO_DATA = 232
export const ERROR_PIPE_NOT_CONNECTED = 233
export const ERROR_MORE_DATA = 234
export const ERROR_PIPE_CONNECTED = 535
export const ERROR_OPERATION_ABORTED = 995
export const ERROR_IO_INCOMPLETE = 996
export const ERROR_IO_PENDING = 997
export const ERROR_NOT_FOUND = 1168

// wdm.h, ntifs.h: FILE_INFORMATION_CLASS
export const FileModeInformation = 16
export const FilePipeLocalInformation = 24
