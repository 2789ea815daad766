/** Types of every route, all derived from the OpenAPI document of the service. */
import type { DescentError } from './errors.js'
import type { components, paths } from './generated/api.js'

export type Schemas = components['schemas']

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

/** A route as docs/api.md lists it, such as `GET /jobs/{id}`. */
export type Route = {
  [Path in keyof paths]: `${Uppercase<Method & keyof paths[Path]>} ${Path}`
}[keyof paths]

type Operation<R extends Route> = R extends `${infer Verb} ${infer Path extends keyof paths}`
  ? paths[Path][Lowercase<Verb> & keyof paths[Path]]
  : never

type Parameters<R extends Route> = Operation<R> extends { parameters: infer Found } ? Found : object

/** Parameters of one place as a field of the input, which is optional if all of them are. */
type Field<Name extends string, Found> = [Found] extends [never]
  ? object
  : object extends Found
    ? { [Key in Name]?: Found }
    : { [Key in Name]: Found }

type Found<R extends Route, Place extends string> =
  Parameters<R> extends { [Key in Place]?: infer Values } ? NonNullable<Values> : never

type Content<R extends Route> =
  Operation<R> extends { requestBody?: infer Body }
    ? NonNullable<Body> extends { content: infer Types }
      ? Types
      : never
    : never

/** The JSON body of a route. A route that takes files also takes a `Blob` or a form. */
type Body<R extends Route> =
  | (Content<R> extends { 'application/json': infer Value } ? (Value extends string ? never : Value) : never)
  | (keyof Content<R> extends 'application/json' ? never : Blob | FormData)

type BodyField<R extends Route> = [Content<R>] extends [never]
  ? object
  : Operation<R> extends { requestBody: unknown }
    ? { body: Body<R> }
    : { body?: Body<R> }

/** How one call is sent. */
export interface CallOptions {
  /** Ends the call, which then rejects with the reason of the signal. */
  signal?: AbortSignal
  /** Milliseconds for each attempt. */
  timeout?: number
  /** The most repetitions of a request that failed for the moment. */
  retries?: number
  /** Called before the request is repeated, with the reason. */
  onRetry?: (error: DescentError) => void
  /** Replaces the key that the client makes for a request that creates something. */
  idempotencyKey?: string
  headers?: Readonly<Record<string, string>>
}

/** Parameters and body of a route. */
export type RouteInput<R extends Route> = CallOptions &
  Field<'path', Found<R, 'path'>> &
  Field<'query', Found<R, 'query'>> &
  BodyField<R>

/** The arguments after the route: none are needed if the route needs none. */
export type RouteArguments<R extends Route> =
  object extends RouteInput<R> ? [input?: RouteInput<R>] : [input: RouteInput<R>]

type Json<Response> = Response extends { content: { 'application/json': infer Value } } ? Value : never

/** The JSON answer of a route, and undefined for an answer without a body. */
export type Answer<R extends Route> =
  Operation<R> extends { responses: infer Responses }
    ? 204 extends keyof Responses
      ? undefined
      : Json<Responses[keyof Responses & (200 | 201 | 202)]>
    : never

/** The routes that take an Idempotency-Key. */
export type KeyedRoute = {
  [R in Route]: Found<R, 'header'> extends infer Headers
    ? [Headers] extends [never]
      ? never
      : 'idempotency-key' extends keyof Headers
        ? R
        : never
    : never
}[Route]
