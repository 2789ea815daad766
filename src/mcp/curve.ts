/** The losses of a training as a picture. */
import { z } from 'zod'
import { epochSchema } from '../contract/epoch.js'
import { encodePng } from '../datasets/png.js'
import { type Ask, parseAnswer, pathOf, queryOf, type ServiceAnswer } from './service.js'
import { defineTool, idInput, isSuccess, toResult } from './tool.js'

const width = 640
const height = 360
const margin = 8

type Color = readonly [red: number, green: number, blue: number]
const frame: Color = [204, 204, 204]
/** Distinct for all kinds of colour vision (Okabe and Ito 2008). */
const lines = { loss: [0, 114, 178], valLoss: [213, 94, 0] } as const

const historySchema = z.object({ data: z.array(epochSchema) })
type History = z.infer<typeof historySchema>['data']

export const askHistory = (ask: Ask, job: string, signal: AbortSignal): Promise<ServiceAnswer> =>
  ask({ method: 'GET', path: `${pathOf`/jobs/${job}/epochs`}${queryOf({ points: width / 2 })}` }, signal)

export const readHistory = (answer: ServiceAnswer): History => historySchema.parse(parseAnswer(answer)).data

export const curveTool = defineTool({
  name: 'plot_losses',
  title: 'Plot the losses',
  description: 'Returns the losses of a training over its epochs as a picture, with their range.',
  effect: 'reads',
  input: z.strictObject({ job: idInput }),
  async run({ job }, { ask, signal }) {
    const answer = await askHistory(ask, job, signal)
    if (!isSuccess(answer)) return toResult(answer)
    const history = readHistory(answer)
    const png = await drawLosses(history)
    return {
      content: [
        { type: 'image', mimeType: 'image/png', data: png.toString('base64') },
        { type: 'text', text: describe(history) },
      ],
    }
  },
})

const valuesOf = (history: History) =>
  history
    .flatMap(({ loss, valLoss }) => [loss, valLoss])
    .filter((value) => value !== null && value !== undefined)

function describe(history: History): string {
  const values = valuesOf(history)
  const [first, last] = [history[0], history.at(-1)]
  if (first === undefined || last === undefined || values.length === 0)
    return 'The job has no epoch with a loss yet.'
  const range = `from ${Math.min(...values)} (bottom) to ${Math.max(...values)} (top)`
  const validation = last.valLoss === null ? '' : ` Orange: validation loss, ${last.valLoss} at the end.`
  return `Epochs ${first.epoch} to ${last.epoch}, losses ${range}. Blue: training loss, ${last.loss} at the end.${validation}`
}

/** A line for each loss, which begins anew after an epoch without one. The vertical axis spans all losses. */
export async function drawLosses(history: History): Promise<Buffer> {
  const white = 255
  const pixels = Buffer.alloc(width * height * 3, white)
  const paint = (x: number, y: number, color: Color) => pixels.set(color, (y * width + x) * 3)
  drawFrame(paint)
  const values = valuesOf(history)
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const [first, last] = [history[0]?.epoch ?? 0, history.at(-1)?.epoch ?? 0]
  const scale = (value: number, from: number, to: number, length: number) =>
    Math.round(margin + (to === from ? 0.5 : (value - from) / (to - from)) * (length - 1 - 2 * margin))
  for (const name of ['loss', 'valLoss'] as const) {
    let before: Point | null = null
    for (const epoch of history) {
      const value = epoch[name]
      const at: Point | null =
        value === null
          ? null
          : { x: scale(epoch.epoch, first, last, width), y: height - 1 - scale(value, low, high, height) }
      if (at !== null) drawLine(before ?? at, at, (x, y) => paint(x, y, lines[name]))
      before = at
    }
  }
  return encodePng(pixels, { width, height, channels: 3 })
}

interface Point {
  x: number
  y: number
}

function drawFrame(paint: (x: number, y: number, color: Color) => void): void {
  for (let x = 0; x < width; x++) for (const y of [0, height - 1]) paint(x, y, frame)
  for (let y = 0; y < height; y++) for (const x of [0, width - 1]) paint(x, y, frame)
}

/** Two pixels thick, at as many places as its longer side has pixels. */
function drawLine(from: Point, to: Point, paint: (x: number, y: number) => void): void {
  const steps = Math.max(1, Math.abs(to.x - from.x), Math.abs(to.y - from.y))
  for (let step = 0; step <= steps; step++) {
    const x = Math.round(from.x + ((to.x - from.x) * step) / steps)
    const y = Math.round(from.y + ((to.y - from.y) * step) / steps)
    paint(x, y)
    paint(x, y + 1)
  }
}
