/** What the groups of figures share. */
import { Figure, type FigurePlan } from './figure.js'
import type { RunningService } from './running-service.js'

export interface Run {
  /** This build's service, and that of --against. */
  services: readonly RunningService[]
  rounds: number
  report(figure: Figure): void
}

/** Reports a figure that could not be measured. */
export function leaveOut(what: string, reason: unknown): void {
  console.error(`left out: ${what}: ${reason instanceof Error ? reason.message : String(reason)}`)
}

export function figures<Name extends string>(
  plans: Readonly<Record<Name, FigurePlan>>,
): Record<Name, Figure> {
  const entries = Object.entries<FigurePlan>(plans).map(([name, plan]) => [name, new Figure(plan)])
  return Object.fromEntries(entries)
}

/** Each round begins with the next item, so that none always follows the same one. */
export function turnsOf<Item>(items: readonly Item[], round: number): Item[] {
  const first = round % items.length
  return [...items.slice(first), ...items.slice(0, first)]
}
