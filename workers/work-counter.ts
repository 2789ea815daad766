/** The work of a worker process since its last report: epochs stored, and seconds of training, two at a time counted twice. */
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

  /** The work to report, or null. Counts from zero again. */
  take(): { epochs: number; trainingSeconds: number } | null {
    this.settle()
    const done = { epochs: this.epochs, trainingSeconds: this.trainingSeconds }
    this.epochs = 0
    this.trainingSeconds = 0
    return done.epochs === 0 && done.trainingSeconds === 0 ? null : done
  }

  /** The report failed. */
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
