// Loaded into a process before its program (`node --import`): answers its parent how long its event loop has computed without
// a pause. What counts is the time that its thread was on a processor, so that a busy machine makes nothing longer.
import { readFileSync } from 'node:fs'

/** Linux tells it in nanoseconds; where it is not told, the clock of the wall has to do. */
const schedule = `/proc/self/task/${process.pid}/schedstat`

function busyMilliseconds() {
  try {
    return Number(readFileSync(schedule, 'utf8').split(' ', 1)[0]) / 1e6
  } catch {
    return performance.now()
  }
}

let last = busyMilliseconds()
let longest = 0

// Timers run once in each turn of the loop, so what lies between two of them is what everybody else waits for.
const timer = setInterval(() => {
  const now = busyMilliseconds()
  longest = Math.max(longest, now - last)
  last = now
}, 1)
timer.unref()

process.on('message', () => {
  // The turn that this message came in is over when the timer has run again.
  setTimeout(() => {
    process.send?.({ longest })
    longest = 0
  }, 5)
})
process.channel?.unref()
