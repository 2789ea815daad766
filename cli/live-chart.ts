/** Shows a training while it runs: a chart that is drawn again on a terminal, and a few lines elsewhere. */
import { chart, short } from '../examples/chart.js'
import type { Epoch, Job } from '../sdk/src/index.js'

const barWidth = 24
const drawMilliseconds = 100
/** The curves have at most twice as many points. */
const fewestPoints = 200
const linesWithoutTerminal = 20

type Output = Pick<NodeJS.WriteStream, 'write' | 'isTTY'>
type JobData = Job['data']

interface TrainingView {
  job(job: JobData): void
  epochs(epochs: readonly Epoch[]): void
  /** Draws the last state. */
  end(): void
}

export function trainingView(output: Output, job: JobData): TrainingView {
  return output.isTTY ? new LiveChart(output, job) : new Lines(output, job)
}

class LiveChart implements TrainingView {
  readonly #output: Output
  readonly #startedAt = Date.now()
  #job: JobData
  #last: Epoch | undefined
  #firstEpoch = 0
  /** Every so many epochs are drawn. */
  #step = 1
  #training: [number, number][] = []
  #validation: [number, number][] = []
  #drawnAt = 0
  #drawnLines = 0

  constructor(output: Output, job: JobData) {
    this.#output = output
    this.#job = job
  }

  job(job: JobData): void {
    this.#job = job
    this.#drawSoon()
  }

  epochs(epochs: readonly Epoch[]): void {
    for (const epoch of epochs) {
      this.#last = epoch
      this.#firstEpoch ||= epoch.epoch
      if (epoch.epoch % this.#step !== 0 && epoch.epoch !== this.#firstEpoch) continue
      if (epoch.loss !== null) this.#training.push([epoch.epoch, epoch.loss])
      if (epoch.valLoss !== null) this.#validation.push([epoch.epoch, epoch.valLoss])
      if (this.#training.length > 2 * fewestPoints) this.#thin()
    }
    this.#drawSoon()
  }

  end(): void {
    this.#draw()
  }

  #thin(): void {
    this.#step *= 2
    this.#training = this.#training.filter((_, index) => index % 2 === 0)
    this.#validation = this.#validation.filter((_, index) => index % 2 === 0)
  }

  #drawSoon(): void {
    if (Date.now() - this.#drawnAt >= drawMilliseconds) this.#draw()
  }

  #draw(): void {
    this.#drawnAt = Date.now()
    const lines = [...this.#curves(), this.#status()]
    const up = this.#drawnLines === 0 ? '' : `\x1b[${this.#drawnLines}A\x1b[0J`
    this.#output.write(`${up}${lines.join('\n')}\n`)
    this.#drawnLines = lines.length
  }

  #curves(): string[] {
    if (this.#training.length < 2) return []
    const validation = { name: 'validation', mark: '+', points: this.#validation }
    const curves = [
      { name: 'training', mark: '•', points: this.#training },
      ...(this.#validation.length > 0 ? [validation] : []),
    ]
    const hasPositive = this.#training.every(([, loss]) => loss > 0)
    const yScale = hasPositive ? ('logarithmic' as const) : ('linear' as const)
    return chart(curves, { x: 'epoch', y: 'loss', xScale: 'linear', yScale }).split('\n')
  }

  #status(): string {
    const { status, epochs, queuePosition } = this.#job
    const last = this.#last
    if (last === undefined) return queuePosition === null ? status : `${status}, place ${queuePosition}`
    const done = Math.min(1, last.epoch / epochs)
    const filled = Math.round(done * barWidth)
    const bar = `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`
    return `${bar} epoch ${last.epoch}/${epochs}  ${figures(last)}  ${this.#left(last.epoch, epochs)}`.trimEnd()
  }

  #left(epoch: number, epochs: number): string {
    const trained = epoch - this.#firstEpoch
    if (this.#job.finishedAt !== null || trained <= 0) return ''
    const seconds = ((Date.now() - this.#startedAt) / 1_000 / trained) * (epochs - epoch)
    return `${Math.ceil(seconds)} s left`
  }
}

class Lines implements TrainingView {
  #shown = 0

  constructor(
    private readonly output: Output,
    private readonly started: JobData,
  ) {}

  job(): void {}

  epochs(epochs: readonly Epoch[]): void {
    const { epochs: planned } = this.started
    const every = Math.max(1, Math.floor(planned / linesWithoutTerminal))
    for (const epoch of epochs) {
      if (epoch.epoch < this.#shown + every && epoch.epoch !== planned) continue
      this.#shown = epoch.epoch
      this.output.write(`epoch ${epoch.epoch}/${planned}  ${figures(epoch)}\n`)
    }
  }

  end(): void {}
}

const names = {
  loss: 'loss',
  accuracy: 'accuracy',
  valLoss: 'val loss',
  valAccuracy: 'val accuracy',
} as const
type Figure = keyof typeof names

function figures(epoch: Pick<Epoch, Figure>): string {
  return (Object.keys(names) as Figure[])
    .flatMap((name) => {
      const value = epoch[name]
      return value === null ? [] : [`${names[name]} ${short(value)}`]
    })
    .join('  ')
}
