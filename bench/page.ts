/**
 * Responsiveness of the page: tasks of its main thread over 50 ms, from the opening of a run until 10,000 epochs are
 * received and drawn. Prints a JSON line.
 */
import { submit } from '../examples/client.js'
import { demonstrate } from '../examples/service.js'
import { openBrowser } from './browser.js'

const epochs = 10_000

/** Runs before the scripts of the page. The browser reports every task over 50 ms. */
const observe = `
  globalThis.longTasks = []
  new PerformanceObserver((list) => {
    for (const { duration, startTime } of list.getEntries()) longTasks.push([Math.round(startTime), duration])
  }).observe({ type: 'longtask', buffered: true })
`

export const main = () =>
  demonstrate(async (url) => {
    const { context, close } = await openBrowser({ viewport: { width: 1600, height: 1000 } })
    try {
      const page = await context.newPage()
      await page.addInitScript(observe)
      await page.goto(`${url}/#/runs`)
      await page.waitForTimeout(2_000)
      const opening: [number, number][] = await page.evaluate('longTasks.splice(0)')
      const job = await submit(url, {
        name: 'bench: 10,000 epochs',
        dataset: { name: 'moons', rows: 1_500, noise: 0.2, seed: 1 },
        network: {
          layers: [
            { type: 'dense', units: 32, activation: 'tanh' },
            { type: 'dense', units: 1, activation: 'sigmoid' },
          ],
        },
        loss: 'binaryCrossentropy',
        epochs,
        validationSplit: 0.2,
        seed: 1,
      })
      const begin = performance.now()
      await page.evaluate(`location.hash = '#/runs/${job.id}'`)
      await page.getByText('complete').waitFor({ timeout: 300_000 })
      const seconds = (performance.now() - begin) / 1_000
      await page.locator(`canvas[data-epoch="${epochs}"]`).waitFor({ timeout: 60_000 })
      const last: number = await page.evaluate(
        "document.querySelector('#curves .curves').plot.data[0].at(-1)",
      )
      const tasks: [number, number][] = await page.evaluate('longTasks')
      console.log(
        JSON.stringify({
          benchmark: 'page',
          metric: 'tasks of the main thread over 50 ms while 10,000 epochs stream in',
          epochs: last,
          seconds: Number(seconds.toFixed(1)),
          tasksOver50ms: tasks.length,
          longestMilliseconds: Math.max(0, ...tasks.map(([, milliseconds]) => milliseconds)),
          tasksOver50msWhileOpening: opening.length,
        }),
      )
    } finally {
      await close()
    }
  })
