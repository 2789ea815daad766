/** What the container's files promise; SECURITY.md says the same in words. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'

const pathOf = (name: string) => new URL(`../../${name}`, import.meta.url)
const read = (name: string) => readFileSync(pathOf(name), 'utf8')

const serviceSchema = z.looseObject({
  build: z.string().optional(),
  user: z.string().optional(),
  privileged: z.boolean().optional(),
  read_only: z.boolean().optional(),
  tmpfs: z.array(z.string()).optional(),
  cap_drop: z.array(z.string()).optional(),
  cap_add: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  ports: z.array(z.string()).optional(),
  image: z.string().optional(),
  healthcheck: z.looseObject({}).optional(),
})
const { services } = z
  .object({ services: z.record(z.string(), serviceSchema) })
  .parse(parse(read('docker-compose.yml'), { merge: true }))
const ours = Object.entries(services).filter(([, { build }]) => build !== undefined)

describe('docker-compose.yml', () => {
  it('has the setup, the API and the worker', () =>
    expect(ours.map(([name]) => name)).toEqual(['setup', 'api', 'worker']))

  it.each(ours)('gives the %s nothing that it does not need', (_name, service) => {
    expect(service.read_only).toBe(true)
    expect(service.cap_drop).toEqual(['ALL'])
    expect(service.cap_add).toBeUndefined()
    expect(service.security_opt).toContain('no-new-privileges:true')
    expect(service.privileged).toBeUndefined()
    expect(service.user).toBeUndefined()
    expect(service.tmpfs).toEqual([expect.stringMatching(/^\/tmp:(?=.*noexec)(?=.*nosuid)(?=.*size=)/)])
  })

  it('asks the API whether it lives, by the image, and not the worker, which listens nowhere', () => {
    expect(services.api.healthcheck).toBeUndefined()
    expect(services.worker.healthcheck).toEqual({ disable: true })
  })

  it('names exact versions', () => {
    const images = Object.values(services).flatMap(({ image }) => image ?? [])
    expect(images).toHaveLength(2)
    expect(images.filter((image) => !/:\d+\.\d+(\.\d+)?-\w+$/.test(image))).toEqual([])
  })

  it('opens ports on this machine alone', () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? [])
    expect(ports.length).toBeGreaterThan(0)
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([])
  })
})

describe('Dockerfile', () => {
  const instructions = read('Dockerfile')
    .split('\n')
    .filter((line) => /^[A-Z]+ /.test(line))
  const last = instructions.slice(instructions.findLastIndex((line) => line.startsWith('FROM ')))

  it('ends as a user without rights, who owns nothing of the program', () => {
    expect(last.filter((line) => line.startsWith('USER '))).toEqual(['USER node'])
    expect(last.filter((line) => line.includes('--chown'))).toEqual([])
  })

  it('starts from an exact version', () => {
    const bases = instructions.filter((line) => line.startsWith('FROM '))
    expect(bases).toHaveLength(2)
    expect(new Set(bases.map((line) => / node:\d+\.\d+\.\d+-[\w-]+/.exec(line)?.[0])).size).toBe(1)
    expect(bases.filter((line) => !/ node:\d+\.\d+\.\d+-[\w-]+/.test(line))).toEqual([])
  })

  it('asks whether it lives', () => {
    const check = read('Dockerfile').split('HEALTHCHECK')[1]?.split('\n')[1]
    expect(check).toContain('/health/live')
    // From a thread: a busy API is not a dead one.
    expect(check).toContain('LIVENESS_PORT')
  })

  it('takes nothing that was built outside of it', () => {
    const ignored = read('.dockerignore').split('\n')
    const made = ['node_modules', 'dist', 'native/build', 'src/store/generated', 'sdk/src/generated']
    expect(made.filter((folder) => !ignored.includes(folder))).toEqual([])
  })

  it('brings the kernels for every processor of its architecture', () => {
    expect(instructions).toContain('RUN npm run build:native -- --all')
    expect(last).toContain('COPY --from=build /app/native/build ./native/build')
  })

  it('keeps the decoders of pictures, which are packages that npm need not install', () => {
    const lock = z
      .object({ packages: z.record(z.string(), z.looseObject({ optional: z.boolean().optional() })) })
      .parse(JSON.parse(read('package-lock.json')))
    const decoders = Object.entries(lock.packages).filter(([path]) =>
      path.startsWith('node_modules/@img/sharp-'),
    )
    expect(decoders.length).toBeGreaterThan(0)
    expect(decoders.filter(([, { optional }]) => optional !== true)).toEqual([])
    const prune = instructions.find((line) => line.includes('--omit=optional'))
    expect(prune).toMatch(/^RUN mv node_modules\/@img \. && npm prune .* && mv @img node_modules\/$/)
  })

  it('holds no secret and brings no tool to build with', () => {
    expect(last.filter((line) => line.startsWith('RUN '))).toEqual([])
    expect(instructions.filter((line) => /(KEY|SECRET|PASSWORD|TOKEN)=/i.test(line))).toEqual([])
  })
})
