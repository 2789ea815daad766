/** A figure of the services and of their reference, round by round, and how it is printed. */
import { middle } from '../comparison.js'

/** `now` is this build, `before` the one that --against names, `reference` the bare part that both are compared with. */
export type Subject = 'now' | 'before' | 'reference'

export interface Goal {
  /** What is compared with the limit: the value, or its ratio to another subject. */
  of: 'value' | 'reference' | 'before'
  bound: 'at least' | 'at most'
  limit: number
}

export interface FigurePlan {
  name: string
  unit: string
  /** The name of the reference, such as Fastify. */
  reference?: string
  goals?: readonly Goal[]
}

/** A ratio is taken within one round, so that a change of the machine affects both sides. */
export class Figure {
  readonly samples: Readonly<Record<Subject, number[]>> = { now: [], before: [], reference: [] }

  constructor(readonly plan: FigurePlan) {}

  record(round: number, subject: Subject, value: number): void {
    this.samples[subject][round] = value
  }

  /** The median of the rounds; null where nothing was measured. */
  value(subject: Subject): number | null {
    const values = this.samples[subject].filter(Number.isFinite)
    return values.length === 0 ? null : middle(values)
  }

  ratio(subject: Subject, to: Subject): number | null {
    const ratios = this.samples[subject]
      .map((value, round) => value / this.samples[to][round])
      .filter(Number.isFinite)
    return ratios.length === 0 ? null : middle(ratios)
  }

  held({ of }: Goal): number | null {
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

function goalText(figure: Figure, goal: Goal): string {
  const sign = goal.bound === 'at least' ? '≥' : '≤'
  const what = { value: '', reference: `× ${figure.plan.reference}`, before: '× before' }[goal.of]
  const verdict = { reached: '', short: ' **short**', unknown: ' (not measured)' }[verdictOf(figure, goal)]
  return `${sign} ${goal.limit.toLocaleString('en')}${what}${verdict}`
}

function verdictOf(figure: Figure, goal: Goal): 'reached' | 'short' | 'unknown' {
  const held = figure.held(goal)
  if (held === null) return 'unknown'
  return (goal.bound === 'at least' ? held >= goal.limit : held <= goal.limit) ? 'reached' : 'short'
}

export function printRow(figure: Figure): void {
  const { name, unit, reference, goals = [] } = figure.plan
  const beside = figure.value('reference')
  const cells = [
    `${name}, ${unit}`,
    count(figure.value('now')),
    count(figure.value('before')),
    beside === null ? '–' : `${reference} ${count(beside)}`,
    times(figure.ratio('now', 'reference')),
    times(figure.ratio('before', 'reference')),
    times(figure.ratio('now', 'before')),
    goals.map((goal) => goalText(figure, goal)).join(', '),
  ]
  console.log(`| ${cells.join(' | ')} |`)
}

export function printJson(figure: Figure): void {
  const { name, unit, reference, goals = [] } = figure.plan
  console.log(
    JSON.stringify({
      benchmark: 'service',
      figure: name,
      unit,
      now: figure.value('now'),
      before: figure.value('before'),
      reference: reference === undefined ? null : { name: reference, value: figure.value('reference') },
      samples: figure.samples,
      nowToReference: figure.ratio('now', 'reference'),
      beforeToReference: figure.ratio('before', 'reference'),
      nowToBefore: figure.ratio('now', 'before'),
      goals: goals.map((goal) => ({ ...goal, held: figure.held(goal), verdict: verdictOf(figure, goal) })),
    }),
  )
}
