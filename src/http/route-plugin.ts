import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'

/** A plugin that adds routes. It calls `dependencies` only when a request arrives, so routes are listed without them. */
export type RoutePlugin<Dependencies> = FastifyPluginCallbackZod<{ dependencies: () => Dependencies }>
