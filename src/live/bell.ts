/** What one waits for and others ring. */
export class Bell {
  #answer = () => {}

  ring(): void {
    this.#answer()
  }

  /** Resolves at the next ring, or after so many milliseconds. */
  async heard(milliseconds?: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#answer = resolve
      if (milliseconds !== undefined) timer = setTimeout(resolve, milliseconds)
    })
    clearTimeout(timer)
    this.#answer = () => {}
  }
}
