/** What a parent and its child can say. */
// #region map
export interface Work {
  toServer: { progress: number }
  clientRequests: { sum(numbers: number[]): number }
}
// #endregion
