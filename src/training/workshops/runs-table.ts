/** The runs of a workshop as CSV (RFC 4180). */
import type { WorkshopRun } from '../../contract/workshop.js'

const columns = [
  'nickname',
  'job',
  'name',
  'status',
  'epoch',
  'epochs',
  'loss',
  'accuracy',
  'valLoss',
  'valAccuracy',
  'score',
  'createdAt',
]

/** Spreadsheets execute a cell that begins with one of these as a formula. */
const formula = /^[=+\-@\t\r]/

function cell(value: string | number | null): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const safe = formula.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

export function runsTable(runs: readonly { nickname: string; run: WorkshopRun }[]): string {
  const lines = runs.map(({ nickname, run }) => {
    const { id, name, status, epoch, epochs, metrics, score, createdAt } = run
    const { loss, accuracy, valLoss, valAccuracy } = metrics
    return [nickname, id, name, status, epoch, epochs, loss, accuracy, valLoss, valAccuracy, score, createdAt]
  })
  return `${[columns, ...lines].map((line) => line.map(cell).join(',')).join('\r\n')}\r\n`
}
