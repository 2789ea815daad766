/**
 * Counts the work of a worker process since its last report: epochs, and seconds of training summed over concurrent
 * trainings.
 */
export class WorkTally {
  private epochs = 0
  private trainingSeconds = 0
  private trainings = 0
  private since = performance.now()

  begin(): void {
    this.settle()
    this.trainings++
  }

  end(): void {
    this.settle()
    this.trainings--
  }

  addEpochs(count: number): void {
    this.epochs += count
  }

  /** Returns the work to report, or null, and resets the counts. */
  take(): { epochs: number; trainingSeconds: number } | null {
    this.settle()
    const done = { epochs: this.epochs, trainingSeconds: this.trainingSeconds }
    this.epochs = 0
    this.trainingSeconds = 0
    return done.epochs === 0 && done.trainingSeconds === 0 ? null : done
  }

  /** Adds the work again after a failed report. */
  giveBack({ epochs, trainingSeconds }: { epochs: number; trainingSeconds: number }): void {
    this.epochs += epochs
    this.trainingSeconds += trainingSeconds
  }

  private settle(): void {
    const now = performance.now()
    this.trainingSeconds += (this.trainings * (now - this.since)) / 1_000
    this.since = now
  }
}
