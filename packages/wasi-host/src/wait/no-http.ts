/** noHttp: why a guest that blocks answers no requests. */
import { notSupported } from '../outcome/errors.ts'

export const noHttp = (): Promise<never> =>
  Promise.reject(
    notSupported(
      'wait: "blocking" serves no wasi:http, which needs this thread: use wait: "jspi" or "worker"',
    ),
  )
