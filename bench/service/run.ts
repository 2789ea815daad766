/** What the groups of figures share: the services, how many rounds, and where results go. */
import { Figure, type FigurePlan } from './figure.js'
import type { RunningService } from './running-service.js'

export interface Run {
  /** This build's, and that of --against. */
  services: readonly RunningService[]
  rounds: number
  report(figure: Figure): void
}

/** What was not measured is said, and nothing stands in its place. */
export function leaveOut(what: string, reason: unknown): void {
  console.error(`left out: ${what}: ${reason instanceof Error ? reason.message : String(reason)}`)
}

export function figures<Name extends string>(
  plans: Readonly<Record<Name, FigurePlan>>,
): Record<Name, Figure> {
  const entries = Object.entries<FigurePlan>(plans).map(([name, plan]) => [name, new Figure(plan)])
  return Object.fromEntries(entries)
}

/** Each round begins with another, so that none always comes after the same one. */
export function turnsOf<Item>(items: readonly Item[], round: number): Item[] {
  const first = round % items.length
  return [...items.slice(first), ...items.slice(0, first)]
}
