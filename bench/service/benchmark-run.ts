/** Shared by the groups of metrics. */
import { Metric, type MetricPlan } from './metric.js'
import type { RunningService } from './running-service.js'

export interface BenchmarkRun {
  /** This build's service, and that of --against. */
  services: readonly RunningService[]
  rounds: number
  report(metric: Metric): void
}

/** Reports a metric that could not be measured. */
export function reportSkipped(what: string, reason: unknown): void {
  console.error(`not measured: ${what}: ${reason instanceof Error ? reason.message : String(reason)}`)
}

export function createMetrics<Name extends string>(
  plans: Readonly<Record<Name, MetricPlan>>,
): Record<Name, Metric> {
  const entries = Object.entries<MetricPlan>(plans).map(([name, plan]) => [name, new Metric(plan)])
  return Object.fromEntries(entries)
}

/** Starts each round with the next item, so that the order does not favour any. */
export function rotate<Item>(items: readonly Item[], round: number): Item[] {
  const first = round % items.length
  return [...items.slice(first), ...items.slice(0, first)]
}
