/** A metric of the services and of their reference: its values per round, and its output. */
import { median } from '../comparison.js'

/** `now` is this build, `before` the one that --against names, `reference` the bare part that both are compared with. */
type Subject = 'now' | 'before' | 'reference'

interface Goal {
  /** What is compared with the limit: the value, or its ratio to another subject. */
  of: 'value' | 'reference' | 'before'
  bound: 'at least' | 'at most'
  limit: number
}

export interface MetricPlan {
  name: string
  unit: string
  /** The name of the reference, such as Fastify. */
  reference?: string
  goals?: readonly Goal[]
}

/** A ratio is taken within one round, so that a change of the machine affects both sides. */
export class Metric {
  readonly samples: Readonly<Record<Subject, number[]>> = { now: [], before: [], reference: [] }

  constructor(readonly plan: MetricPlan) {}

  record(round: number, subject: Subject, value: number): void {
    this.samples[subject][round] = value
  }

  /** The median of the rounds; null if nothing was measured. */
  value(subject: Subject): number | null {
    const values = this.samples[subject].filter(Number.isFinite)
    return values.length === 0 ? null : median(values)
  }

  ratio(subject: Subject, to: Subject): number | null {
    const ratios = this.samples[subject]
      .map((value, round) => value / this.samples[to][round])
      .filter(Number.isFinite)
    return ratios.length === 0 ? null : median(ratios)
  }

  compared({ of }: Goal): number | null {
    return of === 'value' ? this.value('now') : this.ratio('now', of)
  }
}

const heads = [
  '',
  'now',
  'before',
  'reference',
  'now ÷ reference',
  'before ÷ reference',
  'now ÷ before',
  'goal',
] as const

export function printHead(): void {
  console.log(`| ${heads.join(' | ')} |`)
  console.log(`|${'---|'.repeat(heads.length)}`)
}

const count = (value: number | null) => {
  if (value === null) return '–'
  return Math.abs(value) < 100 ? String(Number(value.toPrecision(3))) : Math.round(value).toLocaleString('en')
}
const times = (ratio: number | null) => (ratio === null ? '–' : `${Number(ratio.toPrecision(2))}×`)

function goalText(metric: Metric, goal: Goal): string {
  const sign = goal.bound === 'at least' ? '≥' : '≤'
  const what = { value: '', reference: `× ${metric.plan.reference}`, before: '× before' }[goal.of]
  const verdict = { reached: '', short: ' **short**', unknown: ' (not measured)' }[judge(metric, goal)]
  return `${sign} ${goal.limit.toLocaleString('en')}${what}${verdict}`
}

function judge(metric: Metric, goal: Goal): 'reached' | 'short' | 'unknown' {
  const compared = metric.compared(goal)
  if (compared === null) return 'unknown'
  return (goal.bound === 'at least' ? compared >= goal.limit : compared <= goal.limit) ? 'reached' : 'short'
}

export function printRow(metric: Metric): void {
  const { name, unit, reference, goals = [] } = metric.plan
  const beside = metric.value('reference')
  const cells = [
    `${name}, ${unit}`,
    count(metric.value('now')),
    count(metric.value('before')),
    beside === null ? '–' : `${reference} ${count(beside)}`,
    times(metric.ratio('now', 'reference')),
    times(metric.ratio('before', 'reference')),
    times(metric.ratio('now', 'before')),
    goals.map((goal) => goalText(metric, goal)).join(', '),
  ]
  console.log(`| ${cells.join(' | ')} |`)
}

export function printJson(metric: Metric): void {
  const { name, unit, reference, goals = [] } = metric.plan
  console.log(
    JSON.stringify({
      benchmark: 'service',
      metric: name,
      unit,
      now: metric.value('now'),
      before: metric.value('before'),
      reference: reference === undefined ? null : { name: reference, value: metric.value('reference') },
      samples: metric.samples,
      nowToReference: metric.ratio('now', 'reference'),
      beforeToReference: metric.ratio('before', 'reference'),
      nowToBefore: metric.ratio('now', 'before'),
      goals: goals.map((goal) => ({
        ...goal,
        value: metric.compared(goal),
        verdict: judge(metric, goal),
      })),
    }),
  )
}
