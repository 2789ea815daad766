/** The dashboard and the alert rules use metrics that /metrics has. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { openApp, type RunningApp } from '../support/app.js'
import { root } from './documents.js'

let service: RunningApp
/** Names as they are queried: those of histograms end in _bucket, _sum or _count. */
let known: Set<string>

beforeAll(async () => {
  service = await openApp()
  await request(service.app.server).get('/metrics')
  const { text } = await request(service.app.server).get('/metrics').expect(200)
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)]
  known = new Set(
    types.flatMap(([, name, type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  )
})

afterAll(() => service.close())

const metricsOf = (expression: string) => expression.match(/\bdescent_\w+/g) ?? []

const read = (name: string) => readFileSync(join(root, 'deploy', name), 'utf8')
const dashboardSchema = z.object({
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).min(1) })),
})
const alertsSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.strictObject({
          alert: z.string(),
          expr: z.string(),
          for: z.string(),
          labels: z.object({ severity: z.enum(['critical', 'warning']) }),
          annotations: z.object({ summary: z.string(), remedy: z.string() }),
        }),
      ),
    }),
  ),
})

describe('the metrics of', () => {
  it('the Grafana dashboard exist', () => {
    const { panels } = dashboardSchema.parse(JSON.parse(read('grafana/descent.json')))
    const named = panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => metricsOf(expr)))
    expect(named.length).toBeGreaterThan(10)
    expect(named.filter((name) => !known.has(name))).toEqual([])
  })

  it('the Prometheus alerts exist', () => {
    const { groups } = alertsSchema.parse(parse(read('prometheus/alerts.yml')))
    const rules = groups.flatMap((group) => group.rules)
    expect(rules.length).toBeGreaterThan(5)
    for (const { alert, expr } of rules) {
      const unknown = metricsOf(expr).filter((name) => !known.has(name))
      expect(unknown, alert).toEqual([])
    }
  })

  it('the Prometheus configuration are scraped under the job that the alerts name', () => {
    const configuration = z
      .object({
        rule_files: z.array(z.string()),
        scrape_configs: z.array(z.object({ job_name: z.string() })),
      })
      .parse(parse(read('prometheus/prometheus.yml')))
    expect(configuration.rule_files).toEqual(['alerts.yml'])
    expect(read('prometheus/alerts.yml')).toContain(`job="${configuration.scrape_configs[0].job_name}"`)
  })
})
