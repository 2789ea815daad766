/** Metrics of the event loop of this process: its delay and its busy time. */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { Counter, Histogram, type Registry } from 'prom-client'

/** Interval of the delay measurements. */
const resolutionMilliseconds = 20
/** Interval of the observations. */
const observationMilliseconds = 1_000

/** A histogram rather than a maximum since the last scrape, so that several scrapers can read it. */
export function observeEventLoop(prefix: string, registers: Registry[]): void {
  const longest = new Histogram({
    name: `${prefix}event_loop_longest_delay_seconds`,
    help: 'Longest delay of the event loop of this process in each second',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
    registers,
  })
  const busy = new Counter({
    name: `${prefix}event_loop_busy_seconds_total`,
    help: 'Seconds in which the event loop of this process was not idle',
    registers,
  })
  const delays = monitorEventLoopDelay({ resolution: resolutionMilliseconds })
  delays.enable()
  let before = performance.eventLoopUtilization()
  setInterval(() => {
    longest.observe(Math.max(0, delays.max / 1e9 - resolutionMilliseconds / 1e3))
    delays.reset()
    const now = performance.eventLoopUtilization()
    busy.inc(Math.max(0, now.active - before.active) / 1e3)
    before = now
  }, observationMilliseconds).unref()
}
