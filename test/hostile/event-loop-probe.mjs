// Preloaded with `node --import`: reports the longest block of the event loop to the parent process. Measures the CPU time
// of the thread, which does not depend on the load of the machine.
import { readFileSync } from 'node:fs'

/** CPU time in nanoseconds on Linux. Other systems use the wall clock. */
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

// A timer runs once in each iteration of the loop, so the time between two runs is the block.
const timer = setInterval(() => {
  const now = busyMilliseconds()
  longest = Math.max(longest, now - last)
  last = now
}, 1)
timer.unref()

process.on('message', () => {
  // Waits until the timer has measured the current iteration.
  setTimeout(() => {
    process.send?.({ longest })
    longest = 0
  }, 5)
})
process.channel?.unref()
