/** The page in a real browser, against the built service; without a Chromium these tests say loudly that they did not run. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { type Browser, chromiumPath, openBrowser } from '../../bench/browser.js'
import { type Service, startService, temporaryFolder } from './service.js'

export const hasChromium = chromiumPath !== undefined

if (!hasChromium) {
  const message =
    'No Chromium: the tests of the page do not run. `apt-get install chromium`, or name one by CHROMIUM.'
  if (process.env.REQUIRE_CHROMIUM === '1') throw new Error(message)
  console.warn(message)
}

/**
 * A service and a browser for a file of tests; an error in the page fails the test.
 * @param settings of the service
 */
export function browserSuite(settings: Record<string, string> = {}) {
  const folder = temporaryFolder()
  const opened: { service?: Service; browser?: Browser } = {}
  const failures: string[] = []

  beforeAll(async () => {
    if (!hasChromium) return
    opened.service = await startService({ ...settings, DATA_DIRECTORY: folder.path })
    opened.browser = await openBrowser({ viewport: { width: 1280, height: 900 } })
  }, 120_000)

  afterAll(async () => {
    await opened.browser?.close()
    await opened.service?.stop()
    folder.remove()
  })

  return {
    failures,
    /** The service's data. */
    folder: folder.path,
    service(): Service {
      if (opened.service === undefined) throw new Error('the service did not start')
      return opened.service
    },
    async open(address: string): Promise<Page> {
      if (opened.browser === undefined) throw new Error('the browser did not open')
      const page = await opened.browser.context.newPage()
      page.on('pageerror', (error) => failures.push(error.message))
      page.on('console', (message) => {
        if (message.type() === 'error' && !message.text().includes('ERR_')) failures.push(message.text())
      })
      await page.goto(`${this.service().url}/${address}`)
      return page
    },
  }
}
