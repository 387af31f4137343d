// #region map
/** What may be said, for both programs: a misspelt name or wrong data does not compile. */
export interface World {
  events: { 'app.message': { id: string; message: string } }
  requests: { time(): string }
}
// #endregion
