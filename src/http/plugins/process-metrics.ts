/** Metrics of this process: its memory, processor time, garbage collection, and event loop. */
import { collectDefaultMetrics, Registry } from 'prom-client'
import { observeEventLoop } from './event-loop-metrics.js'

/** Of the names of all metrics. */
export const prefix = 'descent_'

let registry: Registry | undefined

/** One registry for all applications of the process, because its measurements cannot be stopped. */
export function processMetrics(): Registry {
  if (registry !== undefined) return registry
  registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix })
  observeEventLoop(prefix, [registry])
  return registry
}
