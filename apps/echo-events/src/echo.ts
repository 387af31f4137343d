// #region map
/** What the two ends can say to each other: a misspelt name or wrong data does not compile. */
export interface Echo {
  events: { shout: string }
  requests: { echo(text: string): string; spell(text: string): AsyncIterable<string> }
}
// #endregion
