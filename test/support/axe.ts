/** Serious findings of axe on what a page shows now. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Finding {
  id: string
  impact: string | null
  nodes: { html: string; failureSummary: string }[]
}

interface Axe {
  /** Of other types of results it describes only the first element. */
  run(options: { resultTypes: ['violations'] }): Promise<{ violations: Finding[] }>
}

export async function findingsOf(page: Page): Promise<string[]> {
  // Through the debugger, which the content security policy does not hold for.
  if (!(await page.evaluate("'axe' in globalThis"))) await page.evaluate(axe)
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: Axe }
    return (await axe.run({ resultTypes: ['violations'] })).violations
  })
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`)
}

/** In the light and in the dark theme; each finding begins with its theme. */
export async function findingsOfThemes(page: Page): Promise<string[]> {
  const findings: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    for (const finding of await findingsOf(page)) findings.push(`${colorScheme}: ${finding}`)
  }
  return findings
}
