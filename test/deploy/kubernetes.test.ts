/** The manifests of Kubernetes, as Kustomize reads them: what they promise about rights, probes and selectors. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { readConfig } from '../../src/config.js'
import { root } from '../docs/documents.js'

const read = (file: string) => readFileSync(join(root, 'deploy/kubernetes', file), 'utf8')

const kustomization = z
  .object({
    resources: z.array(z.string()),
    images: z.array(z.object({ name: z.string(), newTag: z.string() })),
    configMapGenerator: z.array(z.object({ name: z.string(), literals: z.array(z.string()) })),
  })
  .parse(parse(read('kustomization.yaml')))

const labels = z.record(z.string(), z.string())
const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) })
const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()),
  ports: z.array(z.object({ name: z.string(), containerPort: z.int() })).optional(),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  securityContext: z.looseObject({}),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })),
})
const template = z.object({
  metadata: z.object({ labels }),
  spec: z.looseObject({
    automountServiceAccountToken: z.boolean(),
    securityContext: z.looseObject({ runAsNonRoot: z.boolean() }),
    containers: z.array(container).length(1),
  }),
})
const resourceSchema = z.looseObject({
  kind: z.string(),
  metadata: z.object({ name: z.string() }),
  spec: z.looseObject({
    template: template.optional(),
    selector: z.unknown().optional(),
    scaleTargetRef: z.object({ kind: z.string(), name: z.string() }).optional(),
  }),
})

const resources = kustomization.resources
  .filter((file) => file !== 'namespace.yaml')
  .flatMap((file) => parseAllDocuments(read(file)))
  .map((document) => resourceSchema.parse(document.toJS()))
const pods = resources.flatMap(({ metadata, spec }) =>
  spec.template === undefined ? [] : [{ name: metadata.name, template: spec.template }],
)

it('setup, API and worker run the same image', () => {
  expect(pods.map(({ name }) => name)).toEqual(['setup', 'api', 'worker'])
  const images = pods.flatMap(({ template: { spec } }) => spec.containers.map(({ image }) => image))
  expect(new Set(images)).toEqual(new Set([kustomization.images[0].name]))
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))
  expect(kustomization.images[0].newTag).toBe(version)
})

describe.each(pods)('$name', ({ template: { spec } }) => {
  const [{ securityContext, volumeMounts, command }] = spec.containers

  it('has no rights that it does not need', () => {
    expect(spec.automountServiceAccountToken).toBe(false)
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    expect(securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    expect(volumeMounts.map(({ mountPath }) => mountPath)).toEqual(['/tmp'])
  })

  it('starts a program of the build', () => {
    const source = command[1].replace(/^dist\//, '').replace(/\.js$/, '.ts')
    expect(() => readFileSync(join(root, source))).not.toThrow()
  })
})

it('the API is restarted by the thread, and gets requests while it is ready', () => {
  const [{ ports, startupProbe, livenessProbe, readinessProbe }] =
    pods.find(({ name }) => name === 'api')?.template.spec.containers ?? []
  const portOf = (name?: string) => ports?.find((port) => port.name === name)?.containerPort
  const image = readFileSync(join(root, 'Dockerfile'), 'utf8')
  expect(image).toContain(`LIVENESS_PORT=${portOf(livenessProbe?.httpGet.port)}`)
  expect(startupProbe).toEqual(expect.objectContaining({ httpGet: livenessProbe?.httpGet }))
  expect(readinessProbe?.httpGet.path).toBe('/health/ready')
  expect(portOf(readinessProbe?.httpGet.port)).toBe(readConfig({}).PORT)
})

it('every selector finds the pods of one deployment', () => {
  const component = 'app.kubernetes.io/component'
  const selectors = resources.flatMap(({ kind, metadata: { name }, spec: { selector } }) => {
    const found = z
      .union([z.object({ matchLabels: labels }).transform(({ matchLabels }) => matchLabels), labels])
      .safeParse(selector)
    return found.success ? [{ of: `${kind} ${name}`, selects: found.data[component], name }] : []
  })
  expect(selectors.map((each) => each.of)).toEqual([
    'Deployment api',
    'Service api',
    'PodDisruptionBudget api',
    'Deployment worker',
    'PodDisruptionBudget worker',
  ])
  for (const { of, selects, name } of selectors) expect(selects, of).toBe(name)
})

it('the number of workers follows a metric of the service', () => {
  const scaler = resources.find(({ kind }) => kind === 'HorizontalPodAutoscaler')
  expect(scaler?.spec.scaleTargetRef).toMatchObject({ kind: 'Deployment', name: 'worker' })
  const documented = readFileSync(join(root, 'docs/operating.md'), 'utf8')
  expect(JSON.stringify(scaler)).toContain('"name":"descent_jobs"')
  expect(documented).toContain('`descent_jobs`')
})

it('the example of the secret has settings that the service reads', () => {
  const lines = read('secret.example.env')
    .split('\n')
    .filter((line) => /^[A-Z]/.test(line))
  const settings = lines.map((line) => line.split('=')[0])
  expect(settings).toEqual(['DATABASE_URL', 'REDIS_URL', 'OBJECT_STORE_URL', 'WEBHOOK_KEYS'])
  const names = Object.keys(readConfig({ DATABASE_URL: 'postgresql://localhost/descent' }))
  expect(names).toContain('DATABASE_URL')
  const documented = readFileSync(join(root, 'docs/operating.md'), 'utf8')
  for (const name of settings) expect(documented).toContain(`\`${name}\` (`)
})
