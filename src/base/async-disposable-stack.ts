/**
 * Two errors of a failed close: `error` was thrown after `suppressed`. The standard SuppressedError, which Node 20 lacks.
 */
export class SuppressedError extends Error {
  override readonly name = 'SuppressedError'

  constructor(
    readonly error: unknown,
    readonly suppressed: unknown,
  ) {
    super(`${toMessage(suppressed)}; then: ${toMessage(error)}`)
  }
}

const toMessage = (error: unknown) => (error instanceof Error ? error.message : String(error))

/**
 * Closes resources in reverse order of their registration. It closes all of them, even if a close throws. A part of the
 * standard AsyncDisposableStack, which Node 20 lacks (ECMAScript, Explicit Resource Management).
 */
export class AsyncDisposableStack {
  #disposals: (() => unknown)[] = []
  #disposed = false

  adopt<T>(resource: T, dispose: (resource: T) => unknown): T {
    this.defer(() => dispose(resource))
    return resource
  }

  defer(dispose: () => unknown): void {
    if (this.#disposed) throw new ReferenceError('This stack is already disposed.')
    this.#disposals.push(dispose)
  }

  /** @throws the error of a close, or a SuppressedError whose `error` is the last one */
  async disposeAsync(): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    let failure: { error: unknown } | undefined
    for (const dispose of this.#disposals.splice(0).toReversed()) {
      try {
        await dispose()
      } catch (error) {
        failure = { error: failure === undefined ? error : new SuppressedError(error, failure.error) }
      }
    }
    if (failure !== undefined) throw failure.error
  }
}

/**
 * Opens resources on a stack. If `open` throws, closes those that are open.
 * @throws the error of `open`, or a SuppressedError around it if a close throws too
 */
export async function openOn<T>(stack: AsyncDisposableStack, open: () => Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (error) {
    await stack.disposeAsync().catch((closing) => {
      throw new SuppressedError(closing, error)
    })
    throw error
  }
}
