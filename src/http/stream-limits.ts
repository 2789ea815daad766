/** Limits of one open stream. */
export interface StreamLimits {
  /** A sink stops writing while more than this is buffered. The message that exceeds it is still written. */
  maximumBufferedBytes: number
  /** Boundary frames are dropped while more than this is buffered. */
  readyBytes: number
  /** Interval of pings or comments, which keep proxies from closing an idle connection. */
  pingMilliseconds: number
}

export const bufferLimits = { maximumBufferedBytes: 512 * 1024, readyBytes: 64 * 1024 } as const
