/** An input to a model is wrong; `pointer` is the JSON Pointer from the list of rows to the place. */
export class InputError extends Error {
  override readonly name = 'InputError'

  constructor(
    readonly pointer: string,
    message: string,
  ) {
    super(message)
  }
}
