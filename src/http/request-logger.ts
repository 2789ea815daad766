import type { IncomingMessage } from 'node:http'
import type { FastifyBaseLogger } from 'fastify'
import { logIds } from './request-trace.js'

type Line = [first: unknown, ...rest: unknown[]]

/** The logger of one request. Creates the child logger with the first line, because most requests write none. */
export class RequestLogger implements FastifyBaseLogger {
  readonly #parent: FastifyBaseLogger
  readonly #bindings: Record<string, unknown>
  readonly #message: IncomingMessage
  #child: FastifyBaseLogger | undefined

  constructor(parent: FastifyBaseLogger, bindings: Record<string, unknown>, message: IncomingMessage) {
    this.#parent = parent
    this.#bindings = bindings
    this.#message = message
  }

  get level(): string {
    return this.#logger.level
  }

  set level(level: string) {
    this.#logger.level = level
  }

  fatal(...line: Line): void {
    Reflect.apply(this.#logger.fatal, this.#logger, line)
  }

  error(...line: Line): void {
    Reflect.apply(this.#logger.error, this.#logger, line)
  }

  warn(...line: Line): void {
    Reflect.apply(this.#logger.warn, this.#logger, line)
  }

  info(...line: Line): void {
    Reflect.apply(this.#logger.info, this.#logger, line)
  }

  debug(...line: Line): void {
    Reflect.apply(this.#logger.debug, this.#logger, line)
  }

  trace(...line: Line): void {
    Reflect.apply(this.#logger.trace, this.#logger, line)
  }

  silent(...line: Line): void {
    Reflect.apply(this.#logger.silent, this.#logger, line)
  }

  child(...options: Parameters<FastifyBaseLogger['child']>): FastifyBaseLogger {
    return this.#logger.child(...options)
  }

  get #logger(): FastifyBaseLogger {
    const { requestId } = this.#bindings
    this.#child ??= this.#parent.child({ ...this.#bindings, traceId: requestId, ...logIds(this.#message) })
    return this.#child
  }
}
