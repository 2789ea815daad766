/** Wakes one waiting task. A wake-up without a waiting task has no effect. */
export class WakeSignal {
  #resolve = () => {}

  wake(): void {
    this.#resolve()
  }

  /** Resolves at the next wake-up, or after `milliseconds`. */
  async wait(milliseconds?: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#resolve = resolve
      if (milliseconds !== undefined) timer = setTimeout(resolve, milliseconds)
    })
    clearTimeout(timer)
    this.#resolve = () => {}
  }
}
