/** The logger of one request, which becomes a child of the service's own when the first line is written: most requests write none. */
import type { FastifyBaseLogger } from 'fastify'

type Line = [first: unknown, ...rest: unknown[]]

export class RequestLogger implements FastifyBaseLogger {
  readonly #parent: FastifyBaseLogger
  readonly #bindings: Record<string, unknown>
  #made: FastifyBaseLogger | undefined

  constructor(parent: FastifyBaseLogger, bindings: Record<string, unknown>) {
    this.#parent = parent
    this.#bindings = bindings
  }

  get level(): string {
    return this.#own.level
  }

  set level(level: string) {
    this.#own.level = level
  }

  fatal(...line: Line): void {
    Reflect.apply(this.#own.fatal, this.#own, line)
  }

  error(...line: Line): void {
    Reflect.apply(this.#own.error, this.#own, line)
  }

  warn(...line: Line): void {
    Reflect.apply(this.#own.warn, this.#own, line)
  }

  info(...line: Line): void {
    Reflect.apply(this.#own.info, this.#own, line)
  }

  debug(...line: Line): void {
    Reflect.apply(this.#own.debug, this.#own, line)
  }

  trace(...line: Line): void {
    Reflect.apply(this.#own.trace, this.#own, line)
  }

  silent(...line: Line): void {
    Reflect.apply(this.#own.silent, this.#own, line)
  }

  child(...options: Parameters<FastifyBaseLogger['child']>): FastifyBaseLogger {
    return this.#own.child(...options)
  }

  get #own(): FastifyBaseLogger {
    this.#made ??= this.#parent.child(this.#bindings)
    return this.#made
  }
}
