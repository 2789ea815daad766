/** A well-formed spec that cannot be compiled. The message says what does not fit and what would. */
export class SpecError extends Error {
  override readonly name = 'SpecError'

  /** @param pointer JSON Pointer into the spec, e.g. `/network/layers/2/kernelSize`. */
  constructor(
    readonly pointer: string,
    message: string,
  ) {
    super(message)
  }
}
