/** Shows the progress of a training in the terminal. */
import { Presets, SingleBar } from 'cli-progress'
import type { Epoch, FinishedJob, Job } from '../sdk/src/index.js'

const linesWithoutTerminal = 20
const curveWidth = 12

/**
 * Watches a training to its end, draws its loss and returns the finished job. Without a terminal, it
 * prints occasional lines.
 * @throws JobFailedError or JobCancelledError
 */
export async function drawTraining(job: Job): Promise<FinishedJob> {
  const drawing = process.stdout.isTTY ? bar(job.data.epochs) : lines(job.data.epochs)
  try {
    for await (const message of job.watch()) if (message.type === 'epochs') drawing.show(message.epochs)
  } finally {
    drawing.end()
  }
  return job.done()
}

interface Drawing {
  show(epochs: Epoch[]): void
  end(): void
}

function bar(total: number): Drawing {
  const progress = new SingleBar(
    {
      format: '{bar} epoch {value}/{total}  loss {loss} {curve}  accuracy {accuracy}  left {eta_formatted}',
      barsize: 10,
      stream: process.stdout,
      hideCursor: true,
    },
    Presets.shades_classic,
  )
  const losses: number[] = []
  progress.start(total, 0, { loss: '–', accuracy: '–', curve: '' })
  return {
    show(epochs) {
      for (const { loss } of epochs) if (loss !== null) losses.push(loss)
      const last = epochs[epochs.length - 1]
      const [loss, accuracy] = [shown(last.loss), shown(last.valAccuracy ?? last.accuracy)]
      progress.update(last.epoch, { loss, accuracy, curve: curve(losses) })
    },
    end: () => progress.stop(),
  }
}

function lines(total: number): Drawing {
  const began = Date.now()
  const every = Math.max(1, Math.floor(total / linesWithoutTerminal))
  return {
    show(epochs) {
      for (const { epoch, loss, accuracy, valAccuracy } of epochs) {
        if (epoch % every !== 0 && epoch !== total) continue
        const left = ((Date.now() - began) / epoch) * (total - epoch)
        console.log(
          `epoch ${epoch}/${total}  loss ${shown(loss)}  accuracy ${shown(valAccuracy ?? accuracy)}  ` +
            `left ${(left / 1_000).toFixed(1)} s`,
        )
      }
    },
    end() {},
  }
}

const shown = (value: number | null) => (value === null ? '–' : value.toPrecision(3))

/** Draws the history of the loss in a few characters, on a logarithmic scale. */
function curve(losses: readonly number[]): string {
  const width = Math.min(curveWidth, losses.length)
  const heights = Array.from({ length: width }, (_, column) => {
    return Math.log(
      Math.max(losses[Math.floor(((column + 1) * losses.length) / width) - 1], Number.MIN_VALUE),
    )
  })
  const [least, greatest] = [Math.min(...heights), Math.max(...heights)]
  const steps = '▁▂▃▄▅▆▇█'
  return heights.map((height) => steps[Math.round(((height - least) / (greatest - least || 1)) * 7)]).join('')
}
