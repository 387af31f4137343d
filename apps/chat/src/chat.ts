// #region map
/** What the two ends can say to each other. Both import it, and every misuse is a compile error. */
export interface Chat {
  /** From a client, and from the server to the others. */
  events: { say: { from: string; text: string } }
  /** Only the server says these. */
  toClient: { joined: string; left: string }
  /** The client asks, the server answers; the second is a stream of answers. */
  requests: { who(): string[]; history(last: number): AsyncIterable<{ from: string; text: string }> }
}
// #endregion
