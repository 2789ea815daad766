/** An invalid input of a model. `pointer` is a JSON Pointer relative to the list of rows. */
export class InputError extends Error {
  override readonly name = 'InputError'

  constructor(
    readonly pointer: string,
    message: string,
  ) {
    super(message)
  }
}
