/** The page in a real browser, against the built service; without a Chromium these tests say loudly that they did not run. */
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { chromiumPath } from '../../bench/browser.js'
import { AsyncDisposableStack } from '../../src/base/async-disposable-stack.js'
import { freshDatabase } from './postgres.js'
import { startService } from './service.js'
import { shared, sharedService } from './shared.js'

/** Without motion: a page that animates all the time occupies half a processor here. */
const contextOptions = { viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' } as const

export const hasChromium = chromiumPath !== undefined

if (!hasChromium) {
  const message =
    'No Chromium, so the page is not tested. `apt-get install chromium-headless-shell`, or name one by CHROMIUM.'
  if (process.env.REQUIRE_CHROMIUM === '1') throw new Error(message)
  console.warn(message)
}

/**
 * A service and a browser for a file of tests; an error in the page fails the test.
 * @param settings of a separate service, which has no data yet; without them, the service is the shared one
 */
export function browserSuite(settings?: Record<string, string>) {
  const stack = new AsyncDisposableStack()
  const opened: {
    service?: { url: string }
    database?: string
    browser?: Browser
    context?: BrowserContext
  } = {}
  const failures: string[] = []

  async function startOwn(own: Record<string, string>): Promise<{ url: string }> {
    const { connectionString } = stack.adopt(await freshDatabase(), ({ drop }) => drop())
    opened.database = connectionString
    const service = await startService({ ...own, DATABASE_URL: connectionString })
    return stack.adopt(service, ({ stop }) => stop())
  }

  beforeAll(async () => {
    if (!hasChromium) return
    opened.service = await (settings === undefined ? sharedService() : startOwn(settings))
    const browser = stack.adopt(await chromium.connect(await shared('/browser')), (each) => each.close())
    opened.browser = browser
    opened.context = await browser.newContext(contextOptions)
    // Stays open, so that the other pages of the context share its renderer process and compiled code.
    const first = await opened.context.newPage()
    await first.goto(`${opened.service.url}/health/live`)
  }, 120_000)

  afterAll(() => stack.disposeAsync())

  return {
    failures,
    /** The database of the separate service. */
    database(): string {
      if (opened.database === undefined) throw new Error('the service is the shared one')
      return opened.database
    },
    service(): { url: string } {
      if (opened.service === undefined) throw new Error('the service did not start')
      return opened.service
    },
    async open(address: string): Promise<Page> {
      if (opened.context === undefined) throw new Error('the browser did not open')
      return this.load(opened.context, address)
    },
    /** Opens the page in a context without what other pages store. The context ends with the file. */
    async openAlone(address: string): Promise<Page> {
      if (opened.browser === undefined) throw new Error('the browser did not open')
      const context = stack.adopt(await opened.browser.newContext(contextOptions), (each) => each.close())
      return this.load(context, address)
    },
    async load(context: BrowserContext, address: string): Promise<Page> {
      const page = await context.newPage()
      page.on('pageerror', (error) => failures.push(error.message))
      page.on('console', (message) => {
        if (message.type() === 'error' && !message.text().includes('ERR_')) failures.push(message.text())
      })
      await page.goto(`${this.service().url}/${address}`)
      return page
    },
  }
}
